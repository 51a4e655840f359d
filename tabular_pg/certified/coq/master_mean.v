(* L9, the master lemma in the mean, and Jensen's inequality, which it needs. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp improvement.
Local Open Scope R_scope.

(* h is convex on [0, infinity) *)
Definition convex (h : R -> R) : Prop :=
  forall u v c, 0 <= u -> 0 <= v -> 0 <= c <= 1 ->
  h (c * u + (1 - c) * v) <= c * h u + (1 - c) * h v.

(* Jensen, for weights of any sum: h(sum w x / t) <= sum w h(x) / t with t = sum w > 0. *)
Lemma jensen_of_weights h n w x :
  convex h -> (forall i, (i < n)%nat -> 0 <= w i) -> (forall i, (i < n)%nat -> 0 <= x i) ->
  0 < sum n w -> sum n w * h (mean n w x / sum n w) <= mean n w (fun i => h (x i)).
Proof.
  intros Hh. induction n as [|n IH]; intros Hw Hx Ht; [simpl in Ht; lra|].
  assert (forall i, (i < n)%nat -> 0 <= w i) as Hw' by auto with arith.
  assert (forall i, (i < n)%nat -> 0 <= x i) as Hx' by auto with arith.
  pose proof (Hw n (Nat.lt_succ_diag_r n)) as Hwn. pose proof (Hx n (Nat.lt_succ_diag_r n)) as Hxn.
  pose proof (sum_nonneg n w Hw') as Hsum. unfold mean in *. cbn [sum] in *.
  destruct (Req_dec (sum n w) 0) as [Hzero|Hne].
  - assert (forall f, sum n (fun i => w i * f i) = 0) as Hnone.
    { intros f. transitivity (sum n (fun _ => 0)); [|apply sum_zero]. apply sum_ext. intros i Hi.
      pose proof (term_le_sum n w i Hw' Hi). specialize (Hw' i Hi).
      replace (w i) with 0 by lra. ring. }
    rewrite (Hnone x), (Hnone (fun i => h (x i))), Hzero, !Rplus_0_l in *.
    replace (w n * x n / w n) with (x n) by (field; lra). lra.
  - assert (0 < sum n w) as Hpos by lra. specialize (IH Hw' Hx' Hpos).
    set (t := sum n w) in *. set (m := sum n (fun i => w i * x i)) in *.
    assert (0 <= m) as Hm by (apply sum_nonneg; intros i Hi; apply Rmult_le_pos; auto).
    assert (0 <= m / t) as Hmt by (apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]).
    assert (0 < / (t + w n)) as Hinv by (apply Rinv_0_lt_compat; lra).
    assert (0 <= t * / (t + w n) <= 1) as Hc.
    { split; [apply Rmult_le_pos; lra|].
      apply Rmult_le_reg_r with (t + w n); [lra|]. rewrite Rmult_assoc, Rinv_l; lra. }
    pose proof (Hh (m / t) (x n) (t * / (t + w n)) Hmt Hxn Hc) as H.
    replace (t * / (t + w n) * (m / t) + (1 - t * / (t + w n)) * x n)
      with ((m + w n * x n) / (t + w n)) in H by (field; lra).
    apply Rmult_le_compat_l with (r := t + w n) in H; [|lra].
    replace ((t + w n) * (t * / (t + w n) * h (m / t) + (1 - t * / (t + w n)) * h (x n)))
      with (t * h (m / t) + w n * h (x n)) in H by (field; lra). lra.
Qed.

Theorem jensen h n w x :
  convex h -> distribution n w -> (forall i, (i < n)%nat -> 0 <= x i) ->
  h (mean n w x) <= mean n w (fun i => h (x i)).
Proof.
  intros Hh [Hw Hsum] Hx. pose proof (jensen_of_weights h n w x Hh Hw Hx) as H.
  rewrite Hsum in H. replace (mean n w x / 1) with (mean n w x) in H by field.
  specialize (H Rlt_0_1). lra.
Qed.

(* Visits are a distribution. *)
Lemma visits_are_a_distribution M p rho d :
  proper M -> policy M p -> distribution (states M) rho -> is_visits M p rho d ->
  distribution (states M) d.
Proof.
  intros (HS & HA & Hg & HP) Hp [Hrho Hone] Hd. split.
  - assert (forall t y, (y < states M)%nat -> 0 <= at_time M p rho t y) as Hpos.
    { induction t as [|t IH]; intros y Hy; [apply Hrho, Hy|]. cbn [at_time].
      apply sum_nonneg. intros s Hs. apply Rmult_le_pos; [apply IH, Hs|].
      apply sum_nonneg. intros a Ha. apply Rmult_le_pos; [apply (Hp s Hs), Ha|].
      apply (HP s a Hs Ha), Hy. }
    intros y Hy. destruct (Rle_dec 0 (d y)) as [|Hneg]; [assumption|exfalso].
    destruct (Hd y Hy (- d y)) as [N HN]; [lra|]. specialize (HN N (le_n N)).
    assert (0 <= visits_until M p rho N y) as Hvisits.
    { apply Rmult_le_pos; [lra|]. apply sum_nonneg. intros t _.
      apply Rmult_le_pos; [apply pow_le; lra|apply Hpos, Hy]. }
    unfold R_dist in HN. rewrite Rabs_right in HN; lra.
  - assert (sum (states M) d = (1 - gamma M) + gamma M * sum (states M) d) as E; [|nra].
    rewrite (sum_ext (states M) d (fun y => (1 - gamma M) * rho y
      + gamma M * mean (states M) d (fun s => P_pi M p s y))) at 1 by (apply visits_flow, Hd).
    rewrite sum_plus, !sum_scale, Hone. rewrite Rmult_1_r. f_equal. f_equal.
    unfold mean. rewrite sum_swap. apply sum_ext. intros s Hs.
    assert (sum (states M) (P_pi M p s) = 1) as E.
    { transitivity (mean (states M) (P_pi M p s) (fun _ => 1)); [apply sum_ext; intros; ring|].
      rewrite <- mean_over_P_pi, (mean_ext _ (p s) _ (fun _ => 1));
        [apply mean_const; auto|]. intros a Ha. apply mean_const; auto. }
    transitivity (d s * sum (states M) (P_pi M p s)); [apply sum_scale|]. rewrite E. ring.
Qed.

(* L9: delta_{k+1} <= delta_k - h((1 - gamma) delta_k) / theta, where d <= theta rho. *)
Theorem master_mean M p pi rho d Vs V W theta y h :
  proper M -> policy M p -> bellman M p Vs -> policy M pi -> bellman M pi W ->
  distribution (states M) rho -> is_visits M p rho d ->
  0 < theta -> (forall s, (s < states M)%nat -> d s <= theta * rho s) ->
  h 0 = 0 -> convex h -> (forall u v, 0 <= u <= v -> h u <= h v) ->
  (forall s, (s < states M)%nat -> improvement M V p s <= y s) ->
  (forall s, (s < states M)%nat -> h (Rmax 0 (y s)) <= improvement M V pi s) ->
  let delta U := mean (states M) rho Vs - mean (states M) rho U in
  0 <= delta V -> delta W <= delta V - / theta * h ((1 - gamma M) * delta V).
Proof.
  intros HM Hp Hs Hpi HW Hrho Hd Htheta Hle Hzero Hconvex Hincreasing Hy HI delta Hdelta.
  pose proof (visits_are_a_distribution M p rho d HM Hp Hrho Hd) as Hdist.
  assert (forall s, (s < states M)%nat -> 0 <= h (Rmax 0 (y s))) as Hpos.
  { intros s Hin. rewrite <- Hzero at 1. apply Hincreasing. split; [lra|apply Rmax_l]. }
  assert (forall s, (s < states M)%nat -> V s + improvement M V pi s <= W s) as Hkept.
  { apply improvement_is_kept; auto. intros s Hin. apply Rle_trans with (2 := HI s Hin). auto. }
  assert (mean (states M) rho (fun s => h (Rmax 0 (y s))) <=
          mean (states M) rho W - mean (states M) rho V) as Hrise.
  { rewrite <- mean_minus. apply mean_le; auto. intros s Hin.
    specialize (Hkept s Hin). specialize (HI s Hin). lra. }
  assert (mean (states M) d (fun s => h (Rmax 0 (y s))) <=
          theta * mean (states M) rho (fun s => h (Rmax 0 (y s)))) as Hmismatch.
  { unfold mean. rewrite <- sum_scale. apply sum_le. intros s Hin. rewrite <- Rmult_assoc.
    apply Rmult_le_compat_r; auto. }
  assert (h ((1 - gamma M) * delta V) <= mean (states M) d (fun s => h (Rmax 0 (y s)))) as Hjensen.
  { apply Rle_trans with (h (mean (states M) d (fun s => Rmax 0 (y s)))).
    - apply Hincreasing. destruct HM as (_ & _ & Hg & _). split; [apply Rmult_le_pos; lra|].
      unfold delta. rewrite (performance_difference M p rho d V Vs Hs Hd).
      apply mean_le; auto. intros s Hin. apply Rle_trans with (1 := Hy s Hin), Rmax_r.
    - apply (jensen h (states M) d (fun s => Rmax 0 (y s))); auto. intros; apply Rmax_l. }
  assert (/ theta * h ((1 - gamma M) * delta V) <=
          mean (states M) rho (fun s => h (Rmax 0 (y s)))) as Hfinal.
  { apply Rmult_le_reg_l with theta; [exact Htheta|].
    replace (theta * (/ theta * h ((1 - gamma M) * delta V))) with (h ((1 - gamma M) * delta V))
      by (field; lra). lra. }
  unfold delta in *. lra.
Qed.
