"""A run of a rational method, as a Coq file that proves it."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from flint import fmpq

from tabular_pg.certified.coq.bounds import Bound
from tabular_pg.certified.coq.iterates import RATIONAL, rational_method
from tabular_pg.certified.coq.optimum import Claim, record
from tabular_pg.certified.coq.sizes import (
    iterate_work,
    moves_bits,
    of_bearable_length,
    optimum_work,
)
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

MEASURES = ("mean_at_most", "mean_above", "worst_at_most", "worst_above")  # in run.v's order
NOTHING = (1, [])  # visits of a method that asks for none


class RunClaim(NamedTuple):
    """What ``checks_run`` is asked about."""

    mdp: object
    rule: tuple
    goal: Claim
    iterates: list
    mean_gaps: list
    sup_gaps: list
    bounds: list


def run_claim(method, goal, iterates) -> RunClaim:
    """These iterates of a :class:`Rerun`, if they are not too many; where one is optimal, the first
    such is said to be."""
    work = partial(iterate_work, moves_bits(method.mdp), goal.unit)
    iterates = of_bearable_length(iterates, work, optimum_work(method.mdp, goal))
    best = [fmpq(x, goal.unit) for x in goal.numerators]
    lost = [[b - v for b, v in zip(best, x.V, strict=True)] for x in iterates]
    mean = [sum((w * e for w, e in zip(method.mdp.rho, row, strict=True)), fmpq(0)) for row in lost]
    sup = [max(row) for row in lost]
    bounds = [Bound("worst_at_most", sup.index(0), fmpq(0))] if 0 in sup else []
    return RunClaim(method.mdp, method.rule, goal, iterates, mean, sup, bounds)


def run_text(claim, notes="") -> str:
    """Definitions, claim and proof for a run; ``notes`` say where bounds come from."""
    rows = zip(claim.iterates, claim.mean_gaps, strict=True)
    iterates = ";\n   ".join(_iterate(x, gap) for x, gap in rows)
    bounds = listed(map(bound_text, claim.bounds), 12)
    goal = record(claim.goal).replace("\n", "\n  ")
    return f"""\
Definition M : table := {table(claim.mdp)}.
{notes}
Definition claim : run_claim := {{|
  made_by := {_method(claim)};
  goal := {goal};
  iterates := [
   {iterates}];
  bounds := {bounds}
|}}.

(* Table and claim are those that were written. *)
Lemma transcribed : (checksum M, run_checksum claim) = ({checksum(claim.mdp)}, {_checksum(claim)}).
Proof. vm_compute. reflexivity. Qed.

Lemma checked : checks_run M claim = true.
Proof. vm_compute. reflexivity. Qed.

(* The goal is the optimum, policy k + 1 is what the method makes of policy k, what a policy earns
   is its value, and it loses in the mean what is said; the bounds are true. *)
Theorem run_of_M : is_run M claim.
Proof. exact (checks_run_sound M claim checked). Qed.

(* No other policies are iterates of the method from the same start. *)
Definition only_run := run_is_the_only_one M claim run_of_M.
{refutation(claim.bounds, _of_this_run)}
Print Assumptions checked.
Print Assumptions only_run.
"""


def refutation(bounds, proved) -> str:
    """The first bound that a theorem denies, as a theorem; ``proved`` (bound in Coq, its number) is
    the statement with its proof."""
    broken = next((i for i, x in enumerate(bounds) if x.broken), None)
    if broken is None:
        return ""
    return f"""
(* The statement that is refuted says otherwise. *)
Theorem refuted : {proved(bound_text(bounds[broken]), broken)}

Print Assumptions refuted.
"""


def _of_this_run(bound, number) -> str:
    return f"""bound_holds M claim ({bound}).
Proof. exact (bound_of_run M claim run_of_M {number} _ eq_refl). Qed."""


def note(verdict, first, count) -> str:
    """Where ``count`` bounds come from, the first of which is number ``first``: a comment."""
    which = f"Bounds {first} to {first + count - 1}" if count > 1 else f"Bound {first}"
    about = "is refuted" if verdict.holds is False else "holds"
    claim = f"{verdict.theorem.id}, {_spoken(verdict.theorem.claim)}"
    return (
        f"(* {which}, counted from 0, between the gaps and what a theorem says of them, which\n"
        f"   {about} here: {claim} *)\n"
    )


def _spoken(text):
    """``text`` without what begins or ends a comment or a string of Coq."""
    return text.replace("(*", "( *").replace("*)", "* )").replace('"', "'")


def _method(claim):
    kind = rational_method(claim.rule)
    return f"{kind.name} ({share(claim.mdp.mu)})" if kind.visits else kind.name


def bound_text(x) -> str:
    """The value of run.v's type ``bound``."""
    return f"{x.name} {x.k} {fraction(x.b)}"


def _iterate(x, gap):
    chooses = listed(map(share, x.pi), 14)
    visited = "no_values" if x.d is None else values(*over_one(x.d))
    return (
        f"{{| chooses := {chooses};\n      earns := {values(*over_one(x.V))};\n"
        f"      visited := {visited};\n"
        f"      step := {fraction(x.eta)}; loses := {fraction(gap)} |}}"
    )


def _checksum(claim) -> int:
    """What run.v's ``run_checksum`` gives for a claim."""
    goal, kind = claim.goal, rational_method(claim.rule)
    numbers = [1 + list(RATIONAL.values()).index(kind)]
    if kind.visits:
        numbers += flat(over_one(claim.mdp.mu))
    numbers += goal_numbers(goal)
    for x, gap in zip(claim.iterates, claim.mean_gaps, strict=True):
        for row in x.pi:
            numbers += flat(over_one(row))
        numbers += flat(over_one(x.V)) + flat(NOTHING if x.d is None else over_one(x.d))
        numbers += [x.eta.p, x.eta.q, gap.p, gap.q]
    return stirred([*numbers, *bound_numbers(claim.bounds), -1])


def flat(pair) -> list:
    """A denominator and numerators as one list."""
    first, rest = pair
    return [first, *rest]


def goal_numbers(goal) -> list:
    """All numbers of a :class:`Claim`, in the order of run.v's ``of_optimum``."""
    numbers = [goal.unit, *goal.numerators]
    for actions in goal.optimal:
        numbers += [*actions, -1]
    return numbers + [goal.from_start.p, goal.from_start.q, goal.delta.p, goal.delta.q]


def bound_numbers(bounds) -> list:
    """All numbers of bounds, in the order of run.v's ``of_bound``."""
    return [y for x in bounds for y in (1 + MEASURES.index(x.name), x.k, x.b.p, x.b.q)]
