"""Functional acceleration: what lookahead gains, and momentum does to the local rate: nothing."""

from __future__ import annotations

import numpy as np

from tabular_pg._floats import RESOLVED
from tabular_pg.methods.functional_acceleration import LookaheadPMD, MomentumPMD
from tabular_pg.theorem import Kind, theorem
from tabular_pg.verdicts.actions import each_action
from tabular_pg.verdicts.assumptions import some_pair, some_suboptimal_action
from tabular_pg.verdicts.quantities import (
    best_actions,
    last_rate,
    q_gap,
    settled_rate,
    steps,
    suboptimal_mass,
)

CALM = 1e-6  # what momentum may add to advantages, relative to Delta


@theorem(
    "M4r",
    "log e_{k+1}/e_k -> -eta Delta, whatever beta",
    rules=(MomentumPMD,),
    kind=Kind.ASYMPTOTIC,
    tolerance=1e-3,
    assumes=(some_suboptimal_action, some_pair),
    any_actions=True,
)
def exact_rate(run):
    """Where the error tends to 0, log(e_{k+1} / e_k) -> -eta Delta for every beta: momentum of the
    action values changes the way to the optimum, and not the rate near it. Checked on the last
    recorded pair, once e_k is far below Delta and values have settled. Proof: Q^k - Q^{k-1} tends
    to 0 with e_k, so that log(pi(a) / pi(a*)) moves by eta A*(s, a) in the end."""
    eta, i = run.rule.eta, steps(run)[-1]
    if i == 0 or run.k[i - 1] != run.k[i] - 1:
        return last_rate(run)[0], np.inf
    moved = q_gap(run)[i] - q_gap(run)[i - 1]
    moved = moved - (run.policies[i] * moved).sum(axis=1, keepdims=True)
    moved = run.rule.beta * each_action(run, moved)
    rate, limit = settled_rate(run, eta * (run.A[i] - moved), eta * run.optimum.A)
    return rate, limit if np.abs(moved).max() < CALM * run.optimum.Delta else np.inf


@theorem(
    "M4p",
    "e_{2t+2} <= gamma^2 e_{2t} + max_s KL(greedy_s || pi_s^{2t}) / (eta (1-gamma))",
    rules=(LookaheadPMD,),
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
)
def like_policy_iteration(run):
    """Proposals are steps of policy iteration, e_{2t+1} <= gamma e_{2t}, and e_{2t+2} <= gamma^2
    e_{2t} + c / (1 - gamma), c = max_s KL(greedy_s || pi_s^{2t}) / eta, greedy in Q^{2t+1}: large
    steps have the rate of two steps of policy iteration. Proof: with G the proposal, V^G >=
    T V^{2t}; for eta <Q^G, p> - KL(p || pi^{2t}), pi^{2t+2} is at least as good as a greedy
    action: T^{pi^{2t+2}} V^G >= T V^G - c >= V^G - c, and the value of pi^{2t+2} is at least
    T V^G - c / (1 - gamma)."""
    i, gamma, e = steps(run), run.mdp.gamma, run.sup_gap
    odd, before = run.k[i] % 2 == 1, np.maximum(i - 1, 0)
    best = best_actions(run)[i]
    with np.errstate(invalid="ignore"):
        logs = np.where(best, run.log_policies[before], -np.inf).max(axis=2)
    rest = np.where(best, 0.0, run.policies[before]).sum(axis=2)
    far = np.where(rest < 0.5, -np.log1p(-np.where(rest < 0.5, rest, 0.0)), -logs)
    c = far.max(axis=1) / run.step_sizes[i]
    bound = np.where(odd, gamma**2 * e[before] + c / (1 - gamma), gamma * e[i])
    known = (run.k[before] == run.k[i] - 1) & (rest.max(axis=1) > RESOLVED)
    return e[i + 1], np.where(~odd | known, bound, np.inf)


@theorem(
    "M4b",
    "once a proposal is optimal, the odds of sub-optimal actions contract by e^{-eta Delta}",
    rules=(LookaheadPMD,),
    assumes=(some_suboptimal_action, some_pair),
    any_step=True,
    any_actions=True,
)
def lookahead_contraction(run):
    """Where V^{2t+1} = V*, the odds b / (1 - b) of the sub-optimal actions of a state fall at least
    by the factor r = e^{-eta Delta}: b^{2t+2} <= r b / (1 - b + r b), b = b^{2t}. Proof: the step
    is pi^{2t+2} proportional to pi^{2t} e^{eta A*}, and A* <= -Delta off the optimal actions."""
    i, b = steps(run), suboptimal_mass(run)
    before = np.maximum(i - 1, 0)
    known = (run.k[i] % 2 == 1) & (run.k[before] == run.k[i] - 1) & (run.sup_gap[i] <= 0)
    r = np.exp(-run.step_sizes[i] * run.optimum.Delta)[:, None]
    optimal = np.where(run.optimum.optimal, run.policies, 0.0).sum(axis=2)[before]
    bound = r * b[before] / (optimal + r * b[before])
    rounding = 1e-14 * run.step_sizes[i][:, None] * run.optimum.Delta * b[i + 1]
    known = known[:, None] & (optimal > 0)
    return b[i + 1], np.where(known, bound, np.inf), np.where(known, rounding + 1e-12 * b[i + 1], 0)
