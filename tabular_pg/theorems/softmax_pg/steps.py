"""Softmax policy gradient, tau = 0: theorems about one step, and what follows for all k.

Here eta_s = eta d_mu^k(s) / (1 - gamma); for normalized policy gradient, whose steps have the same
form, that divided by the norm of the gradient.
"""

from __future__ import annotations

import numpy as np

from tabular_pg._floats import RESOLVED
from tabular_pg.methods.gradients.normalized_pg import NormalizedPG
from tabular_pg.methods.softmax_pg import SoftmaxPG
from tabular_pg.theorem import Kind, theorem
from tabular_pg.verdicts.assumptions import (
    from_the_start,
    some_pair,
    unit_rewards,
)
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.quantities import (
    EPS,
    at_end,
    at_start,
    gradient_norm,
    improvement,
    least_step,
    likeliest,
    state_step,
    steps,
)
from tabular_pg.verdicts.visits import mismatch

RULES = (SoftmaxPG,)
ASCENTS = (SoftmaxPG, NormalizedPG)  # whose steps are eta_s pi A, whatever eta_s is
LONGEST = 1e300  # a longer step gains no less


def logit_step(run):
    """(K, S) eta_s^k; 0 where a gradient is too small for its norm to be a number."""
    if type(run.rule) is not NormalizedPG:
        return state_step(run)
    norm = gradient_norm(run)[:, None]
    eta = np.minimum(state_step(run) / np.where(norm > RESOLVED, norm, 1.0), LONGEST)
    return np.where(norm > RESOLVED, eta, 0.0)


@once
def largest_term(run):
    """(steps, S) y_s = max_a pi^k(a|s) A^k(s, a), and eta_s."""
    i = steps(run)
    return (run.policies * run.A)[i].max(axis=2), logit_step(run)[i]


def least_optimal(run, so_far=False):
    """(K,) c_k = min over j < k (j <= k if so far) and s of pi^j(a*(s)|s), a*(s) fixed."""
    least = np.minimum(run.least_policy, run.policies) if so_far else run.least_policy
    best = np.broadcast_to(chosen_actions(run, least), least.shape[:2])
    return np.take_along_axis(least, best[:, :, None], axis=2).min(axis=(1, 2))


def chosen_actions(run, least):
    """(..., S) a*(s): of the optimal actions that whose probability was never the smallest."""
    return likeliest(np.where(run.optimum.optimal, at_end(run, least), -1.0))


def chosen_policy(run):
    """(S, A) the optimal policy that always takes the a*(s) of ``least_optimal``."""
    return np.eye(run.optimum.optimal.shape[1])[chosen_actions(run, run.least_policy)]


def whole(run, eta):
    """1 / eta, which the simplest proofs have."""
    return 1 / eta


def rational(run, inverse):
    """S1b with ``inverse(run, eta_s)`` for 1 / eta_s."""
    (gained, rounding), (y, eta) = improvement(run), largest_term(run)
    return gained, y * (y / (y + inverse(run, eta))), rounding


def inverse_linear(run, inverse):
    """S2 with ``inverse(run, eta min mu)`` for 1 / (eta min mu)."""
    g, c, e0 = 1 - run.mdp.gamma, least_optimal(run), at_start(run, run.sup_gap)
    slope = (c * g) ** 2 / (c * g * e0 + inverse(run, least_step(run)))
    return run.sup_gap, 1 / (1 / e0 + run.k * slope)


def inverse_linear_simple(run, inverse):
    """S2k with ``inverse(run, eta min mu)`` for 1 / (eta min mu)."""
    c = least_optimal(run)
    constant = c + inverse(run, least_step(run))
    return run.sup_gap, constant / ((c * (1 - run.mdp.gamma)) ** 2 * run.k)


def inverse_linear_rho(run, inverse):
    """S2r with ``inverse(run, eta min mu)`` for 1 / (eta min mu)."""
    g, c = 1 - run.mdp.gamma, least_optimal(run)
    constant = (c * g * at_start(run, run.gap) + inverse(run, least_step(run))) / (c * g) ** 2
    return run.gap, mismatch(run, pi=chosen_policy(run)) * constant / run.k


