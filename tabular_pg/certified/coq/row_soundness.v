(* The checkers of rows are sound, for all methods and rows. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp improvement policy_iteration multiplicative projected.
From TabularPG Require Import projected_rates steps table values rows.
Import ListNotations.
Local Open Scope R_scope.

Section Row.
  Variables (n : nat) (p q : shares) (x : list Q) (rate : Q) (u : R) (loses : nat -> R).
  Hypotheses (Hu : 0 < u) (Hx : forall a, (a < n)%nat -> Q2R (entry x a) = u * loses a).

  Lemma is_best_is_best a :
    (a < n)%nat ->
    is_best n x a = true <-> (forall b, (b < n)%nat -> loses a <= loses b).
  Proof.
    intros Ha. unfold is_best, all_actions. rewrite forallb_forall. split; intros H b Hb.
    - assert (Qle_bool (entry x a) (entry x b) = true) as E by (apply H, in_seq; lia).
      apply Qle_bool_iff, Qle_Rle in E. rewrite !Hx in E by auto. nra.
    - apply in_seq in Hb. apply Qle_bool_iff, Rle_Qle. rewrite !Hx by (auto; lia).
      assert (loses a <= loses b) by (apply H; lia). nra.
  Qed.

  Lemma chance_zero a : chance p a = 0 <-> part p a = 0%Z.
  Proof.
    unfold chance, ratio. pose proof (total_positive (whole p)) as Hp. split.
    - intros H. apply Rmult_integral in H as [H|H]; [apply eq_IZR, H|].
      pose proof (Rinv_0_lt_compat _ Hp). lra.
    - intros ->. unfold Rdiv. ring.
  Qed.

  Theorem checks_howard_sound :
    checks_howard n p q x = true ->
    let best a := forall b, (b < n)%nat -> loses a <= loses b in
    ((forall a, (a < n)%nat -> chance p a <> 0 -> best a) /\
     forall a, (a < n)%nat -> chance q a = chance p a) \/
    (~ (forall a, (a < n)%nat -> chance p a <> 0 -> best a) /\
     exists b, ((b < n)%nat /\ best b /\ forall c, (c < b)%nat -> ~ best c) /\
     forall a, (a < n)%nat -> chance q a = if Nat.eqb a b then 1 else 0).
  Proof.
    intros H best. unfold checks_howard in H. pose proof (total_positive (whole p)).
    pose proof (total_positive (whole q)).
    destruct (all_actions n (fun a => if (part p a =? 0)%Z then true else is_best n x a)) eqn:E.
    - left. split.
      + intros a Ha Hne. pose proof (all_actions_forall _ _ E a Ha) as Hb. cbv beta in Hb.
        destruct (part p a =? 0)%Z eqn:E0; [|exact (proj1 (is_best_is_best a Ha) Hb)].
        apply Z.eqb_eq in E0. apply chance_zero in E0. contradiction.
      + intros a Ha. pose proof (all_actions_forall _ _ H a Ha) as Hb. cbv beta in Hb.
        apply Z.eqb_eq, (f_equal IZR) in Hb. rewrite !mult_IZR in Hb.
        unfold chance, ratio. apply Rmult_eq_reg_r with (IZR (Zpos (whole q)));
          [|apply Rgt_not_eq; lra].
        apply Rmult_eq_reg_r with (IZR (Zpos (whole p))); [|apply Rgt_not_eq; lra].
        field_simplify; lra.
    - right. destruct (not_all_actions _ _ E) as [a [Ha Hb]]. split.
      + intros Hall. destruct (part p a =? 0)%Z eqn:E0; [discriminate|].
        assert (is_best n x a = true); [|congruence]. apply (is_best_is_best a Ha), (Hall a Ha).
        intros Hz. apply chance_zero in Hz. rewrite Hz in E0. discriminate.
      + destruct (first_action n (is_best n x)) as [b|] eqn:Eb; [|discriminate].
        apply first_action_is_first in Eb as (Hlt & Hbest & Hfirst). exists b.
        repeat split; auto.
        * exact (proj1 (is_best_is_best b Hlt) Hbest).
        * intros c Hc Hc'. specialize (Hfirst c Hc).
          apply (is_best_is_best c (Nat.lt_trans _ _ _ Hc Hlt)) in Hc'. congruence.
        * intros c Hc. pose proof (all_actions_forall _ _ H c Hc) as Hd. cbv beta in Hd.
          apply Z.eqb_eq in Hd. unfold chance. rewrite Hd. unfold ratio.
          destruct (Nat.eqb c b); [apply Rinv_r; lra|unfold Rdiv; ring].
  Qed.

  Lemma excess_is_excess a :
    (a < n)%nat ->
    Q2R (entry (excesses n rate p q x) a) =
    IZR (Zpos (whole p)) * IZR (Zpos (whole q)) * IZR (Zpos (Qden rate)) *
    (chance p a - Q2R rate * (u * loses a) - chance q a).
  Proof.
    intros Ha. unfold excesses. rewrite entry_of_map, <- Hx by exact Ha.
    unfold excess, chance, ratio. destruct (entry x a) as [m d]. destruct rate as [k l].
    unfold Q2R. cbn [Qnum Qden].
    rewrite minus_IZR, !mult_IZR, minus_IZR, !Pos2Z.inj_mul, !mult_IZR.
    pose proof (total_positive (whole p)). pose proof (total_positive (whole q)).
    pose proof (total_positive d). pose proof (total_positive l). field. repeat split; lra.
  Qed.

  Theorem checks_projection_sound :
    distribution n (chance q) -> checks_projection n rate p q x = true ->
    is_projection n (fun a => chance p a - Q2R rate * (u * loses a)) (chance q).
  Proof.
    intros Hq H. unfold checks_projection in H.
    set (top := match first_action n (fun a => (0 <? part q a)%Z) with
                | None => 0%Q | Some b => entry (excesses n rate p q x) b end) in *.
    set (c := IZR (Zpos (whole p)) * IZR (Zpos (whole q)) * IZR (Zpos (Qden rate))).
    assert (0 < c) as Hc by (unfold c; repeat apply Rmult_lt_0_compat; apply total_positive).
    apply (condition_is_projection n _ _ (/ c * Q2R top)); auto; intros a Ha;
      pose proof (all_actions_forall _ _ H a Ha) as Hb; cbv beta in Hb;
      pose proof (excess_is_excess a Ha) as He; fold c in He.
    - apply Rmult_le_reg_l with c; [exact Hc|].
      replace (c * (/ c * Q2R top)) with (Q2R top) by (field; lra). rewrite <- He.
      destruct (part q a =? 0)%Z; [apply Qle_Rle, Qle_bool_iff, Hb|].
      apply Req_le, Qeq_eqR, Qeq_bool_iff, Hb.
    - destruct (part q a =? 0)%Z eqn:E0.
      + left. apply Z.eqb_eq in E0. unfold chance. rewrite E0. unfold ratio, Rdiv. ring.
      + right. apply Qeq_bool_iff, Qeq_eqR in Hb. rewrite Hb in He. rewrite He.
        field. lra.
  Qed.

  Lemma factor_is_factor c a :
    (a < n)%nat ->
    Q2R (factor c rate (entry x a)) =
    IZR (Zpos (Qden rate)) * (1 - IZR c * (Q2R rate * (u * loses a))).
  Proof.
    intros Ha. rewrite <- Hx by exact Ha. unfold factor. destruct (entry x a) as [m d].
    destruct rate as [k l]. unfold Q2R. cbn [Qnum Qden].
    rewrite minus_IZR, !mult_IZR, !Pos2Z.inj_mul, !mult_IZR.
    pose proof (total_positive d). pose proof (total_positive l). field. repeat split; lra.
  Qed.

  Theorem checks_spma_sound :
    checks_spma n rate p q x = true ->
    forall a, (a < n)%nat -> chance q a = chance p a * (1 - Q2R rate * (u * loses a)).
  Proof.
    intros H a Ha. pose proof (all_actions_forall _ _ H a Ha) as Hb. cbv beta zeta in Hb.
    pose proof (factor_is_factor 1 a Ha) as Hf. destruct (factor 1 rate (entry x a)) as [m d].
    cbn [Qnum Qden] in *. apply Z.eqb_eq, (f_equal IZR) in Hb.
    rewrite !Pos2Z.inj_mul, !mult_IZR in Hb. rewrite Rmult_1_l, Q2R_make in Hf.
    pose proof (total_positive (whole p)). pose proof (total_positive (whole q)).
    pose proof (total_positive d).
    pose proof (total_positive (Qden rate)) as Hr. unfold chance, ratio.
    set (f := 1 - Q2R rate * (u * loses a)) in *.
    assert (IZR m = IZR (Zpos (Qden rate)) * f * IZR (Zpos d)) as Em
      by (rewrite <- Hf; unfold ratio; field; lra).
    rewrite Em in Hb.
    apply Rmult_eq_reg_r with (IZR (Zpos (Qden rate)) * IZR (Zpos d)); [|nra].
    apply Rmult_eq_reg_r with (IZR (Zpos (whole p)) * IZR (Zpos (whole q))); [|nra].
    field_simplify; lra.
  Qed.

  Theorem checks_hadamard_sound :
    checks_hadamard n rate p q x = true ->
    let w a := chance p a * (1 + 2 * - (Q2R rate * (u * loses a))) ^ 2 in
    0 < sum n w /\ forall a, (a < n)%nat -> chance q a = w a / sum n w.
  Proof.
    intros H w. unfold checks_hadamard in H.
    set (k := IZR (Zpos (whole p)) * (IZR (Zpos (Qden rate)) * IZR (Zpos (Qden rate)))).
    pose proof (total_positive (whole p)). pose proof (total_positive (whole q)).
    pose proof (total_positive (Qden rate)).
    assert (0 < k) as Hk by (unfold k; repeat apply Rmult_lt_0_compat; lra).
    assert (forall a, (a < n)%nat -> Q2R (entry (squares n rate p x) a) = k * w a) as Hw.
    { intros a Ha. unfold squares. rewrite entry_of_map by exact Ha.
      pose proof (factor_is_factor 2 a Ha) as Hf. destruct (factor 2 rate (entry x a)) as [m d].
      cbv zeta. cbn [Qnum Qden]. unfold w.
      replace (1 + 2 * - (Q2R rate * (u * loses a)))
        with (Q2R (m # d) / IZR (Zpos (Qden rate))) by (rewrite Hf; field; lra).
      unfold k, chance, ratio, Q2R. cbn [Qnum Qden].
      rewrite !mult_IZR, !Pos2Z.inj_mul, !mult_IZR. pose proof (total_positive d).
      field. repeat split; lra. }
    assert (Q2R (sum_Q n (entry (squares n rate p x))) = k * sum n w) as Hsum.
    { rewrite Q2R_sum, <- sum_scale. apply sum_ext, Hw. }
    destruct (0 <? Qnum (sum_Q n (entry (squares n rate p x))))%Z eqn:Hpos; [|discriminate].
    set (all := sum_Q n (entry (squares n rate p x))) in *.
    assert (0 < sum n w) as Hall.
    { assert (0 < Q2R all); [|nra]. apply Z.ltb_lt, IZR_lt in Hpos. unfold Q2R.
      apply Rmult_lt_0_compat; [exact Hpos|]. apply Rinv_0_lt_compat, total_positive. }
    split; [exact Hall|]. intros a Ha. pose proof (all_actions_forall _ _ H a Ha) as Hb.
    cbv beta in Hb. apply Qeq_bool_iff, Qeq_eqR in Hb. rewrite !Q2R_mult, Hw, Hsum in Hb by auto.
    unfold inject_Z, Q2R in Hb. cbn [Qnum Qden] in Hb. unfold chance, ratio.
    apply Rmult_eq_reg_r with (k * sum n w); [|nra].
    apply Rmult_eq_reg_r with (IZR (Zpos (whole q))); [|lra].
    field_simplify; [|lra|lra]. lra.
  Qed.
End Row.
