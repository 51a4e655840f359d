(* A checker that Coq evaluates: a run of policy mirror descent in the Euclidean norm whose critic
   learns by temporal differences, and between which numbers its gaps lie. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table values optimum rows run charged quadratic.
Import ListNotations.
Local Open Scope Z_scope.

(* Numbers of states and actions, in units of 1 / out_of *)
Record grid := { out_of : positive; cells : list (list Z) }.
Definition cell (g : grid) (s a : nat) : Z := nth a (nth s (cells g) []) 0.
Definition fraction (g : grid) (s a : nat) : Q := cell g s a # out_of g.
Definition number (g : grid) (s a : nat) : R := Q2R (fraction g s a).

Record td_iterate := {
  acts : choices; (* the policy *)
  yields : valuation; (* its values, less what it pays *)
  duals : grid;
  critic : grid;
  awaits : valuation; (* what the critic before it makes of it; of the first, [no_values] *)
  loses_within : Q * Q (* between which numbers its gap lies *)
}.

Record td_claim := {
  pays : Q; (* tau *)
  learns_by : list (list Q); (* the weights of states and actions *)
  starts_off : list (list Q); (* the error of the first critic *)
  paces : list Q; (* the step size from each iterate to the next *)
  top : valuation; (* what is near the largest values, *)
  off : Q; (* and how near *)
  passes_by : list td_iterate;
  caps : list bound (* more about gaps *)
}.

Definition no_grid : grid := {| out_of := 1; cells := [] |}.
Definition no_td_iterate : td_iterate := {|
  acts := []; yields := no_values; duals := no_grid; critic := no_grid; awaits := no_values;
  loses_within := (0, 0)%Q
|}.
Definition passed (c : td_claim) (k : nat) : td_iterate := nth k (passes_by c) no_td_iterate.
Definition steps_of (c : td_claim) : nat := length (paces c).
Definition pair_of (l : list (list Q)) (s a : nat) : Q := nth a (nth s l []) 0%Q.
Definition row_in (p : choices) (s : nat) : shares := nth s p (share 1 []).

(* ---- The checks. ---- *)

Section Checks.
  Variables (T : table) (c : td_claim).
  Let tau := pays c.
  Let A := n_actions T.

  Definition squares_in (p : shares) : Z := fold_right Z.add 0 (map (fun x => x * x) (parts p)).

  (* tau |p|^2 / 2 *)
  Definition price_of (p : shares) : Q :=
    (Qnum tau * squares_in p) # (2 * Qden tau * (whole p * whole p)).

  (* (T^p v - v)(s), in units of 1 / (whole (row_in p s) * unit v) *)
  Definition rest_of (p : choices) (v : valuation) (s : nat) : Q :=
    (- (inject_Z (Zpos (unit v)) * ((Qnum tau * squares_in (row_in p s))
      # (2 * Qden tau * whole (row_in p s))))
     - sum_Q A (fun a => if weight_of p s a =? 0 then 0%Q else
         inject_Z (weight_of p s a) * loss T v s a))%Q.

  Definition checks_yield (x : td_iterate) : bool :=
    checks_policy T (acts x) && complete T (yields x)
    && all_states T (fun s => Qeq_bool (rest_of (acts x) (yields x) s) 0).

  (* Of a row, the nearest point to numbers over rate *)
  Definition checks_nearest (rate : Q) (p : shares) (losses : list Q) : bool :=
    checks_projection A rate (share 1 []) p losses.

  (* The largest gain over the values near the largest ones is that of the greedy policy. *)
  Definition checks_top (greedy : choices) : bool :=
    checks_policy T greedy && complete T (top c) && all_states T (fun s =>
      checks_nearest (/ tau * (1 # unit (top c))) (row_in greedy s)
        (map (loss T (top c) s) (seq 0 A))
      && (let most := ((inject_Z (Zpos (whole (row_in greedy s) * unit (top c)))) *
            (off c * (1 - discount T)))%Q in
          let rest := rest_of greedy (top c) s in Qle_bool rest most && Qle_bool (- most) rest)).

  Definition checks_start (x : td_iterate) : bool := all_moves T (fun s a =>
    Qeq_bool (fraction (duals x) s a) (weight_of (acts x) s a # whole (row_in (acts x) s))
    && Qeq_bool (fraction (critic x) s a)
         ((1 # unit (yields x)) * worth T (yields x) s a + pair_of (starts_off c) s a)).

  Definition checks_await (x next : td_iterate) (s : nat) : bool :=
    let p := row_in (acts next) s in
    Qeq_bool (numerator (awaits next) s # unit (awaits next))
      ((fold_right Z.add 0 (map (fun a => part p a * cell (critic x) s a) (seq 0 A))
        # whole p * out_of (critic x)) - price_of p).

  Definition checks_move (eta : Q) (x next : td_iterate) (s a : nat) : bool :=
    Qeq_bool ((1 + eta * tau) * fraction (duals next) s a)
      (fraction (duals x) s a + eta * fraction (critic x) s a)
    && (let w := pair_of (learns_by c) s a in
        Qeq_bool (fraction (critic next) s a) ((1 - w) * fraction (critic x) s a
          + w * ((1 # unit (awaits next)) * worth T (awaits next) s a))).

  Definition checks_td_step (eta : Q) (x next : td_iterate) : bool :=
    complete T (awaits next) && all_states T (fun s =>
      checks_nearest (1 # out_of (duals next)) (row_in (acts next) s)
        (map (fun a => (- cell (duals next) s a # 1)%Q) (seq 0 A))
      && checks_await x next s)
    && all_moves T (checks_move eta x next).

  Fixpoint checks_td_steps (etas : list Q) (l : list td_iterate) : bool :=
    match etas, l with
    | eta :: etas, x :: ((next :: _) as others) =>
        checks_td_step eta x next && checks_td_steps etas others
    | _, _ => true
    end.

  (* A gap is near that to [top], and it is not negative. *)
  Definition is_over (b gap : Q) : bool := Qle_bool b 0 || Qle_bool b (gap - off c).
  Definition is_under (b gap : Q) : bool := Qle_bool (gap + off c) b.
  Definition mean_short (x : td_iterate) : Q :=
    (mean_from_start T (top c) - mean_from_start T (yields x))%Q.
  Definition short_in (x : td_iterate) (s : nat) : Q :=
    ((numerator (top c) s # unit (top c)) - (numerator (yields x) s # unit (yields x)))%Q.

  Definition checks_ends (x : td_iterate) : bool :=
    let gap := mean_short x in
    is_over (fst (loses_within x)) gap && is_under (snd (loses_within x)) gap.

  Definition checks_cap (b : bound) : bool :=
    match b with
    | mean_at_most k b => Nat.leb k (steps_of c) && is_under b (mean_short (passed c k))
    | mean_above k b => Nat.leb k (steps_of c)
        && negb (Qle_bool (mean_short (passed c k) - off c) b)
    | worst_at_most k b => Nat.leb k (steps_of c)
        && all_states T (fun s => is_under b (short_in (passed c k) s))
    | worst_above k b => Nat.leb k (steps_of c)
        && existsb (fun s => negb (Qle_bool (short_in (passed c k) s - off c) b))
             (seq 0 (n_states T))
    end.

  (* The greedy policy is a guess: of it nothing has to be known. *)
  Definition checks_td (greedy : choices) : bool :=
    checks_mdp T && (0 <? Qnum tau)
    && all_moves T (fun s a => let w := pair_of (learns_by c) s a in
         (0 <? Qnum w) && Qle_bool w 1)
    && forallb (fun eta => 0 <? Qnum eta) (paces c)
    && checks_top greedy
    && Nat.eqb (length (passes_by c)) (S (steps_of c))
    && checks_start (passed c 0)
    && forallb (fun x => checks_yield x && checks_ends x) (passes_by c)
    && checks_td_steps (paces c) (passes_by c)
    && forallb checks_cap (caps c).
End Checks.

(* A number that depends on every entry of a claim. *)
Definition of_grid (g : grid) : list Z := Zpos (out_of g) :: concat (cells g).
Definition of_td_iterate (x : td_iterate) : list Z :=
  flat_map of_shares (acts x) ++ of_values (yields x) ++ of_grid (duals x) ++ of_grid (critic x)
  ++ of_values (awaits x) ++ of_fraction (fst (loses_within x))
  ++ of_fraction (snd (loses_within x)).
Definition td_checksum (c : td_claim) : Z :=
  stir_all 0 (of_fraction (pays c) ++ flat_map of_fraction (concat (learns_by c))
    ++ flat_map of_fraction (concat (starts_off c)) ++ flat_map of_fraction (paces c)
    ++ of_values (top c) ++ of_fraction (off c) ++ flat_map of_td_iterate (passes_by c)
    ++ flat_map of_bound (caps c)).

(* ---- What they say. ---- *)
Local Open Scope R_scope.

Section Claim.
  Variables (T : table) (c : td_claim).
  Let M := meaning T.
  Let tau := Q2R (pays c).
  Definition td_policy (k : nat) := probability (acts (passed c k)).
  Definition td_value (k : nat) := value (yields (passed c k)).
  Definition pair_number (l : list (list Q)) (s a : nat) : R := Q2R (pair_of l s a).

  (* [best] are the least upper bounds of the values of all policies, which pay tau |p|^2 / 2. *)
  Definition is_td_best (best : nat -> R) : Prop := is_supremum M (quadratic M tau) best.

  Definition td_gap (best : nat -> R) (k : nat) : R :=
    mean (states M) (start_of T) best - mean (states M) (start_of T) (td_value k).

  Definition cap_holds (best : nat -> R) (b : bound) : Prop :=
    match b with
    | mean_at_most k b => td_gap best k <= Q2R b
    | mean_above k b => td_gap best k > Q2R b
    | worst_at_most k b => forall s, (s < states M)%nat -> best s - td_value k s <= Q2R b
    | worst_above k b => exists s, (s < states M)%nat /\ best s - td_value k s > Q2R b
    end.

  Definition makes_td_run (pi y Q : nat -> nat -> nat -> R) (V : nat -> nat -> R) : Prop :=
    td_run M tau (fun k => Q2R (nth k (paces c) 0%Q)) (pair_number (learns_by c))
      (pair_number (starts_off c)) (steps_of c) (td_policy 0) pi y Q V.

  (* The table is an MDP, the hyper-parameters are some; the iterates are the method's; there are
     largest values, they are near [top], and gaps to them lie where the claim says. *)
  Definition is_td_run : Prop :=
    proper M /\ distribution (states M) (start_of T) /\ 0 < tau /\
    (forall s a, (s < states M)%nat -> (a < actions M)%nat ->
       0 < pair_number (learns_by c) s a <= 1) /\
    (forall eta, In eta (paces c) -> 0 < Q2R eta) /\
    makes_td_run td_policy (fun k => number (duals (passed c k)))
      (fun k => number (critic (passed c k))) td_value /\
    (exists best, is_td_best best) /\
    forall best, is_td_best best ->
      (forall s, (s < states M)%nat -> Rabs (best s - value (top c) s) <= Q2R (off c)) /\
      (forall k, (k <= steps_of c)%nat ->
         Q2R (fst (loses_within (passed c k))) <= td_gap best k
           <= Q2R (snd (loses_within (passed c k)))) /\
      forall b, In b (caps c) -> cap_holds best b.
End Claim.
