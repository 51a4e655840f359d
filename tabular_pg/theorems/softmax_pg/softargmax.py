"""Policy gradient under a softargmax: how long steps may be, and how fast the error falls.

Here q is the order of the map (0 for the logarithmic barrier, 1 for the entropy), w = pi^(2-q),
eta_s = eta d_mu^k(s) / (1 - gamma), g_s(a) = w_a (A(s, a) - A_w), A_w being the mean of A(s, .)
under w, and span is the largest less the smallest entry of a state. For tau > 0, A is Q_tau - tau
phi'(pi) up to a constant.
"""

from __future__ import annotations

import numpy as np

from tabular_pg._floats import UNDERFLOW
from tabular_pg.methods.gradients.softargmax_pg import SoftargmaxPG
from tabular_pg.optima.regularized import regularizer_of
from tabular_pg.theorem import Kind, theorem
from tabular_pg.theorems.softmax_pg.steps import chosen_policy, least_optimal
from tabular_pg.verdicts.actions import each_action, most_actions, suboptimal
from tabular_pg.verdicts.assumptions import (
    eta_at_most,
    from_the_start,
    several_actions,
    some_pair,
    two_armed_bandit,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import (
    EPS,
    at_start,
    improvement,
    likeliest,
    q_gap,
    state_step,
    steps,
    value_rise,
)
from tabular_pg.verdicts.visits import visitation

RULES = (SoftargmaxPG,)
RARE, LOOSE, ALL = 3e-4, 1e-2, 1e3  # when SF6 is accurate within its tolerance


def order(run):
    """q."""
    regularizer = regularizer_of(run.rule.mirror)
    return 1 if regularizer is None else regularizer.q


def slopes(run):
    """(K, S, A) g, whose sum in a state is 0: that of the likeliest action is formed from the
    others."""
    w = np.exp((2 - order(run)) * run.log_policies)
    mean = (w * run.A).sum(axis=2, keepdims=True) / w.sum(axis=2, keepdims=True)
    g = w * (run.A - mean)
    at = np.eye(run.A.shape[2])[likeliest(run.policies)] == 1
    return np.where(at, -np.where(at, 0.0, g).sum(axis=2, keepdims=True), g)


def norm_of(values, axes):
    """The Euclidean norm over the last ``axes``, whose squares may underflow."""
    size = np.maximum(np.abs(values).max(axis=axes, keepdims=True), UNDERFLOW)
    return size.max(axis=axes) * np.sqrt(((values / size) ** 2).sum(axis=axes))


def gradient_norm(run):
    """(K,) the norm of grad V(mu) in theta."""
    return norm_of(run.d[:, :, None] * slopes(run) / run.mdp.unit, (1, 2))


def curvature(run):
    """(K, S) (2-q) span(Q) + tau (1 + (2-q) (A^(1-q) - 1) / (1-q)): how fast slopes change."""
    q, n = order(run), most_actions(run.mdp)
    if run.tau == 0:
        return (2 - q) * (run.A.max(axis=2) - run.A.min(axis=2))
    Q = run.optimum.Q - q_gap(run)
    span = each_action(run, Q, -np.inf).max(axis=2) - each_action(run, Q, np.inf).min(axis=2)
    bent = np.log(n) if q == 1 else (n ** (1.0 - q) - 1) / (1 - q)
    return (2 - q) * span + run.tau * (1 + (2 - q) * bent)


def half_step(run):
    """2 (1-gamma)^2 / (2-q), for which eta_s (2-q) span <= 2 if rewards are in [0, 1]."""
    return 2 * (1 - run.mdp.gamma) ** 2 / (2 - order(run))


def hoelder(visits, weights, r):
    """(sum_s (visits^r / weights^2)^(1/(r-1)))^(r-1), over the last axis."""
    return ((visits**r / weights**2) ** (1 / (r - 1))).sum(axis=-1) ** (r - 1)


def spread(run):
    """A/K, K being at least m^{r-1} (A - m) for m = 1, ..., A-1, with r = 4 - 2q."""
    r, n = 4 - 2 * order(run), most_actions(run.mdp)
    largest = 1 if n == 2 else (n * (r - 1) / r) ** r / (r - 1)
    return n / largest


@theorem(
    "SF1",
    "V^{k+1} >= V^k if eta_s ((2-q) span(Q^k) + tau (1 + (2-q) (A^{1-q}-1)/(1-q))) <= 4",
    rules=RULES,
    regularized=None,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
)
def monotone(run):
    """V_tau^{k+1} >= V_tau^k in every state if eta_s ((2-q) span(Q_tau^k(s, .)) + tau (1 + (2-q)
    (A^{1-q} - 1) / (1-q))) <= 4 in every state, for tau >= 0 (log A for q = 1). Proof: along the
    step the slope of <pi, Q> - tau h(pi) is |g|^2 eta_s at first, and falls by no more than half of
    the bracket times |eta_s g|^2."""
    i = steps(run)
    small = (state_step(run) * curvature(run) <= 4 * (1 - EPS)).all(axis=1)[:, None]
    bound = np.where(small, run.value_gap, np.inf)
    return run.value_gap[i + 1], bound[i], EPS * run.sup_gap[i, None]


@theorem(
    "SF2",
    "improvement >= eta_s |g_s|^2 (1 - eta_s (2-q) span(A^k) / 4)",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
)
def ascent(run):
    """I_s^k = sum_a pi^{k+1} A^k >= eta_s |g_s|^2 (1 - eta_s (2-q) span(A^k(s, .)) / 4), for every
    step. Proof: the slope of sum_a pi_t A along the step is eta_s |g|^2 at t = 0, and its own slope
    at most (2-q) span(A) |eta_s g|^2 / 2."""
    i, (gained, rounding) = steps(run), improvement(run)
    eta = state_step(run)[i]
    square = norm_of(slopes(run)[i], 2) ** 2
    bound = eta * square * (1 - eta * curvature(run)[i] / 4)
    return gained, bound, rounding + EPS * eta * square


@theorem(
    "SF3",
    "||grad V(mu)|| >= sqrt(A/K) (c (1-gamma) gap(rho))^{2-q} / ((1-gamma) span^{1-q} M)",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(several_actions,),
    any_step=True,
    any_actions=True,
)
def domination(run):
    """||grad V^k(mu)||_2 >= sqrt(A/K) (c (1 - gamma) (V*(rho) - V^k(rho)))^{2-q} / ((1 - gamma)
    span^{1-q} M) with c = min_s pi^k(a*(s)|s), span = max_s span(A^k(s, .)), r = 4 - 2q, M^2 =
    (sum_s (d*_rho(s)^r / d_mu^k(s)^2)^{1/(r-1)})^{r-1} and K = A^r (r-1)^{r-1} / r^r, or 1 for two
    actions: as in Mei et al. (2020), but with a power of the gap that is right near a corner.
    Proof: where A_w <= 0 the optimal action has it; where A_w > 0 the actions with A < 0, by
    Hoelder's inequality."""
    q, g = order(run), 1 - run.mdp.gamma
    best = run.optimum.pi
    chosen = np.where(best > 0, run.policies, 0.0).sum(axis=2).min(axis=1)
    spans = (run.A.max(axis=2) - run.A.min(axis=2)).max(axis=1)
    known = np.where(spans > 0, spans, 1.0)
    M = np.sqrt(hoelder(visitation(run.mdp, best, run.mdp.rho), run.d, 4 - 2 * q))
    below = (chosen * g * run.gap) ** (2 - q) / known ** (1 - q)
    return gradient_norm(run), np.sqrt(spread(run) + 0 * run.gap) * below / (g * M)


@theorem(
    "SF4",
    "V(mu) is ((2-q) (1-gamma) + gamma) / (2 (1-gamma)^3)-smooth in theta",
    rules=RULES,
    assumes=(unit_rewards, some_pair),
    any_step=True,
    any_actions=True,
)
def smoothness(run):
    """|V^{k+1}(mu) - V^k(mu) - eta ||grad V||^2| <= (L/2) eta^2 ||grad V||^2 along every step, with
    L = ((2-q) (1-gamma) + gamma) / (2 (1-gamma)^3), for rewards in [0, 1] and tau = 0: for q = 1
    this is S3st. Proof: first derivatives of pi are at most |u_s| span / (2 sqrt 2), second ones
    (2-q) |u_s|^2 span / 2, and those of V as for the softmax."""
    i, q, gamma = steps(run), order(run), run.mdp.gamma
    moved = run.step_sizes[i] * gradient_norm(run)[i] ** 2
    L = ((2 - q) * (1 - gamma) + gamma) / (2 * (1 - gamma) ** 3)
    rise, rounding = value_rise(run)
    bound = L / 2 * run.step_sizes[i] * moved
    return np.abs(rise - moved), bound, rounding + EPS * (np.abs(rise) + moved)


@theorem(
    "SF5",
    "gap(mu) <= [gap_0(mu)^{-(3-2q)} + (3-2q) kappa k]^{-1/(3-2q)}, eta <= 2(1-gamma)^2/(2-q)",
    rules=RULES,
    assumes=(
        unit_rewards,
        several_actions,
        from_the_start,
        eta_at_most(half_step, "2 (1-gamma)^2 / (2-q)"),
    ),
    any_actions=True,
)
def sublinear(run):
    """For rewards in [0, 1] and eta <= 2 (1 - gamma)^2 / (2-q), V*(mu) - V^k(mu) <=
    [(V*(mu) - V^0(mu))^{-(3-2q)} + (3-2q) kappa k]^{-1/(3-2q)} with r = 4 - 2q,
    kappa = (eta/2) (A/K) (c (1-gamma))^r (1-gamma)^{2-2q} / M^2, K as in SF3,
    M^2 = (sum_s (d*_mu(s)^r / mu(s)^2)^{1/(r-1)})^{r-1} and c as in S2: 1/k for q = 1, and
    k^{-1/3} for the barrier. Proof: SF2, SF3 state by state, and the inequality of Bernoulli."""
    q, g, mu = order(run), 1 - run.mdp.gamma, run.mdp.mu
    r, gap = 4 - 2 * q, run.value_gap @ mu
    M2 = hoelder(visitation(run.mdp, chosen_policy(run), mu), mu, r)
    kappa = run.rule.eta / 2 * spread(run) * (least_optimal(run) * g) ** r
    kappa = kappa * g ** (2 - 2 * q) / M2
    return gap, (at_start(run, gap) ** (1 - r) + (r - 1) * kappa * run.k) ** (1 / (1 - r))


@theorem(
    "SF6",
    "two arms: gap (2 (3-2q) eta Delta k)^{1/(3-2q)} -> Delta",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    tolerance=0.02,
    assumes=(two_armed_bandit, from_the_start),
    any_actions=True,
)
def two_armed_law(run):
    """On a two-armed bandit, gap_k (2 (3-2q) eta Delta k)^{1/(3-2q)} -> Delta: 1/(2 eta k) for the
    softmax (q = 1), k^{-1/2} for q = 1/2, k^{-1/3} for the logarithmic barrier. Proof: p = pi(a) of
    the other arm obeys (1/w + 1/w*)^2 dp = -2 eta Delta dk, to first order in the last step.
    Checked at the last iterate, where w < 0.0003, a step changes it by less than a hundredth, and
    nothing is left of the start, and of where first steps have leapt to."""
    power, h = 3 - 2 * order(run), 2 * run.rule.eta * run.optimum.Delta
    p = np.where(suboptimal(run), run.policies, 0.0).max(axis=(1, 2))
    first, progress = np.minimum(p[0], 1 - p[0]), power * h * run.k[-1]
    short = next((x for x in p if h * x**power < LOOSE), first)  # where no step leaps any more
    settled = (
        p[-1] ** (2 - order(run)) < RARE
        and h * p[-1] ** power < LOOSE
        and progress * np.minimum(first, short) ** power > ALL
    )
    return progress ** (1 / power) * run.gap[-1], run.optimum.Delta if settled else np.inf
