(* What td_pmd.v's checker accepts is a run, and its gaps are as claimed: for all MDPs and claims. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp improvement policy_iteration multiplicative projected.
From TabularPG Require Import projected_rates steps table values optimum rows row_soundness
  run run_soundness uniqueness existence charged quadratic td_pmd td_pmd_soundness.
Import ListNotations.
Local Open Scope R_scope.

Section Steps.
  Variables (T : table) (c : td_claim).
  Hypotheses (HM : checks_mdp T = true) (Htau : 0 < Q2R (pays c)).
  Let M := meaning T.
  Let n := n_actions T.
  Let tau := Q2R (pays c).

  Lemma unit_of_worth v s a :
    (s < n_states T)%nat -> (a < n)%nat ->
    Q2R ((1 # unit v) * worth T v s a) = Qof M (value v) s a.
  Proof.
    intros Hs Ha. rewrite Q2R_mult, worth_is_Q, Q2R_make by auto. unfold ratio. fold M.
    pose proof (total_positive (unit v)). field. lra.
  Qed.

  Lemma start_is_start x :
    checks_start T c x = true ->
    agree M (number (duals x)) (probability (acts x)) /\
    starts_critic M (value (yields x)) (pair_number (starts_off c)) (number (critic x)).
  Proof.
    intros H. split; intros s a Hs Ha; pose proof (all_moves_forall _ _ H s a Hs Ha) as Hrow;
      cbv beta in Hrow; apply andb_prop in Hrow as [Hdual Hcritic].
    - apply Qeq_true in Hdual. exact Hdual.
    - apply Qeq_true in Hcritic. unfold number.
      rewrite Hcritic, Q2R_plus, unit_of_worth by auto. reflexivity.
  Qed.

  Lemma await_is_expectation x next s :
    checks_policy T (acts next) = true -> (s < n_states T)%nat ->
    checks_await T c x next s = true ->
    value (awaits next) s =
      expectation M tau (probability (acts next)) (number (critic x)) s.
  Proof.
    intros Hp Hs H. apply Qeq_true in H.
    rewrite Q2R_make, Q2R_minus, Q2R_make in H.
    rewrite (price_is_price T c) in H by (apply row_is_fine; auto).
    unfold value. rewrite H. unfold expectation, ratio. rewrite sum_of_map.
    fold tau. change (actions M) with n.
    change (chance (row_in (acts next) s)) with (probability (acts next) s). f_equal.
    unfold Rdiv. rewrite Rmult_comm, <- sum_scale. apply sum_ext. intros a _.
    rewrite Pos2Z.inj_mul, !mult_IZR.
    unfold number, fraction, probability, ratio. rewrite Q2R_make. unfold ratio.
    change (weight_of (acts next) s a) with (part (row_in (acts next) s) a).
    change (nth s (acts next) (share 1 [])) with (row_in (acts next) s).
    pose proof (total_positive (whole (row_in (acts next) s))).
    pose proof (total_positive (out_of (critic x))). field. split; lra.
  Qed.

  Lemma step_is_step eta x next :
    0 < Q2R eta -> checks_policy T (acts next) = true -> checks_td_step T c eta x next = true ->
    moves_dual M tau (Q2R eta) (number (duals x)) (number (critic x)) (number (duals next)) /\
    follows_dual M (number (duals next)) (probability (acts next)) /\
    learns M tau (pair_number (learns_by c)) (probability (acts next)) (number (critic x))
      (number (critic next)).
  Proof.
    intros Heta Hp H. unfold checks_td_step in H. rewrite !andb_true_iff in H.
    destruct H as [[_ Hrows] Hmoves].
    assert (forall s a, (s < n_states T)%nat -> (a < n)%nat ->
      checks_move T c eta x next s a = true) as Hmove by exact (all_moves_forall _ _ Hmoves).
    assert (forall s, (s < n_states T)%nat ->
      value (awaits next) s = expectation M tau (probability (acts next)) (number (critic x)) s)
      as Hawait.
    { intros s Hs. pose proof (all_states_forall _ _ Hrows s Hs) as H. cbv beta in H.
      apply andb_prop in H as [_ H]. apply await_is_expectation; auto. }
    split; [|split].
    - intros s a Hs Ha. specialize (Hmove s a Hs Ha). apply andb_prop in Hmove as [H _].
      apply Qeq_true in H. rewrite Q2R_mult, !Q2R_plus, !Q2R_mult, Q2R_one in H.
      fold tau in H. unfold number. pose proof (Rmult_lt_0_compat _ _ Heta Htau) as Hpos.
      fold tau in Hpos. apply Rmult_eq_reg_l with (1 + Q2R eta * tau); [|lra].
      rewrite H. field. lra.
    - intros s Hs. pose proof (all_states_forall _ _ Hrows s Hs) as H. cbv beta in H.
      apply andb_prop in H as [H _].
      apply (nearest_is_projection T _ _ _ 1 (fun a => - IZR (cell (duals next) s a))) in H;
        [|apply row_is_fine; auto|].
      + apply projection_ext with (2 := H). intros a _. unfold number, fraction.
        rewrite !Q2R_make. unfold ratio. pose proof (total_positive (out_of (duals next))). field. lra.
      + intros a Ha. rewrite entry_of_map by exact Ha. rewrite Q2R_make. unfold ratio.
        rewrite opp_IZR. field.
    - intros s a Hs Ha. specialize (Hmove s a Hs Ha). apply andb_prop in Hmove as [_ H].
      apply Qeq_true in H. rewrite Q2R_plus, (Q2R_mult _ (fraction _ s a)) in H.
      rewrite (Q2R_mult (pair_of _ s a)), unit_of_worth, Q2R_minus, Q2R_one in H by auto.
      rewrite <- (Q_alike M _ _ Hawait) by exact Hs. unfold number at 1. rewrite H.
      unfold number, pair_number. ring.
  Qed.
End Steps.

Lemma checks_td_steps_forall T c etas : forall l,
  length l = S (length etas) -> checks_td_steps T c etas l = true ->
  forall k, (k < length etas)%nat ->
  checks_td_step T c (nth k etas 0%Q) (nth k l no_td_iterate) (nth (S k) l no_td_iterate) = true.
Proof.
  induction etas as [|eta etas IH]; intros l Hl H k Hk; [simpl in Hk; lia|].
  destruct l as [|x [|next l]]; simpl in Hl; try lia.
  apply andb_prop in H as [Hfirst H]. destruct k as [|k]; [exact Hfirst|].
  apply (IH (next :: l)); simpl in *; [lia|exact H|lia].
Qed.

Lemma mean_of_near n w f g e :
  distribution n w -> (forall i, (i < n)%nat -> Rabs (f i - g i) <= e) ->
  mean n w g - e <= mean n w f <= mean n w g + e.
Proof.
  intros Hw H. assert (forall i, (i < n)%nat -> - e <= f i - g i <= e) as Hi
    by (intros i Hi; apply abs_between, H, Hi).
  assert (mean n w (fun i => f i - g i) <= e) as H1 by (apply mean_le_const; [exact Hw|apply Hi]).
  assert (- e <= mean n w (fun i => f i - g i)) as H2 by (apply const_le_mean; [exact Hw|apply Hi]).
  rewrite mean_minus in H1, H2. lra.
Qed.

Section Gaps.
  Variables (T : table) (c : td_claim) (best : nat -> R).
  Hypotheses (HM : checks_mdp T = true) (Htop : complete T (top c) = true).
  Hypothesis Hnear : forall s, (s < n_states T)%nat ->
    Rabs (best s - value (top c) s) <= Q2R (off c).
  Hypothesis Hyields : forall k, (k <= steps_of c)%nat -> complete T (yields (passed c k)) = true.
  Hypothesis Hlargest : forall k s, (k <= steps_of c)%nat -> (s < n_states T)%nat ->
    td_value c k s <= best s.
  Let Hstart := start_is_distribution T HM.

  Lemma mean_short_is_near k :
    (k <= steps_of c)%nat ->
    Q2R (mean_short T c (passed c k)) - Q2R (off c) <= td_gap T c best k
      <= Q2R (mean_short T c (passed c k)) + Q2R (off c).
  Proof.
    intros Hk. unfold mean_short, td_gap. rewrite Q2R_minus, !mean_from_start_is_mean by auto.
    pose proof (mean_of_near _ _ _ _ _ Hstart Hnear) as H.
    change (states (meaning T)) with (n_states T). unfold td_value. lra.
  Qed.

  Lemma short_is_near k s :
    (s < n_states T)%nat ->
    Q2R (short_in c (passed c k) s) - Q2R (off c) <= best s - td_value c k s
      <= Q2R (short_in c (passed c k) s) + Q2R (off c).
  Proof.
    intros Hs. unfold short_in. rewrite Q2R_minus, !Q2R_make.
    pose proof (abs_between _ _ (Hnear s Hs)) as H. unfold value in H at 1 2.
    unfold td_value, value. lra.
  Qed.

  Lemma gap_is_not_negative k : (k <= steps_of c)%nat -> 0 <= td_gap T c best k.
  Proof.
    intros Hk. unfold td_gap. cbn [meaning states].
    pose proof (mean_le _ _ (td_value c k) best Hstart (fun s Hs => Hlargest k s Hk Hs)). lra.
  Qed.

  Lemma ends_are_ends k :
    (k <= steps_of c)%nat -> checks_ends T c (passed c k) = true ->
    Q2R (fst (loses_within (passed c k))) <= td_gap T c best k
      <= Q2R (snd (loses_within (passed c k))).
  Proof.
    intros Hk H. pose proof (mean_short_is_near k Hk) as Hmean.
    pose proof (gap_is_not_negative k Hk) as Hpos. unfold checks_ends in H. cbv zeta in H.
    apply andb_prop in H as [Hlow Hhigh]. apply Qle_true in Hhigh. rewrite Q2R_plus in Hhigh.
    split; [|lra]. apply orb_prop in Hlow as [Hlow|Hlow]; apply Qle_true in Hlow.
    - rewrite RMicromega.Q2R_0 in Hlow. lra.
    - rewrite Q2R_minus in Hlow. lra.
  Qed.

  Lemma cap_is_right b : checks_cap T c b = true -> cap_holds T c best b.
  Proof.
    destruct b as [k b|k b|k b|k b]; cbn [checks_cap cap_holds]; intros H;
      apply andb_prop in H as [Hk H]; apply Nat.leb_le in Hk.
    - pose proof (mean_short_is_near k Hk). apply Qle_true in H. rewrite Q2R_plus in H. lra.
    - pose proof (mean_short_is_near k Hk). apply Qle_false in H. rewrite Q2R_minus in H. lra.
    - intros s Hs. pose proof (short_is_near k s Hs).
      pose proof (all_states_forall _ _ H s Hs) as Hb. cbv beta in Hb.
      apply Qle_true in Hb. rewrite Q2R_plus in Hb. lra.
    - apply existsb_exists in H as [s [Hs H]]. apply in_seq in Hs. exists s.
      assert (s < n_states T)%nat as Hin by lia. split; [exact Hin|].
      pose proof (short_is_near k s Hin). apply Qle_false in H. rewrite Q2R_minus in H. lra.
  Qed.
End Gaps.

Theorem checks_td_sound T c greedy : checks_td T c greedy = true -> is_td_run T c.
Proof.
  unfold checks_td. rewrite !andb_true_iff.
  intros [[[[[[[[[HM Htau] Hweights] Hpaces] Htop] Hlength] Hbegin] Hall] Hsteps] Hcaps].
  apply positive_fraction in Htau. apply Nat.eqb_eq in Hlength.
  assert (forall k, (k <= steps_of c)%nat ->
    checks_yield T c (passed c k) = true /\ checks_ends T c (passed c k) = true) as Hone.
  { intros k Hk. rewrite forallb_forall in Hall. apply andb_prop, Hall, nth_In. lia. }
  assert (forall k, (k <= steps_of c)%nat -> checks_policy T (acts (passed c k)) = true) as Hpolicy.
  { intros k Hk. destruct (Hone k Hk) as [H _]. unfold checks_yield in H.
    rewrite !andb_true_iff in H. tauto. }
  assert (forall eta, In eta (paces c) -> 0 < Q2R eta) as Heta.
  { intros eta H. rewrite forallb_forall in Hpaces. apply positive_fraction, Hpaces, H. }
  assert (complete T (top c) = true) as Hfull.
  { unfold checks_top in Htop. rewrite !andb_true_iff in Htop. tauto. }
  split; [exact (checked_table_is_proper T HM)|].
  split; [exact (start_is_distribution T HM)|]. split; [exact Htau|]. split; [|split; [exact Heta|split]].
  - intros s a Hs Ha. pose proof (all_moves_forall _ _ Hweights s a Hs Ha) as H. cbv beta zeta in H.
    apply andb_prop in H as [Hpos Hone']. split; [apply positive_fraction, Hpos|].
    apply Qle_true in Hone'. rewrite Q2R_one in Hone'. exact Hone'.
  - destruct (start_is_start T c HM _ Hbegin) as [Hdual Hcritic].
    split; [intros s a _ _; reflexivity|]. split; [exact Hdual|]. split; [exact Hcritic|]. split.
    + intros k Hk. destruct (yield_is_value T c HM (passed c k)) as (Hp & _ & HV);
        [apply Hone, Hk|]. exact (conj Hp HV).
    + intros k Hk. apply (step_is_step T c HM Htau).
      * apply Heta, nth_In, Hk.
      * apply Hpolicy. exact Hk.
      * apply checks_td_steps_forall; auto.
  - split; [exact (there_is_a_best T c HM Htau greedy Htop)|]. intros best Hbest.
    assert (forall s, (s < n_states T)%nat -> Rabs (best s - value (top c) s) <= Q2R (off c)) as Hnear
      by (intros s Hs; exact (best_is_near_top T c HM Htau greedy Htop best s Hbest Hs)).
    assert (forall k, (k <= steps_of c)%nat -> complete T (yields (passed c k)) = true) as Hyields.
    { intros k Hk. apply (yield_is_value T c HM), Hone, Hk. }
    assert (forall k s, (k <= steps_of c)%nat -> (s < n_states T)%nat -> td_value c k s <= best s)
      as Hlargest.
    { intros k s Hk Hs. destruct (yield_is_value T c HM (passed c k)) as (Hp & _ & HV);
        [apply Hone, Hk|]. apply (Hbest s Hs). exists (td_policy c k), (td_value c k). auto. }
    split; [exact Hnear|]. split.
    + intros k Hk. apply ends_are_ends; auto. apply Hone, Hk.
    + intros b Hb. rewrite forallb_forall in Hcaps. apply cap_is_right; auto.
Qed.

(* No other policies, dual variables and critics are the method's from this start. *)
Theorem td_run_is_the_only_one T c :
  is_td_run T c -> forall pi y Q V, makes_td_run T c pi y Q V ->
  forall k, (k <= steps_of c)%nat -> let M := meaning T in
  agree M (pi k) (td_policy c k) /\ agree M (y k) (number (duals (passed c k))) /\
  agree M (Q k) (number (critic (passed c k))) /\ alike M (V k) (td_value c k).
Proof.
  intros (HM & _ & _ & _ & _ & Hrun & _) pi y Q V H k Hk M.
  exact (td_runs_agree _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ HM H Hrun k Hk).
Qed.

(* One cap of a run, by its number. *)
Lemma cap_of_run T c :
  is_td_run T c -> forall i b, nth_error (caps c) i = Some b ->
  forall best, is_td_best T c best -> cap_holds T c best b.
Proof.
  intros (_ & _ & _ & _ & _ & _ & _ & H) i b E best Hbest.
  exact (proj2 (proj2 (H best Hbest)) b (nth_error_In _ _ E)).
Qed.
