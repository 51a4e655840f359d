(* What run.v's checker accepts is a run: for all MDPs, methods and claims. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp improvement policy_iteration multiplicative projected.
From TabularPG Require Import projected_rates steps table values optimum rows row_soundness
  run.
Import ListNotations.
Local Open Scope R_scope.

Lemma Q2R_inject z : Q2R (inject_Z z) = IZR z.
Proof. unfold Q2R, inject_Z. cbn [Qnum Qden]. field. Qed.

Lemma Q2R_one : Q2R 1 = 1.
Proof. unfold Q2R. simpl. field. Qed.

Section Table.
  Variable T : table.
  Hypothesis HM : checks_mdp T = true.
  Let M := meaning T.

  Lemma passes_is_flow p d y s :
    (s < n_states T)%nat ->
    Q2R (passes T p d y s) =
    IZR (Zpos (unit d)) * (value d s * P_pi M (probability p) s y).
  Proof.
    intros Hs. unfold passes. pose proof (total_positive (unit d)) as Hu.
    set (w := whole (nth s p (share 1 []))). pose proof (total_positive w) as Hw.
    match goal with |- context [sum_Q ?n ?f] => set (part_of := f) end.
    assert (Q2R (sum_Q (n_actions T) part_of) =
      IZR (Zpos w) * P_pi M (probability p) s y) as E.
    { rewrite Q2R_sum. unfold P_pi, mean. rewrite <- sum_scale. apply sum_ext. intros a Ha.
      unfold part_of, probability. fold w. cbn [M meaning P]. unfold ratio.
      pose proof (total_positive (total (move_of T s a))).
      destruct (weight (leads (move_of T s a)) y =? 0)%Z eqn:Ew.
      - apply Z.eqb_eq in Ew. rewrite Ew, RMicromega.Q2R_0. unfold Rdiv. ring.
      - unfold Q2R. cbn [Qnum Qden]. rewrite mult_IZR. field. split; lra. }
    assert (IZR (Zpos (unit d)) * (value d s * P_pi M (probability p) s y) =
      IZR (numerator d s) / IZR (Zpos w) * Q2R (sum_Q (n_actions T) part_of)) as ->
      by (rewrite E; unfold value, ratio; field; split; lra).
    destruct (Qnum (sum_Q (n_actions T) part_of) =? 0)%Z eqn:E0.
    - apply Z.eqb_eq in E0. rewrite RMicromega.Q2R_0. unfold Q2R. rewrite E0. ring.
    - rewrite Q2R_mult, Q2R_make. reflexivity.
  Qed.

  Lemma checks_visits_sound p mu d :
    checks_policy T p = true -> checks_visits T p mu d = true ->
    is_visits M (probability p) (chance mu) (value d).
  Proof.
    intros Hp H. apply flow_is_visits; [apply checked_table_is_proper, HM| |].
    - apply checked_policy_is_policy, Hp.
    - unfold checks_visits in H. apply andb_prop in H as [_ H]. intros y Hy.
      pose proof (all_states_forall _ _ H y Hy) as Hrow. cbv beta in Hrow.
      apply Qeq_bool_iff, Qeq_eqR in Hrow.
      rewrite Q2R_inject, Q2R_plus, !Q2R_mult, Q2R_minus, Q2R_one, Q2R_sum in Hrow.
      pose proof (total_positive (unit d)) as Hu. pose proof (total_positive (whole mu)).
      rewrite (sum_ext _ _ (fun s =>
        IZR (Zpos (unit d)) * (value d s * P_pi M (probability p) s y))) in Hrow
        by (intros s Hs; apply passes_is_flow, Hs).
      rewrite sum_scale, Q2R_make in Hrow.
      apply Rmult_eq_reg_l with (IZR (Zpos (unit d))); [|lra].
      transitivity (IZR (numerator d y)); [unfold value, ratio; field; lra|].
      rewrite Hrow. unfold chance, ratio, mean. cbn [M meaning gamma states].
      rewrite mult_IZR. field. lra.
  Qed.

  Lemma mean_from_start_is_mean v :
    complete T v = true ->
    Q2R (mean_from_start T v) = mean (n_states T) (start_of T) (value v).
  Proof.
    intros HV. unfold checks_mdp, checks_shares in HM. rewrite !andb_true_iff in HM.
    destruct HM as [_ [[HS _] _]]. unfold complete in HV. unfold mean_from_start, start_of.
    destruct (start T) as [w l]. cbn [whole parts] in *.
    apply Nat.eqb_eq in HS. apply Nat.eqb_eq in HV.
    rewrite Q2R_make. unfold ratio, Rdiv. rewrite sum_of_products, HS by congruence.
    unfold mean. rewrite Rmult_comm, <- sum_scale. apply sum_ext. intros i _.
    unfold value, ratio, numerator. rewrite Pos2Z.inj_mul, mult_IZR. pose proof (total_positive w).
    pose proof (total_positive (unit v)). field. lra.
  Qed.

  (* Losses of a row, as the checkers of steps take them. *)
  Lemma losses_of_row v s a :
    (s < n_states T)%nat -> (a < n_actions T)%nat ->
    Q2R (entry (map (loss T v s) (seq 0 (n_actions T))) a) =
    IZR (Zpos (unit v)) * - advantage M (value v) s a.
  Proof.
    intros Hs Ha. rewrite entry_of_map by exact Ha. rewrite loss_is_loss by auto.
    unfold advantage. f_equal. unfold M. ring.
  Qed.

  Lemma rate_is_step m x s :
    (forall mu, m <> projected_pg mu /\ m <> hadamard_pg mu) ->
    Q2R (rate T m x s) * IZR (Zpos (unit (earns x))) = Q2R (step x).
  Proof.
    intros H. pose proof (total_positive (unit (earns x))).
    destruct m as [| |mu| |mu]; try (destruct (H mu); congruence); unfold rate;
      rewrite Q2R_mult, Q2R_make; unfold ratio; field; lra.
  Qed.

  Lemma rate_of_visits m mu x s :
    m = projected_pg mu \/ m = hadamard_pg mu ->
    Q2R (rate T m x s) * IZR (Zpos (unit (earns x))) =
    Q2R (step x) * value (visited x) s / (1 - gamma M).
  Proof.
    intros H. pose proof (total_positive (unit (earns x))).
    pose proof (total_positive (unit (visited x))). pose proof (discount_checked T HM) as Hg.
    assert (Q2R (1 - discount T) = 1 - gamma M) as E by (rewrite Q2R_minus, Q2R_one; reflexivity).
    assert (~ (1 - discount T == 0)%Q) as Hne.
    { intros E0. apply Qeq_eqR in E0. rewrite E, RMicromega.Q2R_0 in E0. simpl in E0. lra. }
    assert (rate T m x s = (step x * / (1 - discount T) * (numerator (visited x) s #
      unit (visited x)) * (1 # unit (earns x)))%Q) as -> by (destruct H as [-> | ->]; reflexivity).
    rewrite !Q2R_mult, Q2R_inv, E, !Q2R_make by exact Hne. unfold value, ratio.
    simpl in *. field. repeat split; lra.
  Qed.

  Section Step.
    Variables (m : method) (x next : iterate).
    Hypotheses (Hp : checks_policy T (chooses x) = true).
    Hypotheses (Hq : checks_policy T (chooses next) = true).
    Let V := value (earns x).
    Let pi := probability (chooses x).
    Let n := n_actions T.
    Let lost s := map (loss T (earns x) s) (seq 0 n).

    Lemma row_is_distribution s :
      (s < n_states T)%nat -> distribution n (chance (row next s)).
    Proof. intros Hs. exact (checked_policy_is_policy T _ Hq s Hs). Qed.

    (* A row of the projection, for the step eta_s. *)
    Lemma projected_row k eta s :
      (s < n_states T)%nat -> Q2R k * IZR (Zpos (unit (earns x))) = eta ->
      checks_projection n k (row x s) (row next s) (lost s) = true ->
      is_projection n (fun a => pi s a + eta * Qof M V s a) (probability (chooses next) s).
    Proof.
      intros Hs Heta H.
      apply (checks_projection_sound n _ _ _ _ _ _ (fun a => losses_of_row (earns x) s a Hs)
        (row_is_distribution s Hs)) in H.
      apply projection_shift with (- (eta * V s)), (projection_ext n) with (2 := H).
      intros a Ha. rewrite <- Heta. unfold advantage. change (chance (row x s) a) with (pi s a).
      fold V. ring.
    Qed.

    Theorem checks_step_sound :
      checks_step T m x next = true ->
      takes_step M m (Q2R (step x)) V pi (probability (chooses next)).
    Proof.
      unfold checks_step. rewrite andb_true_iff. intros [Hvisits H].
      assert (forall s, (s < n_states T)%nat -> checks_row m n (rate T m x s) (row x s)
        (row next s) (lost s) = true) as Hrow by exact (all_states_forall _ _ H).
      clear H. pose proof (total_positive (unit (earns x))) as Hu.
      destruct m as [| |mu| |mu]; cbn [checks_row visits_fit takes_step] in *.
      - intros s Hs. specialize (Hrow s Hs).
        apply (checks_howard_sound n _ _ _ _ _ Hu
          (fun a => losses_of_row (earns x) s a Hs)) in Hrow.
        assert (forall a, (forall b, (b < n)%nat ->
          - advantage M V s a <= - advantage M V s b) <-> best_action M V s a) as Hbest.
        { intros a. unfold best_action, advantage.
          split; intros Hb b Hin; specialize (Hb b Hin); lra. }
        destruct Hrow as [[Hall E]|[Hnot [b [[Hb1 [Hb2 Hb3]] E]]]].
        + left. split; [|exact E]. intros a Ha Hne. apply Hbest, Hall; auto.
        + right. split.
          * intros Hall. apply Hnot. intros a Ha Hne. apply Hbest, Hall; auto.
          * exists b. split; [|exact E]. repeat split; auto; [apply Hbest, Hb2|].
            intros a Ha Hc. apply (Hb3 a Ha), Hbest, Hc.
      - intros s Hs. apply projected_row with (1 := Hs) (3 := Hrow s Hs).
        apply rate_is_step. intros mu; split; discriminate.
      - exists (value (visited x)). split; [apply checks_visits_sound; auto|].
        intros s Hs. apply projected_row with (1 := Hs) (3 := Hrow s Hs).
        eapply rate_of_visits; eauto.
      - intros s a Hs Ha. specialize (Hrow s Hs).
        change (probability (chooses next) s a) with (chance (row next s) a).
        rewrite (checks_spma_sound n _ _ _ _ _ _
          (fun a => losses_of_row (earns x) s a Hs) Hrow a Ha).
        unfold spma_step. rewrite <- (rate_is_step spma x s) by (intros mu; split; discriminate).
        change (chance (row x s) a) with (pi s a). fold V. ring.
      - exists (value (visited x)). split; [apply checks_visits_sound; auto|].
        intros s Hs. specialize (Hrow s Hs).
        apply (checks_hadamard_sound n _ _ _ _ _ _
          (fun a => losses_of_row (earns x) s a Hs)) in Hrow.
        assert (forall a, chance (row x s) a * (1 + 2 * - (Q2R (rate T (hadamard_pg mu) x s) *
          (IZR (Zpos (unit (earns x))) * - advantage M V s a))) ^ 2 = hadamard_weight M V pi
          (fun s => Q2R (step x) * value (visited x) s / (1 - gamma M)) s a) as Hw.
        { intros a. unfold hadamard_weight.
          rewrite <- (rate_of_visits (hadamard_pg mu) mu x s) by auto.
          change (chance (row x s) a) with (pi s a). ring. }
        cbv zeta in *. rewrite (sum_ext _ _ _ (fun a _ => Hw a)) in Hrow.
        destruct Hrow as [Hpos Hnext]. split; [exact Hpos|]. intros a Ha.
        rewrite <- Hw. apply (Hnext a Ha).
    Qed.
  End Step.
End Table.

Lemma checks_steps_forall T m l :
  checks_steps T m l = true -> forall k, (S k < length l)%nat ->
  checks_step T m (nth k l no_iterate) (nth (S k) l no_iterate) = true.
Proof.
  induction l as [|x [|next l] IH]; intros H k Hk; simpl in Hk; [lia|lia|].
  apply andb_prop in H as [Hfirst H]. destruct k as [|k]; [exact Hfirst|].
  apply (IH H k). simpl. lia.
Qed.

Theorem checks_run_sound T c : checks_run T c = true -> is_run T c.
Proof.
  unfold checks_run. rewrite !andb_true_iff. intros [[[[Hgoal Hsome] Hall] Hsteps] Hbounds].
  assert (checks_mdp T = true /\ complete T (best (goal c)) = true) as [HM Hbest].
  { unfold checks_optimum in Hgoal. rewrite !andb_true_iff in Hgoal. tauto. }
  assert (forall k, (k < last_one c)%nat -> checks_iterate T c (iterate_of c k) = true) as Hone.
  { intros k Hk. rewrite forallb_forall in Hall. apply Hall, nth_In, Hk. }
  assert (forall k, (k < last_one c)%nat ->
    checks_value T (chooses (iterate_of c k)) (earns (iterate_of c k)) = true) as Hvalue.
  { intros k Hk. specialize (Hone k Hk). apply andb_prop in Hone. tauto. }
  assert (forall k, (k < last_one c)%nat ->
    mean_gap T c k = Q2R (loses (iterate_of c k))) as Hgap.
  { intros k Hk. specialize (Hone k Hk). apply andb_prop in Hone as [Hv E].
    apply Qeq_bool_iff, Qeq_eqR in E. rewrite E, Q2R_minus.
    unfold checks_value in Hv. rewrite !andb_true_iff in Hv. destruct Hv as [[_ Hv] _].
    rewrite !mean_from_start_is_mean by auto. reflexivity. }
  split; [apply checks_optimum_sound, Hgoal|]. split; [|split].
  - intros k Hk. destruct (checks_value_sound _ _ _ (Hvalue k Hk)) as (_ & Hp & HV).
    exact (conj Hp (conj HV (Hgap k Hk))).
  - intros k Hk. apply checks_step_sound; auto.
    + assert (k < last_one c)%nat as Hin by lia. specialize (Hvalue k Hin).
      unfold checks_value in Hvalue. rewrite !andb_true_iff in Hvalue. tauto.
    + specialize (Hvalue (S k) Hk).
      unfold checks_value in Hvalue. rewrite !andb_true_iff in Hvalue. tauto.
    + apply checks_steps_forall; auto.
  - intros b Hb. rewrite forallb_forall in Hbounds. specialize (Hbounds b Hb).
    assert (forall k s, Q2R (gap_in c k s) = gap c k s) as Hin.
    { intros k s. unfold gap_in. rewrite Q2R_minus, !Q2R_make. reflexivity. }
    destruct b as [k b|k b|k b|k b]; cbn [checks_bound] in Hbounds;
      apply andb_prop in Hbounds as [Hk Hbounds]; apply Nat.ltb_lt in Hk; cbn [bound_holds].
    + rewrite (Hgap k Hk). apply Qle_Rle, Qle_bool_iff, Hbounds.
    + rewrite (Hgap k Hk). apply Qlt_Rlt, Qnot_le_lt. intros H. apply Qle_bool_iff in H.
      now rewrite H in Hbounds.
    + intros s Hs. rewrite <- Hin. apply Qle_Rle, Qle_bool_iff.
      exact (all_states_forall _ _ Hbounds s Hs).
    + apply negb_true_iff in Hbounds. destruct (not_all_actions (n_states T)
        (fun s => Qle_bool (gap_in c k s) b) Hbounds) as [s [Hs H]].
      exists s. split; [exact Hs|]. rewrite <- Hin. apply Qlt_Rlt, Qnot_le_lt. intros Hle.
      apply Qle_bool_iff in Hle. congruence.
Qed.

(* One bound of a run, by its number. *)
Lemma bound_of_run T c :
  is_run T c -> forall i b, nth_error (bounds c) i = Some b -> bound_holds T c b.
Proof. intros (_ & _ & _ & H) i b E. exact (H b (nth_error_In _ _ E)). Qed.
