"""Every argument of everything public on episodic problems takes odd values rightly."""

from __future__ import annotations

import numpy as np
import pytest

from support.odd_calls import call, forgotten, with_seed
from support.odd_inputs import complaints
from tabular_pg.reasoning import baselines, dapo, episodic, puzzles
from tabular_pg.reasoning.episodic import EpisodicMDP, Trajectories

GRAPH = {
    "level_offsets": [0, 1, 3, 5], "action_ptr": [0, 2, 4, 5, 5, 5],
    "successor": [1, 2, 3, 4, 4], "terminal_reward": [0.0, 0.0, 0.0, 1.0, 0.0],
}  # fmt: skip
MDP = EpisodicMDP(**GRAPH)
POLICY, REFERENCE = np.array([0.5, 0.5, 0.25, 0.75, 1.0]), np.array([0.25, 0.75, 0.5, 0.5, 1.0])
ADVANTAGE = np.array([0.75, -0.25, 0.5, -0.5, 0.0])
NU, STATES = np.array([0.5, 1.0, 0.25, 2.0, 1.0]), np.array([1.0, 0.5, 0.25, 0.0, 0.0])
VALUES = np.array([0.25, 0.5, 0.0, 1.0, 0.0])
RNG = np.random.default_rng(0)
FOUND = dapo.respond(MDP, MDP.uniform_policy(), 8, RNG)
DATA = dapo.outcomes(MDP, POLICY, FOUND)
SIGNALS = np.arange(-4, 4) / 2
FLAGS = ("True", "False", "numpy True")
NONE = ("empty list", "empty array", "nested empty list")


def flat(result):
    return [np.ravel(part).tolist() for part in result]


def critic(kind, **good):
    return call(lambda **fields: kind(**fields).fit(MDP, DATA), **good)


def fitting(kind):
    return call(kind.fit, mdp=MDP, data=DATA)


