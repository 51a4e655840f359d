(* Policy iteration (PI1), its conservative form (PC1, PC2) and the simplex method (PS1). *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp improvement.
Local Open Scope R_scope.

(* m = max over i < n of f i *)
Definition is_max (n : nat) (f : nat -> R) (m : R) : Prop :=
  (forall i, (i < n)%nat -> f i <= m) /\ exists i, (i < n)%nat /\ f i = m.

Fixpoint top (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S O => f 0%nat | S k => Rmax (top k f) (f k) end.

Lemma top_is_max n f : (0 < n)%nat -> is_max n f (top n f).
Proof.
  induction n as [|n IH]; intros H; [lia|]. destruct n as [|n].
  - split; [intros i Hi; replace i with 0%nat by lia; simpl; lra|exists 0%nat; split; auto].
  - destruct IH as [Hle [k [Hk Ek]]]; [lia|].
    change (top (S (S n)) f) with (Rmax (top (S n) f) (f (S n))). split.
    + intros i Hi. destruct (Nat.eq_dec i (S n)) as [->|Hne]; [apply Rmax_r|].
      apply Rle_trans with (top (S n) f); [apply Hle; lia|apply Rmax_l].
    + apply Rmax_case; [exists k; split; [lia|exact Ek]|exists (S n); split; [lia|reflexivity]].
Qed.

(* e = max_s (V* - V)(s) *)
Definition is_error M Vs V e : Prop := is_max (states M) (fun s => Vs s - V s) e.

(* A row of a greedy policy takes actions of the largest Q only. *)
Definition greedy M V pi : Prop :=
  forall s a, (s < states M)%nat -> (a < actions M)%nat -> Qof M V s a <= backup M pi V s.

Lemma no_value_above_optimum M Vs pi V :
  proper M -> optimal_value M Vs -> policy M pi -> bellman M pi V ->
  forall s, (s < states M)%nat -> V s <= Vs s.
Proof.
  intros HM [Hmax _] Hpi HV. apply (bellman_le M pi); auto.
  intros s Hs. apply mean_le_const; auto.
Qed.

Lemma error_nonneg M Vs pi V e :
  proper M -> optimal_value M Vs -> policy M pi -> bellman M pi V -> is_error M Vs V e -> 0 <= e.
Proof.
  intros HM Hs Hpi HV [_ [s [Hin <-]]].
  pose proof (no_value_above_optimum M Vs pi V HM Hs Hpi HV s Hin). lra.
Qed.

(* PC2: e_{k+1} <= (1 - (1 - gamma) alpha) e_k for the mixture of pi with the greedy policy g. *)
Section Mixture.
  Variables (M : MDP) (Vs V W : nat -> R) (pi g : nat -> nat -> R) (alpha e e' : R).
  Hypotheses (HM : proper M) (Hs : optimal_value M Vs).
  Hypotheses (Hpi : policy M pi) (HV : bellman M pi V) (Hg : policy M g) (Hgreedy : greedy M V g).
  Hypotheses (Halpha : 0 <= alpha <= 1).
  Let next s a := (1 - alpha) * pi s a + alpha * g s a.
  Hypotheses (HW : bellman M next W) (He : is_error M Vs V e) (He' : is_error M Vs W e').

  Lemma mixture_is_policy : policy M next.
  Proof.
    intros s Hin. destruct (Hpi s Hin) as [H1 H2]. destruct (Hg s Hin) as [H3 H4]. split.
    - intros a Ha. specialize (H1 a Ha). specialize (H3 a Ha). unfold next. nra.
    - unfold next. rewrite sum_plus, !sum_scale, H2, H4. ring.
  Qed.

  (* PC1 *)
  Theorem PC1_improvement s :
    (s < states M)%nat -> improvement M V next s = alpha * improvement M V g s.
  Proof.
    intros Hin. pose proof (HV s Hin) as H. unfold improvement.
    assert (backup M next V s = (1 - alpha) * backup M pi V s + alpha * backup M g V s) as ->.
    { unfold backup, mean, next. rewrite <- !sum_scale, <- sum_plus. apply sum_ext. intros; ring. }
    rewrite <- H. ring.
  Qed.

  Theorem PC2_contraction : e' <= (1 - (1 - gamma M) * alpha) * e.
  Proof.
    destruct He' as [_ [s [Hin <-]]]. destruct Hs as [Hmax [p [Hp Hbell]]].
    pose proof (error_nonneg M Vs pi V e HM Hs Hpi HV He) as Hpos.
    assert (forall s, (s < states M)%nat -> 0 <= improvement M V g s) as Hgain.
    { intros t Ht. unfold improvement. pose proof (HV t Ht) as Hown.
      assert (backup M pi V t <= backup M g V t); [|lra].
      apply mean_le_const; auto. }
    apply Rle_trans with (e - alpha * ((1 - gamma M) * e)); [|lra].
    apply (master_worst_state M p next Vs V W e (improvement M V g) (fun x => alpha * x)); auto.
    - exact mixture_is_policy.
    - exact (proj1 He).
    - ring.
    - intros u v Huv _. nra.
    - intros u v Huv. nra.
    - intros t Ht. assert (backup M p V t <= backup M g V t); [|unfold improvement; lra].
      apply mean_le_const; auto.
    - intros t Ht. rewrite PC1_improvement by exact Ht. specialize (Hgain t Ht).
      rewrite Rmax_right by exact Hgain. lra.
  Qed.
End Mixture.

(* PI1: e_{k+1} <= gamma e_k. *)
Theorem PI1_contraction M Vs V W pi g e e' :
  proper M -> optimal_value M Vs -> policy M pi -> bellman M pi V ->
  policy M g -> greedy M V g -> bellman M g W ->
  is_error M Vs V e -> is_error M Vs W e' -> e' <= gamma M * e.
Proof.
  intros HM Hs Hpi HV Hg Hgreedy HW He He'.
  replace (gamma M * e) with ((1 - (1 - gamma M) * 1) * e) by ring.
  apply (PC2_contraction M Vs V W pi g 1 e e'); auto; [lra|].
  intros s Hin. rewrite (HW s Hin) at 1. apply mean_weights_ext. intros; ring.
Qed.

(* PI1, its first half: V^{k+1} >= T V^k. *)
Theorem PI1_better_than_backup M V W pi g :
  proper M -> policy M pi -> bellman M pi V -> policy M g -> greedy M V g -> bellman M g W ->
  forall s a, (s < states M)%nat -> (a < actions M)%nat -> Qof M V s a <= W s.
Proof.
  intros HM Hpi HV Hg Hgreedy HW s a Hin Ha.
  apply Rle_trans with (V s + improvement M V g s); [unfold improvement|].
  - specialize (Hgreedy s a Hin Ha). lra.
  - apply (improvement_is_kept M g); auto. intros t Ht. unfold improvement.
    pose proof (HV t Ht) as Hown. assert (backup M pi V t <= backup M g V t); [|lra].
    apply mean_le_const; auto.
Qed.

(* PS1: a policy that differs in the state of the largest advantage only, which it takes there. *)
Theorem PS1_sum_contracts M Vs V W pi next m k :
  proper M -> optimal_value M Vs -> policy M pi -> bellman M pi V ->
  policy M next -> bellman M next W -> (k < states M)%nat ->
  (forall s a, (s < states M)%nat -> (a < actions M)%nat -> advantage M V s a <= m) ->
  improvement M V next k = m ->
  (forall s, (s < states M)%nat -> s <> k -> improvement M V next s = 0) ->
  sum (states M) (fun s => Vs s - W s) <=
  (1 - (1 - gamma M) / INR (states M)) * sum (states M) (fun s => Vs s - V s).
Proof.
  intros HM Hs Hpi HV Hnext HW Hk Hmax Hm Hzero. pose proof Hs as [_ [p [Hp Hbell]]].
  pose proof HM as (HS & HA & Hg & HP).
  assert (0 <= m) as Hpos.
  { apply Rle_trans with (improvement M V pi k).
    - rewrite own_improvement_is_zero by auto. lra.
    - rewrite improvement_is_mean_advantage by auto. apply mean_le_const; auto. }
  assert (forall s, (s < states M)%nat -> Vs s - V s <= m / (1 - gamma M)) as Hgap.
  { intros s Hin. assert (0 <= m / (1 - gamma M) - (Vs s - V s)); [|lra].
    apply (nonneg_of_superharmonic M p (fun s => m / (1 - gamma M) - (Vs s - V s))); auto.
    intros t Ht.
    assert (improvement M V p t <= m) as Himp
      by (rewrite improvement_is_mean_advantage by auto; apply mean_le_const; auto).
    rewrite (mean_ext _ (p t) _ (fun a => m / (1 - gamma M)
      - mean (states M) (P M t a) (fun y => Vs y - V y)))
      by (intros a Ha; rewrite mean_minus, mean_const by auto; reflexivity).
    rewrite mean_minus, mean_const by auto. pose proof (backup_minus M p Vs V t) as Hstep.
    rewrite <- (Hbell t Ht) in Hstep. unfold improvement in Himp.
    assert (m / (1 - gamma M) * (1 - gamma M) = m) by (field; lra). nra. }
  assert (sum (states M) (fun s => Vs s - V s) <= INR (states M) * (m / (1 - gamma M))) as Hsum.
  { rewrite <- sum_const. apply sum_le. exact Hgap. }
  assert (sum (states M) (fun s => Vs s - W s) <=
          sum (states M) (fun s => Vs s - V s) - m) as Hstep.
  { rewrite <- (Rmult_1_r m), <- (sum_point (states M) k m (fun _ => 1) Hk), <- sum_minus.
    apply sum_le. intros s Hin.
    assert (V s + improvement M V next s <= W s) as Hkept.
    { apply (improvement_is_kept M next); auto. intros t Ht.
      destruct (Nat.eq_dec t k) as [->|Hne]; [lra|rewrite Hzero by auto; lra]. }
    destruct (Nat.eqb s k) eqn:E.
    - apply Nat.eqb_eq in E. subst s. lra.
    - apply Nat.eqb_neq in E. rewrite (Hzero s Hin E) in Hkept. lra. }
  assert (0 < INR (states M)) as Hn by (apply lt_0_INR; exact HS).
  set (x := sum (states M) (fun s => Vs s - V s)) in *.
  assert ((1 - gamma M) / INR (states M) * x <= m); [|lra].
  apply Rmult_le_reg_l with (INR (states M) * / (1 - gamma M));
    [apply Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]|].
  replace (INR (states M) * / (1 - gamma M) * ((1 - gamma M) / INR (states M) * x)) with x
    by (field; lra).
  replace (INR (states M) * / (1 - gamma M) * m) with (INR (states M) * (m / (1 - gamma M)))
    by (field; lra). exact Hsum.
Qed.
