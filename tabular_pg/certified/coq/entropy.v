(* Values with entropy, in real numbers: what the largest of them is, how near to a guess it lies,
   and how steps of natural policy gradient are written. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp existence improvement policy_iteration multiplicative.
From TabularPG Require Import charged softmax.
Local Open Scope R_scope.

(* The value of a policy with entropy, a limit of discounted sums *)
Definition is_soft_value M tau pi V : Prop := is_value (soft M tau pi) pi V.

(* In every state the least upper bound of the values of all policies *)
Definition is_best M tau (best : nat -> R) : Prop :=
  is_supremum M (fun w a => tau * ln (w a)) best.

(* For tau = 0 it is the value. *)
Lemma without_entropy M pi V : is_soft_value M 0 pi V <-> is_value M pi V.
Proof.
  assert (forall T s, discounted (soft M 0 pi) pi T s = discounted M pi T s) as E.
  { intros T s. unfold discounted. apply sum_ext. intros t _. f_equal. revert s.
    induction t as [|t IH]; intros s; apply mean_ext; intros a _; [cbn; ring|].
    apply mean_ext. intros y _. apply IH. }
  split; intros H s Hs.
  - apply (Un_cv_ext _ _ (fun T => E T s)), H, Hs.
  - apply (Un_cv_ext _ _ (fun T => eq_sym (E T s))), H, Hs.
Qed.

Lemma soft_advantage M tau pi U s a :
  advantage (soft M tau pi) U s a = advantage M U s a - tau * ln (pi s a).
Proof. unfold advantage, Qof. cbn [soft charged states P r gamma]. ring. Qed.

(* Entropy changes no visits. *)
Lemma soft_visits M tau p pi mu d : is_visits (soft M tau p) pi mu d -> is_visits M pi mu d.
Proof.
  assert (forall t y, at_time (soft M tau p) pi mu t y = at_time M pi mu t y) as E.
  { induction t as [|t IH]; intros y; [reflexivity|].
    cbn [at_time]. apply mean_weights_ext. intros s _. apply IH. }
  intros H y Hy. apply (Un_cv_ext (fun T => visits_until (soft M tau p) pi mu T y)); [|auto].
  intros T. unfold visits_until. cbn [gamma soft charged]. f_equal. apply sum_ext. intros t _.
  now rewrite E.
Qed.

(* ---- The largest values. ---- *)

(* Gibbs: no mean of x - tau ln w is larger than tau ln sum e^(x / tau), *)
Lemma mean_below_log_sum n tau w x :
  0 < tau -> distribution n w ->
  mean n w (fun a => x a - tau * ln (w a)) <= tau * ln (sum n (fun a => exp (x a / tau))).
Proof.
  intros Htau [Hw H1]. set (Z := sum n (fun a => exp (x a / tau))).
  assert (0 < Z) as HZ.
  { destruct n as [|n]; [simpl in H1; lra|]. apply Rlt_le_trans with (exp (x 0%nat / tau)).
    - apply exp_pos.
    - apply (term_le_sum (S n) (fun a => exp (x a / tau))); [|lia].
      intros; apply Rlt_le, exp_pos. }
  assert (forall a, (a < n)%nat ->
    w a * (x a - tau * ln (w a)) <=
      tau * (exp (x a / tau) / Z - w a + w a * ln Z)) as term.
  { intros a Ha. specialize (Hw a Ha). set (q := exp (x a / tau) / Z).
    assert (0 < q) as Hq by (apply Rdiv_lt_0_compat; [apply exp_pos|exact HZ]).
    destruct (Rle_lt_or_eq_dec 0 (w a) Hw) as [Hpos|<-]; [|nra].
    assert (x a = tau * (ln q + ln Z)) as E.
    { rewrite <- ln_mult by assumption. unfold q.
      replace (exp (x a / tau) / Z * Z) with (exp (x a / tau)) by (field; lra).
      rewrite ln_exp. field. lra. }
    pose proof (exp_ineq1_le (ln (q / w a))) as H.
    rewrite exp_ln in H by (apply Rdiv_lt_0_compat; auto).
    unfold Rdiv in H. rewrite ln_mult in H by (auto; apply Rinv_0_lt_compat; auto).
    rewrite ln_Rinv in H by auto.
    assert (w a * (1 + (ln q + - ln (w a))) <= q) as Hle.
    { replace q with (w a * (q * / w a)) at 2 by (field; lra).
      apply Rmult_le_compat_l; lra. }
    rewrite E. nra. }
  apply Rle_trans with (1 := sum_le _ _ _ term). apply Req_le.
  rewrite sum_scale, sum_plus, sum_minus, H1.
  rewrite (sum_ext _ _ (fun a => / Z * exp (x a / tau))) by (intros; unfold Rdiv; ring).
  rewrite sum_scale. fold Z.
  rewrite (sum_ext _ _ (fun a => ln Z * w a)) by (intros; ring). rewrite sum_scale, H1. field. lra.
Qed.

(* and that of the weights e^(x / tau), normalized, is as large. *)
Definition boltzmann n tau (x : nat -> R) a : R :=
  exp (x a / tau) / sum n (fun b => exp (x b / tau)).

Lemma sum_of_exp_positive n x : (0 < n)%nat -> 0 < sum n (fun a => exp (x a)).
Proof.
  intros Hn. apply Rlt_le_trans with (exp (x 0%nat)); [apply exp_pos|].
  apply (term_le_sum n (fun a => exp (x a))); [|exact Hn]. intros; apply Rlt_le, exp_pos.
Qed.

Lemma boltzmann_is_distribution n tau x : (0 < n)%nat -> distribution n (boltzmann n tau x).
Proof.
  intros Hn. pose proof (sum_of_exp_positive n (fun a => x a / tau) Hn) as HZ. split.
  - intros a _. apply Rlt_le, Rdiv_lt_0_compat; [apply exp_pos|exact HZ].
  - unfold boltzmann. set (Z := sum n _) in *.
    rewrite (sum_ext _ _ (fun a => / Z * exp (x a / tau))) by (intros; unfold Rdiv; ring).
    rewrite sum_scale. fold Z. field. lra.
Qed.

Lemma mean_is_log_sum n tau x :
  (0 < n)%nat -> 0 < tau ->
  mean n (boltzmann n tau x) (fun a => x a - tau * ln (boltzmann n tau x a)) =
    tau * ln (sum n (fun a => exp (x a / tau))).
Proof.
  intros Hn Htau. pose proof (sum_of_exp_positive n (fun a => x a / tau) Hn) as HZ.
  rewrite <- (mean_const n (boltzmann n tau x) (tau * ln _))
    by (apply boltzmann_is_distribution, Hn).
  apply mean_ext. intros a _. unfold boltzmann, Rdiv at 1.
  rewrite ln_mult, ln_exp, ln_Rinv by (auto using exp_pos, Rinv_0_lt_compat). field. lra.
Qed.

(* T U - U, T the soft Bellman operator *)
Definition soft_rest M tau U s : R :=
  tau * ln (sum (actions M) (fun a => exp (advantage M U s a / tau))).

Section Best.
  Variables (M : MDP) (tau : R) (U : nat -> R) (lo hi : R).
  Hypotheses (HM : proper M) (Htau : 0 < tau).
  Hypothesis Hrest : forall s, (s < states M)%nat -> lo <= soft_rest M tau U s <= hi.

  Let price (w : nat -> R) (a : nat) : R := tau * ln (w a).
  Let gibbs s := boltzmann (actions M) tau (advantage M U s).

  Lemma gibbs_is_policy : policy M gibbs.
  Proof. intros s _. apply boltzmann_is_distribution, HM. Qed.

  Lemma gibbs_gains_enough s : (s < states M)%nat -> lo <= net_gain M price U s (gibbs s).
  Proof.
    intros Hs. unfold net_gain, price, gibbs. rewrite mean_is_log_sum by (exact Htau || apply HM).
    apply Hrest, Hs.
  Qed.

  Lemma none_gains_more s w :
    (s < states M)%nat -> distribution (actions M) w -> net_gain M price U s w <= hi.
  Proof.
    intros Hs Hw. apply Rle_trans with (soft_rest M tau U s); [|apply Hrest, Hs].
    apply mean_below_log_sum; assumption.
  Qed.

  Theorem best_near_guess best s :
    is_best M tau best -> (s < states M)%nat ->
    lo / (1 - gamma M) <= best s - U s <= hi / (1 - gamma M).
  Proof.
    exact (supremum_near_guess M price U lo hi gibbs HM gibbs_is_policy gibbs_gains_enough
      none_gains_more best s).
  Qed.

  Lemma best_exists_near : exists best, is_best M tau best.
  Proof.
    exact (supremum_exists M price U lo hi gibbs HM gibbs_is_policy gibbs_gains_enough
      none_gains_more).
  Qed.
End Best.

Theorem best_exists M tau : proper M -> 0 < tau -> exists best, is_best M tau best.
Proof.
  intros HM Htau. destruct (bounded (states M) (soft_rest M tau (fun _ => 0))) as (B & _ & HB).
  apply (best_exists_near M tau (fun _ => 0) (- B) B HM Htau).
  intros s Hs. apply abs_between, HB, Hs.
Qed.

(* ---- Natural policy gradient, as it is often written: proportional to
   pi^(1 - beta tau) e^(beta Q). ---- *)

Definition powered M tau (pi : nat -> nat -> R) V beta s a : R :=
  Rpower (pi s a) (1 - beta * tau) * exp (beta * Qof M V s a).

Lemma natural_step_by_powers M tau pi V beta s a :
  (forall b, (b < actions M)%nat -> 0 < pi s b) -> (a < actions M)%nat ->
  natural_step (soft M tau pi) V pi beta s a =
    powered M tau pi V beta s a / sum (actions M) (powered M tau pi V beta s).
Proof.
  intros Hpi Ha.
  assert (forall b, (b < actions M)%nat ->
    pi s b * exp (beta * advantage (soft M tau pi) V s b) =
      exp (- (beta * V s)) * powered M tau pi V beta s b) as E.
  { intros b Hb. rewrite soft_advantage. rewrite <- (exp_ln (pi s b)) at 1 by auto.
    unfold powered, Rpower, advantage. rewrite <- !exp_plus. f_equal. ring. }
  unfold natural_step, natural_row, exponential_sum, mean.
  change (actions (soft M tau pi)) with (actions M).
  rewrite (sum_ext _ _ _ E), E, sum_scale by exact Ha. field. split.
  - apply Rgt_not_eq, Rlt_le_trans with (powered M tau pi V beta s a).
    + apply Rmult_lt_0_compat; apply exp_pos.
    + apply (term_le_sum _ (powered M tau pi V beta s)); [|exact Ha].
      intros; apply Rmult_le_pos; apply Rlt_le, exp_pos.
  - apply Rgt_not_eq, exp_pos.
Qed.
