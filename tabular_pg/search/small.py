"""A small instance of fractions as it would stand in a paper, with its certified verdict."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from tabular_pg.search.candidates.exact import FEW, ExactInstance
from tabular_pg.theorem import REGISTRY, Theorem

DIGITS = 30  # of what is certified
LONG = 4  # zeros from which on a power of ten is written as one


@dataclass(frozen=True, eq=False, repr=False)
class SmallInstance:
    """A run of one method in fractions that a theorem is about.

    Attributes
    ----------
    theorem : Theorem
    instance : ExactInstance, arrays of Fraction
    gamma, tau : Fraction
    rule : the method; its parameters are fractions.
    at : tuple of int, the iterations that are recorded.
    ratio : float, measured / proved (proved / measured of a lower bound), from floats.
    k : int, where.
    score : float, the same as the mode of the search measures it.
    """

    theorem: Theorem
    instance: ExactInstance
    gamma: Fraction
    tau: Fraction
    rule: tuple
    at: tuple
    ratio: float
    k: int
    score: float

    @property
    def policy(self) -> list:
        """Its start policy, nested lists of Fraction."""
        return self.instance.policy.tolist()

    @property
    def mdp(self):
        """The MDP as a ``tabular_pg.certified.RationalMDP``."""
        from tabular_pg.certified.rational import RationalMDP  # needs python-flint

        P, r, rho, mu = (x.tolist() for x in self.instance[:4])
        return RationalMDP(P, r, self.gamma, rho=rho, mu=mu, name=f"worst for {self.theorem.id}")

    def run(self, digits=DIGITS):
        """The method on it in ball arithmetic, a ``Certificate``."""
        from tabular_pg.certified.certify import certified_run

        return certified_run(
            self.mdp, self.rule, self.at[-1], tau=self.tau, policy=self.policy, at=list(self.at),
            digits=digits,
        )  # fmt: skip

    @cached_property
    def verdict(self):
        """The ``CertifiedVerdict`` of the theorem on it; ``holds`` is False if it is refuted."""
        from tabular_pg.certified.check import certified_check

        (found,) = certified_check(self.run(), theorems=[self.theorem])
        return found

    @property
    def source(self) -> str:
        """Code that reproduces it; what is not in the registry is called ``statement`` there."""
        P, r, rho, mu, policy, parameters = (_code(x.tolist()) for x in self.instance)
        cls, id = type(self.rule), self.theorem.id
        known = REGISTRY.get(id) is self.theorem
        about = f"REGISTRY[{id!r}]" if known else "statement"
        own = not (known and self.theorem.formula.__module__.startswith("tabular_pg."))
        return (
            (f"# {about} is the Theorem: {self.theorem.claim}\n" if own else "")
            + "from fractions import Fraction as F\n\n"
            f"from {cls.__module__} import {cls.__name__}\n"
            "from tabular_pg import REGISTRY\n"
            "from tabular_pg.certified import RationalMDP, certified_check, certified_run\n\n"
            f"P = {P}\nr = {r}\n"
            f"mdp = RationalMDP(P, r, {_code(self.gamma)}, rho={rho}, mu={mu})\n"
            f"run = certified_run(\n    mdp, {cls.__name__}(*{parameters}), {self.at[-1]}, "
            f"tau={_code(self.tau)},\n    policy={policy},\n    at={list(self.at)},\n)\n"
            f"print(certified_check(run, theorems=[{about}])[0])\n"
        )

    def __str__(self):
        exact, S = self.instance, len(self.instance.r)
        lines = [
            f"{self.theorem.id}: {self.theorem.claim}",
            f"{_states(S)}, gamma = {self.gamma}" + (f", tau = {self.tau}" if self.tau else ""),
        ]
        for s, a in np.ndindex(exact.r.shape):
            lines.append(f"  s{s}, a{a}: reward {written(exact.r[s, a])}, {_goes(exact.P[s, a])}")
        for name, row in (("rho", exact.rho), ("mu", exact.mu)):
            if S > 1:
                lines.append(f"  {name} = {_row(row)}")
        start = "; ".join(f"pi0(.|s{s}) = {_row(row)}" for s, row in enumerate(exact.policy))
        fields = zip(type(self.rule)._fields, self.rule, strict=True)
        named = ", ".join(f"{name} = {written(value)}" for name, value in fields)
        lines += [f"  {start}", f"  {type(self.rule).__name__}({named})", f"  {self._inequality()}"]
        return "\n".join(lines)

    def _inequality(self):
        found = self.verdict
        if found.first_violation is None:
            return f"measured / proved = {self.ratio:.8g} at k = {self.k}"
        k, measured, proved = found.first_violation
        digits = (measured.str(12, radius=False), proved.str(12, radius=False))
        return f"certified at k = {k}: measured {digits[0]}, claimed {digits[1]}"

    def __repr__(self):
        S, A = self.instance.r.shape
        return f"SmallInstance({self.theorem.id}, S = {S}, A = {A}, ratio {self.ratio:.8g})"


def _states(S):
    return "one state" if S == 1 else f"{S} states"


def _goes(row):
    ends = [(t, p) for t, p in enumerate(row) if p]
    if len(ends) == 1:
        return f"to s{ends[0][0]}"
    return "to " + ", ".join(f"s{t} with probability {written(p)}" for t, p in ends)


def _row(row):
    return "(" + ", ".join(map(written, row)) + ")"


def written(x) -> str:
    """A fraction as a reader wants it: 10^-20, 3 10^7, 1 - 10^-20."""
    if 1 - FEW < x < 1:
        return f"1 - {written(1 - x)}"
    n, d = x.numerator, x.denominator
    digits = str(n).rstrip("0") if d == 1 else str(n)
    zeros = len(str(n)) - len(digits) if d == 1 else 1 - len(str(d))
    if abs(zeros) < LONG or (d > 1 and d != 10**-zeros):
        return str(x)
    return f"10^{zeros}" if digits == "1" else f"{digits} 10^{zeros}"


def _code(x) -> str:
    if isinstance(x, list):
        return "[" + ", ".join(map(_code, x)) + "]"
    if x.denominator == 1:
        return str(x.numerator)
    return f"F({x.numerator}, {x.denominator})"
