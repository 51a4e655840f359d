(* Policies that pay a price for how they choose, entropy or a square norm: in every state their
   values have a least upper bound, which is near guesses. *)
From Coq Require Import Reals Lra Lia Arith.
From TabularPG Require Import sums mdp existence improvement.
Local Open Scope R_scope.

(* A policy pays the price of its row beside the reward. *)
Definition charged M (price : (nat -> R) -> nat -> R) (pi : nat -> nat -> R) : MDP := {|
  states := states M; actions := actions M; P := P M; gamma := gamma M;
  r := fun s a => r M s a - price (pi s) a
|}.

(* In every state the least upper bound of the values of all policies *)
Definition is_supremum M price (best : nat -> R) : Prop :=
  forall s, (s < states M)%nat ->
  is_lub (fun v => exists pi V,
    policy M pi /\ is_value (charged M price pi) pi V /\ v = V s) (best s).

Lemma suprema_agree M price best other s :
  is_supremum M price best -> is_supremum M price other -> (s < states M)%nat ->
  best s = other s.
Proof.
  intros H1 H2 Hs. destruct (H1 s Hs) as [U1 L1]. destruct (H2 s Hs) as [U2 L2].
  apply Rle_antisym; auto.
Qed.

Lemma charged_advantage M price pi U s a :
  advantage (charged M price pi) U s a = advantage M U s a - price (pi s) a.
Proof. unfold advantage, Qof. cbn [charged states P r gamma]. ring. Qed.

Lemma backup_shifted M pi W c s :
  proper M -> policy M pi -> (s < states M)%nat ->
  backup M pi (fun t => W t + c) s = backup M pi W s + gamma M * c.
Proof.
  intros (HS & HA & Hg & HP) Hpi Hs.
  pose proof (backup_minus M pi (fun t => W t + c) W s) as H.
  rewrite (mean_ext _ _ _ (fun _ => c)) in H.
  - rewrite mean_const in H by auto. lra.
  - intros a Ha. rewrite (mean_ext _ _ _ (fun _ => c)) by (intros; ring). apply mean_const; auto.
Qed.

(* How much more than U(s) a row is worth in state s, if U is what follows *)
Definition net_gain M price U s (w : nat -> R) : R :=
  mean (actions M) w (fun a => advantage M U s a - price w a).

Lemma improvement_is_net_gain M price pi U s :
  policy M pi -> (s < states M)%nat ->
  improvement (charged M price pi) U pi s = net_gain M price U s (pi s).
Proof.
  intros Hpi Hs. rewrite improvement_is_mean_advantage by (exact Hpi || exact Hs).
  apply mean_ext. intros a _. apply charged_advantage.
Qed.

Section Best.
  Variables (M : MDP) (price : (nat -> R) -> nat -> R) (U : nat -> R) (lo hi : R).
  Variable greedy : nat -> nat -> R.
  Hypotheses (HM : proper M) (Hgreedy : policy M greedy).
  Hypothesis Hlo : forall s, (s < states M)%nat -> lo <= net_gain M price U s (greedy s).
  Hypothesis Hhi : forall s w, (s < states M)%nat -> distribution (actions M) w ->
    net_gain M price U s w <= hi.

  Lemma no_value_is_larger pi V s :
    policy M pi -> is_value (charged M price pi) pi V -> (s < states M)%nat ->
    V s <= U s + hi / (1 - gamma M).
  Proof.
    intros Hpi HV Hs. pose proof HM as (_ & _ & Hg & _). set (N := charged M price pi).
    apply (bellman_le N pi V (fun t => U t + hi / (1 - gamma M)));
      [exact HM|exact Hpi|apply value_is_solution, HV| |exact Hs].
    intros t Ht. rewrite (backup_shifted N) by (exact HM || exact Hpi || exact Ht).
    change (gamma N) with (gamma M).
    assert (improvement N U pi t <= hi) as H.
    { unfold N. rewrite improvement_is_net_gain by auto. apply Hhi; auto. }
    unfold improvement in H.
    replace (hi / (1 - gamma M)) with (hi + gamma M * (hi / (1 - gamma M))) at 2
      by (field; lra). lra.
  Qed.

  Lemma some_value_is_as_large :
    exists V, is_value (charged M price greedy) greedy V /\
      forall s, (s < states M)%nat -> U s + lo / (1 - gamma M) <= V s.
  Proof.
    pose proof HM as (_ & _ & Hg & _). set (N := charged M price greedy).
    destruct (every_policy_has_a_value N greedy HM Hgreedy) as [V HV].
    exists V. split; [exact HV|]. intros s Hs.
    apply (bellman_ge N greedy V (fun t => U t + lo / (1 - gamma M)));
      [exact HM|exact Hgreedy|apply value_is_solution, HV| |exact Hs].
    intros t Ht. rewrite (backup_shifted N) by (exact HM || exact Hgreedy || exact Ht).
    change (gamma N) with (gamma M).
    assert (lo <= improvement N U greedy t) as H.
    { unfold N. rewrite improvement_is_net_gain by auto. apply Hlo, Ht. }
    unfold improvement in H.
    replace (lo / (1 - gamma M)) with (lo + gamma M * (lo / (1 - gamma M))) at 1
      by (field; lra). lra.
  Qed.

  Theorem supremum_near_guess best s :
    is_supremum M price best -> (s < states M)%nat ->
    lo / (1 - gamma M) <= best s - U s <= hi / (1 - gamma M).
  Proof.
    intros Hbest Hs. destruct (Hbest s Hs) as [Habove Hleast]. split.
    - destruct some_value_is_as_large as (V & HV & H). specialize (H s Hs).
      assert (V s <= best s); [|lra]. apply Habove. exists greedy, V. auto.
    - assert (best s <= U s + hi / (1 - gamma M)); [|lra]. apply Hleast.
      intros v (pi & V & Hpi & HV & ->). apply (no_value_is_larger pi); auto.
  Qed.

  Theorem supremum_exists : exists best, is_supremum M price best.
  Proof.
    assert (forall s, (s < states M)%nat -> {b | is_lub (fun v => exists pi V,
      policy M pi /\ is_value (charged M price pi) pi V /\ v = V s) b}) as least.
    { intros s Hs. apply completeness.
      - exists (U s + hi / (1 - gamma M)). intros v (pi & V & Hpi & HV & ->).
        apply (no_value_is_larger pi); auto.
      - destruct some_value_is_as_large as (V & HV & _). exists (V s), greedy, V. auto. }
    exists (fun s => match lt_dec s (states M) with
                     | left Hs => proj1_sig (least s Hs) | right _ => 0 end).
    intros s Hs. destruct (lt_dec s (states M)) as [Hin|]; [|contradiction].
    apply (proj2_sig (least s Hin)).
  Qed.
End Best.
