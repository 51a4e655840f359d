"""Actor-critic: an actor and a critic that are trained together, on the same responses.

Every update samples responses of the present policy, asks the present critic for the signals of
their steps and then moves both: the logits along the sampled policy gradient,

    theta += actor_rate / n * sum_i sum_t A(s_t, a_t) grad log pi(a_t | s_t),

with n responses per root, and the value of a class of states towards what followed them,

    V(c) += critic_rate * mean over the visits of c of (target - V(c)).

This is what DAPO, whose critic is fitted by itself to a fixed policy, is set against: its abstract
calls it co-training. PPO, without its clipping, is of this kind.

References
----------
Barto, Sutton and Anderson (1983), Neuronlike adaptive elements, IEEE Trans. SMC 13.
Sutton et al. (1999), Policy gradient methods for reinforcement learning with function
approximation, NeurIPS. Schulman et al. (2017), PPO, arXiv 1707.06347.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from numbers import Real

import numpy as np

from tabular_pg._jit import njit
from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import class_numbers, plain_array, real_vector, refuse_where
from tabular_pg.checks.numbers import check_generator, check_number, shown
from tabular_pg.reasoning.episodic import checked_policy, evaluation
from tabular_pg.reasoning.episodic.rollouts import walk
from tabular_pg.reasoning.episodic.segments import softmax
from tabular_pg.reasoning.episodic.validation import check_per_state

LARGEST = 1e100  # actor rate: the logits remain finite, however many updates there are


class Advantage(enum.Enum):
    """What the signal of a step is and where the critic moves; the value says it in words."""

    TD = "V(s') - V(s), and V(s) moves toward r + V(s')"
    MC = "V(s') - V(s), and V(s) moves toward the outcome R of the response"
    OUTCOME = "R - V(s), unbiased whatever V is, and V(s) moves toward R"


@dataclass(frozen=True, eq=False)
class ActorCriticHistory:
    """What ``updates`` updates did.

    Attributes
    ----------
    policy : (E,) the last policy; probabilities below the float64 range are 0.
    k : (K,) after how many updates the policy was evaluated, 0 first.
    success : (K,) mean value at the roots, exact.
    steps : (K,) environment steps paid until then.
    values : (S,) the critic's last values; of terminal states the reward.
    n_steps : environment steps paid in all.
    """

    policy: np.ndarray
    k: np.ndarray
    success: np.ndarray
    steps: np.ndarray
    values: np.ndarray
    n_steps: int

    __repr__ = compact


def actor_critic(
    mdp,
    reference,
    *,
    updates,
    responses,
    actor_rate,
    critic_rate,
    advantage,
    state_map=None,
    initial=0.0,
    evaluate_every=1,
    rng,
) -> ActorCriticHistory:
    """Train a softmax policy and a table of values on the same on-policy responses.

    Parameters
    ----------
    mdp : EpisodicMDP
    reference : (E,) the policy to start from; where it is 0 the policy remains 0.
    updates : int
    responses : int
        From every root, per update.
    actor_rate : float in [0, 1e100]
    critic_rate : float in [0, 1]
        1 forgets all but the last batch; values stay in [0, 1].
    advantage : Advantage
    state_map : array_like of int (S,), optional
        The class of every state, numbers >= 0: the states of a class share their value, except for
        terminal states, whose value is their reward. By default no states share.
    initial : float in [0, 1], or array_like (S,) of such
        The critic's first values; a class has the mean of its states.
    evaluate_every : int
        The policy is evaluated after so many updates, and after the last one.
    rng : np.random.Generator

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    policy = checked_policy(mdp, reference, "reference").copy()
    _check(mdp, updates, responses, actor_rate, critic_rate, advantage, evaluate_every, rng)
    classes, values = _critic(mdp, state_map, initial)
    graph = mdp.action_ptr, mdp.successor, mdp.terminal_reward
    with np.errstate(divide="ignore"):
        logits = np.log(policy)
    starts = np.repeat(np.arange(mdp.n_roots), responses)
    rows, paid = [], 0
    for k in range(updates + 1):
        if k % evaluate_every == 0 or k == updates:
            rows.append((k, evaluation.backup(*graph, policy)[: mdp.n_roots].mean(), paid))
        if k == updates:
            break
        found = walk(mdp, policy, starts, rng)
        signals, residuals = _signals(found, values[classes[found.states]], advantage)
        _climb(mdp.action_ptr, found, signals, float(actor_rate) / responses, logits, policy)
        _settle(found, residuals, classes, float(critic_rate), values)
        paid += found.n_steps
    columns = (np.array(column) for column in zip(*rows, strict=True))
    return ActorCriticHistory(policy, *columns, values[classes], paid)


