(* A method makes one run of its start: other policies that take the same steps are the same. *)
From Coq Require Import Reals Lra Lia Arith List ZArith QArith Qreals.
From TabularPG Require Import sums mdp improvement policy_iteration multiplicative projected.
From TabularPG Require Import projected_rates steps table values optimum rows run.
Import ListNotations.
Local Open Scope R_scope.

Definition agree (M : MDP) (p q : nat -> nat -> R) : Prop :=
  forall s a, (s < states M)%nat -> (a < actions M)%nat -> p s a = q s a.
Definition alike (M : MDP) (V W : nat -> R) : Prop :=
  forall s, (s < states M)%nat -> V s = W s.

Lemma backup_ext M p q V s : agree M p q -> (s < states M)%nat -> backup M p V s = backup M q V s.
Proof. intros E Hs. apply mean_weights_ext. intros a Ha. apply E; auto. Qed.

Lemma values_agree M p q V W :
  proper M -> policy M p -> policy M q -> agree M p q ->
  is_value M p V -> is_value M q W -> alike M V W.
Proof.
  intros HM Hp Hq E HV HW s Hs.
  pose proof (value_is_solution _ _ _ HV) as HV'. pose proof (value_is_solution _ _ _ HW) as HW'.
  assert (forall t, (t < states M)%nat -> W t = backup M p W t) as HWp.
  { intros t Ht. rewrite (HW' t Ht) at 1. symmetry. apply backup_ext; auto. }
  apply Rle_antisym.
  - apply (bellman_le M p); auto. intros t Ht. rewrite <- HWp by exact Ht. lra.
  - apply (bellman_ge M p); auto. intros t Ht. rewrite <- HWp by exact Ht. lra.
Qed.

Lemma visits_agree M p q mu d f :
  agree M p q -> is_visits M p mu d -> is_visits M q mu f -> alike M d f.
Proof.
  intros E Hd Hf y Hy. apply UL_sequence with (fun T => visits_until M p mu T y); [apply Hd, Hy|].
  apply (Un_cv_ext (fun T => visits_until M q mu T y)); [|apply Hf, Hy].
  assert (forall t z, (z < states M)%nat -> at_time M q mu t z = at_time M p mu t z) as Hsame.
  { induction t as [|t IH]; intros z Hz; [reflexivity|]. cbn [at_time]. unfold mean.
    apply sum_ext. intros s Hs. rewrite IH by exact Hs. f_equal. unfold P_pi.
    apply mean_weights_ext. intros a Ha. symmetry. apply E; auto. }
  intros T. unfold visits_until. f_equal. apply sum_ext. intros t _. rewrite Hsame by exact Hy.
  reflexivity.
Qed.

Section Step.
  Variables (M : MDP) (p q : nat -> nat -> R) (V W : nat -> R).
  Hypotheses (Epq : agree M p q) (EVW : alike M V W).

  Lemma Q_alike s a : (s < states M)%nat -> Qof M V s a = Qof M W s a.
  Proof.
    intros Hs. unfold Qof. f_equal. f_equal. apply mean_ext. exact EVW.
  Qed.

  Lemma advantage_alike s a : (s < states M)%nat -> advantage M V s a = advantage M W s a.
  Proof. intros Hs. unfold advantage. rewrite Q_alike, EVW by exact Hs. reflexivity. Qed.

  Lemma best_alike s a :
    (s < states M)%nat -> best_action M V s a -> best_action M W s a.
  Proof. intros Hs H b Hb. rewrite <- !Q_alike by exact Hs. apply H, Hb. Qed.

  Lemma projected_steps_agree eta eta' next other :
    alike M eta eta' -> projected_step M V p eta next -> projected_step M W q eta' other ->
    agree M next other.
  Proof.
    intros Eeta H1 H2 s a Hs Ha. apply (projection_is_unique (actions M) _ _ _ (H1 s Hs)); auto.
    apply projection_ext with (2 := H2 s Hs). intros b Hb.
    rewrite Epq, Eeta, Q_alike by auto. reflexivity.
  Qed.

  Lemma hadamard_steps_agree eta eta' next other :
    alike M eta eta' -> hadamard_step M V p eta next -> hadamard_step M W q eta' other ->
    agree M next other.
  Proof.
    intros Eeta H1 H2 s a Hs Ha. destruct (H1 s Hs) as [_ E1]. destruct (H2 s Hs) as [_ E2].
    rewrite E1, E2 by exact Ha.
    assert (forall b, (b < actions M)%nat ->
      hadamard_weight M V p eta s b = hadamard_weight M W q eta' s b) as E.
    { intros b Hb. unfold hadamard_weight. rewrite Epq, Eeta, advantage_alike by auto.
      reflexivity. }
    rewrite (E a Ha), (sum_ext _ _ _ E). reflexivity.
  Qed.
End Step.

Lemma howard_steps_agree M p q V W next other :
  agree M p q -> alike M V W ->
  howard_step M V p next -> howard_step M W q other -> agree M next other.
Proof.
  intros E EV H1 H2 s a Hs Ha.
  assert (alike M W V) as EW by (intros t Ht; symmetry; auto).
  assert (takes_best M V p s <-> takes_best M W q s) as Hboth.
  { split; intros H b Hb Hne.
    - apply (best_alike M V W EV s b Hs), H; [exact Hb|]. rewrite E by auto. exact Hne.
    - apply (best_alike M W V EW s b Hs), H; [exact Hb|]. rewrite <- E by auto. exact Hne. }
  destruct (H1 s Hs) as [[B1 E1]|[B1 [b [Hb E1]]]];
    destruct (H2 s Hs) as [[B2 E2]|[B2 [c [Hc E2]]]];
    rewrite E1, E2 by exact Ha; [apply E; auto|tauto|tauto|].
  replace c with b; [reflexivity|]. destruct Hb as (_ & Hb & Hbfirst).
  destruct Hc as (_ & Hc & Hcfirst). destruct (lt_eq_lt_dec b c) as [[Hlt|Heq]|Hlt];
    [exfalso|exact Heq|exfalso].
  - apply (Hcfirst b Hlt), (best_alike M V W EV s b Hs), Hb.
  - apply (Hbfirst c Hlt), (best_alike M W V EW s c Hs), Hc.
Qed.

Theorem steps_agree M m eta p q V W next other :
  agree M p q -> alike M V W ->
  takes_step M m eta V p next -> takes_step M m eta W q other -> agree M next other.
Proof.
  intros E EV H1 H2. destruct m as [| |mu| |mu]; cbn [takes_step] in *.
  - eapply howard_steps_agree; eauto.
  - refine (projected_steps_agree M p q V W E EV _ _ _ _ _ H1 H2). intros s _. reflexivity.
  - destruct H1 as [d [Hd H1]]. destruct H2 as [f [Hf H2]].
    refine (projected_steps_agree M p q V W E EV _ _ _ _ _ H1 H2). intros s Hs.
    now rewrite (visits_agree M p q _ d f E Hd Hf s Hs).
  - intros s a Hs Ha. rewrite H1, H2 by auto. unfold spma_step.
    rewrite E, (advantage_alike M V W EV) by auto. reflexivity.
  - destruct H1 as [d [Hd H1]]. destruct H2 as [f [Hf H2]].
    refine (hadamard_steps_agree M p q V W E EV _ _ _ _ _ H1 H2). intros s Hs.
    now rewrite (visits_agree M p q _ d f E Hd Hf s Hs).
Qed.

(* A run of the checker is the run of the method from its start. *)
Theorem run_is_the_only_one T c :
  is_run T c -> let M := meaning T in
  forall p W, agree M (p 0%nat) (policy_of c 0) ->
  (forall k, (k < last_one c)%nat -> policy M (p k) /\ is_value M (p k) (W k)) ->
  (forall k, (S k < last_one c)%nat ->
     takes_step M (made_by c) (Q2R (step (iterate_of c k))) (W k) (p k) (p (S k))) ->
  forall k, (k < last_one c)%nat ->
  agree M (p k) (policy_of c k) /\ alike M (W k) (value_of c k).
Proof.
  intros (Hgoal & Hvalues & Hsteps & _) M p W Hstart HW Hp.
  assert (forall k, (k < last_one c)%nat -> agree M (p k) (policy_of c k) ->
    alike M (W k) (value_of c k)) as Hsame.
  { intros k Hk E. destruct (HW k Hk) as [Hpk HWk]. destruct (Hvalues k Hk) as (Hq & HV & _).
    exact (values_agree M _ _ _ _ (proj1 Hgoal) Hpk Hq E HWk HV). }
  induction k as [|k IH]; intros Hk; [split; auto|].
  destruct IH as [E EV]; [lia|].
  assert (agree M (p (S k)) (policy_of c (S k))); [|split; auto].
  exact (steps_agree M _ _ _ _ _ _ _ _ E EV (Hp k Hk) (Hsteps k Hk)).
Qed.