@theorem(
    "S1",
    "V^{k+1} >= V^k for every eta",
    rules=ASCENTS,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def monotone(run):
    """V*(s) - V^{k+1}(s) <= V*(s) - V^k(s) in every state, for every eta > 0. Proof: by S1a the
    improvement is nonnegative in every state."""
    i = steps(run)
    return run.value_gap[i + 1], run.value_gap[i], EPS * run.sup_gap[i, None]


@theorem(
    "S1a",
    "improvement >= y (1 - e^{-eta_s y})",
    rules=ASCENTS,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_exponential(run):
    """I_s^k >= y (1 - e^{-eta_s y}) with y = max_a pi^k(a|s) A^k(s, a), for every eta. Proof:
    I = sum_a x_a (e^{eta x_a} - 1) / Z with x = pi A; all terms are >= 0, Z <= e^{eta y}, and the
    largest one is kept."""
    (gained, rounding), (y, eta) = improvement(run), largest_term(run)
    return gained, -y * np.expm1(-eta * y), rounding


@theorem(
    "S1b",
    "improvement >= y^2 / (y + 1/eta_s)",
    rules=ASCENTS,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_rational(run):
    """I_s^k >= y^2 / (y + 1 / eta_s) with y = max_a pi^k(a|s) A^k(s, a). Proof: S1a and
    1 - e^{-t} >= t / (1 + t). S1bt has (1 - 1/A) / eta_s."""
    return rational(run, whole)


@theorem(
    "S1c",
    "improvement >= eta_s e^{-eta_s y} (1 - U/2) sum (pi A)^2",
    rules=ASCENTS,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_small_step(run):
    """I_s^k >= eta_s e^{-eta_s y} (1 - U/2) sum_a (pi A)^2 with U = eta_s max_a |pi A|. Proof:
    x (e^{eta x} - 1) >= eta x^2 (1 - eta |x| / 2) term by term, and Z <= e^{eta y}."""
    (gained, rounding), (y, eta) = improvement(run), largest_term(run)
    x = (run.policies * run.A)[steps(run)]
    U = eta * np.abs(x).max(axis=2)
    return gained, eta * np.exp(-eta * y) * (1 - U / 2) * (x**2).sum(axis=2), rounding


@theorem(
    "S2",
    "e_k <= [1/e_0 + k c^2 (1-gamma)^2 / (c (1-gamma) e_0 + 1/(eta min mu))]^{-1}",
    rules=RULES,
    assumes=(from_the_start,),
    any_actions=True,
)
def sublinear(run):
    """With c_k = min_{j<k} min_s pi^j(a*(s)|s), e_k <= [1/e_0 + k c^2 (1 - gamma)^2 /
    (c (1 - gamma) e_0 + 1 / (eta min mu))]^{-1} for every constant eta > 0. Sublinear convergence
    for any constant step size is claimed by Liu, Li and Wei (2024). Proof: S1b with y >= c x,
    x the advantage under an optimal policy, and the master lemma in the sup norm: if
    I_s^k >= h(x_s) >= 0 in every state, h convex and increasing, h(0) = 0, h' <= 1, and x_s is the
    positive part of the advantage under an optimal policy, or max_a A^k(s, a), then
    e_{k+1} <= e_k - h((1 - gamma) e_k). Its proof: x_s >= (V* - V^k)(s) - gamma e_k, and
    y - h((y - gamma e_k)_+) does not decrease with y."""
    return inverse_linear(run, whole)


@theorem(
    "S2k",
    "e_k <= (c + 1/(eta min mu)) / (c^2 (1-gamma)^2 k)",
    rules=RULES,
    assumes=(unit_rewards, from_the_start),
    any_actions=True,
)
def sublinear_simple(run):
    """e_k <= (c_k + 1 / (eta min mu)) / (c_k^2 (1 - gamma)^2 k), c_k as in S2; S2 with
    e_0 <= 1 / (1 - gamma)."""
    return inverse_linear_simple(run, whole)


@theorem(
    "S2r",
    "rho-form of S2, with ||d*_rho/rho||",
    rules=RULES,
    assumes=(from_the_start,),
    any_actions=True,
)
def sublinear_rho(run):
    """V*(rho) - V^k(rho) <= ||d*_rho / rho|| (c (1 - gamma) delta_0 + 1 / (eta min mu)) /
    (c^2 (1 - gamma)^2 k) with delta_0 = V*(rho) - V^0(rho), c as in S2, and d* the visits of the
    optimal policy that takes the actions a*(s) of c. Proof: S1b and the master
    lemma under rho: where I_s^k >= h(x_s) as in S2, delta_{k+1} <= delta_k -
    h((1 - gamma) delta_k) / ||d*_rho / rho||. Its proof: the performance-difference lemma, with
    d_rho^{k+1} >= (1 - gamma) rho, and Jensen's inequality."""
    return inverse_linear_rho(run, whole)
