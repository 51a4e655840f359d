(* Projected policy gradient and projected Q-ascent: P1, P1a, P1b, P2s and P6. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp improvement policy_iteration.
Local Open Scope R_scope.

(* ---- The nearest point of the simplex. ---- *)

Definition inner n (f g : nat -> R) : R := sum n (fun i => f i * g i).
Definition distance_squared n (f g : nat -> R) : R := sum n (fun i => (f i - g i) * (f i - g i)).

Definition is_projection n (x y : nat -> R) : Prop :=
  distribution n y /\
  forall z, distribution n z -> distance_squared n x y <= distance_squared n x z.

(* Its optimality condition: no point of the simplex lies in the direction of x. *)
Theorem projection_condition n x y :
  is_projection n x y ->
  forall z, distribution n z -> inner n (fun i => x i - y i) (fun i => z i - y i) <= 0.
Proof.
  intros [Hy Hnear] z Hz. set (b := inner n (fun i => x i - y i) (fun i => z i - y i)).
  set (c := distance_squared n z y).
  assert (0 <= c) as Hc by (apply sum_nonneg; intros; apply Rle_0_sqr).
  assert (forall t, 0 <= t <= 1 -> 2 * t * b <= t * t * c) as Hline.
  { intros t Ht. assert (distribution n (fun i => y i + t * (z i - y i))) as Hmix.
    { destruct Hy as [Hy1 Hy2]. destruct Hz as [Hz1 Hz2]. split.
      - intros i Hi. specialize (Hy1 i Hi). specialize (Hz1 i Hi). nra.
      - rewrite sum_plus, sum_scale, sum_minus, Hy2, Hz2. ring. }
    specialize (Hnear _ Hmix).
    assert (distance_squared n x (fun i => y i + t * (z i - y i)) =
            distance_squared n x y - 2 * t * b + t * t * c) as E.
    { unfold b, c, inner, distance_squared. rewrite <- !sum_scale, <- sum_minus, <- sum_plus.
      apply sum_ext. intros; ring. }
    lra. }
  destruct (Rle_dec b 0) as [|Hb]; [assumption|exfalso].
  assert (0 < c + b) as Hpos by lra.
  specialize (Hline (b / (c + b))).
  assert (0 <= b / (c + b) <= 1) as Ht.
  { split; [apply Rlt_le, Rdiv_lt_0_compat; lra|].
    apply Rmult_le_reg_r with (c + b); [lra|]. unfold Rdiv.
    rewrite Rmult_assoc, Rinv_l; lra. }
  specialize (Hline Ht). set (t := b / (c + b)) in *.
  assert (t * (c + b) = b) as Etb by (unfold t; field; lra).
  assert (0 < t) by (unfold t; apply Rdiv_lt_0_compat; lra). nra.
Qed.

(* ---- P1: one state, A of mean 0 under pi, the next row y. ---- *)
Section Row.
  Variables (n : nat) (pi A y : nat -> R) (eta m : R).
  Hypotheses (Hpi : distribution n pi) (HA : mean n pi A = 0) (Heta : 0 < eta).
  Hypotheses (Hy : is_projection n (fun a => pi a + eta * A a) y) (Hm : is_max n A m).
  Let I := mean n y A.

  (* eta I >= |y - pi|^2 *)
  Lemma rise_from_start : distance_squared n y pi <= eta * I.
  Proof.
    pose proof (projection_condition n _ y Hy pi Hpi) as H. unfold inner in H.
    assert (sum n (fun a => (pi a + eta * A a - y a) * (pi a - y a)) =
      distance_squared n y pi + eta * mean n pi A - eta * I) as E.
    { unfold I, mean, distance_squared. rewrite <- !sum_scale, <- sum_plus, <- sum_minus.
      apply sum_ext. intros; ring. }
    rewrite E, HA in H. lra.
  Qed.

  (* eta (m - I) <= (c/2 - 1) |y - pi|^2 + 1/c for every c > 0 *)
  Lemma rise_towards_best c :
    0 < c -> eta * (m - I) <= (c / 2 - 1) * distance_squared n y pi + / c.
  Proof.
    intros Hc. destruct Hm as [_ [k [Hk Ek]]].
    set (u := fun a => if Nat.eqb a k then 1 else 0).
    assert (forall f, sum n (fun a => u a * f a) = f k) as Hu
      by (intros f; unfold u; rewrite sum_point by exact Hk; ring).
    assert (distribution n u) as Hdist.
    { split.
      - intros a _. unfold u. destruct (Nat.eqb a k); lra.
      - rewrite (sum_ext _ _ (fun a => u a * 1)) by (intros; ring). apply Hu. }
    pose proof (projection_condition n _ y Hy u Hdist) as H. unfold inner in H.
    set (w := fun a => u a - pi a).
    assert (sum n (fun a => (pi a + eta * A a - y a) * (u a - y a)) =
      eta * (m - I) - sum n (fun a => (y a - pi a) * w a) + distance_squared n y pi) as E.
    { unfold I. rewrite <- Ek, <- (Hu A). unfold mean, w, distance_squared.
      rewrite <- sum_minus, <- sum_scale, <- sum_minus, <- sum_plus. apply sum_ext. intros; ring. }
    rewrite E in H.
    assert (sum n (fun a => w a * w a) <= 2) as Hw.
    { destruct Hpi as [Hpos Hsum].
      assert (sum n (fun a => w a * w a) =
        sum n (fun a => u a * (1 - 2 * pi a)) + sum n (fun a => pi a * pi a)) as Ew.
      { rewrite <- sum_plus. apply sum_ext. intros a _. unfold w, u. destruct (Nat.eqb a k); ring. }
      rewrite Ew, Hu. pose proof (Hpos k Hk).
      assert (sum n (fun a => pi a * pi a) <= sum n pi); [|lra].
      apply sum_le. intros a Ha. pose proof (Hpos a Ha).
      pose proof (term_le_sum n pi a Hpos Ha). nra. }
    assert (sum n (fun a => (y a - pi a) * w a) <=
      c / 2 * distance_squared n y pi + / (2 * c) * sum n (fun a => w a * w a)) as Hyoung.
    { unfold distance_squared. rewrite <- !sum_scale, <- sum_plus. apply sum_le. intros a _.
      assert (0 <= / (2 * c) * ((c * (y a - pi a) - w a) * (c * (y a - pi a) - w a))) as Hsquare.
      { apply Rmult_le_pos; [apply Rlt_le, Rinv_0_lt_compat; lra|apply Rle_0_sqr]. }
      replace (/ (2 * c) * ((c * (y a - pi a) - w a) * (c * (y a - pi a) - w a))) with
        (c / 2 * ((y a - pi a) * (y a - pi a)) + / (2 * c) * (w a * w a) - (y a - pi a) * w a)
        in Hsquare by (field; lra). lra. }
    assert (0 < / (2 * c)) as Hinv by (apply Rinv_0_lt_compat; lra).
    assert (/ c = / (2 * c) * 2) as -> by (field; lra). nra.
  Qed.

  Lemma max_nonneg : 0 <= m.
  Proof. rewrite <- HA. apply mean_le_const; [exact Hpi|]. exact (proj1 Hm). Qed.

  (* P1, for small and for large eta m; P1b says that the second form holds always. *)
  Theorem P1b_row : m - / (2 * eta) <= I.
  Proof.
    pose proof (rise_towards_best 2 ltac:(lra)) as H.
    replace ((2 / 2 - 1) * distance_squared n y pi + / 2) with (/ 2) in H by field.
    apply Rmult_le_reg_l with eta; [exact Heta|].
    replace (eta * (m - / (2 * eta))) with (eta * m - / 2) by (field; lra). lra.
  Qed.

  Theorem P1_row : eta * m <= 1 -> eta * (m * m) / 2 <= I.
  Proof.
    intros Hsmall. pose proof rise_from_start as Hrise. pose proof max_nonneg as Hpos.
    assert (0 <= distance_squared n y pi) as Ht by (apply sum_nonneg; intros; apply Rle_0_sqr).
    destruct (Req_dec m 0) as [Hzero|Hne].
    - rewrite Hzero. apply Rmult_le_reg_l with eta; [exact Heta|]. lra.
    - assert (0 < eta * m) as Hz by (apply Rmult_lt_0_compat; lra).
      pose proof (rise_towards_best (2 / (eta * m))) as H.
      assert (0 < 2 / (eta * m)) as Hc by (apply Rdiv_lt_0_compat; lra). specialize (H Hc).
      replace (/ (2 / (eta * m))) with (eta * m / 2) in H by (field; split; lra).
      assert (0 <= 2 / (eta * m) / 2 - 1) as Hcoef.
      { replace (2 / (eta * m) / 2 - 1) with (/ (eta * m) * (1 - eta * m)) by (field; split; lra).
        apply Rmult_le_pos; [apply Rlt_le, Rinv_0_lt_compat; exact Hz|lra]. }
      assert (eta * m <= / (eta * m) * (eta * I) + eta * m / 2) as Hmain.
      { replace (/ (eta * m)) with (2 / (eta * m) / 2) by (field; split; lra). nra. }
      apply Rmult_le_reg_l with (/ m); [apply Rinv_0_lt_compat; lra|].
      replace (/ (eta * m) * (eta * I)) with (/ m * I) in Hmain by (field; split; lra).
      replace (/ m * (eta * (m * m) / 2)) with (eta * m / 2) by (field; lra). lra.
  Qed.

  (* P1a *)
  Theorem P1a_row : m * m / (m + 2 / eta) <= I.
  Proof.
    pose proof max_nonneg as Hpos. assert (0 < 2 / eta) by (apply Rdiv_lt_0_compat; lra).
    apply Rmult_le_reg_r with (m + 2 / eta); [lra|].
    replace (m * m / (m + 2 / eta) * (m + 2 / eta)) with (m * m) by (field; split; nra).
    destruct (Rle_dec (eta * m) 1) as [Hsmall|Hlarge].
    - apply Rle_trans with (eta * (m * m) / 2 * (m + 2 / eta)).
      + replace (eta * (m * m) / 2 * (m + 2 / eta)) with (eta * m * (m * m) / 2 + m * m)
          by (field; lra). assert (0 <= eta * m * (m * m)); [|lra].
        apply Rmult_le_pos; nra.
      + apply Rmult_le_compat_r; [lra|apply P1_row, Hsmall].
    - apply Rle_trans with ((m - / (2 * eta)) * (m + 2 / eta));
        [|apply Rmult_le_compat_r; [lra|apply P1b_row]].
      apply Rmult_le_reg_l with (eta * eta); [nra|].
      replace (eta * eta * ((m - / (2 * eta)) * (m + 2 / eta)))
        with (eta * m * (eta * m) + 3 / 2 * (eta * m) - 1) by (field; lra). nra.
  Qed.
End Row.
