(* What enclosures.v's checker accepts is true of every run: for all MDPs, methods and claims. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp table values optimum run run_soundness softmax balls
  enclosures iterates_enclosed.
Import ListNotations.
Local Open Scope R_scope.

Section Gaps.
  Variables (bits : positive) (T : table) (c : softmax_claim) (V : nat -> nat -> R).
  Hypothesis HM : checks_mdp T = true.
  Variables (k : nat) (x : valuation * ball).
  Hypothesis Hx : forall s, (s < n_states T)%nat ->
    within (V k s - value (fst x) s) (snd x).

  Lemma gap_at_is_right s :
    (s < n_states T)%nat -> within (loss_in c V k s) (gap_at bits c x s).
  Proof.
    intros Hs. unfold loss_in. replace (value (best (aim c)) s - V k s) with
      (Q2R (share_of (best (aim c)) s - share_of (fst x) s) - (V k s - value (fst x) s)).
    - apply within_minus; [apply within_Q|auto].
    - rewrite Q2R_minus. change (Q2R (share_of ?v s)) with (value v s).
      reflexivity || ring.
  Qed.

  Lemma gap_is_right :
    complete T (best (aim c)) = true -> complete T (fst x) = true ->
    within (mean_loss T c V k) (gap_ball bits T c x).
  Proof.
    intros Hbest Hfull. unfold mean_loss, gap_ball.
    pose proof (start_is_distribution T HM) as Hstart.
    replace (mean (states (meaning T)) (start_of T) (value (best (aim c)))
      - mean (states (meaning T)) (start_of T) (V k)) with
      (Q2R (mean_from_start T (best (aim c)) - mean_from_start T (fst x))
       - mean (n_states T) (start_of T) (fun s => V k s - value (fst x) s)).
    - apply within_minus; [apply within_Q|]. apply within_mean; auto.
      exact (proj1 (checked_table_is_proper T HM)).
    - rewrite Q2R_minus, !mean_from_start_is_mean, mean_minus by auto.
      cbn [meaning states]. ring.
  Qed.

  Lemma is_below_is_right y b q : within y b -> is_below bits b q = true -> y < Q2R q.
  Proof. intros Hy. apply below_is_below; [exact Hy|apply within_Q]. Qed.

  Lemma is_above_is_right y b q : within y b -> is_above bits b q = true -> Q2R q < y.
  Proof. intros Hy. apply below_is_below; [apply within_Q|exact Hy]. Qed.

  Lemma limit_is_right b :
    complete T (best (aim c)) = true -> complete T (fst x) = true ->
    enclosures.of_bound b = k -> checks_limit bits T c x b = true -> limit_holds T c V b.
  Proof.
    intros Hbest Hfull Ek H. pose proof (gap_is_right Hbest Hfull) as Hgap.
    destruct b as [k' b|k' b|k' b|k' b]; cbn [enclosures.of_bound checks_limit limit_holds] in *;
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

Theorem checks_softmax_sound bits T c l : checks_softmax bits T c l = true -> is_enclosed T c.
Proof.
  unfold checks_softmax. cbv zeta. rewrite !andb_true_iff.
  intros [[[[[Hgoal Hbegins] Hmethod] Hgaps] Hguesses] [Hall Hlimits]].
  set (x := distances bits T c 0 (table_of T (fun _ _ => of_Z bits 0)) l) in *.
  apply Nat.eqb_eq in Hgaps. apply Nat.eqb_eq in Hguesses.
  assert (checks_mdp T = true /\ complete T (best (aim c)) = true) as [HM Hbest].
  { unfold checks_optimum in Hgoal. rewrite !andb_true_iff in Hgoal. tauto. }
  assert (length x = length l) as Hlength.
  { unfold x. generalize 0%nat, (table_of T (fun _ _ => of_Z bits 0)). clear.
    induction l as [|g l IH]; intros k y; [reflexivity|].
    destruct l as [|h l]; [reflexivity|]. rewrite distances_step. cbn [length].
    rewrite IH. reflexivity. }
  assert (forall k, (k <= last_of c)%nat -> checks_gap bits T c (nth k x (no_distance bits))
    (nth k (gaps c) (0, 0)%Q) = true) as Hgap.
  { intros k Hk. rewrite forallb_forall in Hall.
    specialize (Hall (nth k (combine x (gaps c)) (no_distance bits, (0, 0)%Q))).
    rewrite combine_nth in Hall by congruence. apply Hall.
    rewrite <- combine_nth by congruence. apply nth_In. rewrite combine_length, Hlength.
    lia. }
  split; [apply checks_optimum_sound, Hgoal|]. split.
  - apply every_softmax_run_exists; [apply checked_table_is_proper, HM| |].
    + apply checked_policy_is_policy, Hbegins.
    + unfold checks_method in Hmethod. destruct (moved_by c) as [|mu]; [exact I|].
      apply shares_are_a_distribution, Hmethod.
  - intros pi V Hrun.
    assert (forall k, (k <= last_of c)%nat -> forall s, (s < n_states T)%nat ->
      within (V k s - value (fst (nth k x (no_distance bits))) s)
        (snd (nth k x (no_distance bits)))) as Hx.
    { intros k Hk. apply (all_distances_are_right bits T c HM Hbegins Hmethod pi V Hrun l k);
        [lia|exact Hk]. }
    assert (forall k, (k <= last_of c)%nat ->
      complete T (fst (nth k x (no_distance bits))) = true) as Hfull.
    { intros k Hk. specialize (Hgap k Hk). unfold checks_gap in Hgap.
      rewrite !andb_true_iff in Hgap. tauto. }
    split.
    + intros k Hk. specialize (Hgap k Hk). unfold checks_gap in Hgap.
      rewrite !andb_true_iff in Hgap. destruct Hgap as [[_ Hlow] Hhigh].
      pose proof (gap_is_right bits T c V HM k _ (Hx k Hk) Hbest (Hfull k Hk)) as Hball.
      split; [exact (is_above_is_right _ _ _ _ Hball Hlow)|].
      exact (is_below_is_right _ _ _ _ Hball Hhigh).
    + intros b Hb. rewrite forallb_forall in Hlimits. specialize (Hlimits b Hb).
      apply andb_prop in Hlimits as [Hk Hlimit]. apply Nat.ltb_lt in Hk.
      assert (enclosures.of_bound b <= last_of c)%nat as Hin by lia.
      exact (limit_is_right bits T c V HM _ _ (Hx _ Hin) b Hbest (Hfull _ Hin) eq_refl Hlimit).
Qed.

(* One limit of a claim, by its number. *)
Lemma limit_of_runs T c :
  is_enclosed T c -> forall i b, nth_error (limits c) i = Some b ->
  forall pi V, is_softmax_run T c pi V -> limit_holds T c V b.
Proof. intros (_ & _ & H) i b E pi V Hrun. exact (proj2 (H pi V Hrun) b (nth_error_In _ _ E)). Qed.
