"""What holds for every multiplicative (phi-) update: SPMA, natural and Hadamard policy gradient."""

from __future__ import annotations

import numpy as np

from tabular_pg.engine.rules import kinds_of
from tabular_pg.methods.hadamard_pg import HadamardPG
from tabular_pg.methods.natural_pg import NaturalPG
from tabular_pg.methods.spma import SPMA
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.assumptions import every_iterate, some_pair, some_suboptimal_action
from tabular_pg.verdicts.quantities import (
    greedy_lead,
    improvement,
    settled_rate,
    state_step,
    steps,
    suboptimal_mass,
)

RULES = (SPMA,)
PHI = {NaturalPG: np.exp, SPMA: lambda t: 1 + t, HadamardPG: lambda t: (1 + 2 * t) ** 2}
LEAST = {NaturalPG: -np.inf, SPMA: -1.0, HadamardPG: -0.5}  # phi increases from here on


@theorem(
    "H1s",
    "improvement = eta v",
    rules=RULES,
    kind=Kind.EQUAL,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_exact(run):
    """I_s^k = eta v with v = sum_a pi^k A^k(s, a)^2, as long as the iterates are policies. Proof:
    sum_a pi (1 + eta A) A, where sum_a pi A = 0."""
    i, (gained, rounding) = steps(run), improvement(run)
    eta = run.step_sizes[:, None, None]
    proved = (run.policies * run.A * (eta * run.A)).sum(axis=2)
    return gained, proved[i], rounding


@theorem(
    "H5",
    "phi-update: b_s contracts by phi(-eta_s (Delta - e_k)) once e_k < Delta",
    rules=(SPMA, NaturalPG, HadamardPG),
    assumes=(some_suboptimal_action, some_pair),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def local_contraction(run):
    """For pi^{k+1} proportional to pi^k phi(eta_s A^k) with phi convex, increasing, >= 0 and
    phi(0) = 1, once e_k < Delta: b_s^{k+1} <= phi(-eta_s^k (Delta - e_k)) b_s^k, ties allowed.
    phi(t) is e^t for natural PG, 1 + t for SPMA and (1 + 2t)^2 for Hadamard PG, whose phi
    increases from -1/2 on: claimed where eta_s A^k(s, .) >= -1/2. Proof: the normalization is
    >= phi(0) by Jensen, and A^k <= -(Delta - e_k) off the optimal actions."""
    kind = kinds_of(run.rule)[-1]
    phi, i, b = PHI[kind], steps(run), suboptimal_mass(run)
    eta, lead = state_step(run), run.optimum.Delta - run.sup_gap[:, None]
    t = -eta * lead
    claimed = (lead > 0) & (eta * run.A.min(axis=2) >= LEAST[kind])
    rounding = b * (phi(t + 1e-14 * (1 - t)) - phi(t))
    return b[i + 1], np.where(claimed, phi(t) * b, np.inf)[i], np.where(claimed, rounding, 0.0)[i]


@theorem(
    "H5r",
    "log e_{k+1}/e_k -> log(1 - eta Delta)",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    tolerance=1e-3,
    assumes=(some_suboptimal_action, some_pair),
    any_actions=True,
    any_gamma=True,
)
def exact_rate(run):
    """The asymptotic rate is exactly 1 - eta Delta. Checked on the last recorded pair, once the
    gap has settled to the slowest actions."""
    i = steps(run)[-1]
    now, limit = 1 + run.rule.eta * run.A[i], 1 + run.rule.eta * run.optimum.A
    return settled_rate(run, np.log(now), np.log(limit))


@theorem(
    "H6",
    "e_T <= e_0 prod (1 - (1-gamma) eta C_t)",
    rules=RULES,
    source="asad2024",
    confidence=Confidence.QUOTED,
    assumes=(every_iterate,),
    any_step=True,
    any_actions=True,
)
def linear(run):
    """e_T <= e_0 prod_{t<T} (1 - (1 - gamma) eta C_t), with C_t the least p g over states, p the
    probability of the best actions under A^t and g their lead over the next one. Proof:
    association gives v >= p g M; actions tied for the best count together."""
    p, lead = greedy_lead(run)
    C = np.where(np.isinf(lead), np.inf, p * lead).min(axis=1)
    factors = 1 - (1 - run.mdp.gamma) * run.step_sizes * np.where(np.isinf(C), 0.0, C)
    factors = np.maximum(factors, 0.0)  # below only where nothing is left to lose
    bound, rounded = (
        run.sup_gap[0] * np.concatenate([[1.0], np.cumprod(x[:-1])])
        for x in (factors, factors + 1e-15)
    )
    return run.sup_gap, bound, rounded - bound
