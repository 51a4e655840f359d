"""A run whose numbers have exponents without end: what a theorem sees where floats underflow."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from tabular_pg._floats import UNDERFLOW
from tabular_pg.engine.run import SMALL, Status
from tabular_pg.engine.step_size import mapped
from tabular_pg.gaps.bookkeeping import LOWEST
from tabular_pg.gaps.coordinates import Logits, Probabilities
from tabular_pg.gaps.duals import Duals
from tabular_pg.numerics.offsets import KL_SERIES
from tabular_pg.numerics.wide import Wide, plain, representable, wide
from tabular_pg.verdicts.actions import each_action
from tabular_pg.verdicts.comparison import NO_DIGITS, digits_of_logarithms
from tabular_pg.verdicts.quantities import (
    ULP,
    exp_remainder,
    q_gap,
    relative_entropy,
    unit_of_gaps,
)
from tabular_pg.verdicts.visits import discounted_sum, stationary, visitation

MOST_PRODUCTS = 10**7  # a few seconds
LOW = -600.0  # log of a gap below which advantages have lost digits to underflow


def digits(x, zeros=True) -> Wide:
    """``x``, NaN where it has lost digits to underflow: nothing is claimed about that. Its zeros
    are ``zeros``, or may have underflowed."""
    return wide(np.where((np.abs(x) < UNDERFLOW) & ((x != 0) | (not zeros)), np.nan, x))


def floats_suffice(pi) -> bool:
    """Whether no positive probability underflows in floats: what follows from them is 0 then only
    where it is."""
    pi = wide(pi)
    return bool(((pi.m == 0) | (plain(pi) > 0)).all())


class WideMDP:
    """An MDP with the attributes of :class:`tabular_pg.MDP` that formulas use."""

    def __init__(self, mdp):
        self.whole = mdp
        self.P, self.r, self.sparse, self.ends = mdp.P, mdp.r, mdp.sparse, mdp.ends
        self.n_states, self.n_actions, self.actions = mdp.n_states, mdp.n_actions, mdp.actions
        values = mdp.gamma, mdp.unit, mdp.rho, mdp.mu
        self.gamma, self.unit, self.rho, self.mu = map(wide, values)


class WideOptimum:
    """The optimum, with the attributes of :class:`tabular_pg.Optimum` that formulas use."""

    def __init__(self, best, tau):
        self.optimal = best.optimal
        self.V, self.A, self.Delta = wide(best.V), wide(best.A), wide(best.Delta)
        self.log_pi = wide(best.log_pi) if tau > 0 else None
        self.pi = np.exp(self.log_pi) if tau > 0 else wide(best.pi)
        self.regularizer, self.powers = best.regularizer, best.powers


class WideRun:
    """A run with the attributes of :class:`tabular_pg.Run` that formulas use: gaps and
    probabilities from the logarithms that the run keeps, and NaN, of which nothing is claimed, for
    offsets that have underflowed."""

    rounded, obstacle, least_change = True, "", 0.0
    first, last, recorded_log_policies = 0, -1, None

    def __init__(self, run):
        self.run, self.k, self.method, self.mdp = run, run.k, run.method, WideMDP(run.mdp)
        self.coordinates, self.backward_error = run.coordinates, run.backward_error
        self.rule, self.constant_step = mapped(run.rule, wide), run.constant_step
        self.tau, self.optimum = wide(run.tau), WideOptimum(run.optimum, run.tau)
        kept = not (np.isfinite(run.log_policies) & (run.policies == 0)).any()
        self.d, self.gap_sum = digits(run.d, kept), wide(run.gap_sum)
        self.least_policy = wide(run.least_policy)
        self._likeliest = run.policies.argmax(axis=2)[:, :, None]
        self.least_optimal_mass = wide(run.least_optimal_mass)
        self.log_gap, self.log_sup_gap = wide(run.log_gap), wide(run.log_sup_gap)
        self.log_policies, self.log_scale = wide(run.log_policies), wide(np.zeros(len(run.k)))

    @cached_property
    def step_sizes(self):
        """(K,) as of the run."""
        return wide(self.run.step_sizes)

    @cached_property
    def all_steps(self):
        """The steps up to the last iterate, likewise."""
        return wide(self.run.all_steps)

    @cached_property
    def lost(self):
        """(K, S) where the policy is so near the optimum that the offsets do not tell how near."""
        run = self.run
        if run.tau == 0 or run.mdp.n_actions == 1:
            return np.zeros(run.value_gap.shape, dtype=bool)
        size = np.abs(run.iterates).max(axis=2)
        return (size < LOWEST) & (np.maximum.accumulate(size) > 0)  # 0 from the start on is 0

    @cached_property
    def iterates(self):
        """(K, S, A) in the coordinates of the method; NaN for an offset without digits."""
        if self.coordinates is Probabilities:
            return self.policies
        if self.coordinates is Logits:
            return self.log_policies
        return wide(np.where(self.lost[:, :, None], np.nan, self.run.iterates))

    @cached_property
    def policies(self):
        """(K, S, A) probabilities, also below the range of floats; NaN where no digit is known."""
        if self.coordinates is Probabilities:
            return digits(self.run.iterates)
        kept = np.where(self._without_digits(self.run.log_policies), np.nan, self.run.log_policies)
        return np.exp(wide(np.where(np.isneginf(self.run.log_policies), -np.inf, kept)))

    @cached_property
    def value_gap(self):
        """(K, S) V* - V^k."""
        return self._known(self.run.value_gap, self.run.log_value_gap, LOWEST)

    @cached_property
    def gap(self):
        """(K,) the gap under rho."""
        return self._known(self.run.gap, self.run.log_gap, SMALL)

    @property
    def scaled_gap(self):
        """``value_gap`` itself: ``log_scale`` is 0."""
        return self.value_gap

    @cached_property
    def sup_gap(self):
        """(K,) the largest gap of a state."""
        return self.value_gap.max(axis=1)

    @cached_property
    def A(self):
        """Advantages; from gaps by their definition where these are low, and for the likeliest
        action from those of the others, whose mean with it is 0."""
        by_gaps = self.optimum.A - q_gap(self) + self.value_gap[:, :, None]
        if self.run.tau > 0:
            by_gaps = by_gaps - self.tau * self.iterates
        if self.coordinates is Duals:  # which are known up to a constant in every state
            by_gaps = by_gaps - np.take_along_axis(by_gaps, self._likeliest, axis=2)
            by_gaps = by_gaps - (self.policies * by_gaps).sum(axis=2, keepdims=True)
        low = ((self.run.log_sup_gap < LOW)[:, None] | self.lost)[:, :, None]
        low = low | ((np.abs(self.run.A) < UNDERFLOW) & (self.run.A != 0))
        at_top, of_top = self._top(by_gaps)
        known = np.where(low, np.where(at_top, of_top, by_gaps), wide(self.run.A))
        # A zero that stands alone is what the others weigh, below rounding; of two it is none.
        zero = (self.run.A == 0) & ~low
        alone = zero & at_top & ((zero & (self.policies > 0)).sum(axis=2, keepdims=True) == 1)
        return each_action(self, np.where(alone, self._top(known)[1], known))

    def _top(self, A):
        """Which action is the likeliest (K, S, A), and its A by those of others (K, S, 1)."""
        at_top = np.arange(self.run.A.shape[2]) == self._likeliest
        others = np.where(at_top, 0.0, self.policies * A).sum(axis=2, keepdims=True)
        return at_top, -others / np.take_along_axis(self.policies, self._likeliest, axis=2)

    @cached_property
    def plain_optimum(self):
        """The optimum for tau = 0."""
        return WideOptimum(self.run.plain_optimum, 0.0)

    def _without_digits(self, logarithm):
        """Where the exponential of a logarithm (K, ...) has no digit."""
        per_unit = digits_of_logarithms(self.k).reshape(-1, *[1] * (logarithm.ndim - 1))
        return logarithm < -NO_DIGITS / per_unit

    def _known(self, number, logarithm, least):
        """The number where it has its digits, else from its logarithm if that is known."""
        shape, run = (-1, *[1] * (number.ndim - 1)), self.run
        lost = np.isneginf(logarithm) & (run.status is Status.UNDERFLOW) & (run.mdp.n_actions > 1)
        if self.lost.any():  # gaps are tau times squares of offsets
            below = logarithm < 2 * np.log(LOWEST) + np.log(run.tau)
            lost = lost | (below & self.lost.any(axis=1).reshape(shape))
        lost = lost | (np.isfinite(logarithm) & self._without_digits(logarithm))
        low = np.exp(wide(np.where(lost, np.nan, logarithm)))
        return np.where(number > least, wide(number), low)


@q_gap.register
def _(run: WideRun):
    """Successor by successor where the gaps of states differ too much for one unit."""
    mdp, gap, total = run.mdp, run.value_gap, wide(0.0)
    if mdp.r.size * gap.size > MOST_PRODUCTS:
        raise TypeError("too many products of numbers of any size")
    for t in range(mdp.n_states):
        P = mdp.P[:, [t]].toarray().reshape(mdp.r.shape) if mdp.sparse else mdp.P[:, :, t]
        if P.any():
            total = total + P * gap[:, t, None, None]
    return mdp.gamma * np.broadcast_to(total, (len(run.k), *mdp.r.shape))


@unit_of_gaps.register
def _(run: WideRun):
    """Gaps come from their logarithms, of which the last digit counts the more the larger they
    are."""
    size = np.where(np.isfinite(run.run.log_sup_gap), np.abs(run.run.log_sup_gap), 0.0)
    return (ULP + digits_of_logarithms(run.k) * size)[:, None, None]


@visitation.register
def _(mdp: WideMDP, pi, start):
    return digits(visitation(mdp.whole, plain(pi), plain(start)), floats_suffice(pi))


@discounted_sum.register
def _(mdp: WideMDP, pi, b):
    """In one unit; refused where the entries differ too much for that."""
    b = wide(b)
    top = np.where(b.m == 0, -np.inf, b.e).max()
    unit = Wide(1.0, top if np.isfinite(top) else 0.0)
    return unit * discounted_sum(mdp.whole, plain(pi), representable(b / unit))


@stationary.register
def _(mdp: WideMDP, pi):
    return digits(stationary(mdp.whole, plain(pi)), floats_suffice(pi))


@relative_entropy.register
def _(log_ratio: Wide, numerator, denominator):
    numerator, denominator = wide(numerator), wide(denominator)
    small = np.abs(log_ratio) < 0.05
    x = np.where(small, log_ratio, 0.0)
    series = np.polyval(KL_SERIES[::-1], plain(x))
    kept = numerator > 0
    direct = np.where(kept, numerator * np.where(kept, log_ratio, 0.0), 0.0)
    direct = direct - (numerator - denominator)
    return np.where(small, denominator * (x * x) * series, direct).sum(axis=-1)


@exp_remainder.register
def _(x: Wide):
    return np.where(np.abs(x) < 1e-4, x * x / 2 * (1 + x / 3 + x * x / 12), np.expm1(x) - x)
