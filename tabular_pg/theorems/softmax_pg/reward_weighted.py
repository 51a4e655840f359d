"""Softmax policy gradient on reward-weighted data that is used again, RE(S), tau = 0.

In a state, w = best - (V* - V^k) + A^k are the weights, J = sum pi w, x = pi A^k, h = eta_s J and
g = x / J, by which the weighted data differ from the policy.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.gradients.reward_weighted_pg import RewardWeightedPG
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.theorems.softmax_pg.limits import harmonic, law_constant
from tabular_pg.theorems.softmax_pg.steps import least_optimal
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.assumptions import (
    bandit,
    eta_at_most,
    from_the_start,
    several_actions,
    some_pair,
    some_suboptimal_action,
    unique_optimal_actions,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import at_start, improvement, state_step, steps

RULES = (RewardWeightedPG,)
LARGER = 1.2  # how much larger a lower bound is than the fastest fall of the gap has in the limit


def positive_weights(run) -> str:
    """No weight is negative: ``best`` is at least what the worst action of the bandit loses."""
    lost = -run.optimum.A.min()
    if lost > run.rule.best:
        return f"an action loses {lost:.4g}, more than best = {run.rule.best:.4g}"
    return ""


short_steps = eta_at_most(lambda run: 4 / run.rule.best, "4 / best")


def inner_steps(run):
    """(steps, S) J, h, sum g^2, and whether all weights are nonnegative and h <= 4."""
    i = steps(run)
    J = run.rule.best - run.value_gap[i]
    known = ((J[:, :, None] + run.A[i] >= 0) | (run.policies[i] == 0)).all(axis=2) & (J > 0)
    J = np.where(known, J, 1.0)
    h = state_step(run)[i] * J
    g = ((run.policies * run.A)[i] ** 2).sum(axis=2) / J**2
    return J, h, g, known & (h <= 4)


def _fallen(y, times):
    """1 - (1 - y)^times for 0 <= y <= 1, however small it is."""
    with np.errstate(divide="ignore"):
        return -np.expm1(times * np.log1p(-y))


@theorem(
    "SR1",
    "improvement >= J (exp(|g|^2 (1 - (1 - h/2)^{2S})) - 1) if h <= 2; S = 1 there if h <= 4",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
)
def improvement_likelihood(run):
    """Where no weight is negative and h = eta_s J <= 4, so for eta mu_max <= 4 on a bandit with
    rewards in [0, mu_max], I_s^k >= J (exp(|g|^2 (1 - (1 - h/2)^{2S})) - 1) if h <= 2, and the same
    with S = 1 if 2 < h <= 4: V^k does not fall, whatever S is. Proof: log(J^+ / J) is at least the
    rise of the likelihood (Jensen), whose Hessian has a norm of at most 1/2: every inner step
    raises it by h (1 - h/4) |g_j|^2, and |g_{j+1}| >= (1 - h/2) |g_j|. That the limit 4 is
    sufficient, is Theorem 3.1 of Wang et al. (2026)."""
    (gained, rounding), (J, h, g, known) = improvement(run), inner_steps(run)
    risen = np.where(h <= 2, _fallen(np.minimum(h / 2, 1.0), 2 * run.rule.inner), h * (1 - h / 4))
    return gained, np.where(known, J * np.expm1(g * risen), -np.inf), rounding


@theorem(
    "SR2",
    "burn-in: improvement >= J (exp(|g|^2 h (1-h/4) sum_{j<T} (1-h kappa)^{2j}) - 1)",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
)
def improvement_burn_in(run):
    """Where no weight is negative and h <= 2, I_s^k >= J (exp(|g|^2 h (1 - h/4) R) - 1) with
    R = (1 - (1 - y)^{2T}) / (1 - (1 - y)^2), y = h min(1/2, 2 sqrt(e) max_a pi (1 - pi)) and
    T = min(S, max(1, 1 / (2 sqrt(2) h |g|))): S times the gain of one step while h S pi (1 - pi) is
    small, and a multiple of |g|^2 / max pi (1 - pi), so of the gap itself, from there on. Proof:
    SR1 with the curvature of the policies passed, which is at most sqrt(e) times that of pi^k as
    long as logits have moved by 1 / (2 sqrt(2)) at most, and that by Gershgorin's circles at most 2
    max pi (1 - pi)."""
    (gained, rounding), (J, h, g, known) = improvement(run), inner_steps(run)
    pi = run.policies[steps(run)]
    y = h * np.minimum(2 * np.sqrt(np.e) * (pi * (1 - pi)).max(axis=2), 0.5)
    far = 1 / (2 * np.sqrt(2) * h * np.sqrt(np.where(g > 0, g, 1.0)))
    T = np.minimum(np.maximum(far, 1.0), run.rule.inner)
    inside = known & (h <= 2) & (g > 0) & (y > 0) & (y < 1)
    y = np.where(inside, y, 0.5)
    total = _fallen(y, 2 * T) / (y * (2 - y))
    return gained, np.where(inside, J * np.expm1(g * h * (1 - h / 4) * total), -np.inf), rounding


@theorem(
    "SR3",
    "bandit: gap_k <= [1/gap_0 + k eta (1 - eta best/4) c^2 A/(A-1)]^{-1}",
    rules=RULES,
    assumes=(bandit, several_actions, positive_weights, short_steps, from_the_start),
    any_actions=True,
)
def sublinear(run):
    """On a bandit without negative weights, for eta best <= 4 and any S, gap_k <= [1/gap_0 + k eta
    (1 - eta best / 4) c^2 A / (A - 1)]^{-1}, c as in S2. Proof: SR1 with S = 1, J <= best, and
    sum x^2 >= A/(A-1) (pi(a*) gap)^2, as the x sum up to 0."""
    eta, A = run.rule.eta, most_actions(run.mdp)
    slope = eta * (1 - eta * run.rule.best / 4) * A / (A - 1) * least_optimal(run) ** 2
    return run.gap, 1 / (1 / at_start(run, run.gap) + run.k * slope)


@theorem(
    "SR4",
    "bandit: gap >= 1 / (2.4 eta S (1 + eta S/4) t), large t",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(bandit, unit_rewards, some_suboptimal_action, positive_weights, short_steps),
    any_actions=True,
)
def lower_bound(run):
    """On a bandit with rewards in [0, 1] and without negative weights, for eta best <= 4 and large
    t = k + 1, gap >= 1 / (1.2 K t) with K = 2 eta S (1 + eta S / 4): more inner steps make the
    error smaller by a factor, and not of another order. "Large" is as in S5. Proof: inner steps
    never become longer, so that logits move by at most eta S |x|; the value is 1/2-smooth with the
    gradient x, and |x| <= sqrt(2) gap: a step removes at most K gap^2."""
    far = run.rule.eta * run.rule.inner
    K = 2 * far * (1 + far / 4)
    return run.gap, harmonic(run, run.gap, 1 / (LARGER * K), K)


@theorem(
    "SR5",
    "k gap -> (1/(eta S)) sum_s n/(1+n) d*_rho/d*_mu",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    confidence=Confidence.CHECKED,
    tolerance=0.03,
    assumes=(some_suboptimal_action, unique_optimal_actions),
    any_actions=True,
)
def exact_law(run):
    """k (V*(rho) - V^k(rho)) -> (1 / (eta S)) sum_s (d*_rho(s)/d*_mu(s)) n_s / (1 + n_s), with n_s
    sub-optimal actions in s: what softmax policy gradient with the step eta S has (S6). Sketch:
    near the optimum a policy hardly changes over S inner steps, and each of them is a step of
    softmax policy gradient; that is argued and not proved, and rests on a numerical check. Checked
    once, under the conditions of S6."""
    constant, settled = law_constant(run, np.arange(len(run.k)), 1)
    limit = constant / (run.rule.eta * run.rule.inner)
    return run.k[-1] * run.gap[-1], limit if settled else np.inf
