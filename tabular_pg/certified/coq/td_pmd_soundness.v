(* What td_pmd.v's checker accepts is a run, and its gaps are as claimed: for all MDPs and claims. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp improvement policy_iteration multiplicative projected.
From TabularPG Require Import projected_rates steps table values optimum rows row_soundness
  run run_soundness uniqueness existence charged quadratic td_pmd.
Import ListNotations.
Local Open Scope R_scope.

Lemma sum_of_map n f :
  IZR (fold_right Z.add 0%Z (map f (seq 0 n))) = sum n (fun i => IZR (f i)).
Proof.
  rewrite <- sum_of_list, map_length, seq_length. apply sum_ext. intros i Hi.
  rewrite nth_indep with (d' := f 0%nat) by now rewrite map_length, seq_length.
  rewrite map_nth, seq_nth by exact Hi. reflexivity.
Qed.

Lemma Qle_true x y : Qle_bool x y = true -> Q2R x <= Q2R y.
Proof. intros H. apply Qle_Rle, Qle_bool_iff, H. Qed.

Lemma Qle_false x y : negb (Qle_bool x y) = true -> Q2R y < Q2R x.
Proof.
  intros H. apply Qlt_Rlt, Qnot_le_lt. intros Hle. apply Qle_bool_iff in Hle.
  now rewrite Hle in H.
Qed.

Lemma Qeq_true x y : Qeq_bool x y = true -> Q2R x = Q2R y.
Proof. intros H. apply Qeq_eqR, Qeq_bool_iff, H. Qed.

Lemma positive_fraction x : (0 <? Qnum x)%Z = true -> 0 < Q2R x.
Proof.
  intros H. apply Z.ltb_lt, IZR_lt in H. unfold Q2R.
  apply Rmult_lt_0_compat; [exact H|apply Rinv_0_lt_compat, total_positive].
Qed.

Section Sound.
  Variables (T : table) (c : td_claim).
  Hypotheses (HM : checks_mdp T = true) (Htau : 0 < Q2R (pays c)).
  Let M := meaning T.
  Let n := n_actions T.
  Let tau := Q2R (pays c).
  Let Hproper := checked_table_is_proper T HM.

  Lemma squares_are_squares p :
    checks_shares n p = true ->
    IZR (squares_in p) = IZR (Zpos (whole p)) * IZR (Zpos (whole p)) * square_norm n (chance p).
  Proof.
    unfold checks_shares. rewrite !andb_true_iff. intros [[Hlen _] _].
    apply Nat.eqb_eq in Hlen. unfold squares_in, square_norm.
    rewrite <- sum_of_list, map_length, Hlen, <- sum_scale. apply sum_ext. intros i _.
    change 0%Z with ((fun x => x * x)%Z 0%Z). rewrite map_nth, mult_IZR.
    unfold chance, part, ratio. pose proof (total_positive (whole p)). field. lra.
  Qed.

  Lemma price_is_price p :
    checks_shares n p = true -> Q2R (price_of c p) = tau / 2 * square_norm n (chance p).
  Proof.
    intros Hp. unfold price_of, tau, Q2R. cbn [Qnum Qden].
    rewrite mult_IZR, (squares_are_squares p Hp), !Pos2Z.inj_mul, !mult_IZR.
    pose proof (total_positive (whole p)). pose proof (total_positive (Qden (pays c))).
    change (IZR 2) with 2. field. split; lra.
  Qed.

  Lemma row_is_fine p s :
    checks_policy T p = true -> (s < n_states T)%nat -> checks_shares n (row_in p s) = true.
  Proof.
    unfold checks_policy. rewrite andb_true_iff, forallb_forall. intros [Hlen H] Hs.
    apply Nat.eqb_eq in Hlen. apply H, nth_In. now rewrite Hlen.
  Qed.

  Lemma rest_is_rest p v s :
    checks_policy T p = true -> (s < n_states T)%nat ->
    Q2R (rest_of T c p v s) = IZR (Zpos (whole (row_in p s))) * IZR (Zpos (unit v)) *
      net_gain M (quadratic M tau) (value v) s (probability p s).
  Proof.
    intros Hp Hs. pose proof (checked_policy_is_policy T p Hp s Hs) as Hd.
    rewrite net_gain_is_less_norm by exact Hd. unfold rest_of.
    rewrite Q2R_minus, Q2R_opp, Q2R_mult, Q2R_inject, Q2R_sum.
    set (w := whole (row_in p s)). pose proof (total_positive w) as Hw.
    pose proof (total_positive (unit v)) as Hu.
    rewrite (sum_ext _ _ (fun a => - (IZR (Zpos w) * IZR (Zpos (unit v))) *
      (probability p s a * advantage M (value v) s a))).
    - rewrite sum_scale. change (sum (n_actions T) (fun a => probability p s a *
        advantage M (value v) s a)) with (mean n (probability p s) (advantage M (value v) s)).
      change (actions M) with n.
      rewrite Q2R_make. unfold ratio. rewrite mult_IZR, squares_are_squares by (apply row_is_fine; auto).
      change (chance (row_in p s)) with (probability p s). fold w.
      rewrite !Pos2Z.inj_mul, !mult_IZR. unfold tau, Q2R.
      pose proof (total_positive (Qden (pays c))). change (IZR 2) with 2. field. split; lra.
    - intros a Ha. unfold advantage, probability. fold w. destruct (weight_of p s a =? 0)%Z eqn:E0.
      + apply Z.eqb_eq in E0. rewrite E0, RMicromega.Q2R_0. unfold ratio. field.
        change (whole (nth s p (share 1 []))) with w. lra.
      + rewrite Q2R_mult, Q2R_inject, loss_is_loss by auto. unfold ratio.
        change (whole (nth s p (share 1 []))) with w. fold M. field. lra.
  Qed.

  Lemma yield_is_value x :
    checks_yield T c x = true ->
    policy M (probability (acts x)) /\ complete T (yields x) = true /\
    is_value (damped M tau (probability (acts x))) (probability (acts x)) (value (yields x)).
  Proof.
    unfold checks_yield. rewrite !andb_true_iff. intros [[Hp Hfull] H].
    pose proof (checked_policy_is_policy T _ Hp) as Hpolicy.
    split; [exact Hpolicy|]. split; [exact Hfull|].
    apply solution_is_value; [exact Hproper|exact Hpolicy|]. intros s Hs.
    change (s < n_states T)%nat in Hs. pose proof (all_states_forall _ _ H s Hs) as Hrow.
    cbv beta in Hrow. apply Qeq_true in Hrow. rewrite rest_is_rest, RMicromega.Q2R_0 in Hrow by auto.
    rewrite <- improvement_is_net_gain in Hrow by auto.
    pose proof (total_positive (whole (row_in (acts x) s))) as Hw.
    pose proof (total_positive (unit (yields x))) as Hu.
    apply Rmult_integral in Hrow as [E|E]; [apply Rmult_integral in E as [E|E]; lra|].
    unfold improvement in E. unfold damped. lra.
  Qed.

  (* ---- Projections. ---- *)

  Lemma nearest_is_projection rate p l u loses :
    checks_shares n p = true -> (forall a, (a < n)%nat -> Q2R (entry l a) = u * loses a) ->
    checks_nearest T rate p l = true ->
    is_projection n (fun a => - (Q2R rate * (u * loses a))) (chance p).
  Proof.
    intros Hp Hl H. apply (checks_projection_sound n _ _ _ _ u loses Hl) in H;
      [|apply shares_are_a_distribution, Hp].
    apply projection_ext with (2 := H). intros a _. unfold chance, part, ratio.
    destruct a; cbn [parts nth]; unfold Rdiv; ring.
  Qed.

  Section Top.
    Variable greedy : choices.
    Hypothesis Htop : checks_top T c greedy = true.
    Let slack := Q2R (off c) * (1 - gamma M).

    Lemma greedy_is_policy : policy M (probability greedy).
    Proof.
      apply checked_policy_is_policy. unfold checks_top in Htop. rewrite !andb_true_iff in Htop. tauto.
    Qed.

    Lemma top_is_near s :
      (s < n_states T)%nat ->
      - slack <= net_gain M (quadratic M tau) (value (top c)) s (probability greedy s) <= slack /\
      forall w, distribution n w -> net_gain M (quadratic M tau) (value (top c)) s w <=
        net_gain M (quadratic M tau) (value (top c)) s (probability greedy s).
    Proof.
      intros Hs. unfold checks_top in Htop. rewrite !andb_true_iff in Htop.
      destruct Htop as [[Hp _] H]. pose proof (all_states_forall _ _ H s Hs) as Hrow.
      cbv beta zeta in Hrow. rewrite !andb_true_iff in Hrow. destruct Hrow as (Hnear & Hhi & Hlo).
      pose proof (total_positive (whole (row_in greedy s))) as Hw.
      pose proof (total_positive (unit (top c))) as Hu. pose proof (row_is_fine _ _ Hp Hs) as Hrow.
      split.
      - apply Qle_true in Hhi. apply Qle_true in Hlo.
        rewrite Q2R_opp in Hlo. rewrite rest_is_rest in Hhi, Hlo by auto.
        rewrite !Q2R_mult, Q2R_inject, Q2R_minus, Q2R_one, Pos2Z.inj_mul, mult_IZR in Hhi, Hlo.
        change (Q2R (discount T)) with (gamma M) in *. fold slack in Hhi, Hlo.
        assert (0 < IZR (Zpos (whole (row_in greedy s))) * IZR (Zpos (unit (top c)))) as Hpos
          by (apply Rmult_lt_0_compat; assumption).
        set (k := IZR (Zpos (whole (row_in greedy s))) * IZR (Zpos (unit (top c)))) in *.
        split; apply Rmult_le_reg_l with k; lra.
      - intros w Hd. rewrite !net_gain_is_less_norm by
          (exact Hd || exact (shares_are_a_distribution _ _ Hrow)).
        apply nearest_is_largest; [exact Htau| |exact Hd].
        apply (nearest_is_projection _ _ _ _ _ Hrow (fun a => losses_of_row T HM (top c) s a Hs))
          in Hnear.
        apply projection_ext with (2 := Hnear). intros a Ha. fold M. rewrite Q2R_mult, Q2R_inv, Q2R_make.
        + unfold ratio, tau. field. split; lra.
        + intros E. apply Qeq_eqR in E. rewrite RMicromega.Q2R_0 in E. lra.
    Qed.

    Lemma rest_of_discount : 0 < 1 - gamma M.
    Proof. destruct Hproper as (_ & _ & Hg & _). fold M in Hg. lra. Qed.

    Theorem best_is_near_top best s :
      is_td_best T c best -> (s < n_states T)%nat ->
      Rabs (best s - value (top c) s) <= Q2R (off c).
    Proof.
      intros Hbest Hs. pose proof rest_of_discount as Hg.
      pose proof (supremum_near_guess M (quadratic M tau) (value (top c)) (- slack) slack
        (probability greedy) Hproper greedy_is_policy) as H.
      assert (- slack / (1 - gamma M) <= best s - value (top c) s <= slack / (1 - gamma M)) as E.
      { apply H; [| |exact Hbest|exact Hs].
        - intros t Ht. apply top_is_near, Ht.
        - intros t w Ht Hw. destruct (top_is_near t Ht) as [Hslack Hmost].
          apply Rle_trans with (1 := Hmost w Hw). tauto. }
      apply Rabs_le. unfold slack in E.
      replace (- (Q2R (off c) * (1 - gamma M)) / (1 - gamma M)) with (- Q2R (off c)) in E
        by (field; lra).
      replace (Q2R (off c) * (1 - gamma M) / (1 - gamma M)) with (Q2R (off c)) in E by (field; lra).
      exact E.
    Qed.

    Theorem there_is_a_best : exists best, is_td_best T c best.
    Proof.
      apply (supremum_exists M (quadratic M tau) (value (top c)) (- slack) slack
        (probability greedy) Hproper greedy_is_policy).
      - intros t Ht. apply top_is_near, Ht.
      - intros t w Ht Hw. destruct (top_is_near t Ht) as [Hslack Hmost].
        apply Rle_trans with (1 := Hmost w Hw). tauto.
    Qed.
  End Top.
End Sound.
