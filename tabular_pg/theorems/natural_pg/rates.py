"""How fast natural policy gradient converges (tau = 0): global and local linear rates."""

from __future__ import annotations

import numpy as np

from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.theorems.natural_pg.steps import RULES, growth, surprise
from tabular_pg.verdicts.actions import each_action, most_actions
from tabular_pg.verdicts.assumptions import (
    every_iterate,
    from_the_start,
    some_pair,
    some_suboptimal_action,
    uniform_start,
    unique_optimal_actions,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import at_start, settled_rate, steps, suboptimal_mass


@theorem(
    "N3a",
    "e_k <= e_0 prod (1 - (1-gamma) C_j)",
    rules=RULES,
    assumes=(every_iterate,),
    any_step=True,
    any_actions=True,
)
def linear_a_posteriori(run):
    """e_k <= e_0 prod_{j<k} (1 - (1 - gamma) C_j) with C_j = min_s 1 - 1 / (1 + p (e^{eta g} - 1))
    as in N2a, for every eta > 0. Global linear convergence for any constant step size is claimed
    by Liu, Li and Wei (2024). Proof: N2a, that is I_s >= C M_s, implies
    e_{k+1} <= (1 - (1 - gamma) C) e_k."""
    factors = run.mdp.gamma + (1 - run.mdp.gamma) / (1 + growth(run).min(axis=1))
    return run.sup_gap, run.sup_gap[0] * np.concatenate([[1.0], np.cumprod(factors[:-1])])


@theorem(
    "N3b",
    "e_k <= (Delta/2) (1 - (1-gamma) tanh(eta Delta/4))^{k-k0}",
    rules=RULES,
    assumes=(unit_rewards, uniform_start, some_suboptimal_action, unique_optimal_actions),
    any_actions=True,
)
def linear_a_priori(run):
    """With k0 = ceil((2/Delta) (log A / (eta (1 - gamma)) + 1 / (1 - gamma)^2)) and a uniform
    start, e_k <= (Delta/2) (1 - (1 - gamma) tanh(eta Delta / 4))^{k - k0} for k >= k0. Proof: N1
    gives e_k <= Delta/2, hence p >= 1/2 and g >= Delta/2 in N2a."""
    gamma, eta, Delta = run.mdp.gamma, run.rule.eta, run.optimum.Delta
    first = np.log(most_actions(run.mdp)) / (eta * (1 - gamma)) + 1 / (1 - gamma) ** 2
    k0 = np.ceil(2 / Delta * first)
    factor = gamma + (1 - gamma) * 2 / (1 + np.exp(eta * Delta / 2))  # 1 - (1 - gamma) tanh(...)
    bound = Delta / 2 * factor ** (run.k - k0)
    return run.sup_gap, np.where(run.k >= k0, bound, np.inf)


@theorem(
    "N4",
    "b_s contracts by e^{-eta (Delta - e_k)} once e_k < Delta",
    rules=RULES,
    assumes=(some_suboptimal_action, some_pair),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def local_contraction(run):
    """Once e_k < Delta, the sub-optimal probability satisfies b_s^{k+1} <= e^{-eta (Delta - e_k)}
    b_s^k in every state, ties allowed. Proof: the normalization is >= 1 by Jensen, and
    A^k <= -(Delta - e_k) off the optimal actions."""
    i, b, Delta = steps(run), suboptimal_mass(run), run.optimum.Delta
    e = run.sup_gap[i, None]
    bound = np.exp(-run.step_sizes[i, None] * (Delta - e)) * b[i]
    return b[i + 1], np.where(e < Delta, bound, np.inf)


@theorem(
    "N4r",
    "log e_{k+1}/e_k -> -eta Delta",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    tolerance=1e-3,
    assumes=(some_suboptimal_action, some_pair),
    any_actions=True,
    any_gamma=True,
)
def exact_rate(run):
    """The asymptotic rate is exactly e^{-eta Delta}: log(e_{k+1} / e_k) -> -eta Delta, without
    any gamma. Checked on the last recorded pair, once e_k is far below Delta and the actions with
    |A*| = Delta dominate."""
    eta = run.rule.eta
    return settled_rate(run, eta * run.A[steps(run)[-1]], eta * run.optimum.A)


@theorem(
    "N4k",
    "e_{k+1}/e_k <= e^{-(1 - 1/lambda) eta Delta}, lambda = 100",
    rules=RULES,
    source="khodadadian2022",
    confidence=Confidence.RECALLED,
    assumes=(some_suboptimal_action, some_pair),
    any_actions=True,
    any_gamma=True,
)
def khodadadian_rate(run):
    """V* - V^k = O(e^{-(1 - 1/lambda) eta Delta k}) for every lambda > 1; checked for
    lambda = 100 on the last recorded pair, in the regime of N4r."""
    rate, limit = exact_rate(run)
    return np.exp(rate), np.exp(0.99 * limit) if np.isfinite(limit) else np.inf


@theorem(
    "N5",
    "|log-odds - (start + eta k A*)| <= eta gamma sum e_j",
    rules=RULES,
    assumes=(from_the_start,),
    any_actions=True,
    any_gamma=True,
)
def two_sided_bracket(run):
    """|log(pi^k(a)/pi^k(a*)) - log(pi^0(a)/pi^0(a*)) - eta k A*(s, a)| <= eta gamma sum_{j<k} e_j
    for all s, a and k: a bracket from both sides. Proof: A^k(a) - A^k(a*) = A*(a) - q(a) + q(a*)
    and 0 <= q <= gamma e_j."""
    chosen = run.optimum.pi.argmax(axis=1)[None, :, None]
    log_policies = each_action(run, run.log_policies)
    odds = log_policies - np.take_along_axis(log_policies, chosen, axis=2)
    k = run.k[:, None, None]
    drift = run.rule.eta * k * run.optimum.A
    rounding = (1e-12 + 4e-16 * k) * (1 + np.abs(log_policies).max(axis=2, keepdims=True))
    bound = run.rule.eta * run.mdp.gamma * run.gap_sum[:, None, None]
    moved = each_action(run, np.abs(odds - at_start(run, odds) - drift))
    return moved, np.where(k > 0, bound, np.inf), rounding  # 0 <= 0 at first


@theorem(
    "N6",
    "e_{k+1} <= gamma e_k + max_s log(1/p_s) / eta",
    rules=RULES,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def gamma_phase(run):
    """e_{k+1} <= gamma e_k + c whenever eta >= log(1/p_s) / c in every state, with p_s the
    probability of the greedy actions; so with c = max_s log(1/p_s) / eta. A step rule with
    c_k = c_0 gamma^{2k} therefore converges like gamma^k. Proof: N2c with W(x) <= log(1 + e x)."""
    i = steps(run)
    bound = run.mdp.gamma * run.sup_gap[i] + (surprise(run) / run.step_sizes)[i]
    return run.sup_gap[i + 1], bound
