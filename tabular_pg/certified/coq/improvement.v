(* From the improvement of one step to rates: lemmas L2, L6, L7 and L8 of docs/theorems/lemmas.md,
   for every finite MDP. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp.
Local Open Scope R_scope.

(* A(s, a) = Q(s, a) - V(s) *)
Definition advantage M V s a : R := Qof M V s a - V s.

(* I(s) = (T^pi V - V)(s) *)
Definition improvement M V pi s : R := backup M pi V s - V s.

Lemma improvement_is_mean_advantage M V pi s :
  policy M pi -> (s < states M)%nat ->
  improvement M V pi s = mean (actions M) (pi s) (advantage M V s).
Proof.
  intros Hpi Hs. unfold advantage. rewrite mean_minus, mean_const by auto. reflexivity.
Qed.

Lemma own_improvement_is_zero M V pi s :
  bellman M pi V -> (s < states M)%nat -> improvement M V pi s = 0.
Proof. intros HV Hs. unfold improvement. rewrite <- (HV s Hs). ring. Qed.

(* The optimality equation, in the form that is used: no action is better, and some policy attains
   it. *)
Definition optimal_value M V : Prop :=
  (forall s a, (s < states M)%nat -> (a < actions M)%nat -> Qof M V s a <= V s) /\
  exists p, policy M p /\ bellman M p V.

(* ---- L2, performance difference ---- *)

Definition P_pi M (pi : nat -> nat -> R) s t : R := mean (actions M) (pi s) (fun a => P M s a t).

(* The distribution of the state at time t. *)
Fixpoint at_time M pi (rho : nat -> R) (t : nat) : nat -> R :=
  match t with
  | O => rho
  | S k => fun y => mean (states M) (at_time M pi rho k) (fun s => P_pi M pi s y)
  end.

(* d_rho = (1 - gamma) sum_t gamma^t P(s_t = .), a limit again *)
Definition visits_until M pi rho (T y : nat) : R :=
  (1 - gamma M) * sum T (fun t => gamma M ^ t * at_time M pi rho t y).
Definition is_visits M pi rho (d : nat -> R) : Prop :=
  forall y, (y < states M)%nat -> Un_cv (fun T => visits_until M pi rho T y) (d y).

Lemma visits_step M pi rho T y :
  visits_until M pi rho (S T) y =
  (1 - gamma M) * rho y
  + gamma M * mean (states M) (visits_until M pi rho T) (fun s => P_pi M pi s y).
Proof.
  unfold visits_until at 1. rewrite sum_shift. simpl. unfold visits_until, mean.
  rewrite Rmult_plus_distr_l, Rmult_1_l. f_equal.
  rewrite (sum_ext (states M) _ (fun s => (1 - gamma M) * sum T (fun t =>
    gamma M ^ t * at_time M pi rho t s * P_pi M pi s y))).
  - rewrite sum_scale, sum_swap, <- !sum_scale. apply sum_ext. intros t _. unfold mean.
    rewrite <- !sum_scale. apply sum_ext. intros; ring.
  - intros s _. rewrite Rmult_assoc. f_equal. rewrite Rmult_comm, <- sum_scale.
    apply sum_ext. intros; ring.
Qed.

Lemma visits_flow M pi rho d :
  is_visits M pi rho d ->
  forall y, (y < states M)%nat ->
  d y = (1 - gamma M) * rho y + gamma M * mean (states M) d (fun s => P_pi M pi s y).
Proof.
  intros H y Hy. apply UL_sequence with (fun T => visits_until M pi rho (S T) y).
  - intros eps Heps. destruct (H y Hy eps Heps) as [N HN]. exists N. intros. apply HN. lia.
  - apply (Un_cv_ext (fun T => (1 - gamma M) * rho y
      + gamma M * mean (states M) (visits_until M pi rho T) (fun s => P_pi M pi s y)));
      [intros; symmetry; apply visits_step|].
    apply (CV_plus (fun _ => _)); [apply constant_converges|].
    apply scaled_converges. unfold mean. apply sum_converges. intros s Hs.
    apply (Un_cv_ext (fun T => P_pi M pi s y * visits_until M pi rho T s)); [intros; ring|].
    rewrite Rmult_comm. apply scaled_converges, H, Hs.
Qed.

Lemma mean_over_P_pi M pi x s :
  mean (actions M) (pi s) (fun a => mean (states M) (P M s a) x) =
  mean (states M) (P_pi M pi s) x.
Proof.
  unfold mean, P_pi, mean. rewrite (sum_ext _ _ (fun a => sum (states M) (fun t =>
    pi s a * P M s a t * x t))) by (intros; rewrite <- sum_scale; apply sum_ext; intros; ring).
  rewrite sum_swap. apply sum_ext. intros t _. rewrite Rmult_comm, <- sum_scale.
  apply sum_ext. intros; ring.
Qed.

(* L2: (1 - gamma) (V^pi(rho) - V(rho)) = sum_s d^pi_rho(s) (T^pi V - V)(s), for every V. *)
Theorem performance_difference M pi rho d V W :
  bellman M pi W -> is_visits M pi rho d ->
  (1 - gamma M) * (mean (states M) rho W - mean (states M) rho V) =
  mean (states M) d (improvement M V pi).
Proof.
  intros HW Hd. rewrite <- mean_minus. set (x := fun s => W s - V s).
  rewrite (mean_ext _ d _ (fun s => x s - gamma M * mean (states M) (P_pi M pi s) x)).
  - rewrite mean_minus, mean_scale.
    assert (mean (states M) d (fun s => mean (states M) (P_pi M pi s) x) =
      mean (states M) (fun y => mean (states M) d (fun s => P_pi M pi s y)) x) as ->.
    { unfold mean. rewrite (sum_ext _ _ (fun s => sum (states M) (fun y =>
        d s * P_pi M pi s y * x y)))
        by (intros; rewrite <- sum_scale; apply sum_ext; intros; ring).
      rewrite sum_swap. apply sum_ext. intros y _. rewrite Rmult_comm, <- sum_scale.
      apply sum_ext. intros; ring. }
    unfold mean at 1 2 3. rewrite <- !sum_scale, <- sum_minus. apply sum_ext. intros y Hy.
    rewrite (visits_flow M pi rho d Hd y Hy) at 1. ring.
  - intros s Hs. unfold improvement, x. rewrite <- mean_over_P_pi.
    pose proof (backup_minus M pi W V s) as Hstep. rewrite <- (HW s Hs) in Hstep. lra.
Qed.

(* The form of Kakade and Langford: with advantages of the policy whose value is V. *)
Theorem performance_difference_advantages M pi rho d V W :
  0 <= gamma M < 1 -> policy M pi -> bellman M pi W -> is_visits M pi rho d ->
  mean (states M) rho W - mean (states M) rho V =
  / (1 - gamma M) *
  mean (states M) d (fun s => mean (actions M) (pi s) (advantage M V s)).
Proof.
  intros Hg Hpi HW Hd. pose proof (performance_difference M pi rho d V W HW Hd) as H.
  rewrite (mean_ext _ d _ (improvement M V pi))
    by (intros; symmetry; apply improvement_is_mean_advantage; auto).
  rewrite <- H. field. lra.
Qed.

(* ---- L6, L7, L8 ---- *)

Lemma backup_monotone M pi V W :
  proper M -> policy M pi -> (forall s, (s < states M)%nat -> V s <= W s) ->
  forall s, (s < states M)%nat -> backup M pi V s <= backup M pi W s.
Proof.
  intros (HS & HA & Hg & HP) Hpi H s Hs. apply mean_le; auto. intros a Ha. unfold Qof.
  pose proof (mean_le _ (P M s a) V W (HP s a Hs Ha) H). nra.
Qed.

(* L6: if no state gets worse in one step, then V <= T^pi V <= V^pi. *)
Theorem improvement_is_kept M pi V W :
  proper M -> policy M pi -> bellman M pi W ->
  (forall s, (s < states M)%nat -> 0 <= improvement M V pi s) ->
  forall s, (s < states M)%nat -> V s + improvement M V pi s <= W s.
Proof.
  intros HM Hpi HW HI s Hs.
  assert (forall t, (t < states M)%nat -> V t <= W t) as Hle.
  { apply (bellman_ge M pi); auto. intros t Ht. specialize (HI t Ht). unfold improvement in HI.
    lra. }
  pose proof (backup_monotone M pi V W HM Hpi Hle s Hs). rewrite <- (HW s Hs) in H.
  unfold improvement. lra.
Qed.

(* L7: what an optimal policy could gain in a step, if no gap is larger than e. *)
Theorem possible_improvement M p Vs V e :
  proper M -> policy M p -> bellman M p Vs ->
  (forall s, (s < states M)%nat -> Vs s - V s <= e) ->
  forall s, (s < states M)%nat -> (Vs s - V s) - gamma M * e <= improvement M V p s.
Proof.
  intros (HS & HA & Hg & HP) Hp Hs He s Hin. unfold improvement.
  pose proof (backup_minus M p Vs V s) as H. rewrite <- (Hs s Hin) in H.
  assert (mean (actions M) (p s) (fun a => mean (states M) (P M s a) (fun t => Vs t - V t)) <= e)
    by (apply mean_le_const; auto; intros a Ha; apply mean_le_const; auto).
  nra.
Qed.

(* L8, the master lemma in the worst state. *)
Theorem master_worst_state M p pi Vs V W e y h :
  proper M -> policy M p -> bellman M p Vs -> policy M pi -> bellman M pi W ->
  0 <= e -> (forall s, (s < states M)%nat -> Vs s - V s <= e) ->
  h 0 = 0 -> (forall u v, 0 <= u <= v -> v <= (1 - gamma M) * e -> 0 <= h v - h u <= v - u) ->
  (forall u v, 0 <= u <= v -> h u <= h v) ->
  (forall s, (s < states M)%nat -> improvement M V p s <= y s) ->
  (forall s, (s < states M)%nat -> h (Rmax 0 (y s)) <= improvement M V pi s) ->
  forall s, (s < states M)%nat -> Vs s - W s <= e - h ((1 - gamma M) * e).
Proof.
  intros HM Hp Hs Hpi HW He Hgap Hzero Hslope Hincreasing Hy HI s Hin.
  assert (forall t, (t < states M)%nat -> 0 <= improvement M V pi t) as Hpos.
  { intros t Ht. apply Rle_trans with (h (Rmax 0 (y t))); auto. rewrite <- Hzero at 1.
    apply Hincreasing. split; [lra|apply Rmax_l]. }
  pose proof (improvement_is_kept M pi V W HM Hpi HW Hpos s Hin) as Hkept.
  pose proof (possible_improvement M p Vs V e HM Hp Hs Hgap s Hin) as Hpossible.
  pose proof (Hgap s Hin) as Hx. specialize (Hy s Hin). specialize (HI s Hin).
  destruct HM as (_ & _ & Hg & _). set (x := Vs s - V s) in *.
  set (u := Rmax 0 (x - gamma M * e)).
  assert (h u <= h (Rmax 0 (y s))) as Hu.
  { apply Hincreasing. split; [apply Rmax_l|]. apply Rmax_case; [apply Rmax_l|].
    apply Rle_trans with (y s); [lra|apply Rmax_r]. }
  assert (0 <= u <= (1 - gamma M) * e) as Hrange.
  { split; [apply Rmax_l|]. apply Rmax_case; nra. }
  destruct (Hslope u ((1 - gamma M) * e) Hrange ltac:(lra)) as [_ Hv].
  assert (x - h u <= e - h ((1 - gamma M) * e)); [|unfold x in *; lra].
  unfold u in *. destruct (Rle_dec 0 (x - gamma M * e)) as [Hle|Hgt].
  - rewrite Rmax_right in * by exact Hle. lra.
  - rewrite Rmax_left in * by lra. lra.
Qed.
