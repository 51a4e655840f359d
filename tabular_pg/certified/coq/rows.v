(* Checkers that Coq evaluates: rows of a policy are what a method makes of those before. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table values.
Import ListNotations.
Local Open Scope Z_scope.

(* The rows of one state are p before and q after the step, x what its actions lose, in units of
   1 / u; the step is eta in units of u: eta A = - rate x. *)
Definition part (p : shares) (a : nat) : Z := nth a (parts p) 0.
Definition entry (x : list Q) (a : nat) : Q := nth a x 0%Q.
Definition all_actions (n : nat) (check : nat -> bool) : bool := forallb check (seq 0 n).
Definition first_action (n : nat) (check : nat -> bool) : option nat := find check (seq 0 n).

Definition is_best (n : nat) (x : list Q) (a : nat) : bool :=
  all_actions n (fun b => Qle_bool (entry x a) (entry x b)).

Definition checks_howard (n : nat) (p q : shares) (x : list Q) : bool :=
  if all_actions n (fun a => if part p a =? 0 then true else is_best n x a)
  then all_actions n (fun a => part q a * Zpos (whole p) =? part p a * Zpos (whole q))
  else match first_action n (is_best n x) with
       | None => false
       | Some b => all_actions n (fun a => part q a =? if Nat.eqb a b then Zpos (whole q) else 0)
       end.

(* p + eta A - q, times a number that is the same for all actions *)
Definition excess (rate : Q) (p q : shares) (slope : Z) (x : Q) (a : nat) : Q :=
  ((part p a * Zpos (whole q) - part q a * Zpos (whole p)) * Zpos (Qden rate * Qden x)
   - slope * Qnum x) # Qden x.

Definition excesses (n : nat) (rate : Q) (p q : shares) (x : list Q) : list Q :=
  let slope := Qnum rate * Zpos (whole p * whole q) in
  map (fun a => excess rate p q slope (entry x a) a) (seq 0 n).

(* Where q is positive they are equal, elsewhere no larger. *)
Definition checks_projection (n : nat) (rate : Q) (p q : shares) (x : list Q) : bool :=
  let e := excesses n rate p q x in
  let top := match first_action n (fun a => 0 <? part q a) with
             | None => 0%Q | Some b => entry e b end in
  all_actions n (fun a =>
    if part q a =? 0 then Qle_bool (entry e a) top else Qeq_bool (entry e a) top).

(* 1 + c eta A, in units of 1 / Qden rate *)
Definition factor (c : Z) (rate x : Q) : Q :=
  (Zpos (Qden rate * Qden x) - c * Qnum rate * Qnum x) # Qden x.

Definition checks_spma (n : nat) (rate : Q) (p q : shares) (x : list Q) : bool :=
  all_actions n (fun a => let f := factor 1 rate (entry x a) in
    part q a * Zpos (whole p * Qden rate) * Zpos (Qden f)
    =? part p a * Zpos (whole q) * Qnum f).

Definition squares (n : nat) (rate : Q) (p : shares) (x : list Q) : list Q :=
  map (fun a => let f := factor 2 rate (entry x a) in
    (part p a * Qnum f * Qnum f # Qden f * Qden f)%Q) (seq 0 n).

Definition checks_hadamard (n : nat) (rate : Q) (p q : shares) (x : list Q) : bool :=
  let w := squares n rate p x in
  let all := sum_Q n (entry w) in
  if 0 <? Qnum all then all_actions n (fun a =>
    Qeq_bool (inject_Z (part q a) * all) (inject_Z (Zpos (whole q)) * entry w a))
  else false.

(* ---- What soundness takes from lists. ---- *)
Local Open Scope R_scope.

Definition chance (p : shares) (a : nat) : R := ratio (part p a) (whole p).

Lemma all_actions_forall n check :
  all_actions n check = true -> forall a, (a < n)%nat -> check a = true.
Proof. unfold all_actions. rewrite forallb_forall. intros H a Ha. apply H, in_seq. lia. Qed.

Lemma not_all_actions n check :
  all_actions n check = false -> exists a, (a < n)%nat /\ check a = false.
Proof.
  unfold all_actions. intros H. induction n as [|n IH]; [discriminate|].
  rewrite seq_S, forallb_app in H. simpl in H. apply andb_false_iff in H as [H|H].
  - destruct (IH H) as [a [Ha E]]. exists a. auto with arith.
  - exists n. rewrite andb_true_r in H. auto with arith.
Qed.

Lemma first_action_is_first n check b :
  first_action n check = Some b ->
  (b < n)%nat /\ check b = true /\ forall a, (a < b)%nat -> check a = false.
Proof.
  unfold first_action. assert (forall from m, find check (seq from m) = Some b ->
    (b < from + m)%nat /\ check b = true /\ forall a, (from <= a < b)%nat -> check a = false) as H.
  { intros from m. revert from. induction m as [|m IH]; intros from H; [discriminate|].
    simpl in H. destruct (check from) eqn:E.
    - injection H as <-. repeat split; [lia|exact E|intros; lia].
    - destruct (IH _ H) as (H1 & H2 & H3). repeat split; [lia|exact H2|]. intros a Ha.
      destruct (Nat.eq_dec a from) as [->|]; [exact E|]. apply H3. lia. }
  intros E. destruct (H _ _ E) as (H1 & H2 & H3). repeat split; auto. intros; apply H3; lia.
Qed.

Lemma entry_of_map n f a : (a < n)%nat -> entry (map f (seq 0 n)) a = f a.
Proof.
  intros Ha. unfold entry. rewrite nth_indep with (d' := f 0%nat)
    by now rewrite map_length, seq_length.
  rewrite map_nth, seq_nth by exact Ha. reflexivity.
Qed.
