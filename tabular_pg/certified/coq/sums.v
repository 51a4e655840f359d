(* Finite sums of reals, means, and the largest of finitely many numbers. *)
From Coq Require Import Reals Lra Lia Arith.
Local Open Scope R_scope.

Fixpoint sum (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S k => sum k f + f k end.

(* The numbers w 0, ..., w (n - 1) are a probability distribution. *)
Definition distribution (n : nat) (w : nat -> R) : Prop :=
  (forall i, (i < n)%nat -> 0 <= w i) /\ sum n w = 1.

Definition mean (n : nat) (w f : nat -> R) : R := sum n (fun i => w i * f i).

Lemma sum_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> sum n f = sum n g.
Proof.
  induction n; simpl; intros H; [reflexivity|].
  rewrite IHn, (H n); auto with arith.
Qed.

Lemma sum_le n f g : (forall i, (i < n)%nat -> f i <= g i) -> sum n f <= sum n g.
Proof.
  induction n; simpl; intros H; [lra|].
  apply Rplus_le_compat; auto with arith.
Qed.

Lemma sum_plus n f g : sum n (fun i => f i + g i) = sum n f + sum n g.
Proof. induction n; simpl; [lra|rewrite IHn; lra]. Qed.

Lemma sum_minus n f g : sum n (fun i => f i - g i) = sum n f - sum n g.
Proof. induction n; simpl; [lra|rewrite IHn; lra]. Qed.

Lemma sum_scale n c f : sum n (fun i => c * f i) = c * sum n f.
Proof. induction n; simpl; [lra|rewrite IHn; lra]. Qed.

Lemma sum_zero n : sum n (fun _ => 0) = 0.
Proof. induction n; simpl; lra. Qed.

Lemma sum_const n c : sum n (fun _ => c) = INR n * c.
Proof. induction n; [simpl; ring|]. cbn [sum]. rewrite IHn, S_INR. ring. Qed.

Lemma sum_nonneg n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum n f.
Proof. intros H. rewrite <- (sum_zero n). apply sum_le, H. Qed.

Lemma sum_swap n m f :
  sum n (fun i => sum m (fun j => f i j)) = sum m (fun j => sum n (fun i => f i j)).
Proof.
  induction n; simpl; [symmetry; apply sum_zero|].
  rewrite IHn, <- sum_plus. reflexivity.
Qed.

Lemma sum_shift n f : sum (S n) f = f 0%nat + sum n (fun i => f (S i)).
Proof. induction n; [simpl; ring|]. cbn [sum] in *. rewrite IHn. ring. Qed.

Lemma sum_beyond n k c f :
  (n <= k)%nat -> sum n (fun i => (if Nat.eqb i k then c else 0) * f i) = 0.
Proof.
  intros H. transitivity (sum n (fun _ => 0)); [|apply sum_zero]. apply sum_ext. intros i Hi.
  replace (Nat.eqb i k) with false; [simpl; lra|]. symmetry. apply Nat.eqb_neq. lia.
Qed.

Lemma sum_point n k c f :
  (k < n)%nat -> sum n (fun i => (if Nat.eqb i k then c else 0) * f i) = c * f k.
Proof.
  induction n; intros H; [lia|]. simpl. destruct (Nat.eq_dec k n) as [->|Hk].
  - rewrite sum_beyond by lia. rewrite Nat.eqb_refl. simpl. lra.
  - rewrite IHn by lia. replace (Nat.eqb n k) with false; [lra|].
    symmetry. apply Nat.eqb_neq. lia.
Qed.

Lemma term_le_sum n f k :
  (forall i, (i < n)%nat -> 0 <= f i) -> (k < n)%nat -> f k <= sum n f.
Proof.
  intros H Hk. rewrite <- (Rmult_1_l (f k)), <- (sum_point n k 1 f Hk).
  apply sum_le. intros i Hi. pose proof (H i Hi). destruct (Nat.eqb i k); lra.
Qed.

Lemma mean_le n w f g :
  distribution n w -> (forall i, (i < n)%nat -> f i <= g i) -> mean n w f <= mean n w g.
Proof.
  intros [Hw _] H. apply sum_le. intros i Hi. apply Rmult_le_compat_l; auto.
Qed.

Lemma mean_const n w c : distribution n w -> mean n w (fun _ => c) = c.
Proof.
  intros [_ H]. unfold mean. rewrite (sum_ext _ _ (fun i => c * w i)) by (intros; lra).
  rewrite sum_scale, H. lra.
Qed.

Lemma mean_le_const n w f c :
  distribution n w -> (forall i, (i < n)%nat -> f i <= c) -> mean n w f <= c.
Proof. intros Hw H. rewrite <- (mean_const n w c Hw). apply mean_le; auto. Qed.

Lemma const_le_mean n w f c :
  distribution n w -> (forall i, (i < n)%nat -> c <= f i) -> c <= mean n w f.
Proof. intros Hw H. rewrite <- (mean_const n w c Hw) at 1. apply mean_le; auto. Qed.

Lemma mean_ext n w f g : (forall i, (i < n)%nat -> f i = g i) -> mean n w f = mean n w g.
Proof. intros H. apply sum_ext. intros i Hi. now rewrite H. Qed.

Lemma mean_weights_ext n v w f :
  (forall i, (i < n)%nat -> v i = w i) -> mean n v f = mean n w f.
Proof. intros H. apply sum_ext. intros i Hi. now rewrite H. Qed.

Lemma mean_minus n w f g : mean n w (fun i => f i - g i) = mean n w f - mean n w g.
Proof. unfold mean. rewrite <- sum_minus. apply sum_ext. intros; lra. Qed.

Lemma mean_plus n w f g : mean n w (fun i => f i + g i) = mean n w f + mean n w g.
Proof. unfold mean. rewrite <- sum_plus. apply sum_ext. intros; lra. Qed.

Lemma mean_scale n w c f : mean n w (fun i => c * f i) = c * mean n w f.
Proof. unfold mean. rewrite <- sum_scale. apply sum_ext. intros; lra. Qed.

(* One of finitely many numbers is the largest. *)
Lemma largest n f : (0 < n)%nat -> exists k, (k < n)%nat /\ forall i, (i < n)%nat -> f i <= f k.
Proof.
  induction n; intros H; [lia|]. destruct n as [|n].
  - exists 0%nat. split; [lia|]. intros i Hi. replace i with 0%nat by lia. lra.
  - destruct IHn as [k [Hk Hmax]]; [lia|].
    destruct (Rle_dec (f k) (f (S n))) as [Hle|Hgt].
    + exists (S n). split; [lia|]. intros i Hi.
      destruct (Nat.eq_dec i (S n)) as [->|]; [lra|].
      assert (i < S n)%nat as Hin by lia. specialize (Hmax i Hin). lra.
    + exists k. split; [lia|]. intros i Hi.
      destruct (Nat.eq_dec i (S n)) as [->|]; [lra|]. apply Hmax. lia.
Qed.

Lemma constant_converges c : Un_cv (fun _ => c) c.
Proof. intros e He. exists 0%nat. intros. unfold R_dist. rewrite Rminus_eq_0, Rabs_R0. lra. Qed.

Lemma scaled_converges c u l : Un_cv u l -> Un_cv (fun T => c * u T) (c * l).
Proof. intros H. apply (CV_mult (fun _ => c)); [apply constant_converges|exact H]. Qed.

Lemma sum_converges n f l :
  (forall i, (i < n)%nat -> Un_cv (fun T => f T i) (l i)) ->
  Un_cv (fun T => sum n (f T)) (sum n l).
Proof.
  induction n; simpl; intros H.
  - apply constant_converges.
  - apply (CV_plus (fun T => sum n (f T)) (fun T => f T n)); auto with arith.
Qed.
