"""The simplex method as policy iteration, by its pivots: how much one switch gains, and how soon
the run is over."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.iterations.largest_increase import LargestIncreasePolicyIteration
from tabular_pg.methods.iterations.simplex_policy_iteration import (
    BlandPolicyIteration,
    SimplexPolicyIteration,
)
from tabular_pg.theorem import Kind, theorem
from tabular_pg.verdicts.actions import each_action, most_actions
from tabular_pg.verdicts.assumptions import some_pair
from tabular_pg.verdicts.quantities import (
    EPS,
    best_advantage,
    best_advantage_rounding,
    steps,
    steps_to_optimality,
    value_rise,
)
from tabular_pg.verdicts.visits import visitation, visitations

SIMPLEX, BLAND = (SimplexPolicyIteration,), (BlandPolicyIteration,)
LARGEST = (LargestIncreasePolicyIteration,)


@theorem(
    "PS1",
    "sum_s gap^{k+1} <= (1 - (1-gamma)/S) sum_s gap^k",
    rules=SIMPLEX,
    assumes=(some_pair,),
    any_actions=True,
)
def simplex_contraction(run):
    """sum_s (V* - V^{k+1})(s) <= (1 - (1 - gamma) / S) sum_s (V* - V^k)(s). Proof: the switch adds
    at least M, the largest advantage, to the value of its state, and all advantages of an optimal
    policy are at most M: sum_s (V* - V^k)(s) <= S M / (1 - gamma)."""
    i, total = steps(run), run.value_gap.sum(axis=1)
    return total[i + 1], (1 - (1 - run.mdp.gamma) / run.mdp.n_states) * total[i]


@theorem(
    "PS2",
    "optimal after S (A-1) ceil(log(S/(1-gamma)) S/(1-gamma)) steps",
    rules=SIMPLEX,
    any_actions=True,
)
def simplex_termination(run):
    """The iterate number S (A - 1) max{1, ceil(log(S / (1 - gamma)) S / (1 - gamma))} is optimal,
    from any start: strongly polynomial, as Ye (2011) has proved. Proof: PS1 over that many steps
    shrinks the sum so far that an action in use with the largest |A*| is never used again."""
    S, A = run.mdp.n_states, most_actions(run.mdp)
    horizon = S / (1 - run.mdp.gamma)
    wait = np.maximum(1.0, np.ceil(np.log(horizon) * horizon))
    return steps_to_optimality(run), S * (A - 1) * wait


@theorem(
    "PL1",
    "V^k(mu) rises by at least what Dantzig's switch adds",
    rules=LARGEST,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_actions=True,
)
def more_than_by_dantzig(run):
    """V^{k+1}(mu) - V^k(mu) is at least what the switch adds to which the largest advantage
    belongs. Proof: that switch is one of those that are compared."""
    i, (rise, rounding) = steps(run), value_rise(run)
    A, M = run.A[i], best_advantage(run)[i]
    switched = np.arange(A.shape[1]) == M.argmax(axis=1)[:, None]
    best = each_action(run, A, -np.inf).argmax(axis=2)
    greedy = np.arange(A.shape[2]) == best[:, :, None]
    pi = np.where(switched[:, :, None], np.where(greedy, 1.0, 0.0), run.policies[i])
    d = np.where(switched, visitations(run.mdp, pi, run.mdp.mu), 0.0) / run.mdp.unit
    rounding = rounding + (d * best_advantage_rounding(run)[i]).sum(axis=1)
    return rise, (d * M).sum(axis=1), rounding


@theorem(
    "PL2",
    "V^k(mu) rises by max_s max{mu(s), d_mu^k(s)} M_s^k at least",
    rules=LARGEST,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_actions=True,
)
def largest_increase(run):
    """V^{k+1}(mu) - V^k(mu) >= max_s max{mu(s), d_mu^k(s)} max_a A^k(s, a). Proof: a switch in s
    adds A^k(s, a) times the visits to s afterwards; these are what reaches s, at least d_mu^k(s)
    and at least mu(s), and what comes back to it."""
    i, (rise, rounding) = steps(run), value_rise(run)
    reach = np.maximum(run.mdp.mu, run.d[i])
    rounding = rounding + (reach * best_advantage_rounding(run)[i]).sum(axis=1)
    return rise, (reach * best_advantage(run)[i]).max(axis=1), rounding


@theorem(
    "PL3",
    "gap(mu)^{k+1} <= (1 - (1-gamma)/sum_s d*(s)/mu(s)) gap(mu)^k",
    rules=LARGEST,
    assumes=(some_pair,),
    any_actions=True,
)
def largest_increase_contraction(run):
    """With gap(mu) = V*(mu) - V^k(mu), gap(mu)^{k+1} <= (1 - (1 - gamma) / sum_s d*_mu(s) / mu(s))
    gap(mu)^k: for uniform mu the factor 1 - (1 - gamma) / S of PS1. Proof: (1 - gamma) gap(mu) <=
    sum_s d*_mu(s) M_s <= (sum_s d*_mu(s) / mu(s)) max_s mu(s) M_s, and PL2."""
    i, mdp = steps(run), run.mdp
    gap = run.value_gap @ mdp.mu
    spread = (visitation(mdp, run.optimum.pi, mdp.mu) / mdp.mu).sum()
    return gap[i + 1], (1 - (1 - mdp.gamma) / spread) * gap[i]


@theorem(
    "PL4",
    "optimal after S (A-1) ceil(C log C) steps, C = 1/((1-gamma) min mu)",
    rules=LARGEST,
    any_actions=True,
)
def largest_increase_termination(run):
    """The iterate number S (A - 1) max{1, ceil(C log C)}, C = 1 / ((1 - gamma) min mu), is optimal,
    from any start: for uniform mu the bound PS2 of Dantzig's pivots. Proof: PL3 over that many
    steps shrinks gap(mu) so far that a pair in use with the largest mu(s) |A*| is never used
    again."""
    S, A = run.mdp.n_states, most_actions(run.mdp)
    C = 1 / ((1 - run.mdp.gamma) * run.mdp.mu.min())
    return steps_to_optimality(run), S * (A - 1) * np.maximum(1.0, np.ceil(np.log(C) * C))


@theorem(
    "PB1",
    "V^{k+1} >= V^k",
    rules=(BlandPolicyIteration, LargestIncreasePolicyIteration, SimplexPolicyIteration),
    assumes=(some_pair,),
    any_actions=True,
)
def never_worse(run):
    """V^{k+1} >= V^k in every state, whichever state is switched. Proof: the improvement is
    nonnegative in every state."""
    i = steps(run)
    return run.value_gap[i + 1], run.value_gap[i], EPS * run.sup_gap[i, None]


@theorem(
    "PB2",
    "optimal after (A+1)^S - 1 steps",
    rules=BLAND,
    any_actions=True,
)
def simple_termination(run):
    """The iterate number (A + 1)^S - 1 is optimal, from any start; A^S - 1 steps are enough from a
    deterministic one. Proof: values rise by every switch (PB1), so that no policy comes back, and
    every row is that of the start or deterministic. On ``instances.binary_counter(n)``, with A = 2,
    all 2^n policies of its n states with a choice are visited."""
    S, A = run.mdp.n_states, most_actions(run.mdp)
    return steps_to_optimality(run), (A + 1.0) ** S - 1
