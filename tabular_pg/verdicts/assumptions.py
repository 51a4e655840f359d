"""What theorems assume: each function maps a run to '' or to the reason why it fails.

Those that limit the step size have an attribute ``scale``, a function from a run to the factor by
which its ``eta`` would have to be multiplied, for searches.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.engine.step_size import step_of
from tabular_pg.verdicts.actions import each_action, most_actions, number_of_actions
from tabular_pg.verdicts.quantities import state_step, steps

MOST_UPDATES = 10_000  # that a formula repeats, which takes a second


def unit_rewards(run) -> str:
    """Rewards are in [0, 1]."""
    r = run.mdp.r
    if r.min() < 0 or r.max() > 1:
        return f"rewards span [{r.min():.3g}, {r.max():.3g}]; stated for [0, 1]"
    return ""


def dense_transitions(run) -> str:
    """P is an array."""
    return "P is sparse; the bound is computed from a dense P_pi" if run.mdp.sparse else ""


def unique_optimal_actions(run) -> str:
    """Every state has one optimal action."""
    count = run.optimum.optimal.sum(axis=1)
    if (count > 1).any():
        s = int(np.argmax(count > 1))
        return f"state {s} has {count[s]} optimal actions; stated for one in every state"
    return ""


def some_suboptimal_action(run) -> str:
    """Not every action of every state is optimal."""
    return "" if np.isfinite(run.optimum.Delta) else "every action is optimal"


def several_actions(run) -> str:
    """There is a choice of actions."""
    return "" if most_actions(run.mdp) > 1 else "A = 1; stated for a choice of actions"


def rho_is_mu(run) -> str:
    """The error is measured where the gradient is taken."""
    return "" if np.array_equal(run.mdp.rho, run.mdp.mu) else "rho differs from mu"


def bandit(run) -> str:
    """One state, without discounting."""
    if run.mdp.n_states != 1 or run.mdp.gamma != 0:
        return f"S = {run.mdp.n_states}, gamma = {run.mdp.gamma}; stated for S = 1, gamma = 0"
    return ""


def two_armed_bandit(run) -> str:
    """A bandit of two actions with different rewards."""
    if bandit(run) or most_actions(run.mdp) != 2 or not np.isfinite(run.optimum.Delta):
        return "stated for S = 1, A = 2, gamma = 0 and different rewards"
    return ""


def discounted(run) -> str:
    """gamma is positive."""
    return "" if run.mdp.gamma > 0 else "gamma is 0; stated for gamma > 0"


def undiscounted(run) -> str:
    """gamma is 1."""
    return "" if run.mdp.gamma == 1 else f"gamma is {run.mdp.gamma}; stated for gamma = 1"


def from_the_start(run) -> str:
    """The first iterate is recorded."""
    return "" if run.k[0] == 0 else "iterate 0 is not recorded"


def few_updates(run) -> str:
    """There are at most 10,000 iterations."""
    if run.k[-1] > MOST_UPDATES:
        return f"there are {run.k[-1]} iterations; what is repeated for each is for {MOST_UPDATES}"
    return ""


def uniform_start(run) -> str:
    """The first policy is uniform."""
    if from_the_start(run):
        return from_the_start(run)
    if np.abs(each_action(run, run.policies[0] * number_of_actions(run.mdp) - 1)).max() > 1e-12:
        return "the start policy is not uniform"
    return ""


def some_pair(run) -> str:
    """Two consecutive iterates are recorded."""
    return "" if steps(run).size else "no two consecutive iterates are recorded"


def every_iterate(run) -> str:
    """All iterates up to the last one are recorded."""
    expected = np.arange(run.k.size) - run.first
    return "" if np.array_equal(run.k, expected) else "not every iterate is recorded"


def steps_are(kind, text):
    """The assumption that steps are of the type ``kind``; ``text`` is what messages call them."""

    def assumption(run):
        step = step_of(run.rule)
        return "" if type(step) is kind else f"eta is {step}; stated for {text}"

    assumption.__doc__ = f"Steps are ``steps.{kind.__name__}``."
    return assumption


def eta_at_most(limit, text):
    """The assumption ``eta <= limit(run)``; ``text`` is the limit as a formula."""

    def assumption(run):
        bound = limit(run)
        if run.rule.eta <= bound * (1 + 1e-12):
            return ""
        return f"eta = {run.rule.eta:.6g} exceeds {text} = {bound:.6g}"

    assumption.__doc__ = f"eta <= {text}."
    assumption.scale = lambda run: limit(run) / run.rule.eta
    return assumption


def eta_equal(value, text):
    """The assumption ``eta = value(run)``; ``text`` is the value as a formula."""

    def assumption(run):
        wanted = value(run)
        if abs(run.rule.eta - wanted) <= 1e-12 * wanted:
            return ""
        return f"eta = {run.rule.eta:.6g}; stated for {text} = {wanted:.6g}"

    assumption.__doc__ = f"eta = {text}."
    assumption.scale = lambda run: value(run) / run.rule.eta
    return assumption


def state_step_times_tau_below(limit):
    """The assumption eta_s^k tau <= limit at every recorded iterate but the last."""

    def assumption(run):
        taken = state_step(run)[: max(len(run.k) - 1, 1)]
        largest = run.tau * taken.max()
        if largest <= limit:
            return ""
        return f"eta_s tau reaches {largest:.4g}; stated for at most {limit}"

    assumption.__doc__ = f"eta_s tau <= {limit} at every iterate but the last."
    assumption.scale = lambda run: limit / (run.tau * state_step(run)[: len(run.k) - 1 or 1].max())
    return assumption
