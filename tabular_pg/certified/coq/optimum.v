(* A checker that Coq evaluates: numbers are the largest value of all policies. It is sound. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table values.
Import ListNotations.
Local Open Scope Z_scope.

Record optimum_claim := {
  best : valuation;
  optimal : list (list nat); (* the optimal actions of every state *)
  from_start : Q; (* the mean value under the start distribution, in units of 1 / unit *)
  delta : Q (* the least loss of an action that is not optimal, in these units; or 0 *)
}.

Definition listed (c : optimum_claim) (s a : nat) : bool :=
  existsb (Nat.eqb a) (nth s (optimal c) []).

(* V(s) - Q(s, a) for every pair: what takes long, and is evaluated once. *)
Definition losses (T : table) (c : optimum_claim) : list (list Q) :=
  map (fun s => map (loss T (best c) s) (seq 0 (n_actions T))) (seq 0 (n_states T)).

(* "if" where "&&" would evaluate both sides *)
Definition allows (c : optimum_claim) (is_listed : bool) (x : Q) : bool :=
  if is_listed then (Qnum x =? 0) else if 0 <? Qnum x then Qle_bool (delta c) x else false.

Definition checks_losses (T : table) (c : optimum_claim) (x : list (list Q)) : bool :=
  all_moves T (fun s a => allows c (listed c s a) (nth a (nth s x []) 0%Q)).

Definition attains_delta (T : table) (c : optimum_claim) (x : list (list Q)) : bool :=
  if all_moves T (listed c) then Qeq_bool (delta c) 0
  else negb (all_moves T (fun s a =>
    if listed c s a then true else negb (Qeq_bool (delta c) (nth a (nth s x []) 0%Q)))).

Definition checks_mean (T : table) (c : optimum_claim) : bool :=
  Qeq_bool (from_start c)
    (fold_right Z.add 0
       (map (fun p => fst p * snd p) (combine (parts (start T)) (numerators (best c))))
     # whole (start T)).

Definition checks_optimum (T : table) (c : optimum_claim) : bool :=
  checks_mdp T && complete T (best c) && Nat.eqb (length (optimal c)) (n_states T)
  && all_states T (fun s => existsb (listed c s) (seq 0 (n_actions T)))
  && (let x := losses T c in checks_losses T c x && attains_delta T c x) && checks_mean T c.

Local Open Scope R_scope.

Definition uses_listed (T : table) (c : optimum_claim) (pi : nat -> nat -> R) : Prop :=
  forall s a, (s < n_states T)%nat -> (a < n_actions T)%nat -> listed c s a = false -> pi s a = 0.

(* What the claim says. *)
Definition is_optimum (T : table) (c : optimum_claim) : Prop :=
  let M := meaning T in
  let V := value (best c) in
  let u := IZR (Zpos (unit (best c))) in
  proper M /\ distribution (states M) (start_of T) /\
  (* No stationary policy does better in any state, *)
  (forall pi W, policy M pi -> is_value M pi W -> forall s, (s < states M)%nat -> W s <= V s) /\
  (* those that take optimal actions only do as well, and there is one; *)
  (forall pi, policy M pi -> uses_listed T c pi -> is_value M pi V) /\
  (exists pi, policy M pi /\ is_value M pi V) /\
  (* an action is optimal, or loses at least delta, *)
  (forall s a, (s < states M)%nat -> (a < actions M)%nat ->
     if listed c s a then Qof M V s a = V s
     else Qof M V s a < V s /\ Q2R (delta c) / u <= V s - Qof M V s a) /\
  (* which one loses, if there is one that is not optimal; *)
  ((exists s a, (s < states M)%nat /\ (a < actions M)%nat /\ listed c s a = false /\
      V s - Qof M V s a = Q2R (delta c) / u) \/
   (delta c == 0)%Q /\
   forall s a, (s < states M)%nat -> (a < actions M)%nat -> listed c s a = true) /\
  mean (states M) (start_of T) V = Q2R (from_start c) / u.

Lemma some_of_all T check :
  all_moves T check = false ->
  exists s a, (s < n_states T)%nat /\ (a < n_actions T)%nat /\ check s a = false.
Proof.
  assert (forall (n : nat) f,
    forallb f (seq 0 n) = false -> exists i, (i < n)%nat /\ f i = false) as some.
  { intros n f H. induction n as [|n IH]; [discriminate|].
    rewrite seq_S, forallb_app in H. simpl in H. apply andb_false_iff in H as [H|H].
    - destruct (IH H) as [i [Hi Hf]]. exists i. auto with arith.
    - exists n. rewrite andb_true_r in H. auto with arith. }
  intros H. apply some in H as [s [Hs H]]. apply some in H as [a [Ha H]]. eauto.
Qed.

Lemma start_is_distribution T : checks_mdp T = true -> distribution (n_states T) (start_of T).
Proof.
  unfold checks_mdp. rewrite !andb_true_iff. intros [_ H].
  apply shares_are_a_distribution, H.
Qed.

Lemma sum_of_products l m :
  length l = length m ->
  IZR (fold_right Z.add 0%Z (map (fun p => (fst p * snd p)%Z) (combine l m))) =
  sum (length l) (fun i => IZR (nth i l 0%Z) * IZR (nth i m 0%Z)).
Proof.
  revert m. induction l as [|x l IH]; intros [|y m] H; try discriminate; [reflexivity|].
  cbn [length combine map fold_right fst snd]. rewrite sum_shift, plus_IZR, mult_IZR.
  rewrite IH by (injection H; auto). reflexivity.
Qed.

Lemma mean_is_from_start T c :
  checks_mdp T = true -> complete T (best c) = true -> checks_mean T c = true ->
  mean (n_states T) (start_of T) (value (best c)) =
  Q2R (from_start c) / IZR (Zpos (unit (best c))).
Proof.
  unfold checks_mdp, checks_shares, complete, checks_mean. rewrite !andb_true_iff.
  intros [_ HM] HV H. unfold start_of. destruct (start T) as [w l].
  cbn [whole parts] in *. destruct HM as [[HM _] _].
  apply Nat.eqb_eq in HM. apply Nat.eqb_eq in HV. apply Qeq_bool_iff, Qeq_eqR in H.
  rewrite H, Q2R_make. unfold ratio, Rdiv. rewrite sum_of_products, HM by congruence.
  unfold mean. rewrite Rmult_assoc, Rmult_comm, <- sum_scale. apply sum_ext. intros i _.
  unfold value, ratio, numerator. pose proof (total_positive w).
  pose proof (total_positive (unit (best c))). field. lra.
Qed.

Lemma nth_loss T c s a :
  (s < n_states T)%nat -> (a < n_actions T)%nat ->
  nth a (nth s (losses T c) []) 0%Q = loss T (best c) s a.
Proof.
  assert (forall {B} (f : nat -> B) n i d, (i < n)%nat -> nth i (map f (seq 0 n)) d = f i) as get.
  { intros B f n i d Hi. rewrite nth_indep with (d' := f 0%nat)
      by now rewrite map_length, seq_length.
    rewrite map_nth, seq_nth by exact Hi. reflexivity. }
  intros Hs Ha. unfold losses. rewrite get by exact Hs. apply get, Ha.
Qed.

(* The loss of an action that is listed is 0; of any other at least delta, and positive. *)
Lemma checked_loss T c s a :
  checks_mdp T = true -> (s < n_states T)%nat -> (a < n_actions T)%nat ->
  allows c (listed c s a) (loss T (best c) s a) = true ->
  let V := value (best c) in
  if listed c s a then Qof (meaning T) V s a = V s
  else Qof (meaning T) V s a < V s /\
       Q2R (delta c) / IZR (Zpos (unit (best c))) <= V s - Qof (meaning T) V s a.
Proof.
  intros HM Hs Ha H. cbv zeta. pose proof (loss_is_loss T (best c) s a HM Hs Ha) as Hloss.
  pose proof (total_positive (unit (best c))) as Hu.
  unfold allows in H. destruct (loss T (best c) s a) as [n d]. rewrite Q2R_make in Hloss.
  pose proof (total_positive d) as Hd. cbn [Qnum] in H. destruct (listed c s a).
  - apply Z.eqb_eq in H. subst n. unfold ratio in Hloss.
    replace (0 / IZR (Zpos d)) with 0 in Hloss by (field; lra).
    destruct (Rmult_integral _ _ (eq_sym Hloss)); lra.
  - destruct (0 <? n)%Z eqn:Hpos; [|discriminate]. rename H into Hle.
    apply Z.ltb_lt, IZR_lt in Hpos.
    apply Qle_bool_iff, Qle_Rle in Hle. rewrite Q2R_make, Hloss in Hle. split.
    + assert (0 < ratio n d) as Hr by (apply Rmult_lt_0_compat; [lra|now apply Rinv_0_lt_compat]).
      rewrite Hloss in Hr. nra.
    + apply Rmult_le_reg_l with (IZR (Zpos (unit (best c)))); [lra|].
      replace (IZR (Zpos (unit (best c))) * (Q2R (delta c) / IZR (Zpos (unit (best c)))))
        with (Q2R (delta c)) by (field; lra). lra.
Qed.

(* A policy that takes actions without loss only has the value V. *)
Lemma lossless_has_value M pi V :
  proper M -> policy M pi ->
  (forall s a, (s < states M)%nat -> (a < actions M)%nat -> pi s a = 0 \/ Qof M V s a = V s) ->
  is_value M pi V.
Proof.
  intros HM Hpi H. apply solution_is_value; auto. intros s Hs. unfold backup.
  rewrite <- (mean_const _ _ (V s) (Hpi s Hs)). apply sum_ext. intros a Ha.
  destruct (H s a Hs Ha) as [-> | ->]; ring.
Qed.

Lemma no_policy_does_better M V :
  proper M ->
  (forall s a, (s < states M)%nat -> (a < actions M)%nat -> Qof M V s a <= V s) ->
  forall pi W, policy M pi -> is_value M pi W -> forall s, (s < states M)%nat -> W s <= V s.
Proof.
  intros HM H pi W Hpi HW. apply (bellman_le M pi); auto; [apply value_is_solution, HW|].
  intros s Hs. apply mean_le_const; auto.
Qed.

Theorem checks_optimum_sound T c : checks_optimum T c = true -> is_optimum T c.
Proof.
  unfold checks_optimum. rewrite !andb_true_iff.
  intros [[[[[HM HV] _] Hsome] [Hloss Hdelta]] Hmean].
  pose proof (checked_table_is_proper T HM) as Hproper.
  pose proof (start_is_distribution T HM) as Hstart.
  pose proof (total_positive (unit (best c))) as Hu.
  assert (forall s a, (s < n_states T)%nat -> (a < n_actions T)%nat -> _) as Hall
    by (intros s a Hs Ha; apply (checked_loss T c s a HM Hs Ha);
        rewrite <- (nth_loss T c s a Hs Ha); exact (all_moves_forall _ _ Hloss s a Hs Ha)).
  assert (forall pi, policy (meaning T) pi -> uses_listed T c pi ->
     is_value (meaning T) pi (value (best c))) as Hattained.
  { intros pi Hpi Hsupport. apply lossless_has_value; auto. intros s a Hs Ha.
    specialize (Hall s a Hs Ha). specialize (Hsupport s a Hs Ha).
    destruct (listed c s a); [right; exact Hall|left; auto]. }
  split; [exact Hproper|]. split; [exact Hstart|]. split; [|split; [exact Hattained|]].
  - apply no_policy_does_better; auto. intros s a Hs Ha. specialize (Hall s a Hs Ha).
    cbv zeta in Hall. destruct (listed c s a); lra.
  - split; [|split; [exact Hall|split]].
    + set (first := fun s => match find (listed c s) (seq 0 (n_actions T)) with
                             | Some a => a | None => 0%nat end).
      assert (forall s, (s < n_states T)%nat ->
        (first s < n_actions T)%nat /\ listed c s (first s) = true) as Hfirst.
      { intros s Hs. pose proof (all_states_forall _ _ Hsome s Hs) as H. cbv beta in H.
        unfold first. destruct (find (listed c s) (seq 0 (n_actions T))) as [a|] eqn:E.
        - apply find_some in E as [E1 E2]. apply in_seq in E1. split; [lia|exact E2].
        - apply existsb_exists in H as [a [Ha H]]. rewrite (find_none _ _ E a Ha) in H.
          discriminate. }
      exists (fun s a => if Nat.eqb a (first s) then 1 else 0).
      assert (policy (meaning T) (fun s a => if Nat.eqb a (first s) then 1 else 0)) as Hpi.
      { intros s Hs. destruct (Hfirst s Hs) as [Ha _]. split.
        - intros a _. destruct (Nat.eqb a (first s)); lra.
        - rewrite (sum_ext _ _ (fun a => (if Nat.eqb a (first s) then 1 else 0) * 1))
            by (intros; ring). rewrite sum_point by exact Ha. ring. }
      split; [exact Hpi|]. apply Hattained; [exact Hpi|]. intros s a Hs Ha Hl.
      destruct (Nat.eqb a (first s)) eqn:E; [|reflexivity]. apply Nat.eqb_eq in E. subst a.
      destruct (Hfirst s Hs) as [_ Htrue]. rewrite Htrue in Hl. discriminate.
    + unfold attains_delta in Hdelta. destruct (all_moves T (listed c)) eqn:E.
      * right. split; [apply Qeq_bool_iff, Hdelta|]. exact (all_moves_forall _ _ E).
      * left. apply negb_true_iff, some_of_all in Hdelta as [s [a [Hs [Ha H]]]].
        destruct (listed c s a) eqn:Hl; [discriminate|].
        rewrite nth_loss in H by auto. apply negb_false_iff, Qeq_bool_iff, Qeq_eqR in H.
        exists s, a. repeat split; auto. rewrite H, loss_is_loss by auto. field. lra.
    + apply mean_is_from_start; auto.
Qed.
