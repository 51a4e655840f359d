(* An MDP as a table of integers, and what the table means in the reals. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp.
Import ListNotations.
Local Open Scope Z_scope.

(* What an action does: its expected reward, and next states with their weights out of a total. *)
Record move := does { gains : Q; total : positive; leads : list (positive * nat) }.

(* A distribution: a total, and the weights of 0, 1, 2, ... out of it. *)
Record shares := share { whole : positive; parts : list Z }.

Record table := {
  discount : Q;
  start : shares;
  moves : list (list move) (* by state, then by action *)
}.

Declare Scope table_scope.
Delimit Scope table_scope with table.
Notation "w 'to' t" := (w%positive, t%nat)
  (at level 30, no associativity, only parsing) : table_scope.

Definition nothing : move := does 0 1 [].
Definition move_of (T : table) (s a : nat) : move := nth a (nth s (moves T) []) nothing.
Definition n_states (T : table) : nat := length (moves T).
Definition n_actions (T : table) : nat := length (nth 0 (moves T) []).

Definition ratio (n : Z) (d : positive) : R := (IZR n / IZR (Zpos d))%R.

Fixpoint weight (l : list (positive * nat)) (t : nat) : Z :=
  match l with
  | [] => 0
  | (w, k) :: rest => (if Nat.eqb t k then Zpos w else 0) + weight rest t
  end.

Definition meaning (T : table) : MDP := {|
  states := n_states T;
  actions := n_actions T;
  P := fun s a t => let m := move_of T s a in ratio (weight (leads m) t) (total m);
  r := fun s a => Q2R (gains (move_of T s a));
  gamma := Q2R (discount T)
|}.

Definition start_of (T : table) (s : nat) : R :=
  ratio (nth s (parts (start T)) 0) (whole (start T)).

(* ---- The checks that a table is an MDP. ---- *)

(* sum of w x(t) over the entries (w, t) *)
Fixpoint weighed (x : nat -> Z) (l : list (positive * nat)) : Z :=
  match l with [] => 0 | (w, t) :: rest => Zpos w * x t + weighed x rest end.

Definition fits (n : nat) (m : move) : bool :=
  forallb (fun e => Nat.ltb (snd e) n) (leads m)
  && (weighed (fun _ => 1%Z) (leads m) =? Zpos (total m))%Z.

Definition checks_shares (n : nat) (p : shares) : bool :=
  Nat.eqb (length (parts p)) n && forallb (Z.leb 0) (parts p)
  && (fold_right Z.add 0 (parts p) =? Zpos (whole p)).

Definition checks_mdp (T : table) : bool :=
  Nat.ltb 0 (n_states T) && Nat.ltb 0 (n_actions T)
  && Qle_bool 0 (discount T) && negb (Qle_bool 1 (discount T))
  && forallb (fun row => Nat.eqb (length row) (n_actions T) && forallb (fits (n_states T)) row)
       (moves T)
  && checks_shares (n_states T) (start T).

(* A number that depends on every entry, so that no digit of a table is changed unnoticed. *)
Definition stir (h x : Z) : Z := (h * 31 + x) mod 2147483647.
Definition stir_all (h : Z) (l : list Z) : Z := stir (fold_left stir l h) (-1).
Definition stir_move (h : Z) (m : move) : Z :=
  stir_all h (Qnum (gains m) :: Zpos (Qden (gains m)) :: Zpos (total m)
    :: flat_map (fun e => [Zpos (fst e); Z.of_nat (snd e)]) (leads m)).
Definition checksum (T : table) : Z :=
  fold_left (fun h row => stir (fold_left stir_move row h) (-2)) (moves T)
    (stir_all 0 (Qnum (discount T) :: Zpos (Qden (discount T)) :: Zpos (whole (start T))
      :: parts (start T))).

(* ---- Sums over a table's entries are sums over all states. ---- *)
Local Open Scope R_scope.

Fixpoint weighed_R (f : nat -> R) (l : list (positive * nat)) : R :=
  match l with [] => 0 | (w, t) :: rest => IZR (Zpos w) * f t + weighed_R f rest end.

Lemma weight_nonneg l t : (0 <= weight l t)%Z.
Proof. induction l as [|[w k] l IH]; simpl; [lia|]. destruct (Nat.eqb t k); lia. Qed.

Lemma sum_of_weights n l f :
  forallb (fun e => Nat.ltb (snd e) n) l = true ->
  sum n (fun t => IZR (weight l t) * f t) = weighed_R f l.
Proof.
  induction l as [|[w k] l IH]; simpl; intros H.
  - transitivity (sum n (fun _ => 0)); [apply sum_ext; intros; lra|apply sum_zero].
  - apply andb_prop in H as [Hk Hl]. apply Nat.ltb_lt in Hk. rewrite <- (IH Hl).
    rewrite <- (sum_point n k (IZR (Zpos w)) f Hk), <- sum_plus. apply sum_ext.
    intros i _. rewrite plus_IZR. destruct (Nat.eqb i k); simpl; lra.
Qed.

Lemma weighed_is_weighed_R x l : IZR (weighed x l) = weighed_R (fun t => IZR (x t)) l.
Proof.
  induction l as [|[w k] l IH]; [reflexivity|].
  cbn [weighed weighed_R]. rewrite plus_IZR, mult_IZR, IH. reflexivity.
Qed.

Lemma total_positive d : 0 < IZR (Zpos d).
Proof. apply IZR_lt. lia. Qed.

Lemma ratio_nonneg n d : (0 <= n)%Z -> 0 <= ratio n d.
Proof.
  intros H. apply Rmult_le_pos; [apply IZR_le, H|].
  apply Rlt_le, Rinv_0_lt_compat, total_positive.
Qed.

Lemma mean_of_move n m f :
  fits n m = true ->
  mean n (fun t => ratio (weight (leads m) t) (total m)) f =
  weighed_R f (leads m) / IZR (Zpos (total m)).
Proof.
  intros H. apply andb_prop in H as [H _]. rewrite <- (sum_of_weights n _ f H).
  unfold mean, Rdiv. rewrite Rmult_comm, <- sum_scale. apply sum_ext.
  intros; unfold ratio, Rdiv; ring.
Qed.

Lemma fits_is_distribution n m :
  fits n m = true -> distribution n (fun t => ratio (weight (leads m) t) (total m)).
Proof.
  intros H. split; [intros; apply ratio_nonneg, weight_nonneg|].
  transitivity (mean n (fun t => ratio (weight (leads m) t) (total m)) (fun _ => 1));
    [apply sum_ext; intros; ring|].
  rewrite (mean_of_move _ _ _ H). apply andb_prop in H as [_ H]. apply Z.eqb_eq in H.
  rewrite <- H, weighed_is_weighed_R. apply Rinv_r. rewrite <- weighed_is_weighed_R, H.
  apply Rgt_not_eq, total_positive.
Qed.

Lemma checked_move_fits T s a :
  checks_mdp T = true -> (s < n_states T)%nat -> (a < n_actions T)%nat ->
  fits (n_states T) (move_of T s a) = true.
Proof.
  intros H Hs Ha. unfold checks_mdp in H. rewrite !andb_true_iff in H.
  destruct H as [[_ H] _]. rewrite forallb_forall in H.
  specialize (H (nth s (moves T) []) (nth_In _ _ Hs)).
  apply andb_prop in H as [Hlen H]. apply Nat.eqb_eq in Hlen. rewrite forallb_forall in H.
  apply H, nth_In. rewrite Hlen. exact Ha.
Qed.

Lemma discount_checked T : checks_mdp T = true -> 0 <= Q2R (discount T) < 1.
Proof.
  unfold checks_mdp. rewrite !andb_true_iff. intros [[[[_ H0] H1] _] _]. split.
  - rewrite <- RMicromega.Q2R_0. apply Qle_Rle, Qle_bool_iff, H0.
  - rewrite <- RMicromega.Q2R_1. apply Qlt_Rlt, Qnot_le_lt. intros H.
    apply Qle_bool_iff in H. now rewrite H in H1.
Qed.

Theorem checked_table_is_proper T : checks_mdp T = true -> proper (meaning T).
Proof.
  intros H. pose proof H as Hall. unfold checks_mdp in H. rewrite !andb_true_iff in H.
  destruct H as [[[[[HS HA] _] _] _] _]. apply Nat.ltb_lt in HS. apply Nat.ltb_lt in HA.
  split; [exact HS|]. split; [exact HA|]. split; [apply discount_checked, Hall|].
  intros s a Hs Ha. apply fits_is_distribution, checked_move_fits; auto.
Qed.
