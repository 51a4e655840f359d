"""A run of TD-PMD in the Euclidean norm, as a Coq file that proves it."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from flint import arb, fmpq

from tabular_pg.certified.arithmetic.balls import precision
from tabular_pg.certified.coq.iterates import exact_steps
from tabular_pg.certified.coq.run import bound_numbers, bound_text, flat, refutation
from tabular_pg.certified.coq.sizes import moves_bits, of_bearable_length, td_work
from tabular_pg.certified.coq.tables import (
    checksum,
    decimal,
    fraction,
    integer,
    listed,
    over_one,
    share,
    stirred,
    table,
    values,
)
from tabular_pg.certified.coq.td_iterates import Near, filled, optimum_near, td_iterates

NOTHING = (1, [])  # what no critic has made of the first policy
BITS = 4096  # of gaps in balls, for what theorems say of them


class TDClaim(NamedTuple):
    """What ``checks_td`` is asked about."""

    method: object  # a Rerun
    steps: list
    optimum: Near
    iterates: list
    ends: list  # pairs of Decimal
    limits: list


def td_claim(method, limits_of, digits) -> TDClaim:
    """The iterates of a :class:`Rerun`, and its gaps to about so many digits.

    ``limits_of`` (mean gaps, worst gaps) -> bounds, of gaps in balls.

    Raises
    ------
    ValueError
        If Coq would take too long; with the number of iterations that works.
    """
    mdp = method.mdp
    if method.tau == 0:
        raise ValueError("tau is 0; expected a number > 0 beside a run of TD-PMD")
    work = partial(td_work, moves_bits(mdp))
    iterates = of_bearable_length(td_iterates(method), work)
    optimum = optimum_near(method, iterates, digits)
    short, off = [optimum.V - x.V for x in iterates], optimum.off.exact
    ends = [_ends(mdp.rho @ row, off, digits) for row in short]
    with precision(BITS):
        mean = [_ball(mdp.rho @ row, off) for row in short]
        worst = [_ball(max(row), off) for row in short]
    limits = limits_of(mean, worst)
    return TDClaim(method, exact_steps(method), optimum, iterates, ends, limits)


def _ends(gap, off, digits) -> tuple:
    """Two decimals of about ``digits`` + 1 digits around what is within ``off`` of ``gap``, and is
    not negative."""
    low = max(gap - off, fmpq(0))
    return decimal(low, digits + 1, up=False), decimal(gap + off, digits + 1, up=True)


def _ball(gap, off) -> arb:
    return arb(gap - off).union(arb(gap + off))


def td_text(claim, notes="") -> str:
    """Definitions, claim and proof for a run; ``notes`` say where bounds come from."""
    method, optimum = claim.method, claim.optimum
    rows = zip(claim.iterates, claim.ends, strict=True)
    iterates = ";\n   ".join(_iterate(x, ends) for x, ends in rows)
    return f"""\
Definition M : table := {table(method.mdp)}.
{notes}
Definition claim : td_claim := {{|
  pays := {fraction(method.tau)};
  learns_by := {_pairs(method.mdp, method.rule.weights, 15)};
  starts_off := {_pairs(method.mdp, method.rule.error, 16)};
  paces := {_paces(claim.steps)};
  top := {values(*over_one(optimum.V))};
  off := {optimum.off}%Q;
  passes_by := [
   {iterates}];
  caps := {listed(map(bound_text, claim.limits), 10)}
|}}.

(* Table and claim are those that were written. *)
Lemma transcribed : (checksum M, td_checksum claim) = ({checksum(method.mdp)}, {_checksum(claim)}).
Proof. vm_compute. reflexivity. Qed.

(* The policy that is best for [top]; nothing has to be known of it. *)
Definition greedy : choices := {listed(map(share, optimum.greedy), 31)}.

Lemma checked : checks_td M claim greedy = true.
Proof. vm_cast_no_check (eq_refl true). Qed.

(* Policies pay tau |p|^2 / 2, and their values have a least upper bound in every state, from which
   [top] is at most [off] away; iterate k + 1 is what the method makes of iterate k, a policy yields
   its value, and its gap, in the mean over the start, lies between the two numbers. *)
Theorem run_of_M : is_td_run M claim.
Proof. exact (checks_td_sound M claim greedy checked). Qed.

(* No other policies, dual variables and critics are the method's from the same start. *)
Definition only_run := td_run_is_the_only_one M claim run_of_M.
{refutation(claim.limits, _of_this_run)}
Print Assumptions checked.
Print Assumptions run_of_M.
Print Assumptions only_run.
"""


def _of_this_run(bound, number) -> str:
    return f"""forall best, is_td_best M claim best -> cap_holds M claim best ({bound}).
Proof. exact (cap_of_run M claim run_of_M {number} _ eq_refl). Qed."""


def _pairs(mdp, value, indent) -> str:
    """A number for all states and actions, or a table."""
    rows = filled(mdp, value)
    if len(set(rows.ravel().tolist())) == 1:
        S, A = rows.shape
        return f"repeat (repeat {fraction(rows[0, 0])} {A}) {S}"
    return listed((listed(map(fraction, row), indent + 1) for row in rows), indent)


def _paces(steps) -> str:
    if len(steps) > 1 and len(set(steps)) == 1:
        return f"repeat {fraction(steps[0])} {len(steps)}"
    return listed(map(fraction, steps), 11)


def _iterate(x, ends) -> str:
    acts = listed(map(share, x.pi), 11)
    awaits = "no_values" if x.awaited is None else values(*over_one(x.awaited))
    low, high = ends
    return (
        f"{{| acts := {acts};\n      yields := {values(*over_one(x.V))};\n"
        f"      duals := {_grid(x.y)};\n      critic := {_grid(x.Q)};\n"
        f"      awaits := {awaits};\n      loses_within := ({low}, {high})%Q |}}"
    )


def _grid(pairs) -> str:
    """The value of td_pmd.v's type ``grid`` for (S, A) of fractions."""
    unit, numerators = over_one(pairs.ravel())
    A = pairs.shape[1]
    rows = [numerators[i : i + A] for i in range(0, len(numerators), A)]
    cells = listed((listed(map(integer, row), 8) for row in rows), 7)
    return f"{{| out_of := {integer(unit)}; cells := {cells} |}}"


def _checksum(claim) -> int:
    """What td_pmd.v's ``td_checksum`` gives for a claim."""
    method, optimum = claim.method, claim.optimum
    rows = (filled(method.mdp, x).ravel() for x in (method.rule.weights, method.rule.error))
    numbers = [y for row in ([method.tau], *rows, claim.steps) for x in row for y in (x.p, x.q)]
    numbers += [*flat(over_one(optimum.V)), *_ratio(optimum.off)]
    for x, ends in zip(claim.iterates, claim.ends, strict=True):
        for row in x.pi:
            numbers += flat(over_one(row))
        numbers += flat(over_one(x.V)) + flat(over_one(x.y.ravel())) + flat(over_one(x.Q.ravel()))
        numbers += flat(NOTHING if x.awaited is None else over_one(x.awaited))
        numbers += [y for end in ends for y in _ratio(end)]
    return stirred([*numbers, *bound_numbers(claim.limits), -1])


def _ratio(x) -> tuple:
    """Numerator and denominator of a Decimal, as Coq reads it."""
    return x.numerator, 10**x.places
