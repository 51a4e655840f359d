(* A checker that Coq evaluates: the gaps of a softmax method lie between rational numbers. It
   computes with intervals that enclose the iterates. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table values optimum rows run softmax balls.
Import ListNotations.
Local Open Scope Z_scope.

(* Softmax policy gradient follows the gradient of the mean value under mu. *)
Inductive softmax_method := natural_pg | softmax_pg (mu : shares).

Record softmax_claim := {
  moved_by : softmax_method;
  aim : optimum_claim; (* the largest values *)
  begins : choices; (* the first policy *)
  strides : list Q; (* the step size from each iterate to the next *)
  gaps : list (Q * Q); (* of each iterate: between which numbers the gap lies *)
  limits : list bound (* more about gaps *)
}.

(* What is near the values and visits of an iterate. Nothing has to be known of it. *)
Record guess := { near : valuation; seen : valuation }.

Definition last_of (c : softmax_claim) : nat := length (strides c).
Definition stride (c : softmax_claim) (k : nat) : Q := nth k (strides c) 0%Q.

(* ---- From an iterate to the next. Of states and actions, theta is a table of intervals. ---- *)

Section Iterate.
  Variables (bits : positive) (T : table) (c : softmax_claim).
  Let S := n_states T.
  Let A := n_actions T.
  Let rest : ball := of_Q bits (1 - discount T).

  Definition at_pair (x : list (list ball)) (s a : nat) : ball := entry_of (row_at x s) a.
  Definition table_of (f : nat -> nat -> ball) : list (list ball) :=
    row_of S (fun s => row_of A (f s)).

  Definition weights (theta : list (list ball)) (s : nat) : list ball := row_of A (fun a =>
    times bits (of_Z bits (weight_of (begins c) s a)) (power_of_e bits (at_pair theta s a))).

  Definition chances (theta : list (list ball)) : list (list ball) := row_of S (fun s =>
    let w := weights theta s in
    let all := sum_balls bits A (entry_of w) in
    row_of A (fun a => over bits (entry_of w a) all)).

  Definition gain (v : valuation) (s a : nat) : Q :=
    let x := loss T v s a in - Qnum x # (Qden x * unit v).

  (* How far the values may be from those that were guessed *)
  Definition distance (p gains : list (list ball)) : ball :=
    over bits (hull S (fun s =>
      sum_balls bits A (fun a => times bits (at_pair p s a) (at_pair gains s a)))) rest.

  Definition advantages (gains : list (list ball)) (far : ball) : list (list ball) :=
    let change := minus bits (times bits (of_Q bits (discount T)) far) far in
    table_of (fun s a => plus bits (at_pair gains s a) change).

  (* Visits that are not accounted for *)
  Definition passing (p : list (list ball)) (y s : nat) : ball :=
    sum_balls bits A (fun a => let w := weight (leads (move_of T s a)) y in
      if w =? 0 then of_Z bits 0
      else times bits (at_pair p s a) (of_Q bits (w # total (move_of T s a)))).
  Definition share_of (d : valuation) (s : nat) : Q := numerator d s # unit d.
  Definition leaving (p : list (list ball)) (mu : shares) (d : valuation) (y : nat) : ball :=
    minus bits
      (plus bits (of_Q bits ((1 - discount T) * (part mu y # whole mu)))
        (times bits (of_Q bits (discount T)) (sum_balls bits S (fun s =>
          times bits (of_Q bits (share_of d s)) (passing p y s)))))
      (of_Q bits (share_of d y)).
  Definition visits_distance p mu d : ball :=
    all_up_to (over bits (sum_balls bits S (fun y => size (leaving p mu d y))) rest).

  Definition growth (eta : Q) (p gains : list (list ball)) (d : valuation) : list (list ball) :=
    match moved_by c with
    | natural_pg => table_of (fun s a => times bits (of_Q bits eta) (at_pair gains s a))
    | softmax_pg mu =>
        let far := visits_distance p mu d in
        row_of S (fun s =>
          let rate := over bits
            (times bits (of_Q bits eta) (plus bits (of_Q bits (share_of d s)) far)) rest in
          row_of A (fun a =>
            times bits rate (times bits (at_pair p s a) (at_pair gains s a))))
    end.

  (* For every iterate from number k on: what was guessed, and how far the values may be from it *)
  Fixpoint distances (k : nat) (theta : list (list ball)) (l : list guess) : list (valuation * ball)
  := match l with
     | [] => []
     | g :: others =>
         let p := chances theta in
         let gains := table_of (fun s a => of_Q bits (gain (near g) s a)) in
         let far := distance p gains in
         (near g, far) :: match others with
           | [] => []
           | _ =>
               let more := growth (stride c k) p (advantages gains far) (seen g) in
               distances (Datatypes.S k)
                 (table_of (fun s a => plus bits (at_pair theta s a) (at_pair more s a))) others
           end
     end.

  (* ---- Gaps. ---- *)

  Definition no_distance : valuation * ball := (no_values, of_Z bits 0).

  Definition gap_ball (x : valuation * ball) : ball :=
    minus bits (of_Q bits (mean_from_start T (best (aim c)) - mean_from_start T (fst x))) (snd x).
  Definition gap_at (x : valuation * ball) (s : nat) : ball :=
    minus bits (of_Q bits (share_of (best (aim c)) s - share_of (fst x) s)) (snd x).

  Definition is_below (x : ball) (b : Q) : bool := below bits x (of_Q bits b).
  Definition is_above (x : ball) (b : Q) : bool := below bits (of_Q bits b) x.

  Definition checks_gap (x : valuation * ball) (ends : Q * Q) : bool :=
    complete T (fst x) && is_above (gap_ball x) (fst ends) && is_below (gap_ball x) (snd ends).

  Definition of_bound (b : bound) : nat :=
    match b with
    | mean_at_most k _ | mean_above k _ | worst_at_most k _ | worst_above k _ => k
    end.
  Definition checks_limit (x : valuation * ball) (b : bound) : bool :=
    match b with
    | mean_at_most _ b => is_below (gap_ball x) b
    | mean_above _ b => is_above (gap_ball x) b
    | worst_at_most _ b => all_states T (fun s => is_below (gap_at x s) b)
    | worst_above _ b => existsb (fun s => is_above (gap_at x s) b) (seq 0 S)
    end.

  Definition checks_method : bool :=
    match moved_by c with natural_pg => true | softmax_pg mu => checks_shares S mu end.

  Definition checks_softmax (l : list guess) : bool :=
    checks_optimum T (aim c) && checks_policy T (begins c) && checks_method
    && Nat.eqb (length (gaps c)) (Datatypes.S (last_of c))
    && Nat.eqb (length l) (Datatypes.S (last_of c))
    && (let x := distances 0 (table_of (fun _ _ => of_Z bits 0)) l in
        forallb (fun pair => checks_gap (fst pair) (snd pair)) (combine x (gaps c))
        && forallb (fun b => Nat.ltb (of_bound b) (length x)
             && checks_limit (nth (of_bound b) x no_distance) b) (limits c)).
End Iterate.

(* A number that depends on every entry of a claim. *)
Definition softmax_checksum (c : softmax_claim) : Z :=
  stir_all 0 (match moved_by c with natural_pg => [1] | softmax_pg mu => 2 :: of_shares mu end
    ++ of_optimum (aim c) ++ flat_map of_shares (begins c) ++ flat_map of_fraction (strides c)
    ++ flat_map (fun x => of_fraction (fst x) ++ of_fraction (snd x)) (gaps c)
    ++ flat_map run.of_bound (limits c)).

(* ---- What it says. ---- *)
Local Open Scope R_scope.

Definition under (m : softmax_method) : option (nat -> R) :=
  match m with
  | natural_pg => None
  | softmax_pg mu => Some (fun s => ratio (part mu s) (whole mu))
  end.

Definition is_softmax_run T c (pi : nat -> nat -> nat -> R) (V : nat -> nat -> R) : Prop :=
  softmax_run (meaning T) (under (moved_by c)) (fun k => Q2R (stride c k)) (last_of c)
    (probability (begins c)) pi V.

Section Claim.
  Variables (T : table) (c : softmax_claim) (V : nat -> nat -> R).
  Let M := meaning T.
  Definition mean_loss (k : nat) : R :=
    mean (states M) (start_of T) (value (best (aim c))) - mean (states M) (start_of T) (V k).
  Definition loss_in (k s : nat) : R := value (best (aim c)) s - V k s.

  Definition limit_holds (b : bound) : Prop :=
    match b with
    | mean_at_most k b => mean_loss k <= Q2R b
    | mean_above k b => mean_loss k > Q2R b
    | worst_at_most k b => forall s, (s < states M)%nat -> loss_in k s <= Q2R b
    | worst_above k b => exists s, (s < states M)%nat /\ loss_in k s > Q2R b
    end.
End Claim.

(* The method has a run, and whatever run it has, its gaps are as claimed. *)
Definition is_enclosed (T : table) (c : softmax_claim) : Prop :=
  is_optimum T (aim c) /\ (exists pi V, is_softmax_run T c pi V) /\
  forall pi V, is_softmax_run T c pi V ->
    (forall k, (k <= last_of c)%nat -> let ends := nth k (gaps c) (0, 0)%Q in
       Q2R (fst ends) < mean_loss T c V k < Q2R (snd ends))
    /\ forall b, In b (limits c) -> limit_holds T c V b.
