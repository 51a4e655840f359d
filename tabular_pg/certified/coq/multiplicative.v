(* Natural policy gradient (N1's monotonicity, N2b) and SPMA (H1s): updates by factors of A. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp improvement policy_iteration.
Local Open Scope R_scope.

(* ---- One state: weights w, advantages A of mean 0. ---- *)

Definition exponential_sum n w A eta : R := mean n w (fun a => exp (eta * A a)).

(* pi^{k+1}(a) = pi^k(a) e^{eta A(a)} / Z *)
Definition natural_row n (w A : nat -> R) eta a : R :=
  w a * exp (eta * A a) / exponential_sum n w A eta.

Section Row.
  Variables (n : nat) (w A : nat -> R) (eta : R).
  Hypotheses (Hw : distribution n w) (HA : mean n w A = 0).
  Let Z := exponential_sum n w A eta.

  Lemma at_least_one : 1 <= Z.
  Proof.
    replace 1 with (mean n w (fun a => 1 + eta * A a)).
    - apply mean_le; auto. intros a Ha. apply exp_ineq1_le.
    - rewrite mean_plus, mean_const, mean_scale, HA by auto. ring.
  Qed.

  Lemma natural_row_is_distribution : distribution n (natural_row n w A eta).
  Proof.
    pose proof at_least_one as H1. fold Z in H1. split.
    - intros a Ha. destruct Hw as [H _]. specialize (H a Ha). unfold natural_row. fold Z.
      apply Rmult_le_pos; [|apply Rlt_le, Rinv_0_lt_compat; lra].
      apply Rmult_le_pos; [exact H|]. apply Rlt_le, exp_pos.
    - rewrite (sum_ext _ _ (fun a => / Z * (w a * exp (eta * A a))))
        by (intros; unfold natural_row; fold Z; field; lra).
      rewrite sum_scale. fold (mean n w (fun a => exp (eta * A a))).
      change (/ Z * Z = 1). apply Rinv_l. lra.
  Qed.

  (* N-b: the improvement is a sum of terms that are not negative. *)
  Lemma natural_improvement :
    mean n (natural_row n w A eta) A = / Z * mean n w (fun a => A a * (exp (eta * A a) - 1)).
  Proof.
    pose proof at_least_one as H1.
    rewrite (mean_ext n w _ (fun a => A a * exp (eta * A a) - A a)) by (intros; ring).
    rewrite mean_minus, HA, Rminus_0_r. unfold mean. rewrite <- sum_scale.
    apply sum_ext. intros a _. unfold natural_row. fold Z. field. lra.
  Qed.

  Lemma term_nonneg x : 0 <= eta -> 0 <= x * (exp (eta * x) - 1).
  Proof.
    intros Heta. destruct (Rle_dec 0 x) as [H|H].
    - pose proof (exp_ineq1_le (eta * x)). nra.
    - assert (exp (eta * x) <= exp 0) as He.
      { destruct (Req_dec (eta * x) 0) as [->|]; [lra|]. left. apply exp_increasing. nra. }
      rewrite exp_0 in He. nra.
  Qed.

  Theorem natural_improvement_nonneg : 0 <= eta -> 0 <= mean n (natural_row n w A eta) A.
  Proof.
    intros Heta. rewrite natural_improvement. pose proof at_least_one as H1.
    apply Rmult_le_pos; [apply Rlt_le, Rinv_0_lt_compat; lra|].
    apply const_le_mean; auto. intros. apply term_nonneg, Heta.
  Qed.

  (* N2b: I >= p M (1 - e^{-eta M}), with p the probability of the best actions. *)
  Theorem N2b_row m :
    0 <= eta -> 0 <= m -> (forall a, (a < n)%nat -> A a <= m) ->
    let p := sum n (fun a => if Req_EM_T (A a) m then w a else 0) in
    p * m * (1 - exp (- (eta * m))) <= mean n (natural_row n w A eta) A.
  Proof.
    intros Heta Hm Hmax p. rewrite natural_improvement. pose proof at_least_one as H1.
    set (E := exp (eta * m)).
    assert (Z <= E) as HZ.
    { apply mean_le_const; auto. intros a Ha. specialize (Hmax a Ha). unfold E.
      destruct (Req_dec (eta * A a) (eta * m)) as [->|]; [lra|]. left. apply exp_increasing. nra. }
    assert (p * (m * (E - 1)) <= mean n w (fun a => A a * (exp (eta * A a) - 1))) as Hterms.
    { unfold p, mean. rewrite Rmult_comm, <- sum_scale. apply sum_le. intros a Ha.
      destruct Hw as [Hpos _]. specialize (Hpos a Ha).
      destruct (Req_EM_T (A a) m) as [->|]; [fold E; lra|].
      rewrite Rmult_0_r. apply Rmult_le_pos; [exact Hpos|apply term_nonneg, Heta]. }
    assert (0 <= p) as Hp.
    { apply sum_nonneg. intros a Ha. destruct Hw as [Hpos _].
      destruct (Req_EM_T (A a) m); [auto|lra]. }
    replace (exp (- (eta * m))) with (/ E) by (unfold E; rewrite exp_Ropp; reflexivity).
    assert (0 <= m * (E - 1)) as Hnonneg by (unfold E; apply term_nonneg, Heta).
    apply Rle_trans with (/ Z * (p * (m * (E - 1)))).
    - replace (p * m * (1 - / E)) with (/ E * (p * (m * (E - 1)))) by (field; lra).
      apply Rmult_le_compat_r; [apply Rmult_le_pos; assumption|].
      apply Rinv_le_contravar; lra.
    - apply Rmult_le_compat_l; [apply Rlt_le, Rinv_0_lt_compat; lra|exact Hterms].
  Qed.
End Row.

(* ---- All states. ---- *)

Definition natural_step M V (pi : nat -> nat -> R) eta s a : R :=
  natural_row (actions M) (pi s) (advantage M V s) eta a.

Lemma advantages_have_mean_zero M pi V s :
  policy M pi -> bellman M pi V -> (s < states M)%nat ->
  mean (actions M) (pi s) (advantage M V s) = 0.
Proof.
  intros Hpi HV Hs. rewrite <- improvement_is_mean_advantage by auto.
  apply own_improvement_is_zero; auto.
Qed.

Lemma natural_step_is_policy M pi V eta :
  policy M pi -> bellman M pi V -> policy M (natural_step M V pi eta).
Proof.
  intros Hpi HV s Hs. apply natural_row_is_distribution; [auto|].
  apply advantages_have_mean_zero; auto.
Qed.

(* N2b in every state. *)
Theorem N2b_improvement M pi V eta s m :
  policy M pi -> bellman M pi V -> (s < states M)%nat -> 0 <= eta ->
  is_max (actions M) (advantage M V s) m ->
  let p := sum (actions M) (fun a => if Req_EM_T (advantage M V s a) m then pi s a else 0) in
  p * m * (1 - exp (- (eta * m))) <= improvement M V (natural_step M V pi eta) s.
Proof.
  intros Hpi HV Hs Heta [Hmax _] p.
  rewrite improvement_is_mean_advantage by (auto; apply natural_step_is_policy; auto).
  apply N2b_row; auto; [apply advantages_have_mean_zero; auto|].
  rewrite <- (advantages_have_mean_zero M pi V s) by auto. apply mean_le_const; auto.
Qed.

(* N1, monotone: V^{k+1} >= T^{pi^{k+1}} V^k >= V^k for every step size. *)
Theorem N1_monotone M pi V W eta :
  proper M -> policy M pi -> bellman M pi V -> 0 <= eta ->
  bellman M (natural_step M V pi eta) W ->
  forall s, (s < states M)%nat ->
  V s <= backup M (natural_step M V pi eta) V s <= W s.
Proof.
  intros HM Hpi HV Heta HW s Hs.
  assert (forall t, (t < states M)%nat -> 0 <= improvement M V (natural_step M V pi eta) t) as HI.
  { intros t Ht.
    rewrite improvement_is_mean_advantage by (auto; apply natural_step_is_policy; auto).
    apply natural_improvement_nonneg; auto. apply advantages_have_mean_zero; auto. }
  pose proof (improvement_is_kept M (natural_step M V pi eta) V W HM
    (natural_step_is_policy M pi V eta Hpi HV) HW HI s Hs) as Hkept.
  specialize (HI s Hs). unfold improvement in *. lra.
Qed.

(* ---- Softmax policy mirror ascent: pi^{k+1} = pi^k (1 + eta A^k). ---- *)

Definition spma_step M V (pi : nat -> nat -> R) eta s a : R :=
  pi s a * (1 + eta * advantage M V s a).

(* H1s: I = eta sum_a pi A^2. *)
Theorem H1s_improvement M pi V eta s :
  policy M pi -> bellman M pi V -> policy M (spma_step M V pi eta) -> (s < states M)%nat ->
  improvement M V (spma_step M V pi eta) s =
  eta * mean (actions M) (pi s) (fun a => advantage M V s a * advantage M V s a).
Proof.
  intros Hpi HV Hnext Hs. rewrite improvement_is_mean_advantage by auto.
  transitivity (mean (actions M) (pi s) (fun a =>
    advantage M V s a + eta * (advantage M V s a * advantage M V s a))).
  - unfold mean, spma_step. apply sum_ext. intros; ring.
  - rewrite mean_plus, mean_scale, (advantages_have_mean_zero M pi V s) by auto. ring.
Qed.

(* An iterate of SPMA is a policy if eta A >= -1. *)
Theorem spma_step_is_policy M pi V eta :
  policy M pi -> bellman M pi V ->
  (forall s a, (s < states M)%nat -> (a < actions M)%nat -> -1 <= eta * advantage M V s a) ->
  policy M (spma_step M V pi eta).
Proof.
  intros Hpi HV H s Hs. split.
  - intros a Ha. destruct (Hpi s Hs) as [Hpos _]. specialize (Hpos a Ha). specialize (H s a Hs Ha).
    unfold spma_step. nra.
  - change (mean (actions M) (pi s) (fun a => 1 + eta * advantage M V s a) = 1).
    rewrite mean_plus, mean_const, mean_scale, (advantages_have_mean_zero M pi V s) by auto. ring.
Qed.
