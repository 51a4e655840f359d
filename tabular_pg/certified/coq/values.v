(* A checker that Coq evaluates: numbers are the value of a policy. It is sound for all MDPs. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table.
Import ListNotations.
Local Open Scope Z_scope.

(* Values have one common denominator, so that no fraction is ever reduced. *)
Record valuation := { unit : positive; numerators : list Z }.

Definition numerator (v : valuation) (s : nat) : Z := nth s (numerators v) 0%Z.
Definition value (v : valuation) (s : nat) : R := ratio (numerator v s) (unit v).

(* Q(s, a) of a valuation, in units of 1 / unit. *)
Definition worth (T : table) (v : valuation) (s a : nat) : Q :=
  let m := move_of T s a in
  let small := Qnum (gains m) * Zpos (Qden (discount T) * total m) in
  (small * Zpos (unit v)
   + Qnum (discount T) * Zpos (Qden (gains m)) * weighed (numerator v) (leads m))%Z
  # (Qden (gains m) * Qden (discount T) * total m).

(* V(s) - Q(s, a), in the same units. *)
Definition loss (T : table) (v : valuation) (s a : nat) : Q :=
  let q := worth T v s a in (Zpos (Qden q) * numerator v s - Qnum q)%Z # Qden q.

Definition complete (T : table) (v : valuation) : bool :=
  Nat.eqb (length (numerators v)) (n_states T).

Definition all_states (T : table) (check : nat -> bool) : bool :=
  forallb check (seq 0 (n_states T)).
Definition all_moves (T : table) (check : nat -> nat -> bool) : bool :=
  all_states T (fun s => forallb (check s) (seq 0 (n_actions T))).

(* ---- The value of a policy. ---- *)

(* A policy: the distribution over actions of every state. *)
Definition choices := list shares.

Definition weight_of (p : choices) (s a : nat) : Z := nth a (parts (nth s p (share 1 []))) 0.
Definition probability (p : choices) (s a : nat) : R :=
  ratio (weight_of p s a) (whole (nth s p (share 1 []))).

Definition checks_policy (T : table) (p : choices) : bool :=
  Nat.eqb (length p) (n_states T) && forallb (checks_shares (n_actions T)) p.

Fixpoint sum_Q (n : nat) (f : nat -> Q) : Q :=
  match n with O => 0%Q | S k => (sum_Q k f + f k)%Q end.

(* sum_a pi(a | s) (V(s) - Q(s, a)) = 0 in every state *)
Definition checks_value (T : table) (p : choices) (v : valuation) : bool :=
  checks_mdp T && checks_policy T p && complete T v && all_states T (fun s =>
    Qeq_bool 0 (sum_Q (n_actions T) (fun a => if weight_of p s a =? 0 then 0%Q else
      inject_Z (weight_of p s a) * loss T v s a)%Q)).

(* ---- Its soundness. ---- *)
Local Open Scope R_scope.

Lemma all_states_forall T check :
  all_states T check = true -> forall s, (s < n_states T)%nat -> check s = true.
Proof.
  unfold all_states. rewrite forallb_forall. intros H s Hs. apply H, in_seq. lia.
Qed.

Lemma all_moves_forall T check :
  all_moves T check = true ->
  forall s a, (s < n_states T)%nat -> (a < n_actions T)%nat -> check s a = true.
Proof.
  intros H s a Hs Ha. pose proof (all_states_forall _ _ H s Hs) as Hrow. cbv beta in Hrow.
  rewrite forallb_forall in Hrow. apply Hrow, in_seq. lia.
Qed.

Lemma Q2R_make n d : Q2R (n # d) = ratio n d.
Proof. reflexivity. Qed.

Lemma worth_is_Q T v s a :
  checks_mdp T = true -> (s < n_states T)%nat -> (a < n_actions T)%nat ->
  Q2R (worth T v s a) = IZR (Zpos (unit v)) * Qof (meaning T) (value v) s a.
Proof.
  intros H Hs Ha. pose proof (checked_move_fits T s a H Hs Ha) as Hfit.
  unfold Qof. cbn [meaning states P r gamma]. rewrite (mean_of_move _ _ _ Hfit).
  assert (weighed_R (value v) (leads (move_of T s a)) =
          IZR (weighed (numerator v) (leads (move_of T s a))) / IZR (Zpos (unit v))) as ->.
  { rewrite weighed_is_weighed_R. generalize (leads (move_of T s a)). intros l.
    induction l as [|[w t] l IH]; simpl; [lra|].
    rewrite IH. unfold value, ratio, Rdiv. ring. }
  unfold worth. rewrite Q2R_make. unfold ratio, Q2R.
  rewrite plus_IZR, !mult_IZR, !Pos2Z.inj_mul, !mult_IZR.
  pose proof (total_positive (unit v)). pose proof (total_positive (Qden (discount T))).
  pose proof (total_positive (total (move_of T s a))).
  pose proof (total_positive (Qden (gains (move_of T s a)))).
  field. repeat split; lra.
Qed.

Lemma loss_is_loss T v s a :
  checks_mdp T = true -> (s < n_states T)%nat -> (a < n_actions T)%nat ->
  Q2R (loss T v s a) = IZR (Zpos (unit v)) * (value v s - Qof (meaning T) (value v) s a).
Proof.
  intros H Hs Ha. rewrite Rmult_minus_distr_l, <- (worth_is_Q T v s a H Hs Ha).
  unfold loss. destruct (worth T v s a) as [n d]. cbn [Qnum Qden].
  rewrite !Q2R_make. unfold value, ratio. rewrite minus_IZR, mult_IZR.
  pose proof (total_positive (unit v)). pose proof (total_positive d).
  field. split; lra.
Qed.

Lemma sum_of_list l : sum (length l) (fun i => IZR (nth i l 0%Z)) = IZR (fold_right Z.add 0%Z l).
Proof.
  induction l as [|x l IH]; [reflexivity|].
  cbn [length fold_right]. rewrite sum_shift, plus_IZR, <- IH. reflexivity.
Qed.

Lemma shares_are_a_distribution n p :
  checks_shares n p = true ->
  distribution n (fun i => ratio (nth i (parts p) 0%Z) (whole p)).
Proof.
  unfold checks_shares. rewrite !andb_true_iff. intros [[Hlen Hpos] Hsum].
  apply Nat.eqb_eq in Hlen. apply Z.eqb_eq in Hsum. subst n. split.
  - intros i Hi. apply ratio_nonneg. rewrite forallb_forall in Hpos.
    apply Z.leb_le, Hpos, nth_In, Hi.
  - rewrite (sum_ext _ _ (fun i => / IZR (Zpos (whole p)) * IZR (nth i (parts p) 0%Z)))
      by (intros; unfold ratio, Rdiv; ring).
    rewrite sum_scale, sum_of_list, Hsum. apply Rinv_l, Rgt_not_eq, total_positive.
Qed.

Lemma checked_policy_is_policy T p :
  checks_policy T p = true -> policy (meaning T) (probability p).
Proof.
  unfold checks_policy. rewrite andb_true_iff, forallb_forall. intros [Hlen H] s Hs.
  apply Nat.eqb_eq in Hlen. apply shares_are_a_distribution, H, nth_In. now rewrite Hlen.
Qed.

Lemma Q2R_sum n f : Q2R (sum_Q n f) = sum n (fun i => Q2R (f i)).
Proof. induction n; [apply RMicromega.Q2R_0|]. simpl. rewrite Q2R_plus, IHn. reflexivity. Qed.

(* Numbers that pass are the limits of the policy's discounted rewards. *)
Theorem checks_value_sound T p v :
  checks_value T p v = true ->
  proper (meaning T) /\ policy (meaning T) (probability p) /\
  is_value (meaning T) (probability p) (value v).
Proof.
  unfold checks_value. rewrite !andb_true_iff. intros [[[HM Hp] _] H].
  pose proof (checked_table_is_proper T HM) as Hproper.
  pose proof (checked_policy_is_policy T p Hp) as Hpolicy.
  split; [exact Hproper|]. split; [exact Hpolicy|].
  apply solution_is_value; auto. intros s Hs.
  pose proof (all_states_forall _ _ H s Hs) as Hrow. cbv beta in Hrow.
  apply Qeq_bool_iff, Qeq_eqR in Hrow. rewrite RMicromega.Q2R_0, Q2R_sum in Hrow.
  pose proof (total_positive (unit v)) as Hunit. pose proof (Hpolicy s Hs) as Hrho.
  pose proof (total_positive (whole (nth s p (share 1 [])))) as Hw.
  assert (0 = IZR (Zpos (whole (nth s p (share 1 [])))) * (IZR (Zpos (unit v)) *
    mean (n_actions T) (probability p s) (fun a => value v s - Qof (meaning T) (value v) s a))).
  { unfold mean. rewrite <- !sum_scale. rewrite Hrow at 1. apply sum_ext. intros a Ha.
    destruct (weight_of p s a =? 0)%Z eqn:E0.
    { apply Z.eqb_eq in E0. rewrite RMicromega.Q2R_0. unfold probability, ratio. rewrite E0. field.
      lra. }
    rewrite Q2R_mult, loss_is_loss by auto. unfold probability, ratio, inject_Z, Q2R. simpl.
    field. lra. }
  rewrite mean_minus, (mean_const _ _ _ Hrho) in H0. unfold backup. cbn [meaning actions].
  destruct (Rmult_integral _ _ (eq_sym H0)) as [|H1]; [lra|].
  destruct (Rmult_integral _ _ H1); lra.
Qed.

