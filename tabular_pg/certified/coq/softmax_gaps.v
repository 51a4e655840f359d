(* A checker that Coq evaluates: the gaps of a softmax method lie between rational numbers. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table values optimum rows run softmax entropy balls.
From TabularPG Require Import enclosures.
Import ListNotations.
Local Open Scope Z_scope.

Section Gaps.
  Variables (bits : positive) (T : table) (c : softmax_claim).
  Let S := n_states T.

  (* Of the largest values and those of an iterate *)
  Definition gap_ball (top x : valuation * ball) : ball :=
    plus bits (of_Q bits (mean_from_start T (fst top) - mean_from_start T (fst x)))
      (minus bits (snd top) (snd x)).
  Definition gap_at (top x : valuation * ball) (s : nat) : ball :=
    plus bits (of_Q bits (share_of (fst top) s - share_of (fst x) s))
      (minus bits (snd top) (snd x)).

  Definition is_below (x : ball) (b : Q) : bool := below bits x (of_Q bits b).
  Definition is_above (x : ball) (b : Q) : bool := below bits (of_Q bits b) x.

  Definition checks_gap (top x : valuation * ball) (ends : Q * Q) : bool :=
    complete T (fst x) && (let gap := gap_ball top x in
      is_above gap (fst ends) && is_below gap (snd ends)).

  Definition iterate_of (b : bound) : nat :=
    match b with
    | mean_at_most k _ | mean_above k _ | worst_at_most k _ | worst_above k _ => k
    end.
  Definition checks_limit (top x : valuation * ball) (b : bound) : bool :=
    match b with
    | mean_at_most _ b => is_below (gap_ball top x) b
    | mean_above _ b => is_above (gap_ball top x) b
    | worst_at_most _ b => all_states T (fun s => is_below (gap_at top x s) b)
    | worst_above _ b => existsb (fun s => is_above (gap_at top x s) b) (seq 0 S)
    end.

  (* Where there is entropy, the first guess is one of the largest values. *)
  Definition top_of (l : list guess) : valuation * ball :=
    match aim c, l with
    | plain o, _ => (best o, of_Z bits 0)
    | with_entropy _, g :: _ => (near g, best_distance bits T c (near g))
    | with_entropy _, [] => no_distance bits
    end.
  Definition of_iterates (l : list guess) : list guess :=
    match aim c with plain _ => l | with_entropy _ => tl l end.

  Definition checks_softmax (l : list guess) : bool :=
    checks_aim T c && checks_policy T (begins c) && checks_method T c
    && Nat.eqb (length (gaps c)) (Datatypes.S (last_of c))
    && Nat.eqb (length (of_iterates l)) (Datatypes.S (last_of c))
    && (let top := top_of l in
        let x := distances bits T c (first_logs bits T c) 0 (table_of T (fun _ _ => of_Z bits 0))
          (of_iterates l) in
        complete T (fst top)
        && forallb (fun pair => checks_gap top (fst pair) (snd pair)) (combine x (gaps c))
        && forallb (fun b => Nat.ltb (iterate_of b) (length x)
             && checks_limit top (nth (iterate_of b) x (no_distance bits)) b) (limits c)).
End Gaps.

(* A number that depends on every entry of a claim. *)
Definition softmax_checksum (c : softmax_claim) : Z :=
  stir_all 0 (match moved_by c with
      natural_pg => [1] | softmax_pg mu => 2 :: of_shares mu | soft_policy_iteration => [3] end
    ++ match aim c with plain o => of_optimum o | with_entropy tau => of_fraction tau end
    ++ flat_map of_shares (begins c) ++ flat_map of_fraction (strides c)
    ++ flat_map (fun x => of_fraction (fst x) ++ of_fraction (snd x)) (gaps c)
    ++ flat_map of_bound (limits c)).

(* ---- What it says. ---- *)
Local Open Scope R_scope.

(* The largest value in every state, with entropy a least upper bound *)
Definition is_largest T c (best : nat -> R) : Prop :=
  proper (meaning T) /\ distribution (n_states T) (start_of T) /\
  match aim c with
  | plain o => is_optimum T o /\ forall s, (s < n_states T)%nat -> best s = value (optimum.best o) s
  | with_entropy tau => 0 < Q2R tau /\ is_best (meaning T) (Q2R tau) best
  end.

Section Claim.
  Variables (T : table) (best : nat -> R) (V : nat -> nat -> R).
  Let M := meaning T.
  Definition mean_loss (k : nat) : R :=
    mean (states M) (start_of T) best - mean (states M) (start_of T) (V k).

  Definition limit_holds (b : bound) : Prop :=
    match b with
    | mean_at_most k b => mean_loss k <= Q2R b
    | mean_above k b => mean_loss k > Q2R b
    | worst_at_most k b => forall s, (s < states M)%nat -> best s - V k s <= Q2R b
    | worst_above k b => exists s, (s < states M)%nat /\ best s - V k s > Q2R b
    end.
End Claim.

(* There are largest values, the method has a run, and whatever run it has, its gaps are as
   claimed. *)
Definition is_enclosed (T : table) (c : softmax_claim) : Prop :=
  (exists best, is_largest T c best) /\ (exists pi V, is_softmax_run T c pi V) /\
  forall best pi V, is_largest T c best -> is_softmax_run T c pi V ->
    (forall k, (k <= last_of c)%nat -> let ends := nth k (gaps c) (0, 0)%Q in
       Q2R (fst ends) < mean_loss T best V k < Q2R (snd ends))
    /\ forall b, In b (limits c) -> limit_holds T best V b.
