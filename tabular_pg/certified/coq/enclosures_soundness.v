(* What softmax_gaps.v's checker accepts is true of every run: for all MDPs, methods and claims. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table values optimum run run_soundness softmax entropy.
From TabularPG Require Import balls enclosures policies_enclosed values_enclosed iterates_enclosed
  softmax_gaps.
Import ListNotations.
Local Open Scope R_scope.

Section Gaps.
  Variables (bits : positive) (T : table) (best : nat -> R) (V : nat -> nat -> R).
  Hypothesis HM : checks_mdp T = true.
  Variables (k : nat) (top x : valuation * ball).
  Hypothesis Htop : forall s, (s < n_states T)%nat ->
    within (best s - value (fst top) s) (snd top).
  Hypothesis Hx : forall s, (s < n_states T)%nat ->
    within (V k s - value (fst x) s) (snd x).

  Lemma gap_at_is_right s :
    (s < n_states T)%nat -> within (best s - V k s) (gap_at bits top x s).
  Proof.
    intros Hs. replace (best s - V k s) with
      (Q2R (share_of (fst top) s - share_of (fst x) s)
       + ((best s - value (fst top) s) - (V k s - value (fst x) s))).
    - apply within_plus; [apply within_Q|apply within_minus; auto].
    - rewrite Q2R_minus. change (Q2R (share_of ?v s)) with (value v s). ring.
  Qed.

  Lemma gap_is_right :
    complete T (fst top) = true -> complete T (fst x) = true ->
    within (mean_loss T best V k) (gap_ball bits T top x).
  Proof.
    intros Hbest Hfull. unfold mean_loss, gap_ball.
    pose proof (start_is_distribution T HM) as Hstart.
    pose proof (proj1 (checked_table_is_proper T HM)) as HS.
    replace (mean (states (meaning T)) (start_of T) best
      - mean (states (meaning T)) (start_of T) (V k)) with
      (Q2R (mean_from_start T (fst top) - mean_from_start T (fst x))
       + (mean (n_states T) (start_of T) (fun s => best s - value (fst top) s)
          - mean (n_states T) (start_of T) (fun s => V k s - value (fst x) s))).
    - apply within_plus; [apply within_Q|]. apply within_minus; apply within_mean; auto.
    - rewrite Q2R_minus, !mean_from_start_is_mean, !mean_minus by auto.
      cbn [meaning states]. ring.
  Qed.

  Lemma is_below_is_right y b q : within y b -> is_below bits b q = true -> y < Q2R q.
  Proof. intros Hy. apply below_is_below; [exact Hy|apply within_Q]. Qed.

  Lemma is_above_is_right y b q : within y b -> is_above bits b q = true -> Q2R q < y.
  Proof. intros Hy. apply below_is_below; [apply within_Q|exact Hy]. Qed.

  Lemma limit_is_right b :
    complete T (fst top) = true -> complete T (fst x) = true ->
    iterate_of b = k -> checks_limit bits T top x b = true -> limit_holds T best V b.
  Proof.
    intros Hbest Hfull Ek H. pose proof (gap_is_right Hbest Hfull) as Hgap.
    destruct b as [k' b|k' b|k' b|k' b]; cbn [iterate_of checks_limit limit_holds] in *;
      subst k'.
    - apply Rlt_le, (is_below_is_right _ _ _ Hgap), H.
    - apply Rlt_gt, (is_above_is_right _ _ _ Hgap), H.
    - intros s Hs. pose proof (all_states_forall _ _ H s Hs) as Hb.
      apply Rlt_le, (is_below_is_right _ _ _ (gap_at_is_right s Hs)), Hb.
    - apply existsb_exists in H as [s [Hs Hb]]. apply in_seq in Hs.
      assert (s < n_states T)%nat as Hin by lia. exists s. split; [exact Hin|].
      apply Rlt_gt, (is_above_is_right _ _ _ (gap_at_is_right s Hin)), Hb.
  Qed.
End Gaps.

(* ---- The largest values. ---- *)

Lemma aim_has_an_mdp T c : checks_aim T c = true -> checks_mdp T = true.
Proof.
  unfold checks_aim, checks_optimum. destruct (aim c); rewrite !andb_true_iff; tauto.
Qed.

Lemma there_are_largest_values T c :
  checks_aim T c = true -> exists best, is_largest T c best.
Proof.
  intros H. pose proof (aim_has_an_mdp T c H) as HM.
  pose proof (tau_is_positive T c H) as Htau.
  pose proof (checked_table_is_proper T HM) as Hproper.
  pose proof (start_is_distribution T HM) as Hstart.
  unfold is_largest, checks_aim in *. destruct (aim c) as [o|q].
  - exists (value (optimum.best o)). repeat (split; [assumption|]).
    split; [apply checks_optimum_sound, H|reflexivity].
  - destruct (best_exists (meaning T) (Q2R q) Hproper (Htau q eq_refl)) as [best Hbest].
    exists best. repeat (split; [assumption|]). split; [exact (Htau q eq_refl)|exact Hbest].
Qed.

Lemma top_is_right bits T c l best s :
  checks_aim T c = true -> length (of_iterates c l) <> 0%nat -> is_largest T c best ->
  (s < n_states T)%nat ->
  within (best s - value (fst (top_of bits T c l)) s) (snd (top_of bits T c l)).
Proof.
  intros Haim Hl (_ & _ & Hbest) Hs. pose proof (aim_has_an_mdp T c Haim) as HM.
  unfold top_of, of_iterates in *. destruct (aim c) as [o|q] eqn:E.
  - rewrite (proj2 Hbest s Hs). cbn [fst snd]. rewrite Rminus_eq_0. apply within_Z.
  - destruct l as [|g l]; [simpl in Hl; lia|]. cbn [fst snd].
    assert (tau_of c = q) as Eq by (unfold tau_of; now rewrite E).
    apply (best_distance_is_right bits T c HM Haim best (near g) s);
      [rewrite Eq; exact E|rewrite Eq; apply Hbest|exact Hs].
Qed.

Lemma distances_have_length bits T c logs l : forall k x,
  length (distances bits T c logs k x l) = length l.
Proof.
  induction l as [|g l IH]; intros k x; [reflexivity|].
  destruct l as [|h l]; [reflexivity|]. rewrite distances_step. cbn [length].
  rewrite IH. reflexivity.
Qed.

Theorem checks_softmax_sound bits T c l : checks_softmax bits T c l = true -> is_enclosed T c.
Proof.
  unfold checks_softmax. cbv zeta. rewrite !andb_true_iff.
  intros [[[[[Haim Hbegins] Hmethod] Hgaps] Hguesses] [[Htop Hall] Hlimits]].
  set (top := top_of bits T c l) in *.
  set (x := distances bits T c (first_logs bits T c) 0 (table_of T (fun _ _ => of_Z bits 0))
    (of_iterates c l)) in *.
  apply Nat.eqb_eq in Hgaps. apply Nat.eqb_eq in Hguesses.
  pose proof (aim_has_an_mdp T c Haim) as HM.
  assert (length x = length (of_iterates c l)) as Hlength by apply distances_have_length.
  assert (forall k, (k <= last_of c)%nat -> checks_gap bits T top (nth k x (no_distance bits))
    (nth k (gaps c) (0, 0)%Q) = true) as Hgap.
  { intros k Hk. rewrite forallb_forall in Hall.
    specialize (Hall (nth k (combine x (gaps c)) (no_distance bits, (0, 0)%Q))).
    rewrite combine_nth in Hall by congruence. apply Hall.
    rewrite <- combine_nth by congruence. apply nth_In. rewrite combine_length, Hlength.
    lia. }
  split; [apply there_are_largest_values, Haim|]. split.
  - apply every_softmax_run_exists; [apply checked_table_is_proper, HM| |].
    + apply checked_policy_is_policy, Hbegins.
    + unfold checks_method in Hmethod. destruct (moved_by c) as [|mu|]; [exact I| |exact I].
      apply shares_are_a_distribution, Hmethod.
  - intros best pi V Hbest Hrun.
    assert (forall s, (s < n_states T)%nat -> within (best s - value (fst top) s) (snd top))
      as Hnear by (intros s Hs; apply top_is_right; auto; lia).
    assert (forall k, (k <= last_of c)%nat -> forall s, (s < n_states T)%nat ->
      within (V k s - value (fst (nth k x (no_distance bits))) s)
        (snd (nth k x (no_distance bits)))) as Hx.
    { intros k Hk. apply (all_distances_are_right bits T c HM Hbegins Haim Hmethod pi V Hrun);
        [lia|exact Hk]. }
    assert (forall k, (k <= last_of c)%nat ->
      complete T (fst (nth k x (no_distance bits))) = true) as Hfull.
    { intros k Hk. specialize (Hgap k Hk). unfold checks_gap in Hgap.
      rewrite !andb_true_iff in Hgap. tauto. }
    split.
    + intros k Hk. specialize (Hgap k Hk). unfold checks_gap in Hgap.
      cbv zeta in Hgap. rewrite !andb_true_iff in Hgap. destruct Hgap as (_ & Hlow & Hhigh).
      pose proof (gap_is_right bits T best V HM k top _ Hnear (Hx k Hk) Htop (Hfull k Hk))
        as Hball.
      split; [exact (is_above_is_right _ _ _ _ Hball Hlow)|].
      exact (is_below_is_right _ _ _ _ Hball Hhigh).
    + intros b Hb. rewrite forallb_forall in Hlimits. specialize (Hlimits b Hb).
      apply andb_prop in Hlimits as [Hk Hlimit]. apply Nat.ltb_lt in Hk.
      assert (iterate_of b <= last_of c)%nat as Hin by lia.
      exact (limit_is_right bits T best V HM _ top _ Hnear (Hx _ Hin) b Htop (Hfull _ Hin)
        eq_refl Hlimit).
Qed.

(* One limit of a claim, by its number. *)
Lemma limit_of_runs T c :
  is_enclosed T c -> forall i b, nth_error (limits c) i = Some b ->
  forall best pi V, is_largest T c best -> is_softmax_run T c pi V -> limit_holds T best V b.
Proof.
  intros (_ & _ & H) i b E best pi V Hbest Hrun.
  exact (proj2 (H best pi V Hbest Hrun) b (nth_error_In _ _ E)).
Qed.
