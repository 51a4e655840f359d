"""Homotopic policy mirror descent: its linear rate, and its superlinear law."""

from __future__ import annotations

import numpy as np

from tabular_pg.engine.step_size import LARGEST_STEP
from tabular_pg.methods.homotopic_pmd import HomotopicPMD
from tabular_pg.numerics.recurrences import discounted_step, iterated
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.theorems.mirror_descent.geometry import until_cut
from tabular_pg.verdicts.actions import most_actions, suboptimal
from tabular_pg.verdicts.assumptions import (
    dense_transitions,
    from_the_start,
    some_suboptimal_action,
)
from tabular_pg.verdicts.quantities import at_start
from tabular_pg.verdicts.visits import stationary

NEAR = 1e-4  # how near to their limits the parts of a law are, of which there are four


@theorem(
    "M5",
    "gap(nu*) <= rate^k L_0 + sum_j rate^{k-1-j} c_j, rate = max{gamma, delta^3}",
    rules=(HomotopicPMD,),
    source="li2022homotopic",
    confidence=Confidence.DERIVED,
    assumes=(from_the_start, dense_transitions),
    any_actions=True,
)
def homotopic_linear(run):
    """For nu* stationary for P_{pi*} and rate = max{gamma, delta^3}, V*(nu*) - V^k(nu*) <= rate^k
    (V*(nu*) - V^0(nu*) + D_0 delta tau_0 / ((1 - delta) rate)) + sum_{j<k} rate^{k-1-j} c_j with
    c_j = tau_0 delta^(2j) log A / (1 - gamma) and D_0 the mean of KL(pi*, pi^0) under nu*. Nothing
    is claimed after a step that was cut at 1e250. Proof: three-point lemma under nu*."""
    gamma, delta, tau = run.mdp.gamma, run.rule.delta, run.rule.tau_0
    nu, taus = stationary(run.mdp, run.optimum.pi), _temperatures(run, int(run.k[-1]))
    distance = -np.where(run.optimum.pi > 0, run.log_policies[0], 0.0).sum(axis=1) @ nu
    gap = run.value_gap @ nu
    rate = np.maximum(gamma, delta**3)
    first = at_start(run, gap) + distance * delta * tau / ((1 - delta) * rate)
    c = taus * np.log(most_actions(run.mdp)) / (1 - gamma)
    bound = iterated(discounted_step, first, (rate, c), len(c))
    return gap, until_cut(run, bound, taus * LARGEST_STEP > 1 - delta)


@theorem(
    "M5r",
    "tau_k log e_k -> -Delta delta^2 / (1 + delta + delta^2)",
    rules=(HomotopicPMD,),
    kind=Kind.ASYMPTOTIC,
    tolerance=1e-3,
    assumes=(some_suboptimal_action,),
    any_actions=True,
)
def homotopic_law(run):
    """tau_k log e_k -> -Delta delta^2 / (1 + delta + delta^2) with tau_k = tau_0 delta^(2k): the
    logarithm of the error grows like delta^(-2k), as the order delta^{-2} of Li, Lan and Zhao
    (2022) says, and this is its constant. Checked at the last recorded iterate, once values and
    weights have settled. Proof: for Q^k -> Q*, tau_k log(pi^k(a) / pi^k(a*)) follows x <- delta^3 x
    + delta^2 (1 - delta) A*."""
    best, delta, last = run.optimum, run.rule.delta, int(run.k[-1])
    tau, known = _temperatures(run, last + 1)[-1], suboptimal(run) | best.optimal
    limit = -best.Delta * delta**2 / (1 + delta + delta**2)
    off = np.abs(run.A - best.A)[:, known].max(axis=1) / best.Delta
    late = run.k[1:][off[:-1] > NEAR].max(initial=0)
    forgotten = off.max() * delta ** (3 * (last - late))
    started = tau * delta**last * -run.log_policies[0][known].min()
    counted = tau * np.abs(np.log(best.Delta * (1 - run.mdp.gamma) / run.mdp.r.size))
    settled = max(off[-1], forgotten, started / -limit, counted / -limit) < NEAR
    settled &= tau * LARGEST_STEP > 1 - delta
    return tau * run.log_sup_gap[-1], limit if settled else np.inf


def _temperatures(run, n):
    """tau_k of the first n iterations."""
    return run.rule.tau_0 * run.rule.delta ** (2 * np.arange(n))
