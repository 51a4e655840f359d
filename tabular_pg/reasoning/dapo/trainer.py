"""DAPO's Algorithm 1: data, a critic fitted by itself, an actor fitted to it, and again.

Every iteration starts from the policy of the one before, which is reference and data source alike.
What it costs is counted in environment steps, to the step; how good its policy is, is not sampled
but known: the mean value at the roots, by dynamic programming.

References
----------
Liu et al. (2024), Improving Multi-Step Reasoning Abilities of Large Language Models with Direct
Advantage Policy Optimization, arXiv 2412.18279.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

from tabular_pg._floats import UNDERFLOW
from tabular_pg._jit import njit
from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_flag, check_number, checked_beta, shown
from tabular_pg.reasoning.dapo.actor import minimizer
from tabular_pg.reasoning.dapo.dataset import (
    Outcomes,
    balanced,
    complete,
    first_steps,
    mean_outcomes,
    respond,
    states_of,
    steps_taken,
)
from tabular_pg.reasoning.dapo.signals import signal
from tabular_pg.reasoning.episodic import Trajectories, checked_policy


class Status(enum.Enum):
    """Why a training ended; the value says it in words."""

    COMPLETED = "all iterations were run"
    BUDGET = "the next environment steps could have exceeded the budget"


@dataclass(frozen=True, eq=False)
class DAPOHistory:
    """What ``iterations`` of Algorithm 1 did; K of them were finished.

    Attributes
    ----------
    policy : (E,) the last policy.
    success : (K+1,) mean value at the roots, exact, the reference's first.
    steps : (K+1,) environment steps paid until then, 0 first.
    compared : (K,) states of which actions were compared.
    kept : (K,) how many of them the gap filter left in the loss.
    critic_error : (K,) root mean square error of the critic over the compared actions' successors.
    n_steps : environment steps paid in all: more than ``steps[-1]`` if the budget ended inside an
        iteration, after its responses.
    status : Status
    """

    policy: np.ndarray
    success: np.ndarray
    steps: np.ndarray
    compared: np.ndarray
    kept: np.ndarray
    critic_error: np.ndarray
    n_steps: int
    status: Status

    __repr__ = compact


class _Plan(NamedTuple):
    """How an iteration samples; ``longest`` (S,) are the most steps that an episode can take."""

    responses: int
    completions: int | None
    keep: int
    pooled: bool
    longest: np.ndarray


class _Data(NamedTuple):
    """Of one iteration; ``seen`` is None if the budget ended after the responses."""

    outcomes: Outcomes | None
    seen: np.ndarray | None
    n_steps: int


def train(
    mdp,
    reference,
    *,
    beta,
    iterations,
    critic,
    responses,
    completions,
    keep=6,
    gap=0.1,
    anchor=None,
    every_action=False,
    pooled=True,
    budget=None,
    rng,
) -> DAPOHistory:
    """Run Algorithm 1 from a reference policy.

    Parameters
    ----------
    mdp : EpisodicMDP
    reference : (E,) the policy to start from, positive on every edge.
    beta : float > 0
    iterations : int
    critic : TabularCritic, AggregatedCritic, LinearCritic or ExactCritic
        Anything with ``fit(mdp, data) -> (S,)`` values.
    responses : int
        Trajectories from every root, per iteration.
    completions : int or None
        Trajectories from every state of the responses kept; their first steps are the actions
        compared. None: the responses themselves, all of them, are what the critic is fitted to, and
        their steps are the actions compared.
    keep : int
        How many responses per root have their states completed, half of them right if possible.
    gap : float
        States whose compared advantages differ by less are left out; 0 for none. With the 0.1 of
        the paper that is nearly all of them where success is rare, as all values are small.
    anchor : float > 0, optional
        Weight of an action that was not compared in a state where others were, with the target to
        stay; necessary as soon as there is one.
    every_action : bool
        Whether all actions are compared in the states in which any is, seen or not: the critic says
        what it makes of where they lead. No anchor is needed then.
    pooled : bool
        Whether the critic is told of a trajectory in every state that it passes. The paper counts
        a completion only in the state where it starts; see ``outcomes``.
    budget : int, optional
        Environment steps that are never exceeded.
    rng : np.random.Generator

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    policy, beta = checked_policy(mdp, reference, "reference"), checked_beta(beta)
    check_flag("every_action", every_action)
    check_flag("pooled", pooled)
    _check(mdp, critic, iterations, responses, completions, keep, gap, anchor, budget)
    longest = _longest(mdp.action_ptr, mdp.successor)
    plan = _Plan(responses, completions, keep, pooled, longest)
    paid, value, status = 0, mdp.value(policy), Status.COMPLETED
    rows = [(value[: mdp.n_roots].mean(), 0, 0, 0, 0.0)]
    for _ in range(iterations):
        left = np.inf if budget is None else budget - paid
        data = _collect(mdp, policy, plan, left, rng)
        paid += data.n_steps
        if data.seen is None:
            status = Status.BUDGET
            break
        compared = np.zeros(mdp.n_states, dtype=bool)
        compared[mdp.source[data.seen]] = True
        seen = compared[mdp.source] if every_action else data.seen
        estimate = critic.fit(mdp, data.outcomes)
        target = signal(mdp, policy, estimate, seen, gap=gap, anchor=anchor)
        error = np.sqrt(np.mean((estimate - value)[np.unique(mdp.successor[seen])] ** 2))
        # the next regression needs the logarithm of this one's result
        policy = minimizer(mdp, policy, beta, target.advantage, target.nu)
        policy = np.maximum(policy, UNDERFLOW)
        value = mdp.value(policy)
        rows.append((value[: mdp.n_roots].mean(), paid, compared.sum(), target.kept.sum(), error))
    success, steps, compared, kept, error = (np.array(column) for column in zip(*rows, strict=True))
    return DAPOHistory(policy, success, steps, compared[1:], kept[1:], error[1:], int(paid), status)


