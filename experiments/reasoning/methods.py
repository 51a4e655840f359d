"""DAPO and its baselines as the experiments run them: rounds of responses, one parameter each.

A method is ``method(mdp, base, responses, parameter, seed) -> (policy, environment steps)``; it may
use ``responses`` responses per puzzle in each of ``ROUNDS`` rounds.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.reasoning.baselines import (
    Advantage,
    Baseline,
    actor_critic,
    awr,
    dro,
    greedy_edges,
    outcome_dpo,
    response_level_signal,
    response_signals,
    rft,
    step_dpo,
)
from tabular_pg.reasoning.dapo import (
    TabularCritic,
    balanced,
    complete,
    first_steps,
    minimizer,
    outcomes,
    respond,
    signal,
    states_of,
    train,
)
from tabular_pg.reasoning.episodic import Trajectories

ROUNDS, PRIOR, LEVEL, ANCHOR, LEAST = 3, 1.0, 0.01, 0.01, 1e-300
KEEP = 6  # responses of a question whose states are completed
BETAS = (0.0001, 0.0005, 0.002, 0.005, 0.02)
TEMPERATURE = 0.05  # of AWR
FIT_STEPS = 100
CRITIC = TabularCritic(PRIOR, LEVEL)


def in_rounds(improved, greedy=0):
    """Rounds of responses and of ``improved(mdp, policy, found, parameter)``; ``greedy`` of the
    responses are the greedy one, which only serves as a baseline."""

    def method(mdp, base, responses, parameter, seed):
        rng, policy, paid = np.random.default_rng(seed), base, 0
        for _ in range(ROUNDS):
            found = respond(mdp, policy, responses - greedy, rng)
            paid += found.n_steps
            if greedy:
                paid += respond(mdp, greedy_policy(mdp, policy), greedy, rng).n_steps
            policy = np.maximum(improved(mdp, policy, found, parameter), LEAST)
        return policy, paid

    return method


def step_level(every_action):
    """DAPO with a tabular critic fitted to the responses. It compares the actions that they took
    or, in their states, all: then the verifier is also asked about final steps that nobody took,
    which costs no environment step here."""

    def method(mdp, base, responses, beta, seed):
        done = train(
            mdp, base, beta=beta, iterations=ROUNDS, critic=CRITIC, responses=responses,
            completions=None, gap=0.0, anchor=ANCHOR, every_action=every_action,
            rng=np.random.default_rng(seed),
        )  # fmt: skip
        return done.policy, done.n_steps

    return method


def algorithm_1(every_action):
    """The paper's Algorithm 1, with a quarter of the responses: the states of a balanced few are
    completed anew, as often as the steps of the others allow, and the critic is fitted to that."""

    def method(mdp, base, responses, beta, seed):
        rng, policy, paid = np.random.default_rng(seed), base, 0
        for k in range(ROUNDS):
            allowed = (k + 1) * responses * mdp.horizon * mdp.n_roots
            found = respond(mdp, policy, max(2, responses // 4), rng)
            states = states_of(Trajectories(*(field[balanced(found, KEEP)] for field in found)))
            level = np.searchsorted(mdp.level_offsets, states, side="right") - 1
            each = (mdp.horizon - level).sum()  # all episodes have the same length
            paid += found.n_steps
            samples = complete(mdp, policy, states, max(1, (allowed - paid) // each), rng)
            paid += samples.n_steps
            values = CRITIC.fit(mdp, outcomes(mdp, policy, samples))
            seen = first_steps(mdp, samples)
            if every_action:
                seen = np.isin(mdp.source, states)
            target = signal(mdp, policy, values, seen, anchor=ANCHOR)
            policy = np.maximum(minimizer(mdp, policy, beta, *target[:2]), LEAST)
        return policy, paid

    return method


def greedy_policy(mdp, policy):
    """The likeliest action of every state, with probability 1."""
    edges = greedy_edges(mdp, policy)
    chosen = np.zeros(mdp.n_edges)
    chosen[edges[edges >= 0]] = 1.0
    return chosen


def response_level(baseline):
    """The same loss with the outcome of the response less ``baseline`` for every step."""

    greedy = int(baseline is Baseline.REMAX)

    def improved(mdp, policy, found, beta):
        outcome = None
        if greedy:
            outcome = mdp.value(greedy_policy(mdp, policy))[found.states[:, 0]]
        signals = response_signals(found, baseline, outcome)
        target = response_level_signal(mdp, policy, found, signals, ANCHOR)
        return minimizer(mdp, policy, beta, target.advantage, target.nu)

    return in_rounds(improved, greedy)


def advantage_weighted(mdp, policy, found, prior):
    """AWR, with the values that DAPO's critic has of the same responses."""
    values = CRITIC.fit(mdp, outcomes(mdp, policy, found))
    return awr(mdp, policy, found, values, TEMPERATURE, prior)


def fitted(preference_method):
    """DPO, Step-DPO or DRO, with few enough steps of L-BFGS to end in a second."""

    def improved(mdp, policy, found, beta):
        return preference_method(mdp, policy, found, beta, iterations=FIT_STEPS)

    return improved


def co_trained(advantage):
    """Actor and critic, updated together after one response per puzzle."""

    def method(mdp, base, responses, rates, seed):
        actor_rate, critic_rate = rates
        done = actor_critic(
            mdp, base, updates=ROUNDS * responses, responses=1, actor_rate=actor_rate,
            critic_rate=critic_rate, advantage=advantage, evaluate_every=ROUNDS * responses,
            rng=np.random.default_rng(seed),
        )  # fmt: skip
        return done.policy, done.n_steps

    return method


RATES = ((10.0, 0.2), (100.0, 0.2), (1e3, 0.2), (1e3, 1.0), (1e4, 0.2))  # of actor and critic
METHODS = {  # name: (method, its grid)
    "DAPO, all actions": (step_level(every_action=True), BETAS),
    "DAPO, sampled actions": (step_level(every_action=False), BETAS),
    "Algorithm 1, all actions": (algorithm_1(every_action=True), BETAS),
    "Algorithm 1, sampled actions": (algorithm_1(every_action=False), BETAS),
    "RLOO": (response_level(Baseline.RLOO), BETAS),
    "GRPO": (response_level(Baseline.GRPO), BETAS),
    "ReMax": (response_level(Baseline.REMAX), BETAS),
    "REINFORCE": (response_level(Baseline.REINFORCE), BETAS),
    "RFT": (in_rounds(rft), (0.0001, 0.001, 0.01, 0.1)),
    "AWR": (in_rounds(advantage_weighted), (1.0, 10.0, 100.0, 1000.0)),
    "outcome DPO": (in_rounds(fitted(outcome_dpo)), (0.0001, 0.0005, 0.002, 0.01)),
    "Step-DPO": (in_rounds(fitted(step_dpo)), (0.001, 0.005, 0.02, 0.1)),
    "DRO": (in_rounds(fitted(dro)), (0.002, 0.005, 0.01, 0.02, 0.05)),
    "actor-critic, TD": (co_trained(Advantage.TD), RATES),
    "actor-critic, MC": (co_trained(Advantage.MC), RATES),
    "actor-critic, outcome": (co_trained(Advantage.OUTCOME), RATES),
}
