(* Projected policy gradient and projected Q-ascent end after finitely many steps, and converge
   linearly until then: P3 and P4. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp improvement policy_iteration projected projected_rates.
Local Open Scope R_scope.

(* An action is optimal, or loses at least Delta. *)
Definition separates M Vs Delta : Prop :=
  forall s a, (s < states M)%nat -> (a < actions M)%nat ->
  Qof M Vs s a = Vs s \/ Delta <= Vs s - Qof M Vs s a.

(* eps_T *)
Definition threshold g h Delta : R := h * (Delta * Delta) / (2 + g * (h * Delta)).

(* Where a projection is positive it is lowered the least. *)
Lemma positive_is_lowered_least n x y a c :
  is_projection n x y -> (a < n)%nat -> (c < n)%nat -> 0 < y c -> x a - y a <= x c - y c.
Proof.
  intros Hy Ha Hc Hpos. destruct (Nat.eq_dec a c) as [->|Hne]; [lra|].
  set (one := fun k i => if Nat.eqb i k then 1 else 0).
  set (z := fun i => y i + y c * (one a i - one c i)).
  assert (forall k f, (k < n)%nat -> sum n (fun i => one k i * f i) = f k) as Hone
    by (intros k f Hk; unfold one; rewrite sum_point by exact Hk; ring).
  assert (distribution n z) as Hz.
  { destruct Hy as [[Hy1 Hy2] _]. split.
    - intros i Hi. specialize (Hy1 i Hi). unfold z, one.
      destruct (Nat.eqb i a); destruct (Nat.eqb i c) eqn:E; try lra.
      apply Nat.eqb_eq in E. subst i. lra.
    - unfold z. rewrite sum_plus, Hy2, sum_scale, sum_minus.
      rewrite (sum_ext n (one a) (fun i => one a i * 1)) by (intros; ring).
      rewrite (sum_ext n (one c) (fun i => one c i * 1)) by (intros; ring).
      rewrite !Hone by assumption. ring. }
  pose proof (projection_condition n x y Hy z Hz) as H. unfold inner in H.
  rewrite (sum_ext n _ (fun i => y c * (one a i * (x i - y i) - one c i * (x i - y i)))) in H
    by (intros; unfold z; ring).
  rewrite sum_scale, sum_minus in H.
  rewrite (Hone a (fun i => x i - y i) Ha), (Hone c (fun i => x i - y i) Hc) in H. nra.
Qed.

Section Step.
  Variables (M : MDP) (Vs V : nat -> R) (pi next : nat -> nat -> R) (eta : nat -> R).
  Variables (h e Delta : R).
  Hypotheses (HM : proper M) (Hs : optimal_value M Vs).
  Hypotheses (Hpi : policy M pi) (HV : bellman M pi V).
  Hypotheses (Hh : 0 < h) (Heta : forall s, (s < states M)%nat -> h <= eta s).
  Hypotheses (Hstep : projected_step M V pi eta next) (He : is_error M Vs V e).
  Hypotheses (HD : 0 < Delta) (Hsep : separates M Vs Delta).
  Hypothesis Hsmall : e <= threshold (gamma M) h Delta.

  Let good s a : R := if Req_EM_T (Qof M Vs s a) (Vs s) then 1 else 0.

  Lemma Q_between s a :
    (s < states M)%nat -> (a < actions M)%nat ->
    Qof M Vs s a - gamma M * e <= Qof M V s a <= Qof M Vs s a.
  Proof.
    intros Hin Ha. pose proof HM as (_ & _ & Hg & HP). unfold Qof.
    assert (0 <= mean (states M) (P M s a) (fun t => Vs t - V t) <= e) as H.
    { split.
      - apply const_le_mean; auto. intros t Ht.
        pose proof (no_value_above_optimum M Vs pi V HM Hs Hpi HV t Ht). lra.
      - apply mean_le_const; auto. intros t Ht. exact (proj1 He t Ht). }
    rewrite mean_minus in H. nra.
  Qed.

  (* The mass of actions that are not optimal (L5): Delta b <= e *)
  Lemma bad_mass s : (s < states M)%nat ->
    Delta * sum (actions M) (fun a => (1 - good s a) * pi s a) <= e.
  Proof.
    intros Hin. apply Rle_trans with (Vs s - V s); [|exact (proj1 He s Hin)].
    rewrite (HV s Hin), <- (mean_const _ _ (Vs s) (Hpi s Hin)). unfold backup.
    rewrite <- mean_minus. unfold mean. rewrite <- sum_scale. apply sum_le. intros a Ha.
    destruct (Hpi s Hin) as [Hpos _]. specialize (Hpos a Ha).
    pose proof (Q_between s a Hin Ha) as HQ. unfold good.
    destruct (Req_EM_T (Qof M Vs s a) (Vs s)) as [E|Hne]; [nra|].
    destruct (Hsep s a Hin Ha) as [E|H]; [contradiction|]. nra.
  Qed.

  Lemma error_is_small : 0 <= e /\ 2 * e <= Delta * (h * (Delta - gamma M * e)).
  Proof.
    pose proof HM as (_ & _ & Hg & _). pose proof (error_nonneg M Vs pi V e HM Hs Hpi HV He).
    split; [assumption|]. assert (0 <= gamma M * (h * Delta)) by (apply Rmult_le_pos; nra).
    apply (Rmult_le_compat_r (2 + gamma M * (h * Delta))) in Hsmall; [|lra].
    unfold threshold, Rdiv in Hsmall. rewrite Rmult_assoc, Rinv_l in Hsmall by lra. nra.
  Qed.

  (* Every action that is not optimal is dropped. *)
  Lemma bad_is_dropped s c :
    (s < states M)%nat -> (c < actions M)%nat -> Qof M Vs s c <> Vs s -> next s c = 0.
  Proof.
    intros Hin Hc Hbad. destruct (Hstep s Hin) as [Hdist _].
    destruct (Req_dec (next s c) 0) as [|Hne]; [assumption|exfalso].
    pose proof (proj1 Hdist c Hc) as Hpos. assert (0 < next s c) as Hy by lra.
    destruct error_is_small as [He0 Hlead]. destruct (Hpi s Hin) as [Hp1 Hp2].
    set (b := sum (actions M) (fun a => (1 - good s a) * pi s a)).
    assert (forall a, 0 <= good s a <= 1) as Hgood
      by (intros a; unfold good; destruct (Req_EM_T (Qof M Vs s a) (Vs s)); lra).
    assert (good s c = 0) as Hc0
      by (unfold good; destruct (Req_EM_T (Qof M Vs s c) (Vs s)); [contradiction|reflexivity]).
    assert (pi s c <= b) as Hcb.
    { pose proof (term_le_sum (actions M) (fun a => (1 - good s a) * pi s a) c) as H.
      cbv beta in H. rewrite Hc0 in H. unfold b. rewrite <- (Rmult_1_l (pi s c)).
      replace 1 with (1 - 0) at 1 by ring. apply H; [|exact Hc].
      intros a Ha. specialize (Hp1 a Ha). specialize (Hgood a). nra. }
    assert (0 <= b) as Hb0 by (specialize (Hp1 c Hc); lra).
    pose proof (bad_mass s Hin) as Hmass. fold b in Hmass.
    assert (2 * b <= h * (Delta - gamma M * e)) as Hb.
    { apply Rmult_le_reg_l with Delta; [exact HD|]. lra. }
    specialize (Heta s Hin).
    assert (2 * b <= eta s * (Delta - gamma M * e)) as Hb' by nra.
    (* an optimal action gains 2 b on c, less what c has *)
    assert (forall a, (a < actions M)%nat ->
      good s a * (pi s a + b + next s c) <= good s a * next s a) as Heach.
    { intros a Ha. unfold good. destruct (Req_EM_T (Qof M Vs s a) (Vs s)) as [E|]; [|lra].
      pose proof (positive_is_lowered_least _ _ _ a c (Hstep s Hin) Ha Hc Hy) as H.
      cbv beta in H. pose proof (Q_between s a Hin Ha). pose proof (Q_between s c Hin Hc).
      destruct (Hsep s c Hin Hc) as [|Hd]; [contradiction|].
      assert (eta s * (Delta - gamma M * e) <= eta s * (Qof M V s a - Qof M V s c))
        by (apply Rmult_le_compat_l; lra). lra. }
    apply sum_le in Heach.
    assert (sum (actions M) (fun a => good s a * next s a) <= 1 - next s c) as Hupper.
    { destruct Hdist as [Hd1 Hd2]. rewrite <- Hd2.
      rewrite <- (Rmult_1_l (next s c)), <- (sum_point (actions M) c 1 (next s) Hc), <- sum_minus.
      apply sum_le. intros a Ha. specialize (Hd1 a Ha). specialize (Hgood a).
      destruct (Nat.eqb a c) eqn:Eac; [|nra]. apply Nat.eqb_eq in Eac. subst a. rewrite Hc0. lra. }
    assert (1 - b + (b + next s c) <=
      sum (actions M) (fun a => good s a * (pi s a + b + next s c))) as Hlower; [|lra].
    { rewrite (sum_ext _ _ (fun a => (pi s a - (1 - good s a) * pi s a)
        + (b + next s c) * good s a)) by (intros; ring).
      rewrite sum_plus, sum_minus, Hp2, sum_scale. fold b.
      assert (1 <= sum (actions M) (good s)); [|nra].
      destruct Hs as [Hmax [p [Hp Hbell]]].
      destruct (Rle_dec 1 (sum (actions M) (good s))) as [|Hnone]; [assumption|exfalso].
      (* else no action is optimal, and Vs would be below itself *)
      assert (forall a, (a < actions M)%nat -> good s a = 0) as Hzero.
      { intros a Ha. pose proof (term_le_sum (actions M) (good s) a) as H.
        specialize (H (fun i _ => proj1 (Hgood i)) Ha). unfold good in *.
        destruct (Req_EM_T (Qof M Vs s a) (Vs s)); [lra|reflexivity]. }
      assert (Vs s <= Vs s - Delta); [|lra]. rewrite (Hbell s Hin) at 1.
      apply mean_le_const; [auto|]. intros a Ha. specialize (Hzero a Ha). unfold good in Hzero.
      destruct (Hsep s a Hin Ha) as [E|]; [|lra].
      destruct (Req_EM_T (Qof M Vs s a) (Vs s)); [lra|contradiction]. }
  Qed.

  (* P3 *)
  Theorem P3_termination W :
    bellman M next W -> forall s, (s < states M)%nat -> W s = Vs s.
  Proof.
    intros HW. assert (policy M next) as Hnext by (intros t Ht; exact (proj1 (Hstep t Ht))).
    assert (forall s, (s < states M)%nat -> backup M next Vs s = Vs s) as H.
    { intros s Hin. rewrite <- (mean_const _ _ (Vs s) (Hnext s Hin)). apply sum_ext.
      intros a Ha. destruct (Req_dec (Qof M Vs s a) (Vs s)) as [->|Hbad]; [reflexivity|].
      rewrite bad_is_dropped by auto. ring. }
    intros s Hin. apply Rle_antisym.
    - apply (bellman_le M next); auto. intros t Ht. rewrite H by exact Ht. lra.
    - apply (bellman_ge M next); auto. intros t Ht. rewrite H by exact Ht. lra.
  Qed.
End Step.

(* P4: e_k <= e_0 (1 - (1-gamma) x / (x + 2/h))^k, x = (1-gamma) eps_T *)
Theorem P4_linear M Vs (pi : nat -> nat -> nat -> R) (V eta : nat -> nat -> R) e h Delta :
  proper M -> optimal_value M Vs ->
  (forall k, policy M (pi k)) -> (forall k, bellman M (pi k) (V k)) ->
  (forall k, projected_step M (V k) (pi k) (eta k) (pi (S k))) ->
  (forall k, is_error M Vs (V k) (e k)) ->
  0 < h -> (forall k s, (s < states M)%nat -> h <= eta k s) ->
  0 < Delta -> separates M Vs Delta ->
  let x := (1 - gamma M) * threshold (gamma M) h Delta in
  forall k, e k <= e 0%nat * (1 - (1 - gamma M) * (x / (x + 2 / h))) ^ k.
Proof.
  intros HM Hs Hpi HV Hstep He Hh Heta HD Hsep x. pose proof HM as (_ & _ & Hg & _).
  assert (0 < 2 / h) as Hc by (apply Rdiv_lt_0_compat; lra).
  assert (0 < x) as Hx.
  { unfold x, threshold. apply Rmult_lt_0_compat; [lra|]. apply Rdiv_lt_0_compat;
      [repeat apply Rmult_lt_0_compat; assumption|].
    assert (0 <= gamma M * (h * Delta)) by (apply Rmult_le_pos; [lra|nra]). lra. }
  set (f := x / (x + 2 / h)). set (q := 1 - (1 - gamma M) * f).
  assert (0 <= f <= 1) as Hf.
  { unfold f. split; [apply Rlt_le, Rdiv_lt_0_compat; lra|].
    apply Rmult_le_reg_r with (x + 2 / h); [lra|]. unfold Rdiv at 1.
    rewrite Rmult_assoc, Rinv_l; lra. }
  assert (0 <= q) as Hq by (unfold q; nra).
  assert (forall k, 0 <= e k) as Hpos by (intros k; eapply error_nonneg; eauto).
  assert (forall k, e (S k) <= q * e k) as Hone.
  { intros k. specialize (Hpos k) as Hk.
    destruct (Rle_dec (e k) (threshold (gamma M) h Delta)) as [Hle|Hgt].
    - apply Rle_trans with 0; [|nra]. destruct (He (S k)) as [_ [s [Hin <-]]].
      rewrite (P3_termination M Vs (V k) (pi k) (pi (S k)) (eta k) h (e k) Delta
        HM Hs (Hpi k) (HV k) Hh (Heta k) (Hstep k) (He k) HD Hsep Hle (V (S k)) (HV (S k)) s Hin).
      lra.
    - assert (e (S k) <= e k - h_of (2 / h) ((1 - gamma M) * e k)) as H
        by (eapply step_of_errors; eauto).
      set (y := (1 - gamma M) * e k) in *.
      assert (x <= y) as Hxy by (unfold x, y; apply Rmult_le_compat_l; lra).
      assert (f * y <= h_of (2 / h) y) as Hh_of; [|unfold q, y in *; lra].
      assert (h_of (2 / h) y - f * y = y * (2 / h) * (y - x) * / ((y + 2 / h) * (x + 2 / h))) as E
        by (unfold h_of, f; clear - Hc Hx Hxy; set (c := 2 / h) in *; field; lra).
      assert (0 <= y * (2 / h) * (y - x) * / ((y + 2 / h) * (x + 2 / h))); [|lra].
      apply Rmult_le_pos; [|apply Rlt_le, Rinv_0_lt_compat, Rmult_lt_0_compat; lra].
      apply Rmult_le_pos; [|lra]. apply Rmult_le_pos; lra. }
  induction k as [|k IH]; [simpl; lra|]. apply Rle_trans with (1 := Hone k).
  simpl. replace (e 0%nat * (q * q ^ k)) with (q * (e 0%nat * q ^ k)) by ring.
  apply Rmult_le_compat_l; assumption.
Qed.
