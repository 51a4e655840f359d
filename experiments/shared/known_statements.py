"""Statements whose truth is known: attained bounds, false sharpenings, and true ones.

"Attained" is said as a refutation: the bound with a constant that is a little better is false.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tabular_pg import REGISTRY
from tabular_pg.certified.counterexamples import COUNTEREXAMPLES
from tabular_pg.methods.spma import SPMA
from tabular_pg.search.sharpest import scaled
from tabular_pg.theorem import Theorem
from tabular_pg.theorems.hadamard_pg.steps import slope, square
from tabular_pg.verdicts.assumptions import some_pair, state_step_times_tau_below
from tabular_pg.verdicts.changes import policy_change
from tabular_pg.verdicts.quantities import (
    change_entropy,
    improvement,
    state_step,
    steps,
    steps_to_optimality,
    suboptimal_mass,
)


def times(id, constant) -> Theorem:
    """A theorem with another constant: proved times it, or over it for a lower bound."""
    return scaled(REGISTRY[id], constant)


def statement(of, formula, **changes) -> Theorem:
    """The claim of a formula about the same runs as a registered theorem; not registered."""
    text = " ".join(formula.__doc__.split())
    changes = {"id": formula.__name__, "claim": text, "statement": text} | changes
    return replace(REGISTRY[of], formula=formula, **changes)


def where_half_is_gone(theorem) -> Theorem:
    """The theorem where what it proves is at most half of the start: all else is attained there."""

    def formula(run):
        measured, proved = theorem.formula(run)
        return measured, np.where(proved <= 0.5 * measured[0], proved, np.inf)

    return replace(theorem, formula=formula, claim=f"{theorem.claim}, where that is half of it")


def not_yet_optimal(share):
    """Theorem P3 the other way round, for two actions and the largest step that is not enough,
    2 b_s / g_s: its threshold is the error at most."""

    def formula(run):
        """If A = 2 and pi^{k+1} is not optimal, then eps_T <= share e_k: with b the probability of
        the sub-optimal action and g what A^k gives the other one beyond it,
        Delta / (max(g, 0) / (b Delta) + gamma) <= share e_k in every state."""
        b, best = suboptimal_mass(run), run.optimum.optimal
        lead = np.maximum(np.where(best, run.A, -run.A).sum(axis=2), 0.0)
        used, Delta = b > 0, run.optimum.Delta
        eps = Delta / (lead / (np.where(used, b, 1.0) * Delta) + run.mdp.gamma)
        i = steps(run)
        return eps[i], np.where(used, share * run.sup_gap[:, None], np.inf)[i]

    claim = f"eps_T <= {share} e_k where A = 2 and pi^{{k+1}} is not optimal"
    return statement("P3", formula, id="P3 reversed", claim=claim)


def divergence_at_most_linear(limit, share=1.0):
    """The step of E2's proof: the divergence costs no more than the linear part gains."""

    def formula(run):
        """I >= tau KL(pi^{k+1} || pi^k) / share for eta_s tau <= limit."""
        gained, rounding = improvement(run)
        linear = (policy_change(run) * run.A[steps(run)]).sum(axis=2)
        return linear, run.tau * change_entropy(run) / share, rounding

    assumes = (some_pair, state_step_times_tau_below(limit))
    claim = f"tau KL <= {share} I for eta_s tau <= {limit}"
    return statement("E2", formula, assumes=assumes, id="tau KL <= I", claim=claim)


def entropy_monotone(limit, per_change=0.0):
    """E2m with another limit of the step, and a fall that the change of the policy forces."""

    def formula(run):
        """V^{k+1} >= V^k + per_change * tau * |pi^{k+1} - pi^k|_1^2 for eta_s tau <= limit."""
        i = steps(run)
        moved = np.abs(policy_change(run)).sum(axis=2).max(axis=1)
        fall = per_change * run.tau * moved[:, None] ** 2
        return run.sup_gap[i + 1, None] + fall, run.sup_gap[i, None], 1e-12 * run.sup_gap[i, None]

    assumes = (some_pair, state_step_times_tau_below(limit))
    claim = f"e_{{k+1}} <= e_k - {per_change} tau max |pi^{{k+1}} - pi^k|^2, eta_s tau <= {limit}"
    return statement("E2m", formula, assumes=assumes, id="e_{k+1} <= e_k", claim=claim)


def contraction_over_all_steps(share):
    """PI1 over a whole run."""

    def formula(run):
        """e_k <= share gamma^k e_0."""
        return run.sup_gap[-1], share * run.mdp.gamma ** int(run.k[-1]) * run.sup_gap[0]

    claim = f"e_k <= {share} gamma^k e_0 at the last k"
    return statement("PI1", formula, id="PI1 over all steps", claim=claim)


