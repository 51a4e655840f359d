(* The step of DAPO in one state: D1's multiplier is a divergence, and D3. In episodes: D3a, D3b. *)
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

(* ---- Episodes: without cycles, so that states have numbers and actions lead to larger ones; from
   S on they have ended. ---- *)
Section Episodes.
  Variables (S : nat) (acts : nat -> nat) (leads : nat -> nat -> nat) (gains : nat -> nat -> R).
  Hypothesis Hlater : forall s a, (s < S)%nat -> (a < acts s)%nat -> (s < leads s a)%nat.

  (* What a state is worth, if each visit of state t costs cost t. *)
  Definition worth (pi : nat -> nat -> R) (cost V : nat -> R) : Prop :=
    forall s, V s = if lt_dec s S
      then mean (acts s) (pi s) (fun a => gains s a + V (leads s a)) - cost s else 0.

  Lemma worth_grows (V W c : nat -> R) (next : nat -> nat -> R) :
    (forall s, (s < S)%nat -> distribution (acts s) (next s)) -> worth next c W ->
    (forall s, (S <= s)%nat -> V s = 0) ->
    (forall s, (s < S)%nat ->
       V s <= mean (acts s) (next s) (fun a => gains s a + V (leads s a)) - c s) ->
    forall s, V s <= W s.
  Proof.
    intros Hnext HW Hend HV.
    assert (forall n s, (S <= s + n)%nat -> V s <= W s) as H; [|intros s; apply (H S); lia].
    induction n as [|n IH]; intros s Hs; rewrite (HW s); destruct (lt_dec s S) as [Hin|Hout];
      try lia; try (rewrite Hend by lia; lra).
    apply Rle_trans with (1 := HV s Hin). apply Rplus_le_compat_r, mean_le; [auto|].
    intros a Ha. apply Rplus_le_compat_l, IH. specialize (Hlater s a Hin Ha). lia.
  Qed.

  Variables (pi next : nat -> nat -> R) (V Vb W lambda : nat -> R) (beta : R).
  Hypotheses (Hbeta : 0 < beta).
  Hypotheses (Hpi : forall s, (s < S)%nat -> distribution (acts s) (pi s)).
  Hypotheses (Hnext : forall s, (s < S)%nat -> distribution (acts s) (next s)).
  Hypothesis Hpipos : forall s a, (s < S)%nat -> (a < acts s)%nat -> 0 < pi s a.
  Hypothesis Hnextpos : forall s a, (s < S)%nat -> (a < acts s)%nat -> 0 < next s a.
  Let A s a := gains s a + V (leads s a) - V s.
  Let divergence s := beta * KL (acts s) (next s) (pi s).
  (* the values of pi^k, of pi^{k+1} less divergences, and of pi^{k+1} *)
  Hypotheses (HV : worth pi (fun _ => 0) V) (HVb : worth next divergence Vb).
  Hypotheses (HW : worth next (fun _ => 0) W).
  (* D1, in every state *)
  Hypothesis Hstationary : forall s a, (s < S)%nat -> (a < acts s)%nat ->
    pi s a * (A s a / beta - ln (next s a / pi s a)) = lambda s * next s a.

  Lemma ended U p c s : worth p c U -> (S <= s)%nat -> U s = 0.
  Proof. intros HU Hs. rewrite HU. destruct (lt_dec s S); [lia|reflexivity]. Qed.

  Theorem D3a_regularized_monotone s : V s <= Vb s.
  Proof.
    apply (worth_grows V Vb divergence next); auto; [intros t; exact (ended V _ _ t HV)|].
    intros t Ht.
    assert (mean (acts t) (pi t) (A t) = 0) as HA.
    { unfold A. rewrite mean_minus, mean_const by auto. pose proof (HV t) as E.
      destruct (lt_dec t S); [|lia]. lra. }
    pose proof (D3_nonneg (acts t) (pi t) (next t) (A t) beta (lambda t) Hbeta (Hpi t Ht)
      (Hnext t Ht) (fun a => Hpipos t a Ht) (fun a => Hnextpos t a Ht) HA
      (fun a => Hstationary t a Ht)) as H.
    unfold A in H. rewrite mean_minus, mean_const in H by auto. unfold divergence. lra.
  Qed.

  Theorem D3b_monotone s : Vb s <= W s.
  Proof.
    apply (worth_grows Vb W (fun _ => 0) next); auto; [intros t; exact (ended Vb _ _ t HVb)|].
    intros t Ht. rewrite (HVb t) at 1. destruct (lt_dec t S); [|lia].
    assert (0 <= divergence t); [|lra]. apply Rmult_le_pos; [lra|].
    apply KL_nonneg; auto.
  Qed.
End Episodes.
