"""How fast Hadamard policy gradient converges."""

from __future__ import annotations

import numpy as np

from tabular_pg.theorem import Kind, theorem
from tabular_pg.theorems.hadamard_pg.steps import RULES, reach, square
from tabular_pg.verdicts.assumptions import (
    eta_at_most,
    from_the_start,
    some_pair,
    some_suboptimal_action,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import (
    at_start,
    least_step,
    settled_rate,
    state_step,
    steps,
    suboptimal_mass,
)
from tabular_pg.verdicts.visits import visitation

small_step = eta_at_most(lambda run: (1 - run.mdp.gamma) ** 2 / 2, "(1-gamma)^2 / 2")


def _rates(run):
    """Slope of 1/e per step in H2, (K,), and decay rate of e per step once e <= Delta/2."""
    gamma, kappa = run.mdp.gamma, run.least_optimal_mass.min(axis=1)
    slope = least_step(run) * kappa * (1 - gamma) ** 2
    return slope, (1 - gamma) * least_step(run) * run.optimum.Delta / 2


@theorem(
    "H2",
    "e_k <= [1/e_0 + k eta min(mu) kappa (1-gamma)^2]^{-1}",
    rules=RULES,
    assumes=(unit_rewards, small_step, from_the_start),
    any_actions=True,
)
def sublinear(run):
    """For eta <= (1 - gamma)^2 / 2 and all k, e_k <= [1/e_0 + k eta min(mu) kappa
    (1 - gamma)^2]^{-1} with kappa = min_{j<k,s} (1 - b_s^j). The rate O(1/k) is claimed by Liu,
    Chen and Wei (2023). Proof: H1b and H1v imply e_{k+1} <= e_k - C ((1 - gamma) e_k)^2 with
    C = eta min(mu) kappa."""
    return run.sup_gap, 1 / (1 / at_start(run, run.sup_gap) + run.k * _rates(run)[0])


def lost_in_square(factor):
    """By how much the square of a difference, of numbers near 1, may be off."""
    return (np.abs(factor) + 1e-14) ** 2 - factor**2


@theorem(
    "H3a",
    "b_s contracts by (1 - 2 eta_s (Delta - e_k))^2 once e_k < Delta",
    rules=RULES,
    assumes=(some_suboptimal_action, some_pair),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def local_contraction(run):
    """Once e_k < Delta, b_s^{k+1} <= (1 - 2 eta_s^k (Delta - e_k))^2 b_s^k wherever
    eta_s^k |A^k(s, .)| <= 1/2; always, if eta <= (1 - gamma)^2 / 2 and rewards are in [0, 1].
    Proof: the normalization 1 + 4 eta_s^2 v is >= 1, and -1/(2 eta_s) <= A^k <= -(Delta - e_k)
    off the optimal actions."""
    i, b, Delta = steps(run), suboptimal_mass(run), run.optimum.Delta
    lead = Delta - run.sup_gap[:, None]
    factor = 1 - 2 * state_step(run) * lead
    claimed = (lead > 0) & (reach(run) <= 0.5)
    return b[i + 1], np.where(claimed, factor**2 * b, np.inf)[i], (b * lost_in_square(factor))[i]


@theorem(
    "H3b",
    "e_{k+1} <= (1 - (1-gamma) eta min(mu) (Delta - e_k)) e_k once e_k < Delta",
    rules=RULES,
    assumes=(some_suboptimal_action, some_pair),
    any_actions=True,
)
def gap_contraction(run):
    """Once e_k < Delta, e_{k+1} <= (1 - (1 - gamma) eta min(mu) (Delta - e_k)) e_k wherever
    eta_s^k |A^k| <= 1/2 in every state; always, if eta <= (1 - gamma)^2 / 2 and rewards are in
    [0, 1]. Proof: H1b and v >= (Delta - e_k) x, with x as in H1v."""
    i, e, Delta = steps(run), run.sup_gap, run.optimum.Delta
    claimed = (e < Delta) & (reach(run).max(axis=1) <= 0.5)
    bound = (1 - (1 - run.mdp.gamma) * least_step(run) * (Delta - e)) * e
    return e[i + 1], np.where(claimed, bound, np.inf)[i]


@theorem(
    "H3c",
    "e_k <= (Delta/2) (1 - (1-gamma) eta min(mu) Delta/2)^{k-k0}",
    rules=RULES,
    assumes=(unit_rewards, small_step, from_the_start, some_suboptimal_action),
    any_actions=True,
)
def two_phases(run):
    """With k0 = ceil((2/Delta - 1/e_0) / (eta min(mu) kappa (1 - gamma)^2)), where the bound H2
    falls to Delta/2, e_k <= (Delta/2) (1 - (1 - gamma) eta min(mu) Delta / 2)^{k - k0} for
    k >= k0 and eta <= (1 - gamma)^2 / 2; kappa = min_{j<k,s} (1 - b_s^j). Local linear
    convergence is claimed by Liu, Chen and Wei (2023). Proof: H2, then H3b."""
    return run.sup_gap, after_two_phases(run, *_rates(run))


def after_two_phases(run, slope, decay):
    """1/e grows by ``slope`` a step until e <= Delta/2; then e falls by the factor 1 - decay."""
    Delta = run.optimum.Delta
    k0 = np.ceil(np.maximum(2 / Delta - 1 / at_start(run, run.sup_gap), 0) / slope)
    return np.where(run.k >= k0, Delta / 2 * (1 - decay) ** (run.k - k0), np.inf)


@theorem(
    "H3d",
    "e_k <= e_0 max{1/(1 + eta min(mu) kappa (1-gamma)^2 Delta/2), "
    "1 - (1-gamma) eta min(mu) Delta/2}^k",
    rules=RULES,
    assumes=(unit_rewards, small_step, from_the_start, some_suboptimal_action),
    any_actions=True,
)
def linear(run):
    """For eta <= (1 - gamma)^2 / 2 and all k, e_k <= e_0 theta^k with theta = max{1 / (1 +
    eta min(mu) kappa (1 - gamma)^2 Delta / 2), 1 - (1 - gamma) eta min(mu) Delta / 2} and
    kappa = min_{j<k,s} (1 - b_s^j): linear overall, at the slower rate of the two phases. Proof:
    one step of H2 while e > Delta/2, of H3b afterwards."""
    return run.sup_gap, slower_phase(run, *_rates(run))


def slower_phase(run, slope, decay):
    """e_0 times the larger factor of ``after_two_phases`` at every step."""
    theta = np.maximum(1 / (1 + slope * run.optimum.Delta / 2), 1 - decay)
    return at_start(run, run.sup_gap) * theta**run.k


@theorem(
    "H4",
    "log e_{k+1}/e_k -> max log (1 - 2 eta d*_mu |A*| / (1-gamma))^2",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    tolerance=1e-3,
    assumes=(some_suboptimal_action, some_pair),
    any_actions=True,
    any_gamma=True,
)
def exact_rate(run):
    """The asymptotic rate is exactly max over states and sub-optimal actions of
    (1 - 2 eta d*_mu(s) |A*(s, a)| / (1 - gamma))^2, with d* the visits of the limit policy.
    Checked on the last recorded pair, once the gap has settled to the slowest action."""
    i, best, unit = steps(run)[-1], run.optimum, 2 * run.rule.eta / run.mdp.unit
    limit = np.where(best.optimal, run.policies[i], 0.0)
    d = visitation(run.mdp, limit / limit.sum(axis=1, keepdims=True), run.mdp.mu)
    total = np.log1p(4 * square(run)[1][i])[:, None]
    now = 2 * np.log(np.abs(1 + unit * run.d[i][:, None] * run.A[i])) - total
    return settled_rate(run, now, 2 * np.log(np.abs(1 + unit * d[:, None] * best.A)))
