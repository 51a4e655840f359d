(* The step of DAPO in one state: D1's multiplier is a divergence, and D3. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums.
Local Open Scope R_scope.

Definition KL n (p q : nat -> R) : R := mean n p (fun a => ln (p a / q a)).

Lemma ln_le_minus_one x : 0 < x -> ln x <= x - 1.
Proof. intros Hx. pose proof (exp_ineq1_le (ln x)). rewrite exp_ln in H by exact Hx. lra. Qed.

Lemma KL_nonneg n p q :
  distribution n p -> distribution n q ->
  (forall a, (a < n)%nat -> 0 < p a) -> (forall a, (a < n)%nat -> 0 < q a) -> 0 <= KL n p q.
Proof.
  intros [_ Hp] [_ Hq] Hppos Hqpos.
  replace 0 with (sum n (fun a => p a - q a)) by (rewrite sum_minus; lra).
  apply sum_le. intros a Ha. specialize (Hppos a Ha). specialize (Hqpos a Ha).
  assert (0 < q a / p a) as Hr by (apply Rdiv_lt_0_compat; lra).
  pose proof (ln_le_minus_one _ Hr) as H.
  replace (ln (p a / q a)) with (- ln (q a / p a)).
  - assert (p a * ln (q a / p a) <= p a * (q a / p a - 1)) by (apply Rmult_le_compat_l; lra).
    replace (p a * (q a / p a - 1)) with (q a - p a) in * by (field; lra). lra.
  - rewrite <- ln_Rinv by exact Hr. f_equal. field. lra.
Qed.

Section Step.
  Variables (n : nat) (nu next A : nat -> R) (beta lambda : R).
  Hypotheses (Hbeta : 0 < beta) (Hnu : distribution n nu) (Hnext : distribution n next).
  Hypotheses (Hnupos : forall a, (a < n)%nat -> 0 < nu a).
  Hypotheses (Hnextpos : forall a, (a < n)%nat -> 0 < next a).
  Hypothesis HA : mean n nu A = 0.
  (* D1, where objective (12) is stationary *)
  Hypothesis Hstationary : forall a, (a < n)%nat ->
    nu a * (A a / beta - ln (next a / nu a)) = lambda * next a.

  (* D1: lambda = KL(nu || next) *)
  Theorem D1_multiplier : lambda = KL n nu next.
  Proof.
    destruct Hnext as [_ Hone]. rewrite <- (Rmult_1_r lambda), <- Hone, <- sum_scale.
    rewrite (sum_ext n _ (fun a => / beta * (nu a * A a) + nu a * ln (nu a / next a))).
    - rewrite sum_plus, sum_scale. change (sum n (fun a => nu a * A a)) with (mean n nu A).
      rewrite HA. unfold KL, mean. ring.
    - intros a Ha. rewrite <- Hstationary by exact Ha.
      pose proof (Hnupos a Ha) as Hp. pose proof (Hnextpos a Ha) as Hq.
      assert (0 < next a / nu a) as Hr by (apply Rdiv_lt_0_compat; lra).
      replace (nu a / next a) with (/ (next a / nu a)) by (field; lra).
      rewrite ln_Rinv by exact Hr. unfold Rdiv. ring.
  Qed.

  (* D3: I = sum next A - beta KL(next || nu) = beta lambda sum next^2 / nu *)
  Theorem D3_improvement :
    mean n next A - beta * KL n next nu =
    beta * lambda * sum n (fun a => next a * next a / nu a).
  Proof.
    unfold KL, mean. rewrite <- !sum_scale, <- sum_minus. apply sum_ext. intros a Ha.
    pose proof (Hnupos a Ha) as Hp. specialize (Hstationary a Ha).
    replace (beta * lambda * (next a * next a / nu a))
      with (beta * (next a / nu a) * (lambda * next a)) by (field; lra).
    rewrite <- Hstationary. field. lra.
  Qed.

  Theorem D3_nonneg : 0 <= mean n next A - beta * KL n next nu.
  Proof.
    rewrite D3_improvement, D1_multiplier. apply Rmult_le_pos.
    - apply Rmult_le_pos; [lra|]. apply KL_nonneg; auto.
    - apply sum_nonneg. intros a Ha. pose proof (Hnupos a Ha).
      apply Rmult_le_pos; [apply Rle_0_sqr|]. apply Rlt_le, Rinv_0_lt_compat. lra.
  Qed.
End Step.
