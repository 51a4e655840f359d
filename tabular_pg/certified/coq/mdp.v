(* Finite discounted MDPs, stationary randomized policies, and their values: limits of discounted
   sums of expected rewards. Every policy has a value, and it is the only solution of the Bellman
   equation. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums.
Local Open Scope R_scope.

Record MDP := {
  states : nat;
  actions : nat;
  P : nat -> nat -> nat -> R; (* P s a t: the probability of state t after action a in state s *)
  r : nat -> nat -> R; (* r s a: the expected reward *)
  gamma : R
}.

Definition proper (M : MDP) : Prop :=
  (0 < states M)%nat /\ (0 < actions M)%nat /\ 0 <= gamma M < 1 /\
  forall s a, (s < states M)%nat -> (a < actions M)%nat -> distribution (states M) (P M s a).

Definition policy (M : MDP) (pi : nat -> nat -> R) : Prop :=
  forall s, (s < states M)%nat -> distribution (actions M) (pi s).

(* Q(s, a) = r(s, a) + gamma sum_t P(t | s, a) V(t) *)
Definition Qof (M : MDP) (V : nat -> R) (s a : nat) : R :=
  r M s a + gamma M * mean (states M) (P M s a) V.

(* (T^pi V)(s) = sum_a pi(a | s) Q(s, a) *)
Definition backup (M : MDP) pi V s : R := mean (actions M) (pi s) (Qof M V s).

(* The expected reward of step t, from state s. *)
Fixpoint expected (M : MDP) (pi : nat -> nat -> R) (t : nat) (s : nat) : R :=
  match t with
  | O => mean (actions M) (pi s) (r M s)
  | S k => mean (actions M) (pi s) (fun a => mean (states M) (P M s a) (expected M pi k))
  end.

(* The discounted sum of the first T of them. *)
Definition discounted M pi (T s : nat) : R := sum T (fun t => gamma M ^ t * expected M pi t s).

Definition is_value M pi (V : nat -> R) : Prop :=
  forall s, (s < states M)%nat -> Un_cv (fun T => discounted M pi T s) (V s).

Definition bellman M pi (V : nat -> R) : Prop :=
  forall s, (s < states M)%nat -> V s = backup M pi V s.

Lemma abs_between x b : Rabs x <= b -> - b <= x <= b.
Proof. unfold Rabs. destruct (Rcase_abs x); lra. Qed.

Lemma backup_minus M pi V W s :
  backup M pi V s - backup M pi W s =
  gamma M * mean (actions M) (pi s) (fun a => mean (states M) (P M s a) (fun t => V t - W t)).
Proof.
  unfold backup. rewrite <- mean_minus, <- mean_scale. apply mean_ext. intros a _.
  unfold Qof. rewrite mean_minus. ring.
Qed.

Lemma discounted_step M pi T s : discounted M pi (S T) s = backup M pi (discounted M pi T) s.
Proof.
  induction T.
  - unfold discounted, backup. simpl. rewrite Rplus_0_l, Rmult_1_l.
    apply mean_ext. intros a _. unfold Qof, mean.
    rewrite (sum_ext _ _ (fun _ => 0)) by (intros; ring). rewrite sum_zero. ring.
  - replace (discounted M pi (S (S T)) s)
      with (discounted M pi (S T) s + gamma M ^ S T * expected M pi (S T) s) by reflexivity.
    rewrite IHT. apply Rplus_eq_reg_l with (- backup M pi (discounted M pi T) s).
    transitivity (backup M pi (discounted M pi (S T)) s - backup M pi (discounted M pi T) s);
      [|ring].
    rewrite backup_minus. simpl. rewrite <- !mean_scale.
    transitivity (mean (actions M) (pi s) (fun a =>
      gamma M * gamma M ^ T * mean (states M) (P M s a) (expected M pi T)));
      [rewrite mean_scale; ring|].
    apply mean_ext. intros a _. rewrite <- !mean_scale. apply mean_ext. intros t _.
    unfold discounted. simpl. ring.
Qed.

(* What is at least gamma times its own mean after a step is not negative (lemma L1). *)
Lemma nonneg_of_superharmonic M pi x :
  proper M -> policy M pi ->
  (forall s, (s < states M)%nat -> x s >=
     gamma M * mean (actions M) (pi s) (fun a => mean (states M) (P M s a) x)) ->
  forall s, (s < states M)%nat -> 0 <= x s.
Proof.
  intros (HS & HA & Hg & HP) Hpi H.
  destruct (largest (states M) (fun s => - x s) HS) as [k [Hk Hmin]].
  assert (x k <= mean (actions M) (pi k) (fun a => mean (states M) (P M k a) x)) as Hmean.
  { apply const_le_mean; auto. intros a Ha. apply const_le_mean; auto.
    intros t Ht. specialize (Hmin t Ht). lra. }
  specialize (H k Hk). intros s Hs. specialize (Hmin s Hs). nra.
Qed.

Lemma bellman_le M pi V W :
  proper M -> policy M pi -> bellman M pi V ->
  (forall s, (s < states M)%nat -> backup M pi W s <= W s) ->
  forall s, (s < states M)%nat -> V s <= W s.
Proof.
  intros HM Hpi HV HW s Hs.
  assert (0 <= W s - V s); [|lra].
  apply (nonneg_of_superharmonic M pi (fun s => W s - V s)); auto. intros t Ht.
  rewrite <- backup_minus. specialize (HV t Ht). specialize (HW t Ht). lra.
Qed.

Lemma bellman_ge M pi V W :
  proper M -> policy M pi -> bellman M pi V ->
  (forall s, (s < states M)%nat -> W s <= backup M pi W s) ->
  forall s, (s < states M)%nat -> W s <= V s.
Proof.
  intros HM Hpi HV HW s Hs.
  assert (0 <= V s - W s); [|lra].
  apply (nonneg_of_superharmonic M pi (fun s => V s - W s)); auto. intros t Ht.
  rewrite <- backup_minus. specialize (HV t Ht). specialize (HW t Ht). lra.
Qed.

(* The rewards after the first T steps are worth at most gamma^T times a bound of V. *)
Lemma discounted_near_solution M pi V B T :
  proper M -> policy M pi -> bellman M pi V ->
  (forall s, (s < states M)%nat -> Rabs (V s) <= B) ->
  forall s, (s < states M)%nat -> Rabs (V s - discounted M pi T s) <= gamma M ^ T * B.
Proof.
  intros (HS & HA & Hg & HP) Hpi HV HB. induction T; intros s Hs.
  - unfold discounted. simpl. rewrite Rminus_0_r, Rmult_1_l. auto.
  - rewrite discounted_step, (HV s Hs), backup_minus, Rabs_mult, (Rabs_right (gamma M)) by lra.
    simpl. rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|]. apply Rabs_le. split.
    + apply const_le_mean; auto. intros a Ha. apply const_le_mean; auto.
      intros t Ht. pose proof (abs_between _ _ (IHT t Ht)). lra.
    + apply mean_le_const; auto. intros a Ha. apply mean_le_const; auto.
      intros t Ht. pose proof (abs_between _ _ (IHT t Ht)). lra.
