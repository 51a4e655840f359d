"""Policy gradient under the softmax parametrization.

    theta^{k+1} = theta^k + eta grad V_tau^k(mu),
    pi^{k+1}(a|s)  proportional to  pi^k(a|s) exp(eta_s pi^k(a|s) A_tau^k(s, a)),
    eta_s = eta d_mu^k(s) / (1 - gamma).

The theorems here are for tau = 0; those for tau > 0 are in ``entropy_softmax_pg``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg.assumptions import (
    bandit,
    eta_at_most,
    eta_equal,
    from_the_start,
    some_pair,
    some_suboptimal_action,
    uniform_start,
    unit_rewards,
)
from tabular_pg.method import Regularization, Space, method
from tabular_pg.quantities import (
    EPS,
    gradient_norm,
    improvement,
    least_step,
    mismatch,
    state_step,
    steps,
    value_rise,
    visitation,
)
from tabular_pg.theorem import Confidence, Kind, theorem


class SoftmaxPG(NamedTuple):
    """Softmax policy gradient with constant step size ``eta``."""

    eta: float


@method(SoftmaxPG, space=Space.SOFTMAX, regularization=Regularization.ANY, visitation=True)
def softmax_pg(rule, k, problem, point):
    """theta <- theta + eta grad V(mu), in logarithms of probabilities or in offsets."""
    x = point.x
    for s in range(x.shape[0]):
        eta = rule.eta * point.d[s] / (1.0 - problem.gamma)
        for a in range(x.shape[1]):
            x[s, a] += eta * point.pi[s, a] * point.A[s, a]


RULES = (SoftmaxPG,)


def _largest_term(run):
    """(steps, S) y_s = max_a pi^k(a|s) A^k(s, a), and eta_s."""
    i = steps(run)
    return (run.policies * run.A)[i].max(axis=2), state_step(run)[i]


def _least_optimal(run, so_far=False):
    """(K,) c_k = min over j < k (j <= k if so far) and s of pi^j(a*(s)|s), a*(s) fixed."""
    least = np.minimum(run.least_policy, run.policies) if so_far else run.least_policy
    best = np.where(run.optimum.optimal, least[-1], -1.0).argmax(axis=1)
    return np.take_along_axis(least, best[None, :, None], axis=2).min(axis=(1, 2))


@theorem("S1", "V^{k+1} >= V^k for every eta", rules=RULES, assumes=(some_pair,))
def monotone(run):
    """V*(s) - V^{k+1}(s) <= V*(s) - V^k(s) in every state, for every eta > 0. Proof: by S1a the
    improvement is nonnegative in every state."""
    i = steps(run)
    return run.value_gap[i + 1], run.value_gap[i], EPS * run.sup_gap[i, None]


@theorem(
    "S1a",
    "improvement >= y (1 - e^{-eta_s y})",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
)
def improvement_exponential(run):
    """I_s^k >= y (1 - e^{-eta_s y}) with y = max_a pi^k(a|s) A^k(s, a), for every eta. Proof:
    I = sum_a x_a (e^{eta x_a} - 1) / Z with x = pi A; all terms are >= 0, Z <= e^{eta y}, and the
    largest one is kept."""
    (gained, rounding), (y, eta) = improvement(run), _largest_term(run)
    return gained, -y * np.expm1(-eta * y), rounding


@theorem(
    "S1b",
    "improvement >= y^2 / (y + 1/eta_s)",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
)
def improvement_rational(run):
    """I_s^k >= y^2 / (y + 1 / eta_s) with y = max_a pi^k(a|s) A^k(s, a). Proof: S1a and
    1 - e^{-t} >= t / (1 + t)."""
    (gained, rounding), (y, eta) = improvement(run), _largest_term(run)
    return gained, y**2 / (y + 1 / eta), rounding


@theorem(
    "S1c",
    "improvement >= eta_s e^{-eta_s y} (1 - U/2) sum (pi A)^2",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
)
def improvement_small_step(run):
    """I_s^k >= eta_s e^{-eta_s y} (1 - U/2) sum_a (pi A)^2 with U = eta_s max_a |pi A|. Proof:
    x (e^{eta x} - 1) >= eta x^2 (1 - eta |x| / 2) term by term, and Z <= e^{eta y}."""
    (gained, rounding), (y, eta) = improvement(run), _largest_term(run)
    x = (run.policies * run.A)[steps(run)]
    U = eta * np.abs(x).max(axis=2)
    return gained, eta * np.exp(-eta * y) * (1 - U / 2) * (x**2).sum(axis=2), rounding


@theorem(
    "S2",
    "e_k <= [1/e_0 + k c^2 (1-gamma)^2 / (c (1-gamma) e_0 + 1/(eta min mu))]^{-1}",
    rules=RULES,
    assumes=(from_the_start,),
)
def sublinear(run):
    """With c_k = min_{j<k} min_s pi^j(a*(s)|s), e_k <= [1/e_0 + k c^2 (1 - gamma)^2 /
    (c (1 - gamma) e_0 + 1 / (eta min mu))]^{-1} for every constant eta > 0. Sublinear convergence
    for any constant step size is claimed by Liu, Li and Wei (2024). Proof: S1b with y >= c x,
    x the advantage under an optimal policy, and the master lemma."""
    g, c, e0 = 1 - run.mdp.gamma, _least_optimal(run), run.sup_gap[0]
    slope = (c * g) ** 2 / (c * g * e0 + 1 / least_step(run))
    return run.sup_gap, 1 / (1 / e0 + run.k * slope)


@theorem(
    "S2k",
    "e_k <= (c + 1/(eta min mu)) / (c^2 (1-gamma)^2 k)",
    rules=RULES,
    assumes=(unit_rewards, from_the_start),
)
def sublinear_simple(run):
    """e_k <= (c_k + 1 / (eta min mu)) / (c_k^2 (1 - gamma)^2 k), c_k as in S2; S2 with
    e_0 <= 1 / (1 - gamma)."""
    c = _least_optimal(run)
    return run.sup_gap, (c + 1 / least_step(run)) / ((c * (1 - run.mdp.gamma)) ** 2 * run.k)


@theorem(
    "S2r",
    "rho-form of S2, with ||d*_rho/rho||",
    rules=RULES,
    assumes=(from_the_start,),
)
def sublinear_rho(run):
    """V*(rho) - V^k(rho) <= ||d*_rho / rho|| (c (1 - gamma) delta_0 + 1 / (eta min mu)) /
    (c^2 (1 - gamma)^2 k) with delta_0 = V*(rho) - V^0(rho), c as in S2."""
    g, c = 1 - run.mdp.gamma, _least_optimal(run)
    constant = (c * g * run.gap[0] + 1 / least_step(run)) / (c * g) ** 2
    return run.gap, mismatch(run) * constant / run.k


MEI_STEP = eta_equal(lambda run: (1 - run.mdp.gamma) ** 3 / 8, "(1-gamma)^3/8")


@theorem(
    "S3",
    "gap <= 16 S ||d*_mu/mu||^2 ||1/mu|| / (c^2 (1-gamma)^6 t), eta = (1-gamma)^3/8",
    rules=RULES,
    assumes=(unit_rewards, from_the_start, MEI_STEP),
)
def mei_sublinear(run):
    """With eta = (1 - gamma)^3 / 8 and t = k + 1, V*(rho) - V^t(rho) <= 16 S ||d*_mu/mu||^2
    ||1/mu|| / (c^2 (1 - gamma)^6 t), c the least pi(a*(s)|s) so far. Proof: S3l, S3s and
    rho <= ||1/mu|| mu; Mei et al. (2020) print smaller factors, see S3p."""
    factor = mismatch(run, start=run.mdp.mu) ** 2 / run.mdp.mu.min()
    return run.gap, factor * _mei_rate(run)


@theorem(
    "S3p",
    "gap <= 16 S ||d*_mu/mu|| / (c^2 (1-gamma)^6 t), eta = (1-gamma)^3/8",
    rules=RULES,
    source="mei2020",
    confidence=Confidence.QUOTED,
    assumes=(unit_rewards, from_the_start, MEI_STEP),
)
def mei_sublinear_as_printed(run):
    """Theorem 4 as printed: with eta = (1 - gamma)^3 / 8 and t = k + 1, V*(rho) - V^t(rho) <=
    16 S ||d*_mu/mu|| / (c^2 (1 - gamma)^6 t)."""
    return run.gap, mismatch(run, start=run.mdp.mu) * _mei_rate(run)


def _mei_rate(run):
    c = _least_optimal(run, so_far=True)
    return 16 * run.mdp.n_states / (c**2 * (1 - run.mdp.gamma) ** 6 * (run.k + 1))


@theorem(
    "S3l",
    "||grad V(mu)|| >= c gap / (sqrt(S) ||d*_rho/d_mu||)",
    rules=RULES,
    kind=Kind.LOWER,
    source="mei2020",
    confidence=Confidence.QUOTED,
)
def gradient_domination(run):
    """Lemma 8: ||grad V^k(mu)||_2 >= S^{-1/2} ||d*_rho / d_mu^k||^{-1} min_s pi^k(a*(s)|s)
    (V*(rho) - V^k(rho))."""
    mdp = run.mdp
    d = visitation(mdp, run.optimum.pi, mdp.rho)
    ratio = (d / run.d).max(axis=1)
    chosen = np.where(run.optimum.pi > 0, run.policies, 0.0).sum(axis=2).min(axis=1)
    bound = chosen * run.gap / (ratio * np.sqrt(mdp.n_states))
    return gradient_norm(run), bound


@theorem(
    "S3s",
    "V(mu) is 8/(1-gamma)^3-smooth in theta",
    rules=RULES,
    source="mei2020",
    confidence=Confidence.QUOTED,
    assumes=(unit_rewards, some_pair),
)
def smoothness(run):
    """|V^{k+1}(mu) - V^k(mu) - eta ||g||^2| <= (4 / (1 - gamma)^3) eta^2 ||g||^2 along every step,
    g the gradient: V is 8 / (1 - gamma)^3-smooth in theta for rewards in [0, 1]."""
    moved = run.rule.eta * gradient_norm(run)[steps(run)] ** 2
    rise, rounding = value_rise(run)
    bound = 4 / (1 - run.mdp.gamma) ** 3 * run.rule.eta * moved
    return np.abs(rise - moved), bound, rounding + EPS * (np.abs(rise) + moved)


@theorem(
    "S3a",
    "V^k(rho) -> V*(rho) for eta <= (1-gamma)^2/5",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    source="agarwal2021",
    confidence=Confidence.QUOTED,
    tolerance=0.05,
    assumes=(
        from_the_start,
        some_suboptimal_action,
        eta_at_most(lambda run: (1 - run.mdp.gamma) ** 2 / 5, "(1-gamma)^2/5"),
    ),
)
def asymptotic_convergence(run):
    """Theorem 5.1: V^k -> V* for eta <= (1 - gamma)^2 / 5 and mu > 0. Checked as the fraction of
    the initial error that has been removed, which must be 1 within 0.05 once S2 proves that."""
    gap, bound = sublinear(run)
    removed = 1 - gap[-1] / gap[0]
    return removed, 1.0 if bound[-1] < 0.05 * gap[0] else np.inf


@theorem(
    "S4",
    "bandit, eta = 2/5: gap <= 5/(c^2 t)",
    rules=RULES,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(bandit, unit_rewards, from_the_start, eta_equal(lambda run: 0.4, "2/5")),
)
def bandit_rate(run):
    """On a bandit with eta = 2/5, gap <= 5 / (c^2 t) with t = k + 1 and c the least probability
    of the optimal action so far (Theorems 2 and 3)."""
    c = _least_optimal(run, so_far=True)
    return run.gap, 5 / (c**2 * (run.k + 1))


@theorem(
    "S4u",
    "bandit, eta = 2/5, uniform start: gap <= 5 K^2/t",
    rules=RULES,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(bandit, unit_rewards, uniform_start, eta_equal(lambda run: 0.4, "2/5")),
)
def bandit_rate_uniform(run):
    """On a K-armed bandit from the uniform policy with eta = 2/5, gap <= 5 K^2 / t, t = k + 1."""
    return run.gap, 5 * run.mdp.n_actions**2 / (run.k + 1)
