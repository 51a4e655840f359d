(* Intervals with floating-point ends, those of coq-interval, of as many bits as are asked for: what
   is computed with them encloses what is meant. Their integers are Coq's own, so that nothing is
   assumed about those of the machine. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From Interval Require Import Float.Basic Float.Specific_stdz Float.Specific_ops.
From Interval Require Import Real.Xreal Interval.Interval Interval.Float_full.
From TabularPG Require Import sums mdp.
Import ListNotations.

Module F := SpecificFloat StdZRadix2.
Module I := FloatIntervalFull F.

Definition ball := I.type.
Definition within (x : R) (b : ball) : Prop := contains (I.convert b) (Xreal x).

Definition size (x : ball) : ball := I.abs x.
Definition both (x y : ball) : ball := I.join x y.
Definition all_up_to (x : ball) : ball := I.join x (I.neg x). (* for x of sizes *)

(* An interval around all of them; there is at least one. *)
Fixpoint hull (n : nat) (f : nat -> ball) : ball :=
  match n with O => f O | S k => both (hull k f) (f k) end.

Local Open Scope R_scope.

Lemma anything x b : contains (I.convert b) Xnan -> within x b.
Proof. unfold within. destruct (I.convert b); simpl; intros H; [exact I|contradiction]. Qed.

Lemma within_size x a : within x a -> within (Rabs x) (size a).
Proof. intros Hx. exact (I.abs_correct a _ Hx). Qed.

Lemma within_left x a b : within x a -> within x (both a b).
Proof. intros H. apply I.join_correct. auto. Qed.

Lemma within_right x a b : within x b -> within x (both a b).
Proof. intros H. apply I.join_correct. auto. Qed.

Lemma within_between x y z a : within x a -> within y a -> x <= z <= y -> within z a.
Proof. intros Hx Hy H. exact (contains_connected _ x y Hx Hy z H). Qed.

Lemma within_all_up_to x y a : within y a -> Rabs x <= y -> within x (all_up_to a).
Proof.
  intros Hy Hx. apply abs_between in Hx. apply within_between with (- y) y; [| |exact Hx].
  - apply I.join_correct. right. exact (I.neg_correct a _ Hy).
  - apply I.join_correct. left. exact Hy.
Qed.

Lemma within_hull n f g k :
  (forall i, (i < n)%nat -> within (f i) (g i)) -> (k < n)%nat -> within (f k) (hull n g).
Proof.
  induction n; intros H Hk; [lia|]. cbn [hull]. destruct (Nat.eq_dec k n) as [->|].
  - apply within_right. auto.
  - apply within_left, IHn; [auto|lia].
Qed.

Section Balls.
  Variable bits : positive.
  Let p := F.PtoP bits.

  Definition of_Z (z : Z) : ball := I.fromZ p z.
  Definition of_Q (q : Q) : ball := I.div p (of_Z (Qnum q)) (of_Z (Zpos (Qden q))).
  Definition plus (x y : ball) : ball := I.add p x y.
  Definition minus (x y : ball) : ball := I.sub p x y.
  Definition times (x y : ball) : ball := I.mul p x y.
  Definition over (x y : ball) : ball := I.div p x y.
  Fixpoint sum_balls (n : nat) (f : nat -> ball) : ball :=
    match n with O => of_Z 0 | S k => plus (sum_balls k f) (f k) end.

  (* x < 0 for every x in it *)
  Definition negative (x : ball) : bool :=
    match I.sign_strict x with Xlt => true | _ => false end.
  Definition below (x y : ball) : bool := negative (minus x y).
  (* Nothing is said of large powers, which wild guesses lead to: they take long. *)
  Definition power_of_e (x : ball) : ball :=
    if below (size x) (of_Z 16384) then I.exp p x else I.nai.

  Definition log_of (x : ball) : ball := I.ln p x.

  Lemma within_Z z : within (IZR z) (of_Z z).
  Proof. apply I.fromZ_correct. Qed.

  Lemma within_over x y a b : within x a -> within y b -> within (x / y) (over a b).
  Proof.
    intros Hx Hy. pose proof (I.div_correct p a b _ _ Hx Hy) as H. simpl in H.
    unfold Xdiv' in H. destruct (is_zero y); [apply anything, H|exact H].
  Qed.

  Lemma within_Q q : within (Q2R q) (of_Q q).
  Proof. apply within_over; apply within_Z. Qed.

  Lemma within_plus x y a b : within x a -> within y b -> within (x + y) (plus a b).
  Proof. intros Hx Hy. exact (I.add_correct p a b _ _ Hx Hy). Qed.

  Lemma within_minus x y a b : within x a -> within y b -> within (x - y) (minus a b).
  Proof. intros Hx Hy. exact (I.sub_correct p a b _ _ Hx Hy). Qed.

  Lemma within_times x y a b : within x a -> within y b -> within (x * y) (times a b).
  Proof. intros Hx Hy. exact (I.mul_correct p a b _ _ Hx Hy). Qed.

  Lemma within_exp x a : within x a -> within (exp x) (power_of_e a).
  Proof.
    intros Hx. unfold power_of_e. destruct (below _ _); [exact (I.exp_correct p a _ Hx)|exact I].
  Qed.

  Lemma within_log x a : within x a -> within (ln x) (log_of a).
  Proof.
    intros Hx. pose proof (I.ln_correct p a _ Hx) as H. simpl in H. unfold Xln' in H.
    destruct (is_positive x); [exact H|apply anything, H].
  Qed.

  Lemma within_sum n f g :
    (forall i, (i < n)%nat -> within (f i) (g i)) -> within (sum n f) (sum_balls n g).
  Proof.
    induction n; intros H; [apply (within_Z 0)|]. apply within_plus; auto with arith.
  Qed.

  Lemma below_is_below x y a b : within x a -> within y b -> below a b = true -> x < y.
  Proof.
    intros Hx Hy H. pose proof (within_minus x y a b Hx Hy) as Hxy. unfold below, negative in H.
    pose proof (I.sign_strict_correct (minus a b)) as Hsign.
    destruct (I.sign_strict (minus a b)); try discriminate.
    destruct (Hsign _ Hxy) as [_ Hneg]. simpl in Hneg. lra.
  Qed.
End Balls.

(* ---- Tables of them, so that nothing is computed twice. ---- *)

Definition row_of {B} (n : nat) (f : nat -> B) : list B := map f (seq 0 n).
Definition entry_of (x : list ball) (i : nat) : ball := nth i x I.nai.
Definition row_at {B} (x : list (list B)) (s : nat) : list B := nth s x [].

Lemma nth_row_of {B} n (f : nat -> B) i d : (i < n)%nat -> nth i (row_of n f) d = f i.
Proof.
  intros Hi. unfold row_of. rewrite nth_indep with (d' := f 0%nat)
    by now rewrite map_length, seq_length.
  rewrite map_nth, seq_nth by exact Hi. reflexivity.
Qed.
