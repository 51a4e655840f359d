(* Softmax methods in real numbers, with entropy or without: one step, a run, which exists, and how
   near to guesses its values and visits are. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp existence improvement policy_iteration multiplicative.
From TabularPG Require Import projected projected_rates steps charged.
Local Open Scope R_scope.

(* ---- One step. ---- *)

(* proportional to w(a) e^x(a) *)
Definition reweighted n (w x : nat -> R) a : R := w a * exp (x a) / mean n w (fun b => exp (x b)).

Lemma natural_row_reweights n w A eta a :
  natural_row n w A eta a = reweighted n w (fun b => eta * A b) a.
Proof. reflexivity. Qed.

Lemma reweighted_mass n w x : distribution n w -> 0 < mean n w (fun b => exp (x b)).
Proof.
  intros [Hw H1].
  destruct (Rle_lt_or_eq_dec 0 (mean n w (fun b => exp (x b)))) as [H|H]; [|exact H|].
  - apply sum_nonneg. intros i Hi. apply Rmult_le_pos; [auto|apply Rlt_le, exp_pos].
  - exfalso. assert (sum n w = 0); [|lra].
    transitivity (sum n (fun _ => 0)); [|apply sum_zero]. apply sum_ext. intros i Hi.
    assert (w i * exp (x i) = 0) as E.
    { apply (zero_sum n (fun b => w b * exp (x b))); [|unfold mean in H; lra|exact Hi].
      intros j Hj. apply Rmult_le_pos; [auto|apply Rlt_le, exp_pos]. }
    destruct (Rmult_integral _ _ E) as [E0|E0]; [exact E0|]. pose proof (exp_pos (x i)). lra.
Qed.

Lemma reweighted_is_distribution n w x :
  distribution n w -> distribution n (reweighted n w x).
Proof.
  intros Hw. pose proof (reweighted_mass n w x Hw) as HZ. destruct Hw as [Hw _]. split.
  - intros a Ha. apply Rmult_le_pos; [|apply Rlt_le, Rinv_0_lt_compat, HZ].
    apply Rmult_le_pos; [auto|apply Rlt_le, exp_pos].
  - unfold reweighted. set (Z := mean n w (fun b => exp (x b))) in *.
    rewrite (sum_ext _ _ (fun a => / Z * (w a * exp (x a)))) by (intros; unfold Rdiv; ring).
    rewrite sum_scale. change (/ Z * Z = 1). field. lra.
Qed.

Lemma reweighted_twice n w x y a :
  distribution n w -> reweighted n (reweighted n w x) y a = reweighted n w (fun b => x b + y b) a.
Proof.
  intros Hw. pose proof (reweighted_mass n w x Hw) as HZ.
  pose proof (reweighted_mass n w (fun b => x b + y b) Hw) as HZ'.
  unfold reweighted at 1 3. unfold reweighted. set (Z := mean n w (fun b => exp (x b))) in *.
  assert (mean n (fun a => w a * exp (x a) / Z) (fun b => exp (y b)) =
    / Z * mean n w (fun b => exp (x b + y b))) as ->.
  { unfold mean. rewrite <- sum_scale. apply sum_ext. intros i _. rewrite exp_plus. field. lra. }
  rewrite exp_plus. field. lra.
Qed.

Lemma reweighted_ext n w v x y a :
  (a < n)%nat -> (forall b, (b < n)%nat -> w b = v b) -> (forall b, (b < n)%nat -> x b = y b) ->
  reweighted n w x a = reweighted n v y a.
Proof.
  intros Ha Hw Hx. unfold reweighted, mean. rewrite (Hw a Ha), (Hx a Ha).
  rewrite (sum_ext n _ (fun b => v b * exp (y b))); [reflexivity|].
  intros b Hb. rewrite (Hw b Hb), (Hx b Hb). reflexivity.
Qed.

Lemma reweighted_shifted n w x c a :
  distribution n w -> reweighted n w (fun b => x b + c) a = reweighted n w x a.
Proof.
  intros Hw. pose proof (reweighted_mass n w x Hw) as HZ. unfold reweighted.
  rewrite (mean_ext _ _ _ (fun b => exp c * exp (x b))) by (intros; rewrite exp_plus; ring).
  rewrite mean_scale, exp_plus. pose proof (exp_pos c). field. lra.
Qed.

(* By how much theta grows; what all actions of a state have in common moves no policy. *)
Definition natural_growth M V (eta : R) s a : R := eta * advantage M V s a.
Definition gradient_growth M V (pi : nat -> nat -> R) (d : nat -> R) eta s a : R :=
  eta * d s / (1 - gamma M) * (pi s a * advantage M V s a).

(* Natural policy gradient, or gradient ascent on theta under the start distribution mu *)
Definition softmax_step M (mu : option (nat -> R)) eta V (pi next : nat -> nat -> R) : Prop :=
  match mu with
  | None => forall s a, (s < states M)%nat -> (a < actions M)%nat ->
      next s a = natural_step M V pi eta s a
  | Some mu => exists d, is_visits M pi mu d /\
      forall s a, (s < states M)%nat -> (a < actions M)%nat ->
      next s a = reweighted (actions M) (pi s) (gradient_growth M V pi d eta s) a
  end.

(* A policy earns -tau ln pi(a | s) beside the reward, in the mean tau times the entropy of its row:
   Coq has ln 0 = 0. *)
Definition soft M (tau : R) (pi : nat -> nat -> R) : MDP :=
  charged M (fun w a => tau * ln (w a)) pi.

(* Policies from [first] on, and their values, with entropy if tau > 0; step k has the size
   eta k. *)
Definition softmax_run M tau mu (eta : nat -> R) (n : nat) first
    (pi : nat -> nat -> nat -> R) (V : nat -> nat -> R) : Prop :=
  (forall s a, (s < states M)%nat -> (a < actions M)%nat -> pi 0%nat s a = first s a) /\
  (forall k, (k <= n)%nat -> policy M (pi k) /\ is_value (soft M tau (pi k)) (pi k) (V k)) /\
  (forall k, (k < n)%nat ->
     softmax_step (soft M tau (pi k)) mu (eta k) (V k) (pi k) (pi (S k))).

(* ---- Values and visits near guesses. ---- *)

Theorem value_near_guess M pi V W lo hi :
  proper M -> policy M pi -> bellman M pi V ->
  (forall s, (s < states M)%nat -> lo <= backup M pi W s - W s <= hi) ->
  forall s, (s < states M)%nat -> lo / (1 - gamma M) <= V s - W s <= hi / (1 - gamma M).
Proof.
  intros HM Hpi HV H s Hs. pose proof HM as (_ & _ & Hg & _).
  assert (forall c, c / (1 - gamma M) = c + gamma M * (c / (1 - gamma M))) as E
    by (intros; field; lra).
  split.
  - assert (W s + lo / (1 - gamma M) <= V s); [|lra].
    apply (bellman_ge M pi V (fun t => W t + lo / (1 - gamma M))); auto.
    intros t Ht. rewrite backup_shifted by auto. specialize (H t Ht). specialize (E lo). lra.
  - assert (V s <= W s + hi / (1 - gamma M)); [|lra].
    apply (bellman_le M pi V (fun t => W t + hi / (1 - gamma M))); auto.
    intros t Ht. rewrite backup_shifted by auto. specialize (H t Ht). specialize (E hi). lra.
Qed.

Definition left_over M pi mu (f : nat -> R) y : R :=
  (1 - gamma M) * mu y + gamma M * mean (states M) f (fun s => P_pi M pi s y) - f y.

Theorem visits_near_guess M pi mu d f :
  proper M -> policy M pi -> flows M pi mu d ->
  forall y, (y < states M)%nat ->
  Rabs (d y - f y) <= sum (states M) (fun z => Rabs (left_over M pi mu f z)) / (1 - gamma M).
Proof.
  intros HM Hpi Hd y Hy. pose proof HM as (_ & _ & Hg & _).
  set (x := fun z => d z - f z). set (L := sum (states M) (fun z => Rabs (left_over M pi mu f z))).
  set (X := sum (states M) (fun z => Rabs (x z))).
  assert (X <= L + gamma M * X) as HX.
  { apply Rle_trans with (sum (states M) (fun z => Rabs (left_over M pi mu f z) +
      gamma M * sum (states M) (fun s => Rabs (x s) * P_pi M pi s z))).
    - apply sum_le. intros z Hz.
      replace (x z) with (left_over M pi mu f z + gamma M * sum (states M) (fun s =>
        x s * P_pi M pi s z)).
      + apply Rle_trans with (1 := Rabs_triang _ _). apply Rplus_le_compat_l.
        rewrite Rabs_mult, (Rabs_right (gamma M)) by lra. apply Rmult_le_compat_l; [lra|].
        apply Rle_trans with (1 := abs_sum_le _ _). apply sum_le. intros s Hs.
        rewrite Rabs_mult. apply Req_le. f_equal. apply Rabs_right, Rle_ge.
        apply (P_pi_is_distribution M pi s HM Hpi Hs), Hz.
      + unfold x, left_over. rewrite (Hd z Hz). unfold mean.
        rewrite (sum_ext _ (fun s => (d s - f s) * _) (fun s =>
          d s * P_pi M pi s z - f s * P_pi M pi s z)) by (intros; ring).
        rewrite sum_minus. ring.
    - rewrite sum_plus, sum_scale, sum_swap. fold L. apply Rplus_le_compat_l.
      apply Rmult_le_compat_l; [lra|]. apply sum_le. intros s Hs.
      rewrite sum_scale, (proj2 (P_pi_is_distribution M pi s HM Hpi Hs)). lra. }
  apply Rle_trans with X.
  - apply (term_le_sum (states M) (fun z => Rabs (x z))); auto. intros; apply Rabs_pos.
  - apply Rmult_le_reg_r with (1 - gamma M); [lra|].
    replace (L / (1 - gamma M) * (1 - gamma M)) with L by (field; lra). lra.
Qed.

(* ---- A run exists. ---- *)

Lemma at_time_is_distribution M pi mu t :
  proper M -> policy M pi -> distribution (states M) mu ->
  distribution (states M) (at_time M pi mu t).
Proof.
  intros HM Hpi Hmu. induction t as [|t IH]; [exact Hmu|]. cbn [at_time].
  assert (forall s, (s < states M)%nat -> distribution (states M) (P_pi M pi s)) as HP
    by (intros; apply P_pi_is_distribution; auto).
  destruct IH as [Hpos H1]. split.
  - intros y Hy. apply sum_nonneg. intros s Hs. apply Rmult_le_pos; [auto|apply HP; auto].
  - unfold mean. rewrite sum_swap, <- H1. apply sum_ext. intros s Hs.
    rewrite sum_scale, (proj2 (HP s Hs)). ring.
Qed.

Theorem every_policy_has_visits M pi mu :
  proper M -> policy M pi -> distribution (states M) mu -> exists d, is_visits M pi mu d.
Proof.
  intros HM Hpi Hmu. pose proof HM as (_ & _ & Hg & _).
  assert (forall y, (y < states M)%nat ->
    {l | Un_cv (fun N => sum_f_R0 (fun t => gamma M ^ t * at_time M pi mu t y) N) l}) as limit.
  { intros y Hy. apply cv_cauchy_2, cauchy_abs, cv_cauchy_1.
    apply (Rseries_CV_comp _ (fun t => gamma M ^ t * 1)); [|apply geometric_converges, Hg].
    intros t. split; [apply Rabs_pos|].
    destruct (at_time_is_distribution M pi mu t HM Hpi Hmu) as [Hpos H1].
    rewrite Rabs_mult, (Rabs_right (gamma M ^ t)) by (apply Rle_ge, pow_le; lra).
    apply Rmult_le_compat_l; [apply pow_le; lra|]. rewrite Rabs_right by (apply Rle_ge; auto).
    rewrite <- H1. apply term_le_sum; auto. }
  exists (fun y => (1 - gamma M) * match lt_dec y (states M) with
                   | left Hy => proj1_sig (limit y Hy) | right _ => 0 end).
  intros y Hy. apply scaled_converges.
  destruct (lt_dec y (states M)) as [Hin|]; [|contradiction].
  destruct (limit y Hin) as [l Hl]. simpl. intros eps Heps. destruct (Hl eps Heps) as [N HN].
  exists (S N). intros T HT. destruct T as [|T]; [lia|]. rewrite sum_is_sum_f_R0. apply HN. lia.
Qed.

Definition of_mu M (mu : option (nat -> R)) : Prop :=
  match mu with None => True | Some mu => distribution (states M) mu end.

Lemma every_step_is_taken M mu eta V pi :
  proper M -> policy M pi -> is_value M pi V -> of_mu M mu ->
  exists next, policy M next /\ softmax_step M mu eta V pi next.
Proof.
  intros HM Hpi HV Hmu. destruct mu as [mu|].
  - destruct (every_policy_has_visits M pi mu HM Hpi Hmu) as [d Hd].
    exists (fun s => reweighted (actions M) (pi s) (gradient_growth M V pi d eta s)). split.
    + intros s Hs. apply reweighted_is_distribution. auto.
    + exists d. split; auto.
  - exists (natural_step M V pi eta). split; [|intros s a _ _; reflexivity].
    apply natural_step_is_policy; [auto|]. apply value_is_solution, HV.
Qed.

Theorem every_softmax_run_exists M tau mu eta n first :
  proper M -> policy M first -> of_mu M mu -> exists pi V, softmax_run M tau mu eta n first pi V.
Proof.
  intros HM Hfirst Hmu. induction n as [|n (pi & V & H0 & HV & Hstep)].
  - destruct (every_policy_has_a_value (soft M tau first) first HM Hfirst) as [V HV].
    exists (fun _ => first), (fun _ => V).
    split; [auto|]. split; [auto|]. intros k Hk. lia.
  - destruct (HV n (le_n n)) as [Hpi Hn].
    destruct (every_step_is_taken (soft M tau (pi n)) mu (eta n) (V n) (pi n) HM Hpi Hn Hmu)
      as [next [Hnext Hs]].
    destruct (every_policy_has_a_value (soft M tau next) next HM Hnext) as [W HW].
    exists (fun k => if Nat.eqb k (S n) then next else pi k).
    exists (fun k => if Nat.eqb k (S n) then W else V k). split; [exact H0|]. split.
    + intros k Hk. destruct (Nat.eqb k (S n)) eqn:E; [split; [exact Hnext|exact HW]|].
      apply Nat.eqb_neq in E. apply HV. lia.
    + intros k Hk. replace (Nat.eqb k (S n)) with false by (symmetry; apply Nat.eqb_neq; lia).
      change (Nat.eqb (S k) (S n)) with (Nat.eqb k n). destruct (Nat.eqb k n) eqn:E.
      * apply Nat.eqb_eq in E. subst k. exact Hs.
      * apply Nat.eqb_neq in E. apply Hstep. lia.
Qed.
