(* A checker that Coq evaluates: policies are the iterates of a method, with their values, gaps and
   bounds on these. It is sound for all MDPs, runs and claims. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp improvement policy_iteration multiplicative projected.
From TabularPG Require Import projected_rates steps table values optimum rows.
Import ListNotations.
Local Open Scope Z_scope.

(* Visits are those from a distribution over states, mu. *)
Inductive method :=
| policy_iteration
| projected_q_ascent
| projected_pg (mu : shares)
| spma
| hadamard_pg (mu : shares).

Record iterate := {
  chooses : choices; (* the policy *)
  earns : valuation; (* its values *)
  visited : valuation; (* its visits, if the method asks for them *)
  step : Q; (* the step size from here to the next iterate *)
  loses : Q (* the gap to the largest value, in the mean over the start distribution *)
}.

(* Of iterate k: the gap in the mean over the start distribution, or in the worst state. *)
Inductive bound :=
| mean_at_most (k : nat) (b : Q)
| mean_above (k : nat) (b : Q)
| worst_at_most (k : nat) (b : Q)
| worst_above (k : nat) (b : Q).

Record run_claim := {
  made_by : method;
  goal : optimum_claim;
  iterates : list iterate;
  bounds : list bound
}.

Definition no_values : valuation := {| unit := 1; numerators := [] |}.
Definition no_iterate : iterate :=
  {| chooses := []; earns := no_values; visited := no_values; step := 0; loses := 0 |}.
Definition iterate_of (c : run_claim) (k : nat) : iterate := nth k (iterates c) no_iterate.
Definition last_one (c : run_claim) : nat := length (iterates c).

(* ---- The checks. ---- *)

(* What leads from s to y, in units of 1 / unit *)
Definition passes (T : table) (p : choices) (d : valuation) (y s : nat) : Q :=
  let part_of a := let w := weight (leads (move_of T s a)) y in
    if w =? 0 then 0%Q else weight_of p s a * w # total (move_of T s a) in
  let all := sum_Q (n_actions T) part_of in
  if Qnum all =? 0 then 0%Q else ((numerator d s # whole (nth s p (share 1 []))) * all)%Q.

Definition checks_visits (T : table) (p : choices) (mu : shares) (d : valuation) : bool :=
  checks_shares (n_states T) mu && all_states T (fun y => Qeq_bool (inject_Z (numerator d y))
    ((1 - discount T) * (part mu y * Zpos (unit d) # whole mu)
     + discount T * sum_Q (n_states T) (passes T p d y))).

Definition visits_fit (T : table) (m : method) (x : iterate) : bool :=
  match m with
  | projected_pg mu | hadamard_pg mu => checks_visits T (chooses x) mu (visited x)
  | _ => true
  end.

(* The step of state s, in units of the values *)
Definition rate (T : table) (m : method) (x : iterate) (s : nat) : Q :=
  match m with
  | projected_pg _ | hadamard_pg _ =>
      step x * / (1 - discount T) * (numerator (visited x) s # unit (visited x))
      * (1 # unit (earns x))
  | _ => step x * (1 # unit (earns x))
  end.

Definition checks_row (m : method) (n : nat) (rate : Q) (p q : shares) (x : list Q) : bool :=
  match m with
  | policy_iteration => checks_howard n p q x
  | projected_q_ascent | projected_pg _ => checks_projection n rate p q x
  | spma => checks_spma n rate p q x
  | hadamard_pg _ => checks_hadamard n rate p q x
  end.

Definition row (x : iterate) (s : nat) : shares := nth s (chooses x) (share 1 []).

Definition checks_step (T : table) (m : method) (x next : iterate) : bool :=
  visits_fit T m x && all_states T (fun s =>
    checks_row m (n_actions T) (rate T m x s) (row x s) (row next s)
      (map (loss T (earns x) s) (seq 0 (n_actions T)))).

Fixpoint checks_steps (T : table) (m : method) (l : list iterate) : bool :=
  match l with
  | x :: ((next :: _) as rest) => checks_step T m x next && checks_steps T m rest
  | _ => true
  end.

Definition mean_from_start (T : table) (v : valuation) : Q :=
  fold_right Z.add 0 (map (fun p => fst p * snd p) (combine (parts (start T)) (numerators v)))
  # whole (start T) * unit v.

Definition checks_iterate (T : table) (c : run_claim) (x : iterate) : bool :=
  checks_value T (chooses x) (earns x)
  && Qeq_bool (loses x) (mean_from_start T (best (goal c)) - mean_from_start T (earns x)).

Definition gap_in (c : run_claim) (k s : nat) : Q :=
  let (v, w) := (best (goal c), earns (iterate_of c k)) in
  (numerator v s # unit v) - (numerator w s # unit w).

Definition checks_bound (T : table) (c : run_claim) (b : bound) : bool :=
  match b with
  | mean_at_most k b => Nat.ltb k (last_one c) && Qle_bool (loses (iterate_of c k)) b
  | mean_above k b => Nat.ltb k (last_one c) && negb (Qle_bool (loses (iterate_of c k)) b)
  | worst_at_most k b =>
      Nat.ltb k (last_one c) && all_states T (fun s => Qle_bool (gap_in c k s) b)
  | worst_above k b =>
      Nat.ltb k (last_one c) && negb (all_states T (fun s => Qle_bool (gap_in c k s) b))
  end.

Definition checks_run (T : table) (c : run_claim) : bool :=
  checks_optimum T (goal c) && Nat.ltb 0 (last_one c)
  && forallb (checks_iterate T c) (iterates c)
  && checks_steps T (made_by c) (iterates c) && forallb (checks_bound T c) (bounds c).

(* A number that depends on every entry of a claim. *)
Definition of_fraction (x : Q) : list Z := [Qnum x; Zpos (Qden x)].
Definition of_shares (p : shares) : list Z := Zpos (whole p) :: parts p.
Definition of_values (v : valuation) : list Z := Zpos (unit v) :: numerators v.
Definition of_method (m : method) : list Z :=
  match m with
  | policy_iteration => [1] | projected_q_ascent => [2] | projected_pg mu => 3 :: of_shares mu
  | spma => [4] | hadamard_pg mu => 5 :: of_shares mu
  end.
Definition of_iterate (x : iterate) : list Z :=
  flat_map of_shares (chooses x) ++ of_values (earns x) ++ of_values (visited x)
  ++ of_fraction (step x) ++ of_fraction (loses x).
Definition of_bound (b : bound) : list Z :=
  match b with
  | mean_at_most k b => 1 :: Z.of_nat k :: of_fraction b
  | mean_above k b => 2 :: Z.of_nat k :: of_fraction b
  | worst_at_most k b => 3 :: Z.of_nat k :: of_fraction b
  | worst_above k b => 4 :: Z.of_nat k :: of_fraction b
  end.
Definition of_optimum (c : optimum_claim) : list Z :=
  of_values (best c) ++ flat_map (fun l => map Z.of_nat l ++ [-1]) (optimal c)
  ++ of_fraction (from_start c) ++ of_fraction (delta c).
Definition run_checksum (c : run_claim) : Z :=
  stir_all 0 (of_method (made_by c) ++ of_optimum (goal c) ++ flat_map of_iterate (iterates c)
    ++ flat_map of_bound (bounds c)).

(* ---- What they say. ---- *)
Local Open Scope R_scope.

Definition takes_step M m eta V pi next : Prop :=
  match m with
  | policy_iteration => howard_step M V pi next
  | projected_q_ascent => projected_step M V pi (fun _ => eta) next
  | projected_pg mu => exists d, is_visits M pi (chance mu) d /\
      projected_step M V pi (fun s => eta * d s / (1 - gamma M)) next
  | spma => forall s a, (s < states M)%nat -> (a < actions M)%nat ->
      next s a = spma_step M V pi eta s a
  | hadamard_pg mu => exists d, is_visits M pi (chance mu) d /\
      hadamard_step M V pi (fun s => eta * d s / (1 - gamma M)) next
  end.

Section Claim.
  Variables (T : table) (c : run_claim).
  Let M := meaning T.
  Definition policy_of (k : nat) := probability (chooses (iterate_of c k)).
  Definition value_of (k : nat) := value (earns (iterate_of c k)).
  Definition mean_gap (k : nat) : R :=
    mean (states M) (start_of T) (value (best (goal c)))
    - mean (states M) (start_of T) (value_of k).
  Definition gap (k s : nat) : R := value (best (goal c)) s - value_of k s.

  Definition bound_holds (b : bound) : Prop :=
    match b with
    | mean_at_most k b => mean_gap k <= Q2R b
    | mean_above k b => mean_gap k > Q2R b
    | worst_at_most k b => forall s, (s < states M)%nat -> gap k s <= Q2R b
    | worst_above k b => exists s, (s < states M)%nat /\ gap k s > Q2R b
    end.

  (* The values of the goal are the optimum; policy k + 1 is what the method makes of policy k; the
     values are the limits of discounted sums; gaps are as claimed, and so are bounds. *)
  Definition is_run : Prop :=
    is_optimum T (goal c) /\
    (forall k, (k < last_one c)%nat ->
       policy M (policy_of k) /\ is_value M (policy_of k) (value_of k) /\
       mean_gap k = Q2R (loses (iterate_of c k))) /\
    (forall k, (S k < last_one c)%nat ->
       takes_step M (made_by c) (Q2R (step (iterate_of c k))) (value_of k) (policy_of k)
         (policy_of (S k))) /\
    forall b, In b (bounds c) -> bound_holds b.
End Claim.
