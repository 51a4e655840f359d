(* The intervals of enclosures.v enclose what depends on guesses: values, visits and advantages of a
   policy, and the largest values with entropy. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp improvement policy_iteration projected_rates table values.
From TabularPG Require Import rows run_soundness softmax entropy balls enclosures policies_enclosed.
Import ListNotations.
Local Open Scope R_scope.

Section Values.
  Variables (bits : positive) (T : table) (c : softmax_claim).
  Hypotheses (HM : checks_mdp T = true) (Hbegins : checks_policy T (begins c) = true).
  Hypothesis Haim : checks_aim T c = true.
  Let M := meaning T.
  Let A := n_actions T.
  Let tau := Q2R (tau_of c).
  Let HMdp : proper M := checked_table_is_proper T HM.

  Lemma gain_is_right v s a :
    (s < n_states T)%nat -> (a < A)%nat ->
    within (advantage M (value v) s a) (of_Q bits (gain T v s a)).
  Proof.
    intros Hs Ha.
    replace (advantage M (value v) s a) with (Q2R (gain T v s a)); [apply within_Q|].
    pose proof (loss_is_loss T v s a HM Hs Ha) as H. unfold gain.
    destruct (loss T v s a) as [n d]. cbn [Qnum Qden]. rewrite !Q2R_make in *.
    pose proof (total_positive d). pose proof (total_positive (unit v)).
    unfold advantage. fold M in H.
    replace (Qof M (value v) s a - value v s) with
      (- ratio n d / IZR (Zpos (unit v))) by (rewrite H; field; lra).
    unfold ratio. rewrite Pos2Z.inj_mul, mult_IZR, opp_IZR. field. lra.
  Qed.

  Lemma gains_are_right v :
    all_within T (advantage M (value v)) (table_of T (fun s a => of_Q bits (gain T v s a))).
  Proof. apply within_table. exact (gain_is_right v). Qed.

  (* What is bounded by bounds of numbers over 1 - gamma *)
  Lemma within_hull_over_rest (x : nat -> R) b y :
    (forall s, (s < n_states T)%nat -> within (x s) (b s)) ->
    (forall lo hi, (forall s, (s < n_states T)%nat -> lo <= x s <= hi) ->
       lo / (1 - gamma M) <= y <= hi / (1 - gamma M)) ->
    within y (over bits (hull (n_states T) b) (of_Q bits (1 - discount T))).
  Proof.
    intros Hb Hy. pose proof HMdp as (HS & _).
    destruct (largest (n_states T) x HS) as [k [Hk Hmax]].
    destruct (largest (n_states T) (fun s => - x s) HS) as [j [Hj Hmin]].
    assert (forall s, (s < n_states T)%nat -> within (x s / (1 - gamma M))
      (over bits (hull (n_states T) b) (of_Q bits (1 - discount T)))) as Hall.
    { intros s Hs. apply within_over; [|apply within_rest]. apply (within_hull _ x); auto. }
    apply within_between with (x j / (1 - gamma M)) (x k / (1 - gamma M)); auto.
    apply Hy. intros s Hs. specialize (Hmax s Hs). specialize (Hmin s Hs). lra.
  Qed.

  Section Policy.
    Variables (theta pi : nat -> nat -> R) (x : list (list ball)) (V : nat -> R) (v : valuation).
    Hypotheses (Hx : all_within T theta x) (Htheta : follows T c theta pi).
    Hypotheses (Hpi : policy M pi) (HV : is_value (soft M tau pi) pi V).
    Let w := weights bits T c x.
    Let z := masses bits T w.
    Let p := chances bits T w z.
    Let gains := table_of T (fun s a => of_Q bits (gain T v s a)).
    Let prices := prices bits T c (first_logs bits T c) x (commons bits T c z).
    Let far := distance bits T p gains prices.
    Let Hp : all_within T pi p := chances_are_right bits T c Hbegins theta pi x Hx Htheta.

    (* What a step of the policy adds to the guess *)
    Let lost s : R := improvement (soft M tau pi) (value v) pi s.

    Lemma losses_are_right s :
      (s < n_states T)%nat ->
      within (lost s) (sum_balls bits A (fun a =>
        times bits (at_pair p s a) (minus bits (at_pair gains s a) (at_pair prices s a)))).
    Proof.
      intros Hs. unfold lost.
      rewrite improvement_is_mean_advantage by (exact Hpi || exact Hs).
      apply within_sum. intros a Ha. apply within_times; [apply Hp; auto|].
      rewrite soft_advantage. apply within_minus; [apply gains_are_right; auto|].
      pose proof (entropy_is_paid T c Hbegins Haim theta pi Htheta s a Hs Ha) as E.
      unfold tau. rewrite E. apply prices_are_right; auto.
    Qed.

    Lemma distance_is_right s : (s < n_states T)%nat -> within (V s - value v s) far.
    Proof.
      intros Hs. apply (within_hull_over_rest lost); [apply losses_are_right|].
      intros lo hi H. apply (value_near_guess (soft M tau pi) pi V (value v));
        [exact HMdp|exact Hpi|apply value_is_solution, HV|exact H|exact Hs].
    Qed.

    Lemma ahead_is_right :
      all_within T (fun s a => Qof M V s a - value v s) (ahead bits T gains far).
    Proof.
      apply within_table. intros s a Hs Ha. pose proof HMdp as (HS & _ & Hg & HP).
      replace (Qof M V s a - value v s) with (advantage M (value v) s a +
        gamma M * mean (states M) (P M s a) (fun t => V t - value v t)).
      - apply within_plus; [apply gains_are_right; auto|].
        apply within_times; [apply within_Q|]. apply within_mean; auto.
        intros t Ht. apply distance_is_right, Ht.
      - unfold advantage, Qof. rewrite mean_minus. ring.
    Qed.

    Lemma visits_distance_is_right mu d f y :
      checks_shares (n_states T) mu = true -> is_visits M pi (chance mu) d ->
      (y < n_states T)%nat ->
      within (d y - value f y) (visits_distance bits T p mu f).
    Proof.
      intros Hmu Hd Hy. pose proof HMdp as (_ & _ & Hg & _).
      apply within_all_up_to with (sum (n_states T) (fun z =>
        Rabs (left_over M pi (chance mu) (value f) z)) / (1 - gamma M));
        [|apply (visits_near_guess M pi (chance mu)); auto; exact (visits_flow _ _ _ _ Hd)].
      apply within_over; [|apply within_rest]. apply within_sum. intros t _. apply within_size.
      assert (forall q, within (value q t) (of_Q bits (share_of q t))) as Hshare
        by (intros q; apply within_Q).
      apply within_minus; [apply within_plus|apply Hshare].
      - replace ((1 - gamma M) * chance mu t) with
          (Q2R ((1 - discount T) * (part mu t # whole mu))); [apply within_Q|].
        rewrite Q2R_mult, Q2R_minus, Q2R_one. reflexivity.
      - apply within_times; [apply within_Q|]. apply within_sum. intros s Hs.
        apply within_times; [apply within_Q|]. apply within_sum. intros a Ha.
        cbn [M meaning P]. destruct (weight (leads (move_of T s a)) t =? 0)%Z eqn:E.
        + apply Z.eqb_eq in E. rewrite E. unfold ratio, Rdiv. rewrite !Rmult_0_l, Rmult_0_r.
          apply within_Z.
        + apply within_times; [apply Hp; auto|apply within_Q].
    Qed.
  End Policy.

  (* ---- The largest values with entropy. ---- *)

  Lemma best_distance_is_right best v s :
    aim c = with_entropy (tau_of c) -> is_best M tau best -> (s < n_states T)%nat ->
    within (best s - value v s) (best_distance bits T c v).
  Proof.
    intros E Hbest Hs. apply (within_hull_over_rest (soft_rest M tau (value v))).
    - intros y Hy. apply within_scaled_log with (2 := within_sum _ _ _ _ (fun a Ha =>
        within_exp _ _ _ (within_over _ _ _ _ _
          (gain_is_right v y a Hy Ha) (within_tau bits c)))). reflexivity.
    - intros lo hi H. apply (best_near_guess M tau (value v)); auto.
      apply (tau_is_positive T c Haim), E.
  Qed.
End Values.