ON_POLICY = {"mdp": MDP, "policy": POLICY}
STEP = {"mdp": MDP, "reference": REFERENCE, "beta": 0.5, "advantage": ADVANTAGE, "nu": NU}
LOSS = {"mdp": MDP, "policy": POLICY, "reference": REFERENCE, "beta": 0.5}
LOSS |= {"advantage": ADVANTAGE, "nu": NU, "states": STATES}
MAY_LACK = ("advantage", "nu", "states")
SAMPLED = {"mdp": MDP, "reference": REFERENCE, "trajectories": FOUND}
FITTED = {**SAMPLED, "beta": 0.5, "ridge": 0.5, "iterations": 100}
ROW = {"edges": FOUND.edges, "states": FOUND.states, "outcome": FOUND.outcome}
CALLS = {
    "EpisodicMDP": call(EpisodicMDP, digest=lambda made: made.optimal_value().tolist(), **GRAPH)
    ._replace(named={"level_offsets": "level_offsets", "successor": "successor|action_ptr"}),
    "EpisodicMDP, labels": call(
        EpisodicMDP, ("edge_label", "state_label"), lambda made: made.render([0]), **GRAPH,
        edge_label=str, state_label=str,
    )._replace(optional=("edge_label", "state_label"), fine=("function", "class")),
    "EpisodicMDP.value": call(MDP.value, policy=POLICY),
    "EpisodicMDP.q_value": call(MDP.q_value, policy=POLICY),
    "EpisodicMDP.advantage": call(MDP.advantage, policy=POLICY),
    "EpisodicMDP.visitation": call(MDP.visitation, policy=POLICY, start=0)
    ._replace(optional=("start",)),
    "EpisodicMDP.visitation, of weights": call(MDP.visitation, policy=POLICY, start=[1.0])
    ._replace(optional=("start",)),
    "EpisodicMDP.kl_value": call(
        MDP.kl_value, policy=POLICY, reference=REFERENCE, beta=0.5
    ),
    "EpisodicMDP.kl_optimal": call(MDP.kl_optimal, digest=flat, reference=REFERENCE, beta=0.5),
    "EpisodicMDP.to_discounted": call(
        MDP.to_discounted, digest=lambda made: made.gamma, gamma=0.5
    ),
    "EpisodicMDP.render": call(MDP.render, digest=str, edges=[0, 2])._replace(fine=NONE[:2]),
    "EpisodicMDP.subproblem": call(MDP.subproblem, digest=str, roots=[0]),
    "EpisodicMDP.image": call(MDP.image, digest=str, image=episodic.unfolded(MDP)),
    "checked_policy": call(episodic.checked_policy, **ON_POLICY),
    "checked_trajectories": call(
        episodic.checked_trajectories, digest=flat, mdp=MDP, trajectories=FOUND
    ),
    "Trajectories": call(
        lambda **fields: episodic.checked_trajectories(MDP, Trajectories(**fields)), digest=flat,
        **ROW,
    ),
    "reachable": call(episodic.reachable, digest=flat, mdp=MDP, roots=[0]),
    "unfolded": call(episodic.unfolded, digest=flat, mdp=MDP),
    "sample_trajectories": call(
        with_seed(episodic.sample_trajectories), digest=flat, **ON_POLICY, starts=[0, 1], rng=None
    )._replace(optional=("rng",), fine=NONE[:2]),
    "countdown": call(
        puzzles.countdown, digest=str, numbers=[2, 3, 4], target=9, merge=True
    )._replace(fine=FLAGS),
    "modular_chain": call(
        puzzles.modular_chain, digest=str, horizon=3, modulus=5, operations=2, seed=1, starts=2
    ),
    "sequential_sat": call(puzzles.sequential_sat, digest=str, n_variables=4, n_clauses=5, seed=1),
    "sequential_sat, seeds": call(
        puzzles.sequential_sat, ("seed",), digest=str, n_variables=4, n_clauses=5, seed=[1, 2]
    ),
    "DAPO": call(dapo.DAPO, digest=lambda rule: rule.beta, beta=0.5),
    "TabularCritic": critic(dapo.TabularCritic, prior=0.5, mean=0.25)
    ._replace(optional=("mean",)),
    "AggregatedCritic": critic(
        dapo.AggregatedCritic, state_map=[0, 1, 1, 2, 2], prior=0.5, mean=0.25
    )._replace(optional=("mean",)),
    "LinearCritic": critic(
        dapo.LinearCritic, features=np.array([[1.0, 0.5]] * 2 + [[0.0, 1.0]] * 3), ridge=0.5
    )._replace(fine=("sparse", "sparse matrix")),
    "ExactCritic.fit": fitting(dapo.ExactCritic()),
    "TabularCritic.fit": fitting(dapo.TabularCritic()),
    "AggregatedCritic.fit": fitting(dapo.AggregatedCritic([0, 0, 1, 1, 1])),
    "LinearCritic.fit": fitting(dapo.LinearCritic(np.ones((5, 1)))),
    "Outcomes": call(
        lambda **fields: dapo.TabularCritic().fit(MDP, dapo.Outcomes(POLICY, **fields)),
        states=[0, 1], counts=[2, 1], means=[0.5, 1.0],
    )._replace(named={"states": "states|data"}),
    "Outcomes, policy": call(
        lambda policy: dapo.ExactCritic().fit(MDP, dapo.Outcomes(policy, [0], [1], [0.5])),
        policy=POLICY,
    ),
    "bce_loss": call(dapo.bce_loss, digest=float, data=DATA, values=np.full(5, 0.5)),
    "balanced": call(dapo.balanced, trajectories=FOUND, keep=3),
    "complete": call(
        with_seed(dapo.complete), digest=flat, **ON_POLICY, states=[0, 1], completions=2, rng=None
    )._replace(optional=("rng",), fine=NONE[:2]),
    "first_steps": call(dapo.first_steps, mdp=MDP, trajectories=FOUND),
    "steps_taken": call(dapo.steps_taken, mdp=MDP, trajectories=FOUND),
    "states_of": call(dapo.states_of, trajectories=FOUND),
    "improvement": call(dapo.improvement, **ON_POLICY, reference=REFERENCE, beta=0.5),
    "iterate": call(
        dapo.iterate, digest=lambda run: run.policies.tolist(), mdp=MDP, reference=REFERENCE,
        beta=0.5, iterations=2,
    ),
    "loss": call(dapo.loss, digest=float, **LOSS)._replace(optional=MAY_LACK),
    "loss_gradient": call(dapo.loss_gradient, **LOSS)._replace(optional=MAY_LACK),
    "minimizer": call(dapo.minimizer, **STEP)._replace(optional=MAY_LACK),
    "step": call(dapo.step, digest=flat, **STEP)._replace(optional=MAY_LACK),
    "trained": call(dapo.trained, **STEP, iterations=50)._replace(optional=MAY_LACK),
    "natural_step": call(
        dapo.natural_step, mdp=MDP, reference=REFERENCE, beta=0.5, advantage=ADVANTAGE
    )._replace(optional=MAY_LACK),
    "outcomes": call(
        dapo.outcomes, digest=flat, **ON_POLICY, trajectories=FOUND, pooled=True
    )._replace(fine=FLAGS),
    "respond": call(
        with_seed(dapo.respond), digest=flat, **ON_POLICY, responses=2, rng=None
    )._replace(optional=("rng",)),
    "signal": call(
        dapo.signal, digest=flat, mdp=MDP, reference=REFERENCE, values=VALUES,
        seen=np.array([True, True, True, False, True]), gap=0.25, anchor=0.5,
    )._replace(optional=("anchor",)),
    "train": call(
        with_seed(dapo.train), digest=lambda found: found.policy.tolist(), mdp=MDP,
        reference=REFERENCE, beta=0.5, iterations=2, critic=dapo.TabularCritic(), responses=2,
        completions=2, keep=2, gap=0.25, anchor=0.5, budget=1000, rng=None,
    )._replace(optional=("completions", "anchor", "budget", "rng")),
    "train, flags": call(
        with_seed(dapo.train), ("every_action", "pooled"), lambda found: found.policy.tolist(),
        mdp=MDP, reference=REFERENCE, beta=0.5, iterations=1, critic=dapo.TabularCritic(),
        responses=2, completions=2, every_action=True, pooled=True, rng=None,
    )._replace(fine=FLAGS),
    "actor_critic": call(
        with_seed(baselines.actor_critic), digest=lambda found: found.policy.tolist(), mdp=MDP,
        reference=REFERENCE, updates=2, responses=2, actor_rate=0.5, critic_rate=0.5,
        advantage=baselines.Advantage.MC, state_map=[0, 1, 1, 2, 2], initial=0.5,
        evaluate_every=1, rng=None,
    )._replace(optional=("state_map", "rng")),
    "awr": call(baselines.awr, **SAMPLED, values=VALUES, beta=0.5, prior=0.5),
    "rft": call(baselines.rft, **SAMPLED, prior=0.5),
    "dro": call(baselines.dro, **FITTED),
    "outcome_dpo": call(baselines.outcome_dpo, **FITTED),
    "step_dpo": call(baselines.step_dpo, **FITTED),
    "outcome_pairs": call(baselines.outcome_pairs, trajectories=FOUND),
    "step_pairs": call(baselines.step_pairs, trajectories=FOUND),
    "greedy_edges": call(baselines.greedy_edges, **ON_POLICY),
    "response_level_signal": call(
        baselines.response_level_signal, digest=flat, **SAMPLED, signals=SIGNALS, anchor=0.5
    ),
    "response_signals": call(
        baselines.response_signals, trajectories=FOUND, baseline=baselines.Baseline.REMAX,
        greedy=np.full(8, 0.5),
    ),
}  # fmt: skip
WITHOUT = {
    "game_of_24": "takes a second for every call: tested below",
    "ActorCriticHistory DAPOHistory DapoRun Image Signal Step": "results",
    "Advantage Baseline Status": "enumerations",
    "EpisodicMDP.to_undiscounted EpisodicMDP.unfold EpisodicMDP.uniform_policy": "no arguments",
    "ExactCritic EpisodicMDP.optimal_value": "no arguments",
}


@pytest.mark.parametrize("name", CALLS)
def test_odd_inputs_are_taken_rightly_or_refused_by_name(name):
    found = complaints(CALLS[name])
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])


def test_nothing_public_is_forgotten():
    assert not forgotten([baselines, dapo, episodic, puzzles], CALLS, WITHOUT)


@pytest.mark.parametrize("name", ["solvable", "merge"])
@pytest.mark.parametrize("value", ["True", None, 1, 0.0, [True], np.array(True)], ids=repr)
def test_all_games_of_24(name, value):
    with pytest.raises(ValueError, match=f"{name} is .*; expected True or False"):
        puzzles.game_of_24(**{name: value})
