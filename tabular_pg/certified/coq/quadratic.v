(* Policy mirror descent with a temporal-difference critic in the Euclidean norm, for values that
   are regularized by it: one step, a run, and that there is no second one from the same start. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp existence improvement policy_iteration multiplicative.
From TabularPG Require Import projected projected_rates steps uniqueness charged.
Local Open Scope R_scope.

(* ---- A policy pays tau |pi|^2 / 2 in every state. ---- *)

Definition square_norm n (w : nat -> R) : R := sum n (fun a => w a * w a).
Definition quadratic M (tau : R) (w : nat -> R) (a : nat) : R :=
  tau / 2 * square_norm (actions M) w.
Definition damped M tau pi : MDP := charged M (quadratic M tau) pi.

Lemma mean_less_constant n w x c :
  distribution n w -> mean n w (fun a => x a - c) = mean n w x - c.
Proof. intros Hw. rewrite mean_minus, mean_const by exact Hw. reflexivity. Qed.

Lemma net_gain_is_less_norm M tau U s w :
  distribution (actions M) w ->
  net_gain M (quadratic M tau) U s w =
    mean (actions M) w (advantage M U s) - tau / 2 * square_norm (actions M) w.
Proof. intros Hw. unfold net_gain, quadratic. apply mean_less_constant, Hw. Qed.

(* The nearest point to x / tau is worth most. *)
Theorem nearest_is_largest n tau x p w :
  0 < tau -> is_projection n (fun a => x a / tau) p -> distribution n w ->
  mean n w x - tau / 2 * square_norm n w <= mean n p x - tau / 2 * square_norm n p.
Proof.
  intros Htau [_ Hnear] Hw. specialize (Hnear w Hw).
  assert (forall v, tau / 2 * distance_squared n (fun a => x a / tau) v =
    tau / 2 * square_norm n (fun a => x a / tau) - (mean n v x - tau / 2 * square_norm n v)) as E.
  { intros v. unfold distance_squared, square_norm, mean. rewrite <- !sum_scale, <- !sum_minus.
    apply sum_ext. intros a _. field. lra. }
  assert (tau / 2 * distance_squared n (fun a => x a / tau) p <=
    tau / 2 * distance_squared n (fun a => x a / tau) w) as H
    by (apply Rmult_le_compat_l; lra).
  rewrite !E in H. lra.
Qed.

(* ---- The method. ---- *)

(* What a critic Q makes of a row in state t *)
Definition expectation M tau (pi Q : nat -> nat -> R) t : R :=
  mean (actions M) (pi t) (Q t) - tau / 2 * square_norm (actions M) (pi t).

(* The critic starts at Q^{pi^0}, the values of which are V, plus an error. *)
Definition starts_critic M (V : nat -> R) (error Q : nat -> nat -> R) : Prop :=
  forall s a, (s < states M)%nat -> (a < actions M)%nat -> Q s a = Qof M V s a + error s a.

(* The dual variable y goes to (y + eta Q) / (1 + eta tau), and the policy to what is nearest to it:
   it maximizes <y, p> - |p|^2 / 2. *)
Definition moves_dual M tau eta (y Q y' : nat -> nat -> R) : Prop :=
  forall s a, (s < states M)%nat -> (a < actions M)%nat ->
  y' s a = (y s a + eta * Q s a) / (1 + eta * tau).
Definition follows_dual M (y pi : nat -> nat -> R) : Prop :=
  forall s, (s < states M)%nat -> is_projection (actions M) (y s) (pi s).

(* The critic takes parts of one Bellman update. *)
Definition learns M tau (weights pi Q Q' : nat -> nat -> R) : Prop :=
  forall s a, (s < states M)%nat -> (a < actions M)%nat ->
  Q' s a = Q s a + weights s a * (Qof M (expectation M tau pi Q) s a - Q s a).

(* Policies from [first] on, dual variables, critics and values; step k has the size eta k. *)
Definition td_run M tau (eta : nat -> R) weights error (n : nat) first
    (pi y Q : nat -> nat -> nat -> R) (V : nat -> nat -> R) : Prop :=
  agree M (pi 0%nat) first /\ agree M (y 0%nat) first /\
  starts_critic M (V 0%nat) error (Q 0%nat) /\
  (forall k, (k <= n)%nat -> policy M (pi k) /\ is_value (damped M tau (pi k)) (pi k) (V k)) /\
  (forall k, (k < n)%nat ->
     moves_dual M tau (eta k) (y k) (Q k) (y (S k)) /\ follows_dual M (y (S k)) (pi (S k)) /\
     learns M tau weights (pi (S k)) (Q k) (Q (S k))).

(* ---- It makes one run of its start. ---- *)

Lemma square_norm_ext n v w :
  (forall a, (a < n)%nat -> v a = w a) -> square_norm n v = square_norm n w.
Proof. intros E. apply sum_ext. intros a Ha. rewrite E by exact Ha. reflexivity. Qed.

Lemma damped_backup_agree M tau p q V s :
  agree M p q -> (s < states M)%nat ->
  backup (damped M tau p) p V s = backup (damped M tau q) q V s.
Proof.
  intros E Hs. rewrite (backup_ext (damped M tau p) p q) by assumption.
  apply mean_ext. intros a _. unfold Qof. cbn [damped charged states P r gamma]. unfold quadratic.
  rewrite (square_norm_ext _ (p s) (q s)) by (intros b Hb; apply E; auto). reflexivity.
Qed.

Lemma damped_values_agree M tau p q V W :
  proper M -> policy M p -> agree M p q ->
  is_value (damped M tau p) p V -> is_value (damped M tau q) q W -> alike M V W.
Proof.
  intros HM Hp E HV HW s Hs. pose proof (value_is_solution _ _ _ HV) as HV'.
  pose proof (value_is_solution _ _ _ HW) as HW'.
  assert (forall t, (t < states M)%nat -> W t = backup (damped M tau p) p W t) as HWp.
  { intros t Ht. rewrite (HW' t Ht) at 1. symmetry. apply damped_backup_agree; auto. }
  apply Rle_antisym.
  - apply (bellman_le (damped M tau p) p); auto. intros t Ht. rewrite <- HWp by exact Ht. lra.
  - apply (bellman_ge (damped M tau p) p); auto. intros t Ht. rewrite <- HWp by exact Ht. lra.
Qed.

Lemma expectations_agree M tau p q Q Q' :
  agree M p q -> agree M Q Q' -> alike M (expectation M tau p Q) (expectation M tau q Q').
Proof.
  intros E EQ s Hs. unfold expectation.
  rewrite (square_norm_ext _ (p s) (q s)) by (intros a Ha; apply E; auto). f_equal.
  apply sum_ext. intros a Ha. rewrite E, EQ by auto. reflexivity.
Qed.

Lemma projections_agree M y y' p q :
  agree M y y' -> follows_dual M y p -> follows_dual M y' q -> agree M p q.
Proof.
  intros E Hp Hq s a Hs Ha. apply (projection_is_unique (actions M) (y s)); auto.
  apply projection_ext with (y' s); [|auto]. intros b Hb. symmetry. apply E; auto.
Qed.

Theorem td_runs_agree M tau eta weights error n first pi y Q V pi' y' Q' V' :
  proper M -> td_run M tau eta weights error n first pi y Q V ->
  td_run M tau eta weights error n first pi' y' Q' V' ->
  forall k, (k <= n)%nat ->
  agree M (pi k) (pi' k) /\ agree M (y k) (y' k) /\ agree M (Q k) (Q' k) /\ alike M (V k) (V' k).
Proof.
  intros HM (H0 & Y0 & Q0 & HV & Hstep) (H0' & Y0' & Q0' & HV' & Hstep').
  assert (forall k, (k <= n)%nat -> agree M (pi k) (pi' k) -> alike M (V k) (V' k)) as Hvalues.
  { intros k Hk E. destruct (HV k Hk) as [Hp HVk]. destruct (HV' k Hk) as [_ HVk'].
    exact (damped_values_agree M tau _ _ _ _ HM Hp E HVk HVk'). }
  induction k as [|k IH]; intros Hk.
  - assert (agree M (pi 0%nat) (pi' 0%nat)) as E
      by (intros s a Hs Ha; rewrite H0, H0' by auto; reflexivity).
    split; [exact E|]. split; [intros s a Hs Ha; rewrite Y0, Y0' by auto; reflexivity|].
    split; [|auto]. intros s a Hs Ha. rewrite Q0, Q0' by auto. f_equal.
    apply Q_alike; auto.
  - destruct IH as (Epi & EY & EQ & EV); [lia|].
    destruct (Hstep k Hk) as (HY & HP & HQ). destruct (Hstep' k Hk) as (HY' & HP' & HQ').
    assert (agree M (y (S k)) (y' (S k))) as EY1
      by (intros s a Hs Ha; rewrite HY, HY', EY, EQ by auto; reflexivity).
    pose proof (projections_agree M _ _ _ _ EY1 HP HP') as Epi1.
    split; [exact Epi1|]. split; [exact EY1|]. split; [|auto].
    intros s a Hs Ha. rewrite HQ, HQ', EQ by auto.
    rewrite (Q_alike M _ (expectation M tau (pi' (S k)) (Q' k))); [reflexivity| |exact Hs].
    apply expectations_agree; auto.
Qed.
