(* The intervals of enclosures.v enclose what belongs to one policy: its probabilities and
   what its entropy costs. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table values run_soundness softmax balls enclosures.
Import ListNotations.
Local Open Scope R_scope.

(* A mean lies between the least and the largest. *)
Lemma within_mean n w f b :
  (0 < n)%nat -> distribution n w -> (forall i, (i < n)%nat -> within (f i) b) ->
  within (mean n w f) b.
Proof.
  intros Hn Hw H. destruct (largest n f Hn) as [k [Hk Hmax]].
  destruct (largest n (fun i => - f i) Hn) as [j [Hj Hmin]].
  apply within_between with (f j) (f k); auto. split.
  - apply const_le_mean; auto. intros i Hi. specialize (Hmin i Hi). lra.
  - apply mean_le_const; auto.
Qed.

Section Policies.
  Variables (bits : positive) (T : table) (c : softmax_claim).
  Hypotheses (HM : checks_mdp T = true) (Hbegins : checks_policy T (begins c) = true).
  Hypothesis Haim : checks_aim T c = true.
  Let M := meaning T.
  Let A := n_actions T.
  Let tau := Q2R (tau_of c).
  Let first := probability (begins c).

  Let HMdp : proper M := checked_table_is_proper T HM.
  Let Hfirst : policy M first := checked_policy_is_policy T (begins c) Hbegins.

  Definition all_within (f : nat -> nat -> R) (x : list (list ball)) : Prop :=
    forall s a, (s < n_states T)%nat -> (a < n_actions T)%nat -> within (f s a) (at_pair x s a).

  Lemma at_row f g s a :
    (s < n_states T)%nat -> (a < n_actions T)%nat ->
    (forall s, f s = row_of (n_actions T) (g s)) -> at_pair (row_of (n_states T) f) s a = g s a.
  Proof.
    intros Hs Ha E. unfold at_pair, row_at, entry_of. rewrite nth_row_of, E by exact Hs.
    apply nth_row_of, Ha.
  Qed.

  Lemma within_table f g :
    (forall s a, (s < n_states T)%nat -> (a < n_actions T)%nat -> within (f s a) (g s a)) ->
    all_within f (table_of T g).
  Proof.
    intros H s a Hs Ha. unfold table_of. rewrite (at_row _ g) by auto. auto.
  Qed.

  Lemma within_rest : within (1 - gamma M) (of_Q bits (1 - discount T)).
  Proof.
    replace (1 - gamma M) with (Q2R (1 - discount T)) by (rewrite Q2R_minus, Q2R_one; reflexivity).
    apply within_Q.
  Qed.

  Lemma within_tau : within tau (of_Q bits (tau_of c)).
  Proof. apply within_Q. Qed.

  Lemma tau_is_positive q : aim c = with_entropy q -> 0 < Q2R q.
  Proof.
    intros E. pose proof Haim as H. unfold checks_aim in H. rewrite E, !andb_true_iff in H.
    destruct H as [[_ H] _]. apply Z.ltb_lt, IZR_lt in H.
    apply Rmult_lt_0_compat; [exact H|apply Rinv_0_lt_compat, total_positive].
  Qed.

  (* Without entropy nothing is asked of logarithms. *)
  Lemma within_scaled_log x y b :
    (aim c = with_entropy (tau_of c) -> x = y) -> within y b ->
    within (tau * ln x) (scaled_log bits c b).
  Proof.
    intros E Hy. unfold scaled_log, tau, tau_of in *. destruct (aim c) as [o|q].
    - rewrite RMicromega.Q2R_0, Rmult_0_l. apply within_Z.
    - rewrite E by reflexivity. apply within_times; [apply within_Q|apply within_log, Hy].
  Qed.

  (* ---- Weights, with which a policy is proportional to first e^theta, and their mass. ---- *)

  Definition whole_of s : R := IZR (Zpos (whole (nth s (begins c) (share 1 [])))).
  Definition weight_in s a : R := IZR (weight_of (begins c) s a).
  Definition mass theta s : R := sum A (fun b => weight_in s b * exp (theta s b)).

  Definition follows (theta pi : nat -> nat -> R) : Prop :=
    forall s a, (s < n_states T)%nat -> (a < A)%nat -> pi s a = reweighted A (first s) (theta s) a.

  Lemma first_is_weight s a : first s a = weight_in s a / whole_of s.
  Proof. reflexivity. Qed.

  Lemma mass_is_positive theta s : (s < n_states T)%nat -> 0 < mass theta s.
  Proof.
    intros Hs. pose proof (reweighted_mass A (first s) (theta s) (Hfirst s Hs)) as HZ.
    assert (0 < whole_of s) as Hwhole by apply total_positive.
    apply Rmult_lt_reg_l with (/ whole_of s); [apply Rinv_0_lt_compat, Hwhole|].
    rewrite Rmult_0_r. apply Rlt_le_trans with (1 := HZ), Req_le.
    unfold mean, mass. rewrite <- sum_scale. apply sum_ext. intros b _.
    rewrite first_is_weight. unfold Rdiv. ring.
  Qed.

  Lemma chance_is_weight_over_mass theta pi s a :
    follows theta pi -> (s < n_states T)%nat -> (a < A)%nat ->
    pi s a = weight_in s a * exp (theta s a) / mass theta s.
  Proof.
    intros E Hs Ha. rewrite E by auto. pose proof (mass_is_positive theta s Hs) as Hmass.
    assert (0 < whole_of s) as Hwhole by apply total_positive.
    unfold reweighted. replace (mean A (first s) (fun b => exp (theta s b))) with
      (mass theta s / whole_of s).
    - rewrite first_is_weight. field. lra.
    - unfold mean, mass, Rdiv. rewrite Rmult_comm, <- sum_scale. apply sum_ext. intros b _.
      rewrite first_is_weight. unfold Rdiv. ring.
  Qed.

  Section Weights.
    Variables (theta pi : nat -> nat -> R) (x : list (list ball)).
    Hypotheses (Hx : all_within theta x) (Htheta : follows theta pi).
    Let w := weights bits T c x.
    Let z := masses bits T w.

    Lemma weights_are_right : all_within (fun s a => weight_in s a * exp (theta s a)) w.
    Proof.
      apply within_table. intros s a Hs Ha.
      apply within_times; [apply within_Z|apply within_exp, Hx; auto].
    Qed.

    Lemma masses_are_right s : (s < n_states T)%nat -> within (mass theta s) (entry_of z s).
    Proof.
      intros Hs. unfold z, masses, entry_of. rewrite nth_row_of by exact Hs.
      apply within_sum. intros a Ha. apply weights_are_right; auto.
    Qed.

    Lemma chances_are_right : all_within pi (chances bits T w z).
    Proof.
      apply within_table. intros s a Hs Ha.
      rewrite (chance_is_weight_over_mass theta pi s a Htheta Hs Ha).
      apply within_over; [apply weights_are_right; auto|apply masses_are_right, Hs].
    Qed.

    (* tau ln of the first weight, and of the mass *)
    Definition first_log s a : R := tau * ln (weight_in s a).
    Definition common_log s : R := tau * ln (mass theta s).

    Lemma first_logs_are_right : all_within first_log (first_logs bits T c).
    Proof.
      apply within_table. intros s a Hs Ha.
      apply within_scaled_log with (weight_in s a); [auto|apply within_Z].
    Qed.

    Lemma common_logs_are_right s :
      (s < n_states T)%nat -> within (common_log s) (entry_of (commons bits T c z) s).
    Proof.
      intros Hs. unfold commons, entry_of. rewrite nth_row_of by exact Hs.
      apply within_scaled_log with (mass theta s); [auto|apply masses_are_right, Hs].
    Qed.

    Definition paid s a : R := first_log s a + tau * theta s a - common_log s.

    Lemma prices_are_right :
      all_within paid (prices bits T c (first_logs bits T c) x (commons bits T c z)).
    Proof.
      apply within_table. intros s a Hs Ha.
      apply within_minus; [|apply common_logs_are_right, Hs].
      apply within_plus; [apply first_logs_are_right; auto|].
      apply within_times; [apply within_tau|apply Hx; auto].
    Qed.

    (* tau ln pi *)
    Lemma entropy_is_paid s a :
      (s < n_states T)%nat -> (a < A)%nat -> tau * ln (pi s a) = paid s a.
    Proof.
      intros Hs Ha. rewrite (chance_is_weight_over_mass theta pi s a Htheta Hs Ha).
      pose proof (mass_is_positive theta s Hs) as Hmass.
      unfold paid, first_log, common_log, tau, tau_of.
      destruct (aim c) as [o|q] eqn:E; [rewrite RMicromega.Q2R_0; ring|].
      assert (0 < weight_in s a) as Hw.
      { pose proof Haim as H. unfold checks_aim in H. rewrite E, !andb_true_iff in H.
        destruct H as [_ H]. apply IZR_lt, Z.ltb_lt. exact (all_moves_forall _ _ H s a Hs Ha). }
      unfold Rdiv. rewrite !ln_mult, ln_exp, ln_Rinv
        by (auto using exp_pos, Rinv_0_lt_compat, Rmult_lt_0_compat). ring.
    Qed.
  End Weights.
End Policies.
