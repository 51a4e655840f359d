(* P7a as printed is false: Theorem 4.1 of Agarwal et al. (2021) with the minimum over t < T. The
   proof gives t <= T. One state, two arms, gamma = 1/1000, from the worse arm, T = 1. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp improvement policy_iteration projected projected_rates.
Local Open Scope R_scope.

Definition printed_theorem : Prop :=
  forall M Vs p rho mu dstar mismatch pi V d T eps,
  (* an MDP with rewards in [0, 1], its optimum, and the visits of an optimal policy *)
  proper M ->
  (forall s a, (s < states M)%nat -> (a < actions M)%nat -> 0 <= r M s a <= 1) ->
  optimal_value M Vs -> policy M p -> is_value M p Vs ->
  distribution (states M) rho -> distribution (states M) mu ->
  (forall s, (s < states M)%nat -> 0 < mu s) ->
  is_visits M p rho dstar -> is_max (states M) (fun s => dstar s / mu s) mismatch ->
  (* iterates 0, ..., T - 1 of projected policy gradient with eta = (1 - gamma)^3 / (2 gamma A) *)
  (forall t, (t < T)%nat ->
     policy M (pi t) /\ is_value M (pi t) (V t) /\ is_visits M (pi t) mu (d t)) ->
  (forall t, (S t < T)%nat ->
     projected_step M (V t) (pi t)
       (fun s => (1 - gamma M) ^ 3 / (2 * gamma M * INR (actions M)) * d t s / (1 - gamma M))
       (pi (S t))) ->
  (* the printed number of steps *)
  0 < eps ->
  INR T > 64 * gamma M * INR (states M) * INR (actions M) * mismatch ^ 2
          / ((1 - gamma M) ^ 6 * eps ^ 2) ->
  exists t, (t < T)%nat /\ mean (states M) rho Vs - mean (states M) rho (V t) <= eps.

Definition arms : MDP := {|
  states := 1; actions := 2; gamma := / 1000;
  P := fun _ _ _ => 1;
  r := fun _ a => if Nat.eqb a 0 then 1 else 0
|}.

Definition takes (arm : nat) (s a : nat) : R := if Nat.eqb a arm then 1 else 0.

Lemma arms_are_proper : proper arms.
Proof.
  split; [simpl; lia|]. split; [simpl; lia|]. split; [simpl; lra|].
  intros s a _ _. split; [intros; simpl; lra|]. unfold mean. simpl. lra.
Qed.

Lemma taking_is_a_policy arm : (arm < 2)%nat -> policy arms (takes arm).
Proof.
  intros H s _. split.
  - intros a _. unfold takes. destruct (Nat.eqb a arm); lra.
  - destruct arm as [|[|arm]]; [| |lia]; unfold takes; simpl; lra.
Qed.

Lemma better_arm_value : bellman arms (takes 0) (fun _ => 1000 / 999).
Proof. intros s _. unfold backup, Qof, mean, takes. simpl. field. Qed.

Lemma worse_arm_value : bellman arms (takes 1) (fun _ => 0).
Proof. intros s _. unfold backup, Qof, mean, takes. simpl. field. Qed.

Lemma optimum_of_arms : optimal_value arms (fun _ => 1000 / 999).
Proof.
  split.
  - intros s a _ _. unfold Qof, mean. simpl. destruct (Nat.eqb a 0); lra.
  - exists (takes 0). split; [apply taking_is_a_policy; lia|apply better_arm_value].
Qed.

Lemma always_there arm t : (arm < 2)%nat -> at_time arms (takes arm) (fun _ => 1) t 0%nat = 1.
Proof.
  intros H. induction t as [|t IH]; [reflexivity|].
  cbn [at_time]. unfold mean. cbn [states arms sum]. rewrite IH. unfold P_pi, mean, takes. simpl.
  destruct arm as [|[|arm]]; [| |lia]; simpl; lra.
Qed.

Lemma visits_of_arms arm : (arm < 2)%nat -> is_visits arms (takes arm) (fun _ => 1) (fun _ => 1).
Proof.
  intros H y Hy. replace y with 0%nat by (simpl in Hy; lia).
  apply (Un_cv_ext (fun T => 1 + - (/ 1000) ^ T)).
  - intros T. unfold visits_until. cbn [gamma arms].
    rewrite (sum_ext T _ (fun t => (/ 1000) ^ t))
      by (intros; rewrite always_there by exact H; ring).
    induction T as [|T IH]; [simpl; ring|]. cbn [sum]. rewrite Rmult_plus_distr_l, <- IH.
    simpl. field.
  - intros eps Heps. destruct (pow_lt_1_zero (/ 1000)) with (y := eps) as [N HN];
      [rewrite Rabs_right; lra|exact Heps|].
    exists N. intros T HT. unfold R_dist.
    replace (1 + - (/ 1000) ^ T - 1) with (- (/ 1000) ^ T) by ring. rewrite Rabs_Ropp. auto.
Qed.

Lemma one_state : distribution 1 (fun _ => 1).
Proof. split; [intros; lra|]. simpl. ring. Qed.

Theorem printed_theorem_is_false : ~ printed_theorem.
Proof.
  intros H.
  destruct (H arms (fun _ => 1000 / 999) (takes 0) (fun _ => 1) (fun _ => 1) (fun _ => 1) 1
    (fun _ => takes 1) (fun _ _ => 0) (fun _ _ => 1) 1%nat 1) as [t [_ Hbad]].
  - apply arms_are_proper.
  - intros s a _ _. simpl. destruct (Nat.eqb a 0); lra.
  - apply optimum_of_arms.
  - apply taking_is_a_policy. lia.
  - apply solution_is_value; [apply arms_are_proper|apply taking_is_a_policy; lia|].
    apply better_arm_value.
  - apply one_state.
  - apply one_state.
  - intros; lra.
  - apply visits_of_arms. lia.
  - split; [intros; lra|]. exists 0%nat. split; [simpl; lia|lra].
  - intros t _. split; [apply taking_is_a_policy; lia|]. split; [|apply visits_of_arms; lia].
    apply solution_is_value; [apply arms_are_proper|apply taking_is_a_policy; lia|].
    apply worse_arm_value.
  - intros t Ht. lia.
  - lra.
  - cbn [gamma states actions arms]. simpl. lra.
  - unfold mean in Hbad. simpl in Hbad. lra.
Qed.
