"""How fast projected policy gradient and projected Q-ascent converge, and when they stop."""

from __future__ import annotations

import numpy as np

from tabular_pg.engine.step_size import step_of
from tabular_pg.methods.projected_pg import ProjectedPG
from tabular_pg.numerics.recurrences import discounted_step, huber_step, iterated
from tabular_pg.theorem import Confidence, theorem
from tabular_pg.theorems.projected_pg.steps import RULES, safe_threshold, threshold
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.assumptions import (
    discounted,
    eta_equal,
    from_the_start,
    rho_is_mu,
    some_suboptimal_action,
    unit_rewards,
)
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.quantities import at_start, least_share, least_step, steps_to_optimality
from tabular_pg.verdicts.visits import mismatch


def growth_at_least_gamma_squared(run) -> str:
    """Steps grow by at least 1/gamma^2."""
    growth, gamma = getattr(step_of(run.rule), "growth", 1.0), run.mdp.gamma
    if growth * gamma**2 >= 1 - 1e-14:
        return ""
    return f"growth is {growth:.6g}; stated for at least 1/gamma^2"


def _inverse_smoothness(run):
    mdp = run.mdp
    with np.errstate(divide="ignore"):
        return np.divide((1 - mdp.gamma) ** 3, 2 * mdp.gamma * most_actions(mdp))


smooth_step = eta_equal(_inverse_smoothness, "(1-gamma)^3 / (2 gamma A)")


@once
def _huber_curve(run) -> np.ndarray:
    """E_0 = e_0 and E_{k+1} = E_k - phi((1 - gamma) E_k), for every k up to the last recorded."""
    return iterated(huber_step, run.sup_gap[0], (run.mdp.gamma, least_step(run)), int(run.k[-1]))


@theorem(
    "P2",
    "e_k <= (1 + 2/eta^) / ((1-gamma)^2 k)",
    rules=RULES,
    assumes=(unit_rewards,),
    any_actions=True,
)
def sublinear(run):
    """For every constant eta > 0, e_k <= (1 + 2 / eta^) / ((1 - gamma)^2 k), with eta^ = eta min mu
    (eta for Q-ascent). That projected PG converges sublinearly for any constant step size is
    claimed by Liu, Li, Lin, Wei and Zhang (2025). Proof: P2s with (1 - gamma) e_0 <= 1."""
    first = 1 + 2 / least_step(run)
    return run.sup_gap, first / ((1 - run.mdp.gamma) ** 2 * run.k)


@theorem(
    "P2s",
    "e_k <= [1/e_0 + k (1-gamma)^2 / ((1-gamma) e_0 + 2/eta^)]^{-1}",
    rules=RULES,
    assumes=(from_the_start,),
    any_actions=True,
)
def sublinear_from_start(run):
    """For every constant eta > 0, e_k <= [1/e_0 + k (1 - gamma)^2 / ((1 - gamma) e_0 +
    2 / eta^)]^{-1}, with eta^ = eta min mu (eta for Q-ascent). Proof: with P1a and h(x) =
    x^2 / (x + 2 / eta^), e_{k+1} <= e_k - h((1 - gamma) e_k)."""
    horizon, e = 1 / (1 - run.mdp.gamma), at_start(run, run.sup_gap)
    slope = 1 / (horizon * e + 2 / least_step(run) * horizon**2)
    return run.sup_gap, 1 / (1 / e + run.k * slope)


@theorem(
    "P2e",
    "e_k <= E_k, with E_{k+1} = E_k - phi((1-gamma) E_k)",
    rules=RULES,
    assumes=(from_the_start,),
    any_actions=True,
)
def best_curve(run):
    """e_k <= E_k with E_0 = e_0, E_{k+1} = E_k - phi((1 - gamma) E_k), and phi(M) = eta^ M^2 / 2
    if eta^ M <= 1, else M - 1 / (2 eta^); eta^ = eta min mu (eta for Q-ascent). The curve falls
    like gamma^k, then like 2 / (eta^ (1 - gamma)^2 k), and then the method stops (P3). Proof: P1,
    and y - phi(y - gamma e_k) increases with y."""
    return run.sup_gap, _huber_curve(run)[run.k]


@theorem(
    "P2p",
    "gap <= (1 + (2+5A)/(eta min mu)) |d*/rho| / ((1-gamma)^2 k)",
    rules=(ProjectedPG,),
    source="liu2023projected",
    confidence=Confidence.RECALLED,
    assumes=(unit_rewards,),
    any_actions=True,
)
def sublinear_paper(run):
    """For every constant eta > 0, V*(rho) - V^k(rho) <= (1/k) (1 - gamma)^{-2}
    (1 + (2 + 5 A) / (eta min mu)) max_s d*_rho(s) / rho(s)."""
    first = 1 + (2 + 5 * most_actions(run.mdp)) / least_step(run)
    return run.gap, first * mismatch(run) / ((1 - run.mdp.gamma) ** 2 * run.k)


@theorem(
    "P3e",
    "optimal after 1 + min{k: E_k <= eps_T} steps",
    rules=RULES,
    assumes=(from_the_start, some_suboptimal_action),
    any_actions=True,
)
def termination_by_curve(run):
    """Iterate number 1 + min{k: E_k <= eps_T} is optimal, exactly, with E_k the curve of P2e and
    eps_T = eta^ Delta^2 / (2 + gamma eta^ Delta); eta^ = eta min mu (eta for Q-ascent). Finite
    termination is claimed by Liu, Li, Lin, Wei and Zhang (2025). Proof: P2e and P3."""
    reached = _huber_curve(run) <= safe_threshold(run, least_step(run))
    return steps_to_optimality(run), 1 + reached.argmax() if reached.any() else np.inf


