"""A run of a softmax method, as a Coq file that proves between which decimals its gaps lie."""

from __future__ import annotations

from tabular_pg.certified.coq.optimum import record
from tabular_pg.certified.coq.run import bound_numbers, bound_text, flat, goal_numbers, refutation
from tabular_pg.certified.coq.softmax import SOFTMAX
from tabular_pg.certified.coq.tables import (
    checksum,
    fraction,
    listed,
    over_one,
    share,
    stirred,
    table,
    values,
)
from tabular_pg.engine.rules import flat_rule
from tabular_pg.methods import SoftmaxPG

NAMES = ("natural_pg", "softmax_pg", "soft_policy_iteration")  # of SOFTMAX


def softmax_text(claim, notes="") -> str:
    """Definitions, claim and proof for a run of a softmax method; ``notes`` are on its limits."""
    mdp = claim.method.mdp
    gaps = listed((f"({low}, {high})" for low, high in claim.gaps), 10)
    guesses = ";\n ".join(map(_guess, claim.guesses))
    return f"""\
Definition M : table := {table(mdp)}.
{notes}
Definition claim : softmax_claim := {{|
  moved_by := {_method(claim)};
  aim := {_aim(claim)};
  begins := {listed(map(share, claim.method.policy), 12)};
  strides := {_strides(claim.steps)};
  gaps := {gaps}%Q;
  limits := {listed(map(bound_text, claim.limits), 12)}
|}}.

(* Table and claim are those that were written. *)
Lemma transcribed :
  (checksum M, softmax_checksum claim) = ({checksum(mdp)}, {_checksum(claim)}).
Proof. vm_compute. reflexivity. Qed.

(* What is near the values and visits of the iterates; nothing has to be known of it. *)
Definition guesses : list guess := [
 {guesses}].

Lemma checked : checks_softmax {claim.bits} M claim guesses = true.
Proof. vm_cast_no_check (eq_refl true). Qed.

{_said(claim)}
Theorem gaps_of_M : is_enclosed M claim.
Proof. exact (checks_softmax_sound {claim.bits} M claim guesses checked). Qed.
{refutation(claim.limits, _of_such_runs)}
Print Assumptions checked.
Print Assumptions gaps_of_M.
"""


def _of_such_runs(bound, number) -> str:
    return f"""forall best pi V,
  is_largest M claim best -> is_softmax_run M claim pi V -> limit_holds M best V ({bound}).
Proof. exact (limit_of_runs M claim gaps_of_M {number} _ eq_refl). Qed."""


def _aim(claim) -> str:
    if claim.goal is None:
        return f"with_entropy {fraction(claim.method.tau)}"
    goal = record(claim.goal).replace("\n", "\n  ")
    return f"plain {goal}"


def _said(claim) -> str:
    if claim.goal is None:
        return """\
(* Values with entropy have a least upper bound in every state; the method has a run of so many
   steps from the first policy, and in every such run the gap of iterate k to these bounds, in the
   mean over the start, lies between the ends of entry k, counted from 0. *)"""
    return """\
(* The aim is the optimum; the method has a run of so many steps from the first policy, and in
   every such run the gap of iterate k, in the mean over the start, lies between the ends of entry
   k, counted from 0. *)"""


def _method(claim) -> str:
    name = NAMES[SOFTMAX.index(type(flat_rule(claim.method.rule)))]
    return f"{name} ({share(claim.method.mdp.mu)})" if name == "softmax_pg" else name


def _strides(steps) -> str:
    if len(set(steps)) == 1:
        return f"repeat {fraction(steps[0])} {len(steps)}"
    return listed(map(fraction, steps), 13)


def _guess(x) -> str:
    visited = "no_values" if x.d is None else values(*over_one(x.d))
    return f"{{| near := {values(*over_one(x.V))};\n    seen := {visited} |}}"


def _checksum(claim) -> int:
    """What enclosures.v's ``softmax_checksum`` gives for a claim."""
    rule, mdp = flat_rule(claim.method.rule), claim.method.mdp
    numbers = [1 + SOFTMAX.index(type(rule))]
    if isinstance(rule, SoftmaxPG):
        numbers += flat(over_one(mdp.mu))
    tau = claim.method.tau
    numbers += [tau.p, tau.q] if claim.goal is None else goal_numbers(claim.goal)
    for row in claim.method.policy:
        numbers += flat(over_one(row))
    for x in claim.steps:
        numbers += [x.p, x.q]
    for x in (end for pair in claim.gaps for end in pair):
        numbers += [x.numerator, 10**x.places]
    return stirred([*numbers, *bound_numbers(claim.limits), -1])