Qed.

Lemma bounded (n : nat) (f : nat -> R) :
  exists B, 0 < B /\ forall i, (i < n)%nat -> Rabs (f i) <= B.
Proof.
  induction n as [|n [B [HB H]]]; [exists 1; split; [lra|intros; lia]|].
  exists (B + Rabs (f n)). pose proof (Rabs_pos (f n)). split; [lra|].
  intros i Hi. destruct (Nat.eq_dec i n) as [->|]; [lra|].
  assert (i < n)%nat as Hin by lia. specialize (H i Hin). lra.
Qed.

Theorem solution_is_value M pi V :
  proper M -> policy M pi -> bellman M pi V -> is_value M pi V.
Proof.
  intros HM Hpi HV s Hs eps Heps. destruct (bounded (states M) V) as [B [HB Hbound]].
  destruct HM as (HS & HA & Hg & HP).
  destruct (pow_lt_1_zero (gamma M)) with (y := eps / B) as [N HN];
    [rewrite Rabs_right; lra|apply Rdiv_lt_0_compat; lra|].
  exists N. intros T HT. unfold R_dist. rewrite Rabs_minus_sym.
  apply Rle_lt_trans with (gamma M ^ T * B).
  - apply discounted_near_solution; unfold proper; auto.
  - specialize (HN T HT). rewrite Rabs_right in HN by (apply Rle_ge, pow_le; lra).
    apply (Rmult_lt_compat_r B) in HN; [|lra]. unfold Rdiv in HN.
    rewrite Rmult_assoc, Rinv_l in HN; lra.
Qed.

Theorem value_is_solution M pi V : is_value M pi V -> bellman M pi V.
Proof.
  intros H s Hs. apply UL_sequence with (fun T => discounted M pi (S T) s).
  - intros eps Heps. destruct (H s Hs eps Heps) as [N HN]. exists N.
    intros T HT. apply HN. lia.
  - apply (Un_cv_ext (fun T => backup M pi (discounted M pi T) s));
      [intros; symmetry; apply discounted_step|].
    unfold backup, mean. apply sum_converges. intros a Ha.
    apply scaled_converges. unfold Qof. apply (CV_plus (fun _ => r M s a)).
    + apply constant_converges.
    + apply scaled_converges. unfold mean. apply sum_converges. intros t Ht.
      apply scaled_converges. auto.
Qed.
