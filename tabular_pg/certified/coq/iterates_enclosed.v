(* The intervals of enclosures.v enclose the iterates of every run, for all MDPs and methods. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp improvement multiplicative table values rows run.
From TabularPG Require Import run_soundness softmax entropy balls enclosures policies_enclosed.
From TabularPG Require Import values_enclosed.
Import ListNotations.
Local Open Scope R_scope.

Lemma distances_step bits T c logs k x g h l :
  let w := weights bits T c x in
  let z := masses bits T w in
  let p := chances bits T w z in
  let gains := table_of T (fun s a => of_Q bits (gain T (near g) s a)) in
  let paid := prices bits T c logs x (commons bits T c z) in
  let far := distance bits T p gains paid in
  distances bits T c logs k x (g :: h :: l) = (near g, far) ::
    distances bits T c logs (Datatypes.S k)
      (next bits T c (rate c k) p x (ahead bits T gains far) logs paid far (seen g)) (h :: l).
Proof. reflexivity. Qed.

Section Iterates.
  Variables (bits : positive) (T : table) (c : softmax_claim).
  Hypotheses (HM : checks_mdp T = true) (Hbegins : checks_policy T (begins c) = true).
  Hypotheses (Haim : checks_aim T c = true) (Hmethod : checks_method T c = true).
  Let M := meaning T.
  Let A := n_actions T.
  Let tau := Q2R (tau_of c).
  Let first := probability (begins c).
  Let logs := first_logs bits T c.
  Let Hfirst : policy M first := checked_policy_is_policy T (begins c) Hbegins.

  (* ---- One step. ---- *)

  Section Step.
    Variables (theta pi after : nat -> nat -> R) (x : list (list ball)) (V : nat -> R).
    Variables (v d : valuation) (eta : Q).
    Hypotheses (Hx : all_within T theta x) (Htheta : follows T c theta pi).
    Hypotheses (Hpi : policy M pi) (HV : is_value (soft M tau pi) pi V).
    Hypothesis Hstep : softmax_step (soft M tau pi) (under (moved_by c)) (Q2R eta) V pi after.
    Let w := weights bits T c x.
    Let z := masses bits T w.
    Let p := chances bits T w z.
    Let gains := table_of T (fun s a => of_Q bits (gain T v s a)).
    Let paid_here := prices bits T c logs x (commons bits T c z).
    Let far := distance bits T p gains paid_here.
    Let q := ahead bits T gains far.
    Let Hq := ahead_is_right bits T c HM Hbegins Haim theta pi x V v Hx Htheta Hpi HV.
    Let Hp := chances_are_right bits T c Hbegins theta pi x Hx Htheta.

    Lemma soft_advantage_is s a :
      (s < n_states T)%nat -> (a < A)%nat ->
      advantage (soft M tau pi) V s a = advantage M V s a - paid T c theta s a.
    Proof.
      intros Hs Ha. rewrite soft_advantage. f_equal.
      apply (entropy_is_paid T c Hbegins Haim theta pi Htheta s a Hs Ha).
    Qed.

    (* What is added to theta, up to what all actions of a state have in common *)
    Lemma follows_next theta' (g : nat -> nat -> R) (h : nat -> R) :
      (forall s a, (s < n_states T)%nat -> (a < A)%nat ->
         after s a = reweighted A (pi s) (g s) a) ->
      (forall s a, (s < n_states T)%nat -> (a < A)%nat -> theta s a + g s a = theta' s a + h s) ->
      follows T c theta' after.
    Proof.
      intros E Hg s a Hs Ha. rewrite E by auto.
      rewrite <- (reweighted_shifted A _ (theta' s) (h s)) by (apply Hfirst, Hs).
      rewrite (reweighted_ext A (pi s) (reweighted A (first s) (theta s)) (g s) (g s)) by auto.
      rewrite reweighted_twice by (apply Hfirst, Hs).
      apply reweighted_ext; auto.
    Qed.

    Definition natural_theta s a : R :=
      (1 - Q2R eta * tau) * theta s a
      + Q2R eta * ((Qof M V s a - value v s) - first_log c s a).

    Lemma natural_next_is_right :
      softmax_step (soft M tau pi) None (Q2R eta) V pi after ->
      follows T c natural_theta after /\
        all_within T natural_theta (natural_next bits T c eta x q logs).
    Proof.
      intros Hafter. split.
      - apply follows_next with (natural_growth (soft M tau pi) V (Q2R eta))
          (fun s => Q2R eta * (value v s - V s + common_log T c theta s)); [exact Hafter|].
        intros s a Hs Ha. unfold natural_growth, natural_theta.
        rewrite soft_advantage_is by auto. unfold paid, advantage. fold tau. ring.
      - apply within_table. intros s a Hs Ha. apply within_plus; apply within_times.
        + replace (1 - Q2R eta * tau) with (Q2R (1 - eta * tau_of c)); [apply within_Q|].
          rewrite Q2R_minus, Q2R_mult, Q2R_one. reflexivity.
        + apply Hx; auto.
        + apply within_Q.
        + apply within_minus; [apply Hq; auto|apply first_logs_are_right; auto].
    Qed.

    Lemma gradient_next_is_right mu f :
      checks_shares (n_states T) mu = true -> is_visits M pi (chance mu) f ->
      all_within T (fun s a => theta s a + gradient_growth (soft M tau pi) V pi f (Q2R eta) s a)
        (gradient_next bits T eta p x q paid_here far mu d).
    Proof.
      intros Hmu Hf s a Hs Ha. unfold gradient_next.
      match goal with |- within _ (at_pair (row_of _ ?f) _ _) =>
        rewrite (at_row T f _ s a Hs Ha (fun s => eq_refl)) end.
      apply within_plus; [apply Hx; auto|].
      apply within_times; [|apply within_times; [apply Hp; auto|]].
      - apply within_over; [|apply within_rest]. apply within_times; [apply within_Q|].
        replace (f s) with (value d s + (f s - value d s)) by ring.
        apply within_plus; [apply within_Q|].
        apply (visits_distance_is_right bits T c HM Hbegins theta pi x Hx Htheta Hpi); auto.
      - rewrite soft_advantage_is by auto. unfold advantage.
        replace (Qof M V s a - V s) with (Qof M V s a - value v s - (V s - value v s)) by ring.
        apply within_minus; [apply within_minus|apply (prices_are_right bits T c theta x Hx); auto].
        + apply Hq; auto.
        + apply (distance_is_right bits T c HM Hbegins Haim theta pi x V v); auto.
    Qed.

    Lemma next_is_right :
      exists theta', follows T c theta' after /\
        all_within T theta' (next bits T c eta p x q logs paid_here far d).
    Proof.
      pose proof Hmethod as Hmu. unfold checks_method in Hmu. unfold next.
      destruct (moved_by c) as [|mu|]; [exists natural_theta|
        |exists natural_theta]; try exact (natural_next_is_right Hstep).
      destruct Hstep as [f [Hf Hafter]].
      eexists. split; [|exact (gradient_next_is_right mu f Hmu (soft_visits _ _ _ _ _ _ Hf))].
      apply follows_next with (gradient_growth (soft M tau pi) V pi f (Q2R eta)) (fun _ => 0);
        [exact Hafter|]. intros s a Hs Ha. ring.
    Qed.
  End Step.

  (* ---- A run. ---- *)

  Variables (pi : nat -> nat -> nat -> R) (V : nat -> nat -> R).
  Hypothesis Hrun : is_softmax_run T c pi V.

  Lemma distances_are_right l k x theta :
    all_within T theta x -> follows T c theta (pi k) ->
    forall j, (j < length l)%nat -> (k + j <= last_of c)%nat ->
    let found := nth j (distances bits T c logs k x l) (no_distance bits) in
    forall s, (s < n_states T)%nat -> within (V (k + j)%nat s - value (fst found) s) (snd found).
  Proof.
    revert k x theta. induction l as [|g l IH]; intros k x theta Hx Htheta j Hj Hlast;
      [simpl in Hj; lia|].
    assert (k <= last_of c)%nat as Hk by lia. pose proof Hrun as (_ & HV & Hsteps).
    destruct (HV k Hk) as [Hpi HVk].
    destruct j as [|j].
    - rewrite Nat.add_0_r. cbn [distances nth fst snd].
      apply (distance_is_right bits T c HM Hbegins Haim theta (pi k) x (V k) (near g)); auto.
    - destruct l as [|h l]; [simpl in Hj; lia|].
      rewrite distances_step. simpl nth.
      destruct (next_is_right theta (pi k) (pi (Datatypes.S k)) x (V k) (near g) (seen g)
        (rate c k) Hx Htheta Hpi HVk (Hsteps k ltac:(lia))) as (theta' & Hnext & Hx').
      replace (k + Datatypes.S j)%nat with (Datatypes.S k + j)%nat by lia.
      apply (IH (Datatypes.S k) _ theta' Hx' Hnext); [|lia]. simpl in *. lia.
  Qed.

  Lemma all_distances_are_right l k :
    (k < length l)%nat -> (k <= last_of c)%nat ->
    let x := distances bits T c logs 0 (table_of T (fun _ _ => of_Z bits 0)) l in
    let found := nth k x (no_distance bits) in
    forall s, (s < n_states T)%nat -> within (V k s - value (fst found) s) (snd found).
  Proof.
    apply (distances_are_right l 0 _ (fun _ _ => 0)).
    - apply within_table. intros. apply within_Z.
    - intros s a Hs Ha. destruct Hrun as (Hstart & _). rewrite Hstart by auto.
      change (first s a = reweighted A (first s) (fun _ => 0) a). unfold reweighted. rewrite exp_0.
      rewrite (mean_const A (first s) 1) by (apply Hfirst; auto). field.
  Qed.
End Iterates.