def optimal_after(count):
    """How soon policy iteration is done, from any start."""

    def formula(run):
        """Policy iteration is optimal after so many steps."""
        taken = steps_to_optimality(run)
        if not run.rounded or taken == 0:
            return taken, count
        return taken + _near_to_another_step(run, taken), count + 1  # says the same

    claim = f"optimal after {count} steps"
    return statement("PI1", formula, id=f"optimal after {count}", claim=claim)


def _near_to_another_step(run, taken):
    """Above 0 and below 1; larger, the less an action lacks to improve the last policy, beside
    what it lacked before: counts alone would not lead anywhere."""
    before = run.A[np.searchsorted(run.k, taken) - 1]
    lead, lacking = before.max(axis=1, keepdims=True) - before, -run.optimum.A
    near = np.where((lead > 0) & (lacking > 0), lacking / np.where(lead > 0, lead, 1.0), np.inf)
    return 1 / (2 + near.min())


def printed_range():
    """Theorem 4.1 of Agarwal et al. as printed, at T = k + 1 for every step k."""
    theorem = COUNTEREXAMPLES["P7a"].theorem

    def formula(run):
        measured, proved = theorem.formula(run)
        return measured[steps(run)], proved[steps(run)]

    return replace(theorem, formula=formula, assumes=(*theorem.assumes, some_pair))


def larger_exponent(run):
    """I >= y (1 - e^{-eta_s y A / (A - 1)})."""
    i, (gained, rounding) = steps(run), improvement(run)
    y, A = (run.policies * run.A)[i].max(axis=2), run.mdp.n_actions
    return gained, -y * np.expm1(-state_step(run)[i] * y * A / (A - 1)), rounding


def without_effective_horizon(run):
    """V*(rho) - V^k(rho) <= log A / (eta k) + 1 / k for natural PG from a uniform policy."""
    bound = (np.log(run.mdp.n_actions) / run.rule.eta + 1.0) / np.maximum(run.k, 1)
    return run.gap, np.where(run.k >= 1, bound, np.inf)


def convex(run):
    """e_{k+1} is at most the mean of e_k and e_{k+2}."""
    i, e = steps(run), run.sup_gap
    after_next = e[np.minimum(i + 2, len(e) - 1)]
    return e[i + 1], np.where(i + 2 < len(e), 0.5 * (e[i] + after_next), np.inf)


def likelier(run):
    """The probability of the sub-optimal actions never grows, in any state."""
    i = steps(run)
    b = np.where(run.optimum.optimal, 0.0, run.policies).sum(axis=2)
    return b[i + 1], b[i]


def never_worse(run):
    """V^{k+1} >= V^k in every state, for every step size."""
    i = steps(run)
    return run.value_gap[i + 1], run.value_gap[i], 1e-12 * run.sup_gap[i, None]


def like_policy_iteration(run):
    """e_{k+1} <= gamma e_k."""
    i = steps(run)
    return run.sup_gap[i + 1], run.mdp.gamma * run.sup_gap[i]


def sharp_quadratic(share=1.0):
    """G4 without the horizon."""

    def formula(run):
        """e_{k+1} <= share (1 - sqrt(1 - gamma))^2 e_k^2 / (2 tau)."""
        i, constant = steps(run), (1 - (1 - run.mdp.gamma) ** 0.5) ** 2 / (2 * run.tau)
        return run.sup_gap[i + 1], share * constant * run.sup_gap[i] ** 2

    claim = f"e_{{k+1}} <= {share} (1 - sqrt(1-gamma))^2 e_k^2 / (2 tau)"
    return statement("G4", formula, id="G4 sharp", claim=claim)


def twice_linear(run):
    """I >= 2 eta_s v where eta_s A >= -1/2."""
    i, (gained, rounding) = steps(run), improvement(run)
    least = slope(run).min(axis=2)
    return gained, np.where(least >= -0.5, 2 * square(run)[0], -np.inf)[i], rounding


def smaller_loss(run):
    """I >= y^2 / (y + (1 - 1/A) / eta_s)."""
    i, (gained, rounding) = steps(run), improvement(run)
    y, A = (run.policies * run.A)[i].max(axis=2), run.mdp.n_actions
    return gained, y**2 / (y + (1 - 1 / A) / state_step(run)[i]), rounding


def improvement_share_for_all_steps():
    """E2 without its limit of the step."""
    theorem = REGISTRY["E2"]
    return replace(theorem, id="E2 for all steps", assumes=(some_pair,))


def spma_monotone():
    """SPMA improves for every step with which it stays a policy."""
    return statement("S1", never_worse, rules=(SPMA,), id="SPMA monotone")


def hadamard_monotone():
    """False: the step has to be small."""
    return statement("H1m", never_worse, id="Hadamard monotone")
