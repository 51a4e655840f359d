"""A run of a softmax method, as a Coq file that proves between which numbers its gaps lie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import arb, fmpq

from tabular_pg.certified.arithmetic.balls import precision
from tabular_pg.certified.coq.bounds import exactly
from tabular_pg.certified.coq.enclosing import (
    followed,
    guesses_of,
    seen_exactly,
    surely_between,
)
from tabular_pg.certified.coq.iterates import exact_steps
from tabular_pg.certified.coq.optimum import Claim, record
from tabular_pg.certified.coq.run import bound_numbers, bound_text, flat, goal_numbers
from tabular_pg.certified.coq.sizes import refuse_long_softmax
from tabular_pg.certified.coq.tables import (
    Decimal,
    checksum,
    decimal,
    fraction,
    listed,
    over_one,
    share,
    stirred,
    table,
    values,
)
from tabular_pg.engine.rules import flat_rule
from tabular_pg.methods import NaturalPG, SoftmaxPG

SOFTMAX = (NaturalPG, SoftmaxPG)  # in the order of enclosures.v
DIGITS = 6  # of the ends between which a gap is said to lie
BITS_PER_DIGIT = 3.33


class SoftmaxClaim(NamedTuple):
    """What ``checks_softmax`` is asked about."""

    method: object  # a Rerun
    goal: Claim
    steps: list
    gaps: list  # pairs of Decimal
    limits: list
    guesses: list
    bits: int


def is_softmax(rule) -> bool:
    """Whether iterates of the rule are enclosed in Coq."""
    return isinstance(flat_rule(rule), SOFTMAX)


def softmax_methods() -> str:
    """Their names."""
    return ", ".join(kind.__name__ for kind in SOFTMAX)


def softmax_claim(certificate, goal, limits_of, digits=DIGITS) -> SoftmaxClaim:
    """The gaps of a certified run at every iterate, to about so many digits.

    ``limits_of`` (mean gaps, worst gaps) -> bounds, of iterates that are enclosed in balls.
    """
    method = certificate.method
    steps, last = exact_steps(method), int(method.k[-1])
    visits = isinstance(flat_rule(method.rule), SoftmaxPG)
    V = np.array([fmpq(x, goal.unit) for x in goal.numerators], dtype=object)
    bits, more = int(BITS_PER_DIGIT * digits) + 24, certificate.bits
    every, limits = method._replace(k=np.arange(last + 1)), None
    while True:
        refuse_long_softmax(method.mdp, last, bits, visits)
        found = seen_exactly(every, more + 2 * bits)
        if found is None:
            more *= 2
            continue
        with precision(more + 2 * bits):
            gaps = [_ends(gap.mean, digits) for _, gap in found]
            worst = [_largest(gap.states) for _, gap in found]
        if limits is None:
            limits = limits_of([gap.mean for _, gap in found], worst)
        guesses = guesses_of(found, V, bits, visits)
        with precision(bits):
            certain = _all_certain(followed(every, steps, V, guesses), gaps, limits)
        if certain:
            return SoftmaxClaim(method, goal, steps, gaps, limits, guesses, bits)
        bits += bits // 4


def _largest(balls) -> arb:
    top = balls[0]
    for x in balls[1:]:
        top = top.max(x)
    return top


def _ends(gap, digits) -> tuple:
    """Two decimals of about ``digits`` + 1 digits, the nearest that surely lie around a gap."""
    low, high = exactly(gap.lower()), exactly(gap.upper())
    if low <= 0:
        least = Decimal(1, digits)
        return Decimal(-1, digits), decimal(high + least.exact, digits + 1, up=True)
    spare = fmpq(1, 10 ** (digits + 2))
    return (
        decimal(low * (1 - spare), digits + 1, up=False),
        decimal(high * (1 + spare), digits + 1, up=True),
    )


def _all_certain(seen, gaps, limits) -> bool:
    """Whether Coq will find all of it, in its own intervals."""
    for k, (x, ends) in enumerate(zip(seen, gaps, strict=True)):
        here = (limit for limit in limits if limit.k == k)
        if not (surely_between(x.mean, ends[0].exact, ends[1].exact) and all(_is_certain(x, limit) for limit in here)):
            return False
    return True


def _is_certain(seen, bound) -> bool:
    gaps = [seen.mean] if bound.name.startswith("mean") else seen.states
    if bound.name.endswith("at_most"):
        return all(surely_between(gap, arb.neg_inf(), bound.b) for gap in gaps)
    return any(surely_between(gap, bound.b, arb.pos_inf()) for gap in gaps)


def softmax_text(claim, notes="") -> str:
    """Definitions, claim and proof for a run of a softmax method; ``notes`` are on its limits."""
    mdp = claim.method.mdp
    gaps = listed((f"({low}, {high})" for low, high in claim.gaps), 10)
    goal = record(claim.goal).replace("\n", "\n  ")
    guesses = ";\n ".join(map(_guess, claim.guesses))
    return f"""\
Definition M : table := {table(mdp)}.
{notes}
Definition claim : softmax_claim := {{|
  moved_by := {_method(claim)};
  aim := {goal};
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

(* The aim is the optimum; the method has a run of so many steps from the first policy, and of every
   such run the gap of iterate k, in the mean over the start, lies between the numbers of entry k. *)
Theorem gaps_of_M : is_enclosed M claim.
Proof. exact (checks_softmax_sound {claim.bits} M claim guesses checked). Qed.
{_refutation(claim)}
Print Assumptions checked.
Print Assumptions gaps_of_M.
"""


def _refutation(claim) -> str:
    """The first limit that a theorem denies, as a theorem."""
    broken = next((x for x in claim.limits if x.broken), None)
    if broken is None:
        return ""
    return f"""
(* The statement that is refuted says otherwise. *)
Theorem refuted : forall pi V, is_softmax_run M claim pi V ->
  limit_holds M claim V ({bound_text(broken)}).
Proof. exact (limit_of_runs M claim gaps_of_M {claim.limits.index(broken)} _ eq_refl). Qed.

Print Assumptions refuted.
"""


def _method(claim):
    if isinstance(flat_rule(claim.method.rule), NaturalPG):
        return "natural_pg"
    return f"softmax_pg ({share(claim.method.mdp.mu)})"


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
    numbers += goal_numbers(claim.goal)
    for row in claim.method.policy:
        numbers += flat(over_one(row))
    for x in claim.steps:
        numbers += [x.p, x.q]
    for x in (end for pair in claim.gaps for end in pair):
        numbers += [x.numerator, 10**x.places]
    return stirred([*numbers, *bound_numbers(claim.limits), -1])