@theorem(
    "P3n",
    "optimal after 2 + (1 + 2/eta^) / ((1-gamma)^2 eps_T) steps",
    rules=RULES,
    assumes=(unit_rewards, some_suboptimal_action),
    any_actions=True,
)
def termination_count(run):
    """Iterate number 2 + (1 + 2 / eta^) / ((1 - gamma)^2 eps_T) is optimal, exactly, with
    eps_T = eta^ Delta^2 / (2 + gamma eta^ Delta); eta^ = eta min mu (eta for Q-ascent). Proof: P2
    and P3."""
    first = (1 + 2 / least_step(run)) / (1 - run.mdp.gamma) ** 2
    return steps_to_optimality(run), 2 + first / threshold(run, least_step(run))


@theorem(
    "P4",
    "e_k <= e_0 (1 - (1-gamma) x / (x + 2/eta^))^k, x = (1-gamma) eps_T",
    rules=RULES,
    assumes=(from_the_start, some_suboptimal_action),
    any_actions=True,
)
def linear(run):
    """For every constant eta > 0, e_k <= e_0 (1 - (1 - gamma) x / (x + 2 / eta^))^k with
    x = (1 - gamma) eps_T, eps_T = eta^ Delta^2 / (2 + gamma eta^ Delta); eta^ = eta min mu (eta
    for Q-ascent). Global linear convergence of projected PG for any constant step size is claimed
    by Liu, Li and Wei (2024). Proof: P1a while e_k > eps_T, afterwards e = 0 by P3."""
    x = (1 - run.mdp.gamma) * threshold(run, least_step(run))
    factor = 1 - (1 - run.mdp.gamma) / (1 + 2 / (least_step(run) * x))
    return run.sup_gap, at_start(run, run.sup_gap) * factor**run.k


@theorem(
    "P6",
    "e_k <= gamma^k e_0 + sum_j gamma^{k-1-j} / (2 eta_j min mu)",
    rules=RULES,
    assumes=(from_the_start,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def growing_steps(run):
    """For any step sizes, e_k <= gamma^k e_0 + sum_{j<k} gamma^{k-1-j} / (2 eta_j min mu), without
    min mu for Q-ascent. Proof: P1b gives e_{k+1} <= gamma e_k + 1 / (2 eta_k min mu)."""
    terms = np.divide(0.5, least_share(run) * run.all_steps)
    bound = iterated(discounted_step, run.sup_gap[0], (run.mdp.gamma, terms), len(terms))
    return run.sup_gap, bound[run.k]


@theorem(
    "P6g",
    "growth = 1/gamma^2: e_k <= gamma^k (e_0 + 1/(2 gamma (1-gamma) eta min mu))",
    rules=RULES,
    assumes=(discounted, growth_at_least_gamma_squared, from_the_start),
    any_step=True,
    any_actions=True,
)
def geometric_steps(run):
    """If eta_k = eta gamma^{-2k} (or grows faster), e_k <= gamma^k (e_0 + 1 / (2 gamma
    (1 - gamma) eta min mu)), without min mu for Q-ascent. Proof: P6."""
    gamma = run.mdp.gamma
    first = at_start(run, run.sup_gap) + 1 / (2 * gamma * (1 - gamma) * least_step(run))
    return run.sup_gap, first * gamma**run.k


@theorem(
    "P7x",
    "eta = 1/L: gap <= 128 S A |d*/rho|^2 / ((1-gamma)^5 k)",
    rules=(ProjectedPG,),
    source="xiao2022",
    confidence=Confidence.RECALLED,
    assumes=(unit_rewards, discounted, rho_is_mu, smooth_step),
    any_actions=True,
)
def sublinear_xiao(run):
    """Theorem 2: for mu = rho and eta = 1/L, L = 2 gamma A / (1 - gamma)^3, V*(rho) - V^k(rho) <=
    128 S A max_s (d*_rho(s) / rho(s))^2 / ((1 - gamma)^5 k). Applies to mu = rho and this one step
    size only; the bound was a thousand times the error, or more, on every run that was tried."""
    S, A = run.mdp.n_states, most_actions(run.mdp)
    return run.gap, 128 * S * A * mismatch(run) ** 2 / ((1 - run.mdp.gamma) ** 5 * run.k)


@theorem(
    "P7a",
    "eta = 1/L: min gap <= 8 sqrt(gamma S A) |d*/mu| / ((1-gamma)^3 sqrt(T))",
    rules=(ProjectedPG,),
    source="agarwal2021",
    confidence=Confidence.QUOTED,
    assumes=(unit_rewards, discounted, smooth_step),
    any_actions=True,
)
def sublinear_agarwal(run):
    """Theorem 4.1, in the range that its proof gives: for eta = (1 - gamma)^3 / (2 gamma A),
    min_{t<=T} V*(rho) - V^t(rho) <= eps once T > 64 gamma S A max_s (d*_rho(s) / mu(s))^2 /
    ((1 - gamma)^6 eps^2); solved for eps at T = k >= 1. Printed is t < T, which is false at T = 1,
    wherever 64 gamma S A < 1 (tabular_pg.certified.counterexamples, "P7a")."""
    mdp = run.mdp
    size = 64 * mdp.gamma * mdp.n_states * most_actions(mdp)
    size = size * mismatch(run, under=mdp.mu, start=mdp.rho) ** 2
    bound = np.sqrt(size / np.maximum(run.k, 1)) / (1 - mdp.gamma) ** 3
    return np.minimum.accumulate(run.gap), np.where(run.k >= 1, bound, np.inf)
