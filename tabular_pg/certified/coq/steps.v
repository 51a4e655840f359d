(* One step of the methods whose iterates are rational, in real numbers: what a checker can look at
   instead of minimizing or summing up, and that there is one result only. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp improvement policy_iteration multiplicative projected.
From TabularPG Require Import projected_rates.
Local Open Scope R_scope.

(* ---- Policy iteration: rows that are greedy stay; others go to the first greedy action. ---- *)

Definition best_action M V s a : Prop :=
  forall b, (b < actions M)%nat -> Qof M V s b <= Qof M V s a.

Definition first_best M V s a : Prop :=
  (a < actions M)%nat /\ best_action M V s a /\
  forall b, (b < a)%nat -> ~ best_action M V s b.

Definition takes_best M V (pi : nat -> nat -> R) s : Prop :=
  forall a, (a < actions M)%nat -> pi s a <> 0 -> best_action M V s a.

Definition howard_step M V (pi next : nat -> nat -> R) : Prop :=
  forall s, (s < states M)%nat ->
  (takes_best M V pi s /\ forall a, (a < actions M)%nat -> next s a = pi s a) \/
  (~ takes_best M V pi s /\ exists b, first_best M V s b /\
     forall a, (a < actions M)%nat -> next s a = if Nat.eqb a b then 1 else 0).

(* What PI1 asks of it. *)
Theorem howard_step_is_greedy M V pi next :
  (forall s, (s < states M)%nat -> distribution (actions M) (next s)) ->
  howard_step M V pi next -> greedy M V next.
Proof.
  intros Hnext H s a Hs Ha. unfold backup. specialize (Hnext s Hs).
  rewrite <- (mean_const _ _ (Qof M V s a) Hnext). apply sum_le. intros b Hb.
  destruct Hnext as [Hpos _]. specialize (Hpos b Hb). destruct (Req_dec (next s b) 0) as [->|Hne];
    [lra|]. apply Rmult_le_compat_l; [exact Hpos|].
  destruct (H s Hs) as [[Hbest E]|[_ [c [[Hc [Hbest _]] E]]]]; rewrite E in Hne by exact Hb.
  - apply Hbest; auto.
  - destruct (Nat.eqb b c) eqn:Ebc; [|lra]. apply Nat.eqb_eq in Ebc. subst c. auto.
Qed.

(* ---- Hadamard: pi^{k+1} proportional to pi^k (1 + 2 eta_s A^k)^2. ---- *)

Definition hadamard_weight M V (pi : nat -> nat -> R) (eta : nat -> R) s a : R :=
  pi s a * (1 + 2 * (eta s * advantage M V s a)) ^ 2.

Definition hadamard_step M V pi eta (next : nat -> nat -> R) : Prop :=
  forall s, (s < states M)%nat ->
  let w := hadamard_weight M V pi eta s in
  0 < sum (actions M) w /\
  forall a, (a < actions M)%nat -> next s a = w a / sum (actions M) w.

(* ---- Projections, by the condition that determines them. ---- *)

Theorem condition_is_projection n x y top :
  distribution n y -> (forall a, (a < n)%nat -> x a - y a <= top) ->
  (forall a, (a < n)%nat -> y a = 0 \/ x a - y a = top) -> is_projection n x y.
Proof.
  intros Hy Hle Heq. split; [exact Hy|]. intros z Hz.
  destruct Hy as [_ Hy]. destruct Hz as [Hpos Hz].
  assert (distance_squared n x z = distance_squared n x y + distance_squared n y z
    + 2 * (sum n (fun a => (x a - y a) * y a) - sum n (fun a => z a * (x a - y a)))) as E.
  { unfold distance_squared. rewrite <- sum_minus, <- sum_scale, <- !sum_plus.
    apply sum_ext. intros; ring. }
  assert (sum n (fun a => (x a - y a) * y a) = top).
  { rewrite (sum_ext _ _ (fun a => top * y a)); [rewrite sum_scale, Hy; ring|].
    intros a Ha. destruct (Heq a Ha) as [-> | ->]; ring. }
  assert (sum n (fun a => z a * (x a - y a)) <= top).
  { apply (mean_le_const n z); [split; assumption|exact Hle]. }
  assert (0 <= distance_squared n y z) by (apply sum_nonneg; intros; apply Rle_0_sqr). lra.
Qed.

Lemma projection_ext n x z y :
  (forall a, (a < n)%nat -> x a = z a) -> is_projection n x y -> is_projection n z y.
Proof.
  intros E [Hy Hnear]. split; [exact Hy|]. intros w Hw. specialize (Hnear w Hw).
  unfold distance_squared in *. rewrite (sum_ext n (fun i => (z i - y i) * (z i - y i))
    (fun i => (x i - y i) * (x i - y i))) by (intros a Ha; rewrite E by exact Ha; reflexivity).
  apply Rle_trans with (1 := Hnear), Req_le, sum_ext. intros a Ha. rewrite E by exact Ha. ring.
Qed.

Lemma zero_sum n f :
  (forall i, (i < n)%nat -> 0 <= f i) -> sum n f <= 0 -> forall i, (i < n)%nat -> f i = 0.
Proof.
  intros H Hsum i Hi. pose proof (term_le_sum n f i H Hi). specialize (H i Hi). lra.
Qed.

Theorem projection_is_unique n x y z :
  is_projection n x y -> is_projection n x z -> forall a, (a < n)%nat -> y a = z a.
Proof.
  intros Hy Hz. pose proof (projection_condition n x y Hy z (proj1 Hz)) as H1.
  pose proof (projection_condition n x z Hz y (proj1 Hy)) as H2. unfold inner in *.
  assert (distance_squared n y z <= 0) as H.
  { replace (distance_squared n y z) with
      (sum n (fun i => (x i - y i) * (z i - y i)) + sum n (fun i => (x i - z i) * (y i - z i)));
      [lra|]. unfold distance_squared. rewrite <- sum_plus. apply sum_ext. intros; ring. }
  intros a Ha. assert ((y a - z a) * (y a - z a) = 0) as E
    by (apply (zero_sum n (fun i => (y i - z i) * (y i - z i))); auto; intros; apply Rle_0_sqr).
  destruct (Rmult_integral _ _ E); lra.
Qed.

(* ---- Visits, by the flow that they satisfy. ---- *)

Lemma abs_sum_le n f : Rabs (sum n f) <= sum n (fun i => Rabs (f i)).
Proof.
  induction n; simpl; [rewrite Rabs_R0; lra|]. pose proof (Rabs_triang (sum n f) (f n)). lra.
Qed.

Lemma P_pi_is_distribution M pi s :
  proper M -> policy M pi -> (s < states M)%nat -> distribution (states M) (P_pi M pi s).
Proof.
  intros (_ & _ & _ & HP) Hpi Hs. split.
  - intros t Ht. apply sum_nonneg. intros a Ha. apply Rmult_le_pos; [apply Hpi; auto|].
    apply (HP s a Hs Ha), Ht.
  - transitivity (mean (states M) (P_pi M pi s) (fun _ => 1)); [apply sum_ext; intros; ring|].
    rewrite <- mean_over_P_pi.
    rewrite (mean_ext _ _ _ (fun _ => 1)) by (intros a Ha; apply mean_const; auto).
    apply mean_const; auto.
Qed.

Definition flows M pi (mu d : nat -> R) : Prop :=
  forall y, (y < states M)%nat ->
  d y = (1 - gamma M) * mu y + gamma M * mean (states M) d (fun s => P_pi M pi s y).

Theorem flow_is_visits M pi mu d :
  proper M -> policy M pi -> flows M pi mu d -> is_visits M pi mu d.
Proof.
  intros HM Hpi Hd. pose proof HM as (_ & _ & Hg & _).
  set (left_over := fun T y => d y - visits_until M pi mu T y).
  set (B := 1 + sum (states M) (fun y => Rabs (d y))).
  assert (forall T, sum (states M) (fun y => Rabs (left_over T y)) <= gamma M ^ T * B) as Hsum.
  { induction T as [|T IH].
    - unfold left_over, visits_until, B. simpl. rewrite (sum_ext _ _ (fun y => Rabs (d y)));
        [lra|]. intros; f_equal; ring.
    - apply Rle_trans with (gamma M * sum (states M) (fun y => Rabs (left_over T y)));
        [|simpl; rewrite Rmult_assoc; apply Rmult_le_compat_l; [lra|exact IH]].
      apply Rle_trans with (sum (states M) (fun y => gamma M *
        sum (states M) (fun s => Rabs (left_over T s) * P_pi M pi s y))).
      + apply sum_le. intros y Hy. unfold left_over at 1. rewrite visits_step, (Hd y Hy).
        match goal with |- Rabs ?x <= _ => replace x with
          (gamma M * sum (states M) (fun s => left_over T s * P_pi M pi s y)) end.
        * rewrite Rabs_mult, (Rabs_right (gamma M)) by lra. apply Rmult_le_compat_l; [lra|].
          apply Rle_trans with (1 := abs_sum_le _ _). apply sum_le. intros s Hs.
          rewrite Rabs_mult. apply Req_le. f_equal. apply Rabs_right, Rle_ge.
          apply (P_pi_is_distribution M pi s HM Hpi Hs), Hy.
        * unfold left_over, mean. rewrite (sum_ext _ (fun s => (d s - _) * _) (fun s =>
            d s * P_pi M pi s y - visits_until M pi mu T s * P_pi M pi s y)) by (intros; ring).
          rewrite sum_minus. ring.
      + rewrite sum_scale, sum_swap. apply Rmult_le_compat_l; [lra|]. apply sum_le. intros s Hs.
        rewrite sum_scale, (proj2 (P_pi_is_distribution M pi s HM Hpi Hs)). lra. }
  assert (0 < B) as HB.
  { assert (0 <= sum (states M) (fun y => Rabs (d y))); [|unfold B; lra].
    apply sum_nonneg. intros; apply Rabs_pos. }
  intros y Hy eps Heps.
  destruct (pow_lt_1_zero (gamma M)) with (y := eps / B) as [N HN];
    [rewrite Rabs_right; lra|apply Rdiv_lt_0_compat; lra|].
  exists N. intros T HT. unfold R_dist. rewrite Rabs_minus_sym.
  apply Rle_lt_trans with (gamma M ^ T * B).
  - apply Rle_trans with (2 := Hsum T).
    apply (term_le_sum (states M) (fun y => Rabs (left_over T y))); auto. intros; apply Rabs_pos.
  - specialize (HN T HT). rewrite Rabs_right in HN by (apply Rle_ge, pow_le; lra).
    apply (Rmult_lt_compat_r B) in HN; [|lra]. unfold Rdiv in HN.
    rewrite Rmult_assoc, Rinv_l in HN; lra.
Qed.
