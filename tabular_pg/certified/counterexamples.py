"""Statements that are in print, or were here, and are false: each with an MDP of fractions.

``COUNTEREXAMPLES["P7a"].decided()`` runs the method in ball arithmetic and returns a verdict that
is certainly violated; ``.mdp()`` are the fractions themselves. The theorems that are registered
under the same ids, or nearest to them, are the corrected statements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.certified.certify import Certificate, certified_run
from tabular_pg.certified.check import CertifiedVerdict, certified_check
from tabular_pg.certified.rational import RationalMDP
from tabular_pg.methods.projected_pg import ProjectedPG
from tabular_pg.methods.softmax_pg import SoftmaxPG
from tabular_pg.theorem import REGISTRY, Confidence, Theorem
from tabular_pg.theorems.softmax_pg.literature import mei_rate
from tabular_pg.verdicts.visits import mismatch

FORGOTTEN = 0.9  # decay exponent of the gap that "large t" was once read as


@dataclass(frozen=True)
class Counterexample:
    """A false statement and a run that violates it.

    Attributes
    ----------
    theorem : Theorem
        The false statement; it is not registered.
    mdp : function to a RationalMDP
    rule, policy, at : the method, its start, and the iterations to look at.
    """

    theorem: Theorem
    mdp: Callable
    rule: tuple
    policy: list
    at: tuple

    __repr__ = compact

    def run(self, digits=30) -> Certificate:
        """The method on the MDP, in ball arithmetic to ``digits`` digits."""
        return certified_run(
            self.mdp(), self.rule, self.at[-1], policy=self.policy, at=list(self.at), digits=digits
        )

    def decided(self) -> CertifiedVerdict:
        """The verdict on the false statement: its ``holds`` is False."""
        (found,) = certified_check(self.run(), theorems=[self.theorem])
        return found


def _printed(id, of, formula, claim, **changes) -> Theorem:
    statement = " ".join(formula.__doc__.split())
    return replace(
        REGISTRY[of], id=id, claim=claim, statement=statement, formula=formula,
        confidence=Confidence.QUOTED, **changes,
    )  # fmt: skip


def _agarwal_as_printed(run):
    """Theorem 4.1 as printed: for eta = (1 - gamma)^3 / (2 gamma A), min_{t<T} V*(rho) - V^t(rho)
    <= eps once T > 64 gamma S A max_s (d*_rho(s) / mu(s))^2 / ((1 - gamma)^6 eps^2); solved for eps
    at T = k + 1. The proof sums over T steps, whose last iterate is number T: it gives t <= T."""
    mdp = run.mdp
    size = 64 * mdp.gamma * mdp.r.size * mismatch(run, under=mdp.mu, start=mdp.rho) ** 2
    bound = np.sqrt(size / (run.k + 1)) / (1 - mdp.gamma) ** 3
    return np.minimum.accumulate(run.gap), bound


def _mei_as_printed(run):
    """Theorem 4 as one formal text quotes it: with eta = (1 - gamma)^3 / 8 and t = k + 1,
    V*(rho) - V^t(rho) <= 16 S ||d*_mu/mu|| / (c^2 (1 - gamma)^6 t). Two others have
    ||d*_mu/mu||^2 ||1/mu|| in place of the norm, which is theorem S3."""
    return run.gap, mismatch(run, start=run.mdp.mu) * mei_rate(run)


def _large_by_exponent(run):
    """Theorem 10 with "large t" read as: the gap falls at least like k^{-0.9} between k/2 and k.
    One giant step looks like that and leaves a gap far below any 1/t."""
    half = np.searchsorted(run.k, (run.k + 1) // 2)
    slope = -(run.log_gap - run.log_gap[half]) / np.log(np.maximum(run.k, 1) / run.k[half])
    large = (run.k >= 4) & (np.where(run.k >= 4, slope, 0.0) >= FORGOTTEN)
    bound = (1 - run.mdp.gamma) ** 5 * run.optimum.Delta**2 / (12 * (run.k + 1))
    return run.value_gap @ run.mdp.mu, np.where(large, bound, -np.inf)


def _two_arms(gamma):
    return lambda: RationalMDP([[[1], [1]]], [[1, 0]], gamma)


def _two_bandits():
    few = Fraction(1, 1000)
    stay = [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
    return RationalMDP(stay, [[1, 0], [1, 0]], 0, rho=[1, 0], mu=[few, 1 - few])


SMALL = Fraction(1, 1000)
HALF = [Fraction(1, 2)] * 2
COUNTEREXAMPLES = {
    "P7a": Counterexample(
        _printed("P7a", "P7a", _agarwal_as_printed, "Theorem 4.1 of Agarwal et al. as printed"),
        _two_arms(SMALL),
        ProjectedPG((1 - SMALL) ** 3 / (4 * SMALL)),
        [[0, 1]],
        (0, 1),
    ),
    "S3p": Counterexample(
        _printed(
            "S3p", "S3", _mei_as_printed, "Theorem 4 of Mei et al. with ||d*_mu/mu|| alone",
            source="mei2020",
        ),
        _two_bandits,
        SoftmaxPG(Fraction(1, 8)),
        [HALF, HALF],
        (0, 300),
    ),
    "S5m": Counterexample(
        _printed("S5m", "S5m", _large_by_exponent, "large t read as a fast fall of the gap"),
        _two_arms(Fraction(99, 100)),
        SoftmaxPG(1),
        [[SMALL, 1 - SMALL]],
        (0, 1, 2, 3, 4, 5, 6, 7, 8),
    ),
}  # fmt: skip