def _collect(mdp, policy, plan, left, rng) -> _Data:
    """Part A of an iteration, at a cost of at most ``left`` steps."""
    if plan.responses * plan.longest[: mdp.n_roots].sum() > left:
        return _Data(None, None, 0)
    answers = respond(mdp, policy, plan.responses, rng)
    if plan.completions is None:
        data = mean_outcomes(mdp, policy, answers, plan.pooled)
        return _Data(data, steps_taken(mdp, answers), answers.n_steps)
    rows = balanced(answers, plan.keep)
    states = states_of(Trajectories(*(field[rows] for field in answers)))
    if plan.completions * plan.longest[states].sum() > left - answers.n_steps:
        return _Data(None, None, answers.n_steps)
    samples = complete(mdp, policy, states, plan.completions, rng)
    data = mean_outcomes(mdp, policy, samples, plan.pooled)
    return _Data(data, first_steps(mdp, samples), answers.n_steps + samples.n_steps)


def _check(mdp, critic, iterations, responses, completions, keep, gap, anchor, budget):
    if mdp.horizon == 0:
        raise ValueError(f"mdp is {mdp!r}; expected a problem with actions")
    if isinstance(critic, type) or not callable(getattr(critic, "fit", None)):
        raise ValueError(
            f"critic is {shown(critic)}; expected one with a method fit(mdp, data), like "
            "TabularCritic()"
        )
    check_number("iterations", iterations, 1)
    check_number("responses", responses, 1)
    check_number("keep", keep, 1)
    if completions is not None:
        check_number("completions", completions, 1)
    check_number("gap", gap, 0, kind=Real)
    if anchor is not None:
        check_number("anchor", anchor, 0, kind=Real, open_ends=True)
    if budget is not None:
        check_number("budget", budget, 1, kind=Integral)
        least = responses * int(_longest(mdp.action_ptr, mdp.successor)[: mdp.n_roots].sum())
        if budget < least:
            raise ValueError(
                f"budget is {budget}; expected at least {least} environment steps, which "
                f"{responses} responses from each of {mdp.n_roots} roots can take"
            )


@njit
def _longest(action_ptr, successor):
    """(S,) the most steps that an episode can take from each state."""
    longest = np.zeros(action_ptr.size - 1, dtype=np.int64)
    for s in range(longest.size - 1, -1, -1):
        for e in range(action_ptr[s], action_ptr[s + 1]):
            longest[s] = max(longest[s], 1 + longest[successor[e]])
    return longest