def _signals(found, V, advantage) -> tuple[np.ndarray, np.ndarray]:
    """(N, H) the actor's signal of every step and the critic's residual; padding is arbitrary.

    ``V`` (N, H+1) are the critic's values of the states that were passed, of the last one its
    reward: the step to it needs no reward of its own.
    """
    one_step, whole = V[:, 1:] - V[:, :-1], found.outcome[:, None] - V[:, :-1]
    signals = whole if advantage is Advantage.OUTCOME else one_step
    residuals = one_step if advantage is Advantage.TD else whole
    return signals, residuals


@njit
def _climb(action_ptr, found, signals, rate, logits, policy):
    """Move the logits along the sampled gradient, then the policy of the states passed."""
    states, edges = found.states, found.edges
    n_walks, horizon = edges.shape
    for n in range(n_walks):
        for t in range(horizon):
            if edges[n, t] < 0:
                break
            s, step = states[n, t], rate * signals[n, t]
            for e in range(action_ptr[s], action_ptr[s + 1]):
                logits[e] -= step * policy[e]
            logits[edges[n, t]] += step
    for n in range(n_walks):  # a state that was passed twice comes out the same the second time
        for t in range(horizon):
            if edges[n, t] < 0:
                break
            first, last = action_ptr[states[n, t]], action_ptr[states[n, t] + 1]
            softmax(logits, first, last, policy)


def _settle(found, residuals, classes, rate, values):
    """Move the values of the classes passed by their mean residuals."""
    taken = found.edges >= 0
    passed = classes[found.states[:, :-1][taken]]
    passed, which = np.unique(passed, return_inverse=True)
    values[passed] += rate * np.bincount(which, residuals[taken]) / np.bincount(which)


def _critic(mdp, state_map, initial) -> tuple[np.ndarray, np.ndarray]:
    """(S,) the class of every state and the first values of the classes.

    Every terminal state has a class of its own, whose value is its reward: no visit moves it.
    """
    acting = np.diff(mdp.action_ptr) > 0
    first = np.broadcast_to(_checked_initial(mdp, initial), mdp.n_states)[acting]
    shared = np.arange(mdp.n_states)
    if state_map is not None:
        shared = class_numbers("state_map", state_map)
        check_per_state(mdp, "state_map", shared)
    _, of_acting = np.unique(shared[acting], return_inverse=True)
    counts = np.bincount(of_acting)
    classes = counts.size + np.cumsum(~acting) - 1
    classes[acting] = of_acting
    values = np.bincount(of_acting, first) / counts
    return classes, np.concatenate([values, mdp.terminal_reward[~acting]])


def _checked_initial(mdp, initial) -> np.ndarray:
    if plain_array("initial", initial).ndim == 0:
        return np.asarray(check_number("initial", initial, 0, 1, kind=Real))
    initial = real_vector("initial", initial, mdp.n_states, "state")
    refuse_where((initial < 0) | (initial > 1), "initial", initial, "a number in [0, 1]")
    return initial


def _check(mdp, updates, responses, actor_rate, critic_rate, advantage, evaluate_every, rng):
    if mdp.horizon == 0:
        raise ValueError(f"mdp is {mdp!r}; expected a problem with actions")
    check_number("updates", updates, 1)
    check_number("responses", responses, 1)
    check_number("evaluate_every", evaluate_every, 1)
    check_generator(rng)
    check_number("actor_rate", actor_rate, 0, LARGEST, kind=Real)
    check_number("critic_rate", critic_rate, 0, 1, kind=Real)
    if not isinstance(advantage, Advantage):
        raise ValueError(f"advantage is {shown(advantage)}; expected a member of Advantage")
