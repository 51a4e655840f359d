"""Lower bounds, exact asymptotic laws and closed forms for softmax policy gradient, tau = 0."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.softmax_pg import SoftmaxPG
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.actions import suboptimal
from tabular_pg.verdicts.assumptions import (
    bandit,
    dense_transitions,
    eta_at_most,
    from_the_start,
    some_suboptimal_action,
    two_armed_bandit,
    unique_optimal_actions,
    unit_rewards,
)
from tabular_pg.verdicts.visits import visitation

RULES = (SoftmaxPG,)
RARE = 1e-3  # probability of sub-optimal actions below which S6 is accurate: its error is p log 1/p
VISITED = 1e-4  # share of the constant of S6 below which a state does not matter to it
ALIKE = 1.15  # ratio of the largest w_a of a state to the least from which on they count as equal
CONSTANT = 2e-3  # change of q_s over the last half from which on it counts as steady
HARMONIC = 0.01  # how near to -1 the slope of log W over log k must be, over each of two halvings
UNLIKELY, SMALL_STEP = 1e-3, 0.02  # eps and eta Delta from which on S7e is accurate within 5%


def alike_optimal_actions(run) -> str:
    """The optimal actions of a state that also has others share their transitions."""
    if run.mdp.sparse:
        return dense_transitions(run)
    best, P = run.optimum, run.mdp.P
    reference = P[np.arange(len(P)), best.pi.argmax(axis=1)][:, None, :]
    mixed = suboptimal(run).any(axis=1)[:, None]
    differs = (P != reference).any(axis=2) & best.optimal & mixed
    if differs.any():
        s = int(np.argwhere(differs)[0][0])
        return f"optimal actions of state {s} differ in their transitions"
    return ""


@theorem(
    "S5",
    "bandit: gap >= Delta^2 / (6 t), large t",
    rules=RULES,
    kind=Kind.LOWER,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(bandit, unit_rewards, some_suboptimal_action, eta_at_most(lambda run: 1.0, "1")),
    any_actions=True,
)
def bandit_lower_bound(run):
    """Theorem 9: for eta in (0, 1] and large t = k + 1, gap >= Delta^2 / (6 t) on a bandit. "Large"
    is what a proof needs: the value is 5/2-smooth and |gradient| <= sqrt(2) gap / Delta, so that a
    step removes at most K gap^2, K = 9 / (2 Delta^2). From any iterate j with K gap_j < 1/4 on,
    1/gap then grows by at most K / (1 - K gap_j) < 6 / Delta^2 a step, and claimed is every k by
    which that has made up for 1/gap_j. Where Delta is small this takes 1/Delta^2 steps or more."""
    Delta = run.optimum.Delta
    bound = harmonic(run, run.gap, Delta**2 / 6, 4.5 / Delta**2)
    return run.gap, bound


@theorem(
    "S5t",
    "bandit: gap >= 1 / (3 t), large t",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(bandit, unit_rewards, some_suboptimal_action, eta_at_most(lambda run: 1.0, "1")),
    any_actions=True,
)
def bandit_lower_bound_sharp(run):
    """For eta in (0, 1] and large t = k + 1, gap >= 1 / (3 t) on a bandit, whatever Delta is.
    "Large" as in S5, with K = 5/2: the value is 1/2-smooth (S3st) and |gradient| <= sqrt(2) gap;
    K / (1 - K gap_j) < 3 where K gap_j < 1/6."""
    return run.gap, harmonic(run, run.gap, 1 / 3, 2.5)


@theorem(
    "S5m",
    "V*(mu) - V^t(mu) >= (1-gamma)^5 Delta^2 / (12 t), large t",
    rules=RULES,
    kind=Kind.LOWER,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(
        unit_rewards,
        some_suboptimal_action,
        unique_optimal_actions,
        eta_at_most(lambda run: 1.0, "1"),
    ),
    any_actions=True,
)
def lower_bound(run):
    """Theorem 10: for eta in (0, 1] and large t = k + 1, V*(mu) - V^t(mu) >= (1 - gamma)^5
    Delta^2 / (12 t), for unique optimal actions. "Large" as in S5, with K = 10 / ((1 - gamma)^5
    Delta^2): V(mu) is 8 / (1 - gamma)^3-smooth and |gradient| <= sqrt(2) gap / ((1 - gamma)
    Delta). A single giant step does not reach that regime, however small the gap is after it
    (tabular_pg.certified.counterexamples, "S5m"); near gamma = 1 no run of usual length does."""
    gap, size = run.value_gap @ run.mdp.mu, (1 - run.mdp.gamma) ** 5 * run.optimum.Delta**2
    return gap, harmonic(run, gap, size / 12, 10 / size)


def harmonic(run, gap, B, K):
    """B / (k + 1) where some recorded j <= k proves gap_k to be at least that, else -inf.

    While K gap_j < 1, 1/gap grows by at most K / (1 - K gap_j) a step from j on, so that
    1/gap_j + (k - j) K / (1 - K gap_j) <= (k + 1) / B is enough.
    """
    with np.errstate(all="ignore"):
        growth = np.where(K * gap < 1, K / (1 - K * gap), np.inf)
        spare = np.where(B * growth < 1, 1 / B - growth, 0.0)
        wait = np.where(spare > 0, (1 / gap - (run.k + 1) / B) / np.where(spare > 0, spare, 1.0), 0)
        first = np.where((spare > 0) & (gap > 0), run.k + np.maximum(wait, 0.0), np.inf)
        proved = np.minimum.accumulate(first) <= run.k
    return np.where(proved, B / (run.k + 1), -np.inf)


@theorem(
    "S6",
    "k gap -> sum_s n/(1+nq) d*_rho/(eta d*_mu); S(A-1)/(A eta) for rho = mu",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    confidence=Confidence.CHECKED,
    tolerance=0.03,
    assumes=(some_suboptimal_action, alike_optimal_actions),
    any_actions=True,
    any_gamma=True,
)
def exact_law(run):
    """k (V*(rho) - V^k(rho)) -> (1/eta) sum_s (d*_rho(s) / d*_mu(s)) n_s / (1 + n_s q_s), with n_s
    sub-optimal actions in s and q_s the limit of sum pi^2 over its optimal ones (1 if unique).
    For unique optimal actions and rho = mu this is S (A - 1) / (A eta), whatever gamma, rewards
    and start are. This is a limit, not a bound: at a finite k the gap may lie on either side.
    Sketch: w_a = pi_a |A*_a| obeys w_a' = -eta_s w_a (w_a + W), W = sum w, so the w_a equalize
    and W ~ n / ((1 + n q) eta_s k). That they equalize along the iterates, and not only along the
    flow, is argued and not proved; it rests on a numerical check (24 MDPs, within 0.1% at
    k = 200000 for moderate eta). Checked once, in every state that matters, the w_a agree within
    15%, q_s is steady, W falls like k^{-1} within 1% over both of the last two halvings of k and
    pi(optimal) > 0.999."""
    constant, settled = _limit(run)
    return run.k[-1] * run.gap[-1], constant if settled else np.inf


def limit_constant(run) -> float:
    """The limit of k gap that S6 argues for, with the visitations and q_s of the last policy."""
    return _limit(run)[0]


def _limit(run):
    constant, settled = law_constant(run, np.arange(len(run.k)), 1)
    return constant / run.rule.eta, settled


def law_constant(run, rows, power):
    """sum_s n_s/(1+n_s q_s) d*_rho/d*_mu, with the visitations and q_s of the last of these rows,
    and whether they have settled to a fall of W like k^-power, as S6 asks for."""
    best, worse, last = run.optimum, suboptimal(run), int(run.k[rows[-1]])
    times = rows[np.array([np.searchsorted(run.k[rows], -(-last // n)) for n in (4, 2, 1)])]
    earlier, before, pi = run.policies[times]
    n = worse.sum(axis=1)
    q, q_before = ((np.where(best.optimal, p, 0.0) ** 2).sum(axis=1) for p in (pi, before))
    visits = visitation(run.mdp, pi, run.mdp.rho) / run.d[rows[-1]]
    share = visits * n / (1 + n * q)
    w = pi * -best.A
    mixed = (n > 0) & (share > VISITED * share.sum())
    with np.errstate(all="ignore"):
        most = np.where(worse, w, -np.inf).max(axis=1)[mixed]
        least = np.where(worse, w, np.inf).min(axis=1)[mixed]
        equal = (most <= ALIKE * least).all()
        W = np.stack([-(p * best.A).sum(axis=1)[mixed] for p in (earlier, before, pi)])
        k = run.k[times][:, None]
        slopes = -np.log(W[1:] / W[:-1]) / np.log(k[1:] / k[:-1])
    steady = (np.abs(q - q_before)[mixed] < CONSTANT).all()
    steady &= (np.abs(slopes - power) < power * HARMONIC).all()
    steady &= (np.where(best.optimal, 0.0, pi).sum(axis=1)[mixed] < RARE).all()
    return share.sum(), bool(equal and steady)


def log_odds(run):
    """(K,) log-odds of the better arm of a two-armed bandit."""
    best = int(run.optimum.pi[0].argmax())
    worse = int(suboptimal(run)[0].argmax())
    return run.log_policies[:, 0, best] - run.log_policies[:, 0, worse]


@theorem(
    "S7",
    "two arms: |g(d_k) - g(d_0) - eta Delta k| <= c (d_k - d_0), g(d) = d + sinh d",
    rules=RULES,
    assumes=(two_armed_bandit, from_the_start),
    any_actions=True,
)
def two_armed_solution(run):
    """On a two-armed bandit the log-odds d_k satisfy |g(d_k) - g(d_0) - eta Delta k| <=
    (eta Delta / 2) e^{eta Delta / 2} (d_k - d_0) with g(d) = d + sinh d; the gradient flow solves
    g(d_t) = g(d_0) + eta Delta t exactly. Proof: a step is h = eta Delta / (1 + cosh d), g' =
    1 + cosh, and the second-order remainder is at most h^2 sinh(|d| + h) / 2 <=
    h eta Delta e^{eta Delta / 2} / 2, which sums to the right-hand side."""
    d, h = log_odds(run), run.rule.eta * run.optimum.Delta
    value = d + np.sinh(d)
    drift = 4e-16 * run.k * (1 + np.abs(d).max())  # of d, by a rounding in every step
    rounding = (1e-12 + drift) * (1 + np.abs(value) + np.abs(value[0]))
    bound = h / 2 * np.exp(h / 2) * (d - d[0]) if h < 1000 else np.inf  # e^h overflows
    return np.abs(value - value[0] - h * run.k), bound, rounding


@theorem(
    "S7e",
    "two arms: escape from pi(a*) = eps takes 1/(2 eta Delta eps)",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    tolerance=0.05,
    assumes=(two_armed_bandit, from_the_start),
    any_actions=True,
)
def escape_time(run):
    """From pi^0(a*) = eps, the better arm needs about 1 / (2 eta Delta eps) steps to become the
    likelier one, as eps -> 0. Applies where eps < 1e-3 and eta Delta < 0.02, and the run is long
    enough: until the better arm is the likelier one, or for 1.1 times the predicted number of
    steps (25,000 at least). S7 bounds the rest."""
    d, h = log_odds(run), run.rule.eta * run.optimum.Delta
    eps = np.exp(run.log_policies[0, 0, run.optimum.pi[0].argmax()])
    predicted = 1 / (2 * h * eps)
    value = d + np.sinh(d)
    early = eps < UNLIKELY and h < SMALL_STEP
    if not (early and (value[-1] >= 0 or run.k[-1] > 1.1 * predicted)):
        return run.k[-1], np.inf
    return np.interp(0.0, value, run.k), predicted  # between records the flow is linear in value
