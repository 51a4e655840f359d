(* Intervals that Coq evaluates: they enclose the iterates of a softmax method, with entropy or
   without, and how far values may be from guesses. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table values optimum rows run softmax entropy balls.
Import ListNotations.
Local Open Scope Z_scope.

(* Softmax policy gradient follows the gradient of the mean value under mu. *)
Inductive softmax_method := natural_pg | softmax_pg (mu : shares) | soft_policy_iteration.

(* What gaps are gaps to: the largest values, which are rational numbers, or the largest ones of all
   policies that earn tau times their entropy beside the reward. *)
Inductive target := plain (c : optimum_claim) | with_entropy (tau : Q).

Record softmax_claim := {
  moved_by : softmax_method;
  aim : target;
  begins : choices; (* the first policy *)
  strides : list Q; (* the step size from each iterate to the next *)
  gaps : list (Q * Q); (* of each iterate: between which numbers the gap lies *)
  limits : list bound (* more about gaps *)
}.

(* What is near the values and visits of an iterate. Nothing has to be known of it. *)
Record guess := { near : valuation; seen : valuation }.

Definition last_of (c : softmax_claim) : nat := length (strides c).
Definition tau_of (c : softmax_claim) : Q :=
  match aim c with plain _ => 0 | with_entropy tau => tau end.

(* What advantages are multiplied by. Natural policy gradient with the step size eta makes policies
   proportional to pi^(1 / (1 + eta tau)) e^(eta Q / (1 + eta tau)), soft policy iteration, which
   has no step size, ones that are proportional to e^(Q / tau): natural_step_by_powers in
   entropy.v. *)
Definition rate (c : softmax_claim) (k : nat) : Q :=
  let eta := nth k (strides c) 0%Q in
  match moved_by c with
  | natural_pg => eta / (1 + eta * tau_of c)
  | softmax_pg _ => eta
  | soft_policy_iteration => / tau_of c
  end.

(* ---- From an iterate to the next. Of states and actions, theta is a table of intervals. ---- *)

Section Iterate.
  Variables (bits : positive) (T : table) (c : softmax_claim).
  Let S := n_states T.
  Let A := n_actions T.
  Let rest : ball := of_Q bits (1 - discount T).
  Let tau : ball := of_Q bits (tau_of c).

  Definition at_pair (x : list (list ball)) (s a : nat) : ball := entry_of (row_at x s) a.
  Definition table_of (f : nat -> nat -> ball) : list (list ball) :=
    row_of S (fun s => row_of A (f s)).

  (* tau ln x *)
  Definition scaled_log (x : ball) : ball :=
    match aim c with plain _ => of_Z bits 0 | with_entropy _ => times bits tau (log_of bits x) end.
  Definition first_logs : list (list ball) :=
    table_of (fun s a => scaled_log (of_Z bits (weight_of (begins c) s a))).

  (* Probabilities are weights over their mass. *)
  Definition weights (theta : list (list ball)) : list (list ball) := table_of (fun s a =>
    times bits (of_Z bits (weight_of (begins c) s a)) (power_of_e bits (at_pair theta s a))).
  Definition masses (w : list (list ball)) : list ball :=
    row_of S (fun s => sum_balls bits A (at_pair w s)).
  Definition chances (w : list (list ball)) (z : list ball) : list (list ball) :=
    table_of (fun s a => over bits (at_pair w s a) (entry_of z s)).

  Definition gain (v : valuation) (s a : nat) : Q :=
    let x := loss T v s a in - Qnum x # (Qden x * unit v).

  (* tau ln of masses, and of probabilities *)
  Definition commons (z : list ball) : list ball :=
    row_of S (fun s => scaled_log (entry_of z s)).
  Definition prices (logs theta : list (list ball)) (common : list ball) : list (list ball) :=
    table_of (fun s a => minus bits
      (plus bits (at_pair logs s a) (times bits tau (at_pair theta s a))) (entry_of common s)).

  (* How far the values may be from those that were guessed *)
  Definition distance (p gains paid : list (list ball)) : ball :=
    over bits (hull S (fun s => sum_balls bits A (fun a =>
      times bits (at_pair p s a) (minus bits (at_pair gains s a) (at_pair paid s a))))) rest.

  (* Q(s, a) less what is guessed of V(s) *)
  Definition ahead (gains : list (list ball)) (far : ball) : list (list ball) :=
    let later := times bits (of_Q bits (discount T)) far in
    table_of (fun s a => plus bits (at_pair gains s a) later).

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

  (* theta + rate (A - tau ln pi), up to what all actions of a state have in common *)
  Definition natural_next (rate : Q) (theta q logs : list (list ball)) : list (list ball) :=
    let u := of_Q bits rate in
    let kept := of_Q bits (1 - rate * tau_of c) in
    table_of (fun s a => plus bits (times bits kept (at_pair theta s a))
      (times bits u (minus bits (at_pair q s a) (at_pair logs s a)))).

  Definition gradient_next (rate : Q) (p theta q paid : list (list ball)) (far : ball)
      (mu : shares) (d : valuation) : list (list ball) :=
    let off := visits_distance p mu d in
    row_of S (fun s =>
      let u := over bits
        (times bits (of_Q bits rate) (plus bits (of_Q bits (share_of d s)) off)) rest in
      row_of A (fun a => plus bits (at_pair theta s a) (times bits u (times bits (at_pair p s a)
        (minus bits (minus bits (at_pair q s a) far) (at_pair paid s a)))))).

  Definition next (rate : Q) (p theta q logs paid : list (list ball)) (far : ball) (d : valuation)
      : list (list ball) :=
    match moved_by c with
    | softmax_pg mu => gradient_next rate p theta q paid far mu d
    | _ => natural_next rate theta q logs
    end.

  (* For every iterate from number k on: what was guessed, and how far the values may be from it *)
  Fixpoint distances (logs : list (list ball)) (k : nat) (theta : list (list ball))
      (l : list guess) : list (valuation * ball) :=
    match l with
    | [] => []
    | g :: others =>
        let w := weights theta in
        let z := masses w in
        let p := chances w z in
        let gains := table_of (fun s a => of_Q bits (gain (near g) s a)) in
        let paid := prices logs theta (commons z) in
        let far := distance p gains paid in
        (near g, far) :: match others with
          | [] => []
          | _ => distances logs (Datatypes.S k)
              (next (rate c k) p theta (ahead gains far) logs paid far (seen g)) others
          end
    end.

  (* How far the largest values with entropy may be from those that were guessed *)
  Definition best_distance (v : valuation) : ball :=
    over bits (hull S (fun s => scaled_log (sum_balls bits A (fun a =>
      power_of_e bits (over bits (of_Q bits (gain v s a)) tau))))) rest.
  Definition no_distance : valuation * ball := (no_values, of_Z bits 0).

  (* ---- What is asked of a claim before. ---- *)

  Definition checks_method : bool :=
    match moved_by c with
    | natural_pg => true
    | softmax_pg mu => checks_shares S mu
    | soft_policy_iteration => match aim c with plain _ => false | with_entropy _ => true end
    end.

  (* With entropy every action has a positive probability. *)
  Definition checks_aim : bool :=
    match aim c with
    | plain o => checks_optimum T o
    | with_entropy tau => checks_mdp T && (0 <? Qnum tau)
        && all_moves T (fun s a => 0 <? weight_of (begins c) s a)
    end.
End Iterate.

(* ---- What a run is. ---- *)
Local Open Scope R_scope.

Definition under (m : softmax_method) : option (nat -> R) :=
  match m with
  | softmax_pg mu => Some (fun s => ratio (part mu s) (whole mu))
  | _ => None
  end.

Definition is_softmax_run T c (pi : nat -> nat -> nat -> R) (V : nat -> nat -> R) : Prop :=
  softmax_run (meaning T) (Q2R (tau_of c)) (under (moved_by c)) (fun k => Q2R (rate c k))
    (last_of c) (probability (begins c)) pi V.
