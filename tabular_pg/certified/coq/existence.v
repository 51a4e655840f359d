(* Every stationary policy has a value: the discounted sums converge. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp.
Local Open Scope R_scope.

Lemma expected_bounded M pi :
  proper M -> policy M pi ->
  exists B, 0 < B /\ forall t s, (s < states M)%nat -> - B <= expected M pi t s <= B.
Proof.
  intros (HS & HA & Hg & HP) Hpi. destruct (bounded (states M) (expected M pi 0)) as [B [HB H]].
  exists B. split; [exact HB|]. induction t; intros s Hs; [apply abs_between; auto|]. simpl. split.
  - apply const_le_mean; auto. intros a Ha. apply const_le_mean; auto. intros; apply IHt; auto.
  - apply mean_le_const; auto. intros a Ha. apply mean_le_const; auto. intros; apply IHt; auto.
Qed.

Lemma sum_is_sum_f_R0 f T : sum (S T) f = sum_f_R0 f T.
Proof. induction T; [simpl; lra|]. rewrite tech5, <- IHT. reflexivity. Qed.

Lemma geometric_converges g B :
  0 <= g < 1 -> {l | Un_cv (fun N => sum_f_R0 (fun t => g ^ t * B) N) l}.
Proof.
  intros Hg. exists (/ (1 - g) * B).
  apply (Un_cv_ext (fun N => sum_f_R0 (fun t => g ^ t) N * B)).
  - intros N. rewrite Rmult_comm. rewrite scal_sum. apply sum_eq. intros; ring.
  - apply CV_mult with (Bn := fun _ => B).
    + assert (Pser (fun _ => 1) g (/ (1 - g))) as H by (apply GP_infinite; rewrite Rabs_right; lra).
      intros eps Heps. destruct (H eps Heps) as [N HN]. exists N. intros n Hn.
      rewrite <- (sum_eq (fun t => 1 * g ^ t)) by (intros; ring). apply HN, Hn.
    + apply constant_converges.
Qed.

Theorem every_policy_has_a_value M pi :
  proper M -> policy M pi -> exists V, is_value M pi V.
Proof.
  intros HM Hpi. destruct (expected_bounded M pi HM Hpi) as [B [HB H]].
  destruct HM as (HS & HA & Hg & HP).
  assert (forall s, (s < states M)%nat ->
    {l | Un_cv (fun N => sum_f_R0 (fun t => gamma M ^ t * expected M pi t s) N) l}) as limit.
  { intros s Hs. apply cv_cauchy_2, cauchy_abs, cv_cauchy_1.
    apply (Rseries_CV_comp _ (fun t => gamma M ^ t * B)); [|apply geometric_converges, Hg].
    intros t. split; [apply Rabs_pos|]. rewrite Rabs_mult.
    rewrite (Rabs_right (gamma M ^ t)) by (apply Rle_ge, pow_le; lra).
    apply Rmult_le_compat_l; [apply pow_le; lra|]. apply Rabs_le, H, Hs. }
  exists (fun s => match lt_dec s (states M) with
                   | left Hs => proj1_sig (limit s Hs) | right _ => 0 end).
  intros s Hs. destruct (lt_dec s (states M)) as [Hin|]; [|contradiction].
  destruct (limit s Hin) as [l Hl]. simpl. intros eps Heps. destruct (Hl eps Heps) as [N HN].
  exists (S N). intros T HT. destruct T as [|T]; [lia|]. unfold discounted.
  rewrite sum_is_sum_f_R0. apply HN. lia.
Qed.
