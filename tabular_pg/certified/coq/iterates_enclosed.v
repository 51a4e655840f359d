(* The intervals of enclosures.v enclose the iterates of every run, for all MDPs and methods. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp improvement policy_iteration multiplicative projected.
From TabularPG Require Import projected_rates steps table values optimum rows row_soundness
  run run_soundness softmax balls enclosures.
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

Section Iterates.
  Variables (bits : positive) (T : table) (c : softmax_claim).
  Hypotheses (HM : checks_mdp T = true) (Hbegins : checks_policy T (begins c) = true).
  Hypothesis Hmethod : checks_method T c = true.
  Let M := meaning T.
  Let A := n_actions T.
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

  Lemma chances_are_right theta x pi :
    all_within theta x ->
    (forall s a, (s < n_states T)%nat -> (a < A)%nat ->
       pi s a = reweighted A (first s) (theta s) a) ->
    all_within pi (chances bits T c x).
  Proof.
    intros Hx E s a Hs Ha. unfold chances.
    rewrite (at_row _ (fun s a => over bits (entry_of (weights bits T c x s) a)
      (sum_balls bits A (entry_of (weights bits T c x s))))) by auto.
    pose proof (reweighted_mass A (first s) (theta s) (Hfirst s Hs)) as HZ.
    set (whole_of := IZR (Zpos (whole (nth s (begins c) (share 1 []))))).
    assert (0 < whole_of) as Hwhole by apply total_positive.
    set (w := fun b => IZR (weight_of (begins c) s b) * exp (theta s b)).
    assert (forall b, (b < A)%nat -> within (w b) (entry_of (weights bits T c x s) b)) as Hw.
    { intros b Hb. unfold weights, entry_of. rewrite nth_row_of by exact Hb.
      apply within_times; [apply within_Z|apply within_exp, Hx; auto]. }
    replace (pi s a) with (w a / sum A w); [apply within_over; auto; apply within_sum, Hw|].
    rewrite E by auto. unfold reweighted.
    assert (mean A (first s) (fun b => exp (theta s b)) = / whole_of * sum A w) as Ez.
    { unfold mean. rewrite <- sum_scale. apply sum_ext. intros b _. unfold first, probability, w.
      fold whole_of. unfold ratio. fold whole_of. field. lra. }
    rewrite Ez in *. assert (0 < sum A w) as Hsum.
    { apply Rmult_lt_reg_l with (/ whole_of); [apply Rinv_0_lt_compat; lra|lra]. }
    unfold first, probability, ratio. fold whole_of. unfold w at 1. field. lra.
  Qed.

  Section Policy.
    Variables (pi : nat -> nat -> R) (V : nat -> R) (p : list (list ball)) (v : valuation).
    Hypotheses (Hpi : policy M pi) (HV : is_value M pi V) (Hp : all_within pi p).
    Let gains := table_of T (fun s a => of_Q bits (gain T v s a)).
    Let far := distance bits T p gains.

    Lemma gains_are_right : all_within (advantage M (value v)) gains.
    Proof.
      apply within_table. intros s a Hs Ha.
      replace (advantage M (value v) s a) with (Q2R (gain T v s a)); [apply within_Q|].
      pose proof (loss_is_loss T v s a HM Hs Ha) as H. unfold gain.
      destruct (loss T v s a) as [n d]. cbn [Qnum Qden]. rewrite !Q2R_make in *.
      pose proof (total_positive d). pose proof (total_positive (unit v)).
      unfold advantage. fold M in H.
      replace (Qof M (value v) s a - value v s) with
        (- ratio n d / IZR (Zpos (unit v))) by (rewrite H; field; lra).
      unfold ratio. rewrite Pos2Z.inj_mul, mult_IZR, opp_IZR. field. lra.
    Qed.

    Lemma distance_is_right s : (s < n_states T)%nat -> within (V s - value v s) far.
    Proof.
      intros Hs. pose proof HMdp as (HS & _ & Hg & _).
      set (lost := fun s => backup M pi (value v) s - value v s).
      assert (forall t, (t < n_states T)%nat -> within (lost t) (sum_balls bits A (fun a =>
        times bits (at_pair p t a) (at_pair gains t a)))) as Hlost.
      { intros t Ht. unfold lost.
        fold (improvement M (value v) pi t). rewrite improvement_is_mean_advantage by auto.
        apply within_sum. intros a Ha. apply within_times; [auto|apply gains_are_right; auto]. }
      destruct (largest (n_states T) lost HS) as [k [Hk Hmax]].
      destruct (largest (n_states T) (fun t => - lost t) HS) as [j [Hj Hmin]].
      assert (forall t, (t < n_states T)%nat -> within (lost t / (1 - gamma M)) far) as Hfar.
      { intros t Ht. apply within_over; [|apply within_rest].
        apply (within_hull (n_states T) lost); auto. }
      apply within_between with (lost j / (1 - gamma M)) (lost k / (1 - gamma M)); auto.
      apply (value_near_guess M pi V (value v)); auto; [apply value_is_solution, HV|].
      intros t Ht. specialize (Hmax t Ht). specialize (Hmin t Ht). unfold lost in *. lra.
    Qed.

    Lemma advantages_are_right : all_within (advantage M V) (advantages bits T gains far).
    Proof.
      apply within_table. intros s a Hs Ha. pose proof HMdp as (HS & _ & Hg & HP).
      replace (advantage M V s a) with (advantage M (value v) s a +
        (gamma M * mean (states M) (P M s a) (fun t => V t - value v t) - (V s - value v s))).
      - apply within_plus; [apply gains_are_right; auto|]. apply within_minus.
        + apply within_times; [apply within_Q|]. apply within_mean; auto.
          intros t Ht. apply distance_is_right, Ht.
        + apply distance_is_right, Hs.
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
      apply within_over; [|apply within_rest]. apply within_sum. intros z Hz. apply within_size.
      assert (forall q, within (value q z) (of_Q bits (share_of q z))) as Hshare
        by (intros q; apply within_Q).
      apply within_minus; [apply within_plus|apply Hshare].
      - replace ((1 - gamma M) * chance mu z) with
          (Q2R ((1 - discount T) * (part mu z # whole mu))); [apply within_Q|].
        rewrite Q2R_mult, Q2R_minus, Q2R_one. reflexivity.
      - apply within_times; [apply within_Q|]. apply within_sum. intros s Hs.
        apply within_times; [apply within_Q|]. apply within_sum. intros a Ha.
        cbn [M meaning P]. destruct (weight (leads (move_of T s a)) z =? 0)%Z eqn:E.
        + apply Z.eqb_eq in E. rewrite E. unfold ratio, Rdiv. rewrite !Rmult_0_l, Rmult_0_r.
          apply within_Z.
        + apply within_times; [apply Hp; auto|apply within_Q].
    Qed.

    (* What is added to theta, up to what all actions of a state have in common *)
    Definition is_growth (eta : R) (x : nat -> nat -> R) : Prop :=
      match moved_by c with
      | natural_pg => x = natural_growth M V eta
      | softmax_pg mu => exists d, is_visits M pi (chance mu) d /\ x = gradient_growth M V pi d eta
      end.

    Lemma growth_is_right eta x f :
      is_growth (Q2R eta) x ->
      all_within x (growth bits T c eta p (advantages bits T gains far) f).
    Proof.
      unfold is_growth, growth. unfold checks_method in Hmethod.
      destruct (moved_by c) as [|mu].
      - intros ->. apply within_table. intros s a Hs Ha. apply within_times; [apply within_Q|].
        apply advantages_are_right; auto.
      - intros [d [Hd ->]] s a Hs Ha. cbv zeta.
        match goal with |- within _ (at_pair (row_of _ ?f) _ _) =>
          rewrite (at_row f _ s a Hs Ha (fun s => eq_refl)) end.
        apply within_times; [|apply within_times; [apply Hp|apply advantages_are_right]; auto].
        apply within_over; [|apply within_rest]. apply within_times; [apply within_Q|].
        replace (d s) with (value f s + (d s - value f s)) by ring.
        apply within_plus; [apply within_Q|]. apply visits_distance_is_right; auto.
    Qed.
  End Policy.

  Variables (pi : nat -> nat -> nat -> R) (V : nat -> nat -> R).
  Hypothesis Hrun : is_softmax_run T c pi V.

  Definition follows_theta (k : nat) (theta : nat -> nat -> R) : Prop :=
    forall s a, (s < n_states T)%nat -> (a < A)%nat ->
    pi k s a = reweighted A (first s) (theta s) a.

  Lemma next_theta k theta :
    (k < last_of c)%nat -> follows_theta k theta ->
    exists x, is_growth (pi k) (V k) (Q2R (stride c k)) x /\
      follows_theta (Datatypes.S k) (fun s a => theta s a + x s a).
  Proof.
    intros Hk Htheta. destruct Hrun as (_ & _ & Hsteps). specialize (Hsteps k Hk).
    assert (forall x, (forall s a, (s < n_states T)%nat -> (a < A)%nat ->
      pi (Datatypes.S k) s a = reweighted A (pi k s) (x s) a) ->
      follows_theta (Datatypes.S k) (fun s a => theta s a + x s a)) as Hnext.
    { intros x E s a Hs Ha. rewrite E, <- reweighted_twice by (auto; apply Hfirst; auto).
      apply reweighted_ext; auto. }
    unfold is_growth. destruct (moved_by c) as [|mu].
    - eexists. split; [reflexivity|]. apply Hnext. exact Hsteps.
    - destruct Hsteps as [d [Hd E]]. eexists. split; [exists d; split; [exact Hd|reflexivity]|].
      apply Hnext. exact E.
  Qed.

  Lemma distances_step k x g h l :
    let p := chances bits T c x in
    let gains := table_of T (fun s a => of_Q bits (gain T (near g) s a)) in
    let far := distance bits T p gains in
    let more := growth bits T c (stride c k) p (advantages bits T gains far) (seen g) in
    distances bits T c k x (g :: h :: l) = (near g, far) :: distances bits T c (Datatypes.S k)
      (table_of T (fun s a => plus bits (at_pair x s a) (at_pair more s a))) (h :: l).
  Proof. reflexivity. Qed.

  Lemma distances_are_right l k x theta :
    all_within theta x -> follows_theta k theta ->
    forall j, (j < length l)%nat -> (k + j <= last_of c)%nat ->
    let found := nth j (distances bits T c k x l) (no_distance bits) in
    forall s, (s < n_states T)%nat -> within (V (k + j)%nat s - value (fst found) s) (snd found).
  Proof.
    revert k x theta. induction l as [|g l IH]; intros k x theta Hx Htheta j Hj Hlast;
      [simpl in Hj; lia|].
    assert (k <= last_of c)%nat as Hk by lia. pose proof Hrun as (_ & HV & _).
    destruct (HV k Hk) as [Hpi HVk].
    pose proof (chances_are_right theta x (pi k) Hx Htheta) as Hp.
    destruct j as [|j].
    - rewrite Nat.add_0_r. cbn [distances nth fst snd].
      apply (distance_is_right (pi k) (V k) _ (near g)); auto.
    - destruct l as [|h l]; [simpl in Hj; lia|].
      rewrite distances_step. simpl nth.
      destruct (next_theta k theta ltac:(lia) Htheta) as (y & Hy & Hnext).
      replace (k + Datatypes.S j)%nat with (Datatypes.S k + j)%nat by lia.
      apply (IH (Datatypes.S k) _ (fun s a => theta s a + y s a)); [|exact Hnext| |lia].
      + apply within_table. intros s a Hs Ha. apply within_plus; [auto|].
        apply (growth_is_right (pi k) (V k)); auto.
      + simpl in *. lia.
  Qed.

  Lemma all_distances_are_right l k :
    (k < length l)%nat -> (k <= last_of c)%nat ->
    let x := distances bits T c 0 (table_of T (fun _ _ => of_Z bits 0)) l in
    let found := nth k x (no_distance bits) in
    forall s, (s < n_states T)%nat -> within (V k s - value (fst found) s) (snd found).
  Proof.
    apply (distances_are_right l 0 _ (fun _ _ => 0)).
    - apply within_table. intros. apply within_Z.
    - intros s a Hs Ha. destruct Hrun as (Hstart & _). rewrite Hstart by auto.
      unfold reweighted. rewrite exp_0. unfold first. fold first.
      rewrite (mean_const A (first s) 1) by (apply Hfirst; auto). field.
  Qed.
End Iterates.
