(* The rates of projected policy gradient and projected Q-ascent for all iterations: P2s, P2, P6.
   The step of state s in iteration k is eta k s, at least h: for projected policy gradient it is
   eta d_mu(s) / (1 - gamma) and h = eta min mu, for Q-ascent both are eta. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp improvement policy_iteration projected.
Local Open Scope R_scope.

(* Projecting does not change if a constant is added to the row: A may stand for Q. *)
Lemma projection_shift n x c y :
  is_projection n (fun i => x i + c) y -> is_projection n x y.
Proof.
  intros [Hy Hnear]. split; [exact Hy|]. intros z Hz. specialize (Hnear z Hz).
  assert (forall w, distribution n w -> distance_squared n (fun i => x i + c) w =
    distance_squared n x w + 2 * c * (sum n x - 1) + INR n * (c * c)) as E.
  { intros w [_ Hw]. unfold distance_squared. rewrite <- Hw, <- sum_minus.
    rewrite <- (sum_const n (c * c)), <- sum_scale, <- !sum_plus. apply sum_ext. intros; ring. }
  rewrite (E y Hy), (E z Hz) in Hnear. lra.
Qed.

Definition projected_step M V (pi : nat -> nat -> R) (eta : nat -> R) next : Prop :=
  forall s, (s < states M)%nat ->
  is_projection (actions M) (fun a => pi s a + eta s * Qof M V s a) (next s).

(* ---- x^2 / (x + c), and the recursion that it leads to (L10) ---- *)

Definition h_of c x : R := x * x / (x + c).

Lemma h_slope c u v : 0 < c -> 0 <= u <= v -> 0 <= h_of c v - h_of c u <= v - u.
Proof.
  intros Hc Huv. set (q := c * c * / ((u + c) * (v + c))).
  assert (0 < (u + c) * (v + c)) as Hpos by nra.
  assert (0 < / ((u + c) * (v + c))) as Hinv by (apply Rinv_0_lt_compat; exact Hpos).
  assert (0 <= q <= 1) as Hq.
  { unfold q. split; [apply Rmult_le_pos; [nra|lra]|].
    apply Rmult_le_reg_r with ((u + c) * (v + c)); [exact Hpos|].
    rewrite Rmult_assoc, Rinv_l by lra. nra. }
  replace (h_of c v - h_of c u) with ((v - u) * (1 - q)) by (unfold h_of, q; field; lra). nra.
Qed.

Lemma recursion (u : nat -> R) a :
  0 <= a -> 0 < u 0%nat -> (forall k, 0 <= u k) ->
  (forall k, u (S k) <= u k - a * (u k * u k)) ->
  forall k, u k <= / (/ u 0%nat + INR k * a).
Proof.
  intros Ha H0 Hpos Hstep k.
  assert (0 < / u 0%nat) as Hinv by (apply Rinv_0_lt_compat; exact H0).
  assert (forall k, 0 <= INR k * a) as Hk by (intros j; pose proof (pos_INR j); nra).
  assert (u k * (/ u 0%nat + INR k * a) <= 1) as H.
  { induction k as [|k IH]; [rewrite Rmult_0_l, Rplus_0_r, Rinv_r; lra|].
    rewrite S_INR. specialize (Hstep k). specialize (Hk k). pose proof (Hpos k) as Huk.
    pose proof (Hpos (S k)) as Hnext. set (g := / u 0%nat + INR k * a) in *.
    replace (/ u 0%nat + (INR k + 1) * a) with (g + a) by (unfold g; ring).
    assert (a * u k <= 1) as Hle.
    { destruct (Rle_dec (a * u k) 1); [assumption|exfalso]. assert (0 < u k) by nra. nra. }
    apply Rle_trans with ((u k - a * (u k * u k)) * (g + a));
      [apply Rmult_le_compat_r; [unfold g; lra|exact Hstep]|].
    assert (0 <= (1 - u k * g) * (1 - a * u k)) by (apply Rmult_le_pos; lra).
    assert (0 <= (a * u k) * (a * u k)) by apply Rle_0_sqr. lra. }
  specialize (Hk k). apply Rmult_le_reg_r with (/ u 0%nat + INR k * a); [lra|].
  rewrite Rinv_l by lra. exact H.
Qed.

(* ---- One step in all states. ---- *)
Section Step.
  Variables (M : MDP) (Vs V W : nat -> R) (pi next : nat -> nat -> R) (eta : nat -> R).
  Variables (h e e' : R).
  Hypotheses (HM : proper M) (Hs : optimal_value M Vs).
  Hypotheses (Hpi : policy M pi) (HV : bellman M pi V) (HW : bellman M next W).
  Hypotheses (Hh : 0 < h) (Heta : forall s, (s < states M)%nat -> h <= eta s).
  Hypotheses (Hstep : projected_step M V pi eta next).
  Hypotheses (He : is_error M Vs V e) (He' : is_error M Vs W e').
  Let largest_advantage s := top (actions M) (advantage M V s).

  Lemma next_is_policy : policy M next.
  Proof. intros s Hin. exact (proj1 (Hstep s Hin)). Qed.

  Lemma row_of_advantages s :
    (s < states M)%nat ->
    is_projection (actions M) (fun a => pi s a + eta s * advantage M V s a) (next s).
  Proof.
    intros Hin. apply projection_shift with (eta s * V s).
    destruct (Hstep s Hin) as [Hd Hnear]. split; [exact Hd|]. intros z Hz. specialize (Hnear z Hz).
    assert (forall w,
      distance_squared (actions M) (fun a => pi s a + eta s * advantage M V s a + eta s * V s) w =
      distance_squared (actions M) (fun a => pi s a + eta s * Qof M V s a) w) as E.
    { intros w. apply sum_ext. intros a _. unfold advantage. ring. }
    rewrite (E (next s)), (E z). exact Hnear.
  Qed.

  Lemma step_data s :
    (s < states M)%nat ->
    let m := largest_advantage s in
    is_max (actions M) (advantage M V s) m /\ 0 <= m /\
    m * m / (m + 2 / eta s) <= improvement M V next s /\
    m - / (2 * eta s) <= improvement M V next s.
  Proof.
    intros Hin m. pose proof HM as (_ & HA & _). specialize (Heta s Hin).
    assert (is_max (actions M) (advantage M V s) m) as Hm by (apply top_is_max, HA).
    assert (mean (actions M) (pi s) (advantage M V s) = 0) as Hzero.
    { rewrite <- improvement_is_mean_advantage by auto. apply own_improvement_is_zero; auto. }
    rewrite improvement_is_mean_advantage by (auto; apply next_is_policy).
    pose proof (row_of_advantages s Hin) as Hrow. assert (0 < eta s) as Hpos by lra.
    repeat split; [exact (proj1 Hm)|exact (proj2 Hm)| | |].
    - eapply max_nonneg; eauto.
    - eapply P1a_row; eauto.
    - eapply P1b_row; eauto.
  Qed.

  Lemma optimal_gains_at_most_largest p s :
    policy M p -> (s < states M)%nat -> improvement M V p s <= largest_advantage s.
  Proof.
    intros Hp Hin. rewrite improvement_is_mean_advantage by auto. apply mean_le_const; auto.
    exact (proj1 (proj1 (step_data s Hin))).
  Qed.

  Lemma h_bound s m : (s < states M)%nat -> 0 <= m -> h_of (2 / h) m <= m * m / (m + 2 / eta s).
  Proof.
    intros Hin Hm. specialize (Heta s Hin). unfold h_of, Rdiv.
    assert (/ eta s <= / h) by (apply Rinv_le_contravar; lra).
    assert (0 < / eta s) by (apply Rinv_0_lt_compat; lra).
    apply Rmult_le_compat_l; [nra|]. apply Rinv_le_contravar; lra.
  Qed.

  Lemma step_of_errors : e' <= e - h_of (2 / h) ((1 - gamma M) * e).
  Proof.
    destruct He' as [_ [s [Hin <-]]]. pose proof Hs as [_ [p [Hp Hbell]]].
    assert (0 < 2 / h) as Hc by (apply Rdiv_lt_0_compat; lra).
    apply (master_worst_state M p next Vs V W e largest_advantage (h_of (2 / h)));
      auto using next_is_policy.
    - exact (error_nonneg M Vs pi V e HM Hs Hpi HV He).
    - exact (proj1 He).
    - unfold h_of, Rdiv. ring.
    - intros u v Huv _. apply h_slope; auto.
    - intros u v Huv. pose proof (h_slope _ u v Hc Huv). lra.
    - intros t Ht. apply optimal_gains_at_most_largest; auto.
    - intros t Ht. destruct (step_data t Ht) as (_ & Hpos & HI & _).
      rewrite Rmax_right by exact Hpos. apply Rle_trans with (2 := HI). apply h_bound; auto.
  Qed.

  Lemma step_towards_backup : e' <= gamma M * e + / (2 * h).
  Proof.
    destruct He' as [_ [s [Hin <-]]]. pose proof Hs as [_ [p [Hp Hbell]]].
    assert (forall t, (t < states M)%nat -> 0 <= improvement M V next t) as Hpos.
    { intros t Ht. destruct (step_data t Ht) as (_ & Hm & HI & _).
      apply Rle_trans with (2 := HI), Rle_trans with (2 := h_bound t _ Ht Hm).
      assert (0 < 2 / h) as Hc by (apply Rdiv_lt_0_compat; lra).
      pose proof (h_slope _ 0 _ Hc (conj (Rle_refl 0) Hm)) as Hh0. unfold h_of at 2 in Hh0.
      unfold Rdiv in Hh0 at 2. rewrite !Rmult_0_l in Hh0. lra. }
    pose proof (improvement_is_kept M next V W HM next_is_policy HW Hpos s Hin) as Hkept.
    pose proof (possible_improvement M p Vs V e HM Hp Hbell (proj1 He) s Hin) as Hpossible.
    pose proof (optimal_gains_at_most_largest p s Hp Hin) as Hle.
    destruct (step_data s Hin) as (_ & _ & _ & HI). specialize (Heta s Hin).
    assert (/ (2 * eta s) <= / (2 * h)) by (apply Rinv_le_contravar; lra). lra.
  Qed.
End Step.

(* ---- A run: policies pi k with values V k, errors e k and steps eta k. ---- *)
Section Run.
  Variables (M : MDP) (Vs : nat -> R) (pi : nat -> nat -> nat -> R) (V eta : nat -> nat -> R).
  Variable e : nat -> R.
  Hypotheses (HM : proper M) (Hs : optimal_value M Vs).
  Hypotheses (Hpi : forall k, policy M (pi k)) (HV : forall k, bellman M (pi k) (V k)).
  Hypotheses (Hstep : forall k, projected_step M (V k) (pi k) (eta k) (pi (S k))).
  Hypotheses (He : forall k, is_error M Vs (V k) (e k)).

  Lemma errors_nonneg k : 0 <= e k.
  Proof. eapply error_nonneg; eauto. Qed.

  (* P2s: e_k <= [1/e_0 + k (1-gamma)^2 / ((1-gamma) e_0 + 2/h)]^{-1} *)
  Theorem P2s_rate h :
    0 < h -> (forall k s, (s < states M)%nat -> h <= eta k s) -> 0 < e 0%nat ->
    forall k, e k <=
    / (/ e 0%nat + INR k * ((1 - gamma M) * (1 - gamma M) / ((1 - gamma M) * e 0%nat + 2 / h))).
  Proof.
    intros Hh Heta H0. pose proof HM as (_ & _ & Hg & _). set (g := 1 - gamma M).
    assert (0 < 2 / h) as Hc by (apply Rdiv_lt_0_compat; lra).
    assert (forall k, e (S k) <= e k - h_of (2 / h) (g * e k)) as Hone
      by (intros k; eapply step_of_errors; eauto).
    assert (0 < g) as Hgpos by (unfold g; lra).
    assert (forall x, 0 <= x -> 0 <= h_of (2 / h) x) as Hpos.
    { intros x Hx. unfold h_of. apply Rmult_le_pos; [nra|].
      apply Rlt_le, Rinv_0_lt_compat. lra. }
    assert (forall k, e k <= e 0%nat) as Hle.
    { induction k as [|k IH]; [lra|]. pose proof (errors_nonneg k). specialize (Hone k).
      assert (0 <= g * e k) as Hx by (apply Rmult_le_pos; lra).
      specialize (Hpos (g * e k) Hx). lra. }
    assert (0 < g * e 0%nat + 2 / h) as Hden.
    { assert (0 < g * e 0%nat) by (apply Rmult_lt_0_compat; lra). lra. }
    apply recursion; auto using errors_nonneg.
    - apply Rmult_le_pos; [nra|]. apply Rlt_le, Rinv_0_lt_compat, Hden.
    - intros k. specialize (Hone k). pose proof (errors_nonneg k) as Hk. specialize (Hle k).
      apply Rle_trans with (1 := Hone). apply Rplus_le_compat_l, Ropp_le_contravar. unfold h_of.
      replace (g * g / (g * e 0%nat + 2 / h) * (e k * e k))
        with (g * e k * (g * e k) * / (g * e 0%nat + 2 / h)) by (unfold Rdiv; ring).
      apply Rmult_le_compat_l; [apply Rle_0_sqr|]. apply Rinv_le_contravar; [|nra].
      assert (0 <= g * e k) by (apply Rmult_le_pos; lra). lra.
  Qed.

  (* P6: e_k <= gamma^k e_0 + sum_{j<k} gamma^{k-1-j} / (2 h_j) *)
  Theorem P6_rate (h : nat -> R) :
    (forall k, 0 < h k) -> (forall k s, (s < states M)%nat -> h k <= eta k s) ->
    forall k, e k <= gamma M ^ k * e 0%nat + sum k (fun j => gamma M ^ (k - 1 - j) * / (2 * h j)).
  Proof.
    intros Hh Heta. pose proof HM as (_ & _ & Hg & _).
    induction k as [|k IH]; [simpl; lra|].
    assert (e (S k) <= gamma M * e k + / (2 * h k)) as Hone by (eapply step_towards_backup; eauto).
    cbn [sum]. replace (S k - 1 - k)%nat with 0%nat by lia.
    rewrite (sum_ext k _ (fun j => gamma M * (gamma M ^ (k - 1 - j) * / (2 * h j)))).
    - rewrite sum_scale. simpl. nra.
    - intros j Hj. replace (S k - 1 - j)%nat with (S (k - 1 - j)) by lia. simpl. ring.
  Qed.
End Run.

(* P1 in every state. *)
Theorem P1_improvement M V pi next eta s m :
  proper M -> policy M pi -> bellman M pi V -> projected_step M V pi eta next ->
  (s < states M)%nat -> 0 < eta s -> is_max (actions M) (advantage M V s) m ->
  (eta s * m <= 1 -> eta s * (m * m) / 2 <= improvement M V next s) /\
  m - / (2 * eta s) <= improvement M V next s.
Proof.
  intros HM Hpi HV Hstep Hin Heta Hm.
  assert (policy M next) as Hnext by (intros t Ht; exact (proj1 (Hstep t Ht))).
  assert (mean (actions M) (pi s) (advantage M V s) = 0) as Hzero.
  { rewrite <- improvement_is_mean_advantage by auto. apply own_improvement_is_zero; auto. }
  assert (is_projection (actions M) (fun a => pi s a + eta s * advantage M V s a) (next s))
    as Hrow by (eapply row_of_advantages; eauto).
  rewrite improvement_is_mean_advantage by auto.
  split; [intros Hsmall; eapply P1_row; eauto|eapply P1b_row; eauto].
Qed.
