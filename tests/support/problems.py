"""Small reasoning problems, random policies on them, and all their responses."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tabular_pg.reasoning.dapo import respond
from tabular_pg.reasoning.episodic import EpisodicMDP, Trajectories, segments
from tabular_pg.reasoning.puzzles import countdown, modular_chain

seeds = st.integers(0, 2**32 - 1)


CHAIN = modular_chain(3, modulus=7, operations=3, starts=2)


PUZZLES = countdown([(1, 2, 3), (2, 3, 4), (2, 4, 6)], target=9)


HARD = countdown([(a, b, 8, 11) for a in range(1, 7) for b in range(a, 10)])


def random_policy(mdp, seed, sharpness=1.0):
    logits = sharpness * np.random.default_rng(seed).standard_normal(mdp.n_edges)
    return segments.state_softmax(mdp.action_ptr, logits)


def sampled(mdp, seed, responses=5):
    policy = random_policy(mdp, seed)
    return policy, respond(mdp, policy, responses, np.random.default_rng(seed))


def paths(mdp, policy, s):
    """Every path from ``s``: its probability, states and edges."""
    if mdp.action_ptr[s] == mdp.action_ptr[s + 1]:
        yield 1.0, [s], []
    for e in range(mdp.action_ptr[s], mdp.action_ptr[s + 1]):
        for p, states, edges in paths(mdp, policy, mdp.successor[e]):
            yield policy[e] * p, [s, *states], [e, *edges]


def as_trajectories(mdp, chosen):
    states = np.array([states for _, states, _ in chosen])
    edges = np.array([edges for _, _, edges in chosen])
    return Trajectories(edges, states, mdp.terminal_reward[states[:, -1]])


def with_rewards(mdp, reward):
    """The same graph, with these rewards (S,) in its terminal states."""
    reward = np.where(np.diff(mdp.action_ptr) == 0, reward, 0.0)
    return EpisodicMDP(mdp.level_offsets, mdp.action_ptr, mdp.successor, reward)


@st.composite
def problems(draw):
    """Small random graphs of three levels with rewards in [0, 1], and a policy on them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = [draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 5))]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    ptr, successor = [0], []
    for s in range(offsets[2]):
        level = 0 if s < offsets[1] else 1
        n = int(rng.integers(1, 6))
        successor += rng.integers(offsets[level + 1], offsets[level + 2], n).tolist()
        ptr.append(len(successor))
    ptr += [len(successor)] * sizes[2]
    reward = np.zeros(offsets[3])
    reward[offsets[2] :] = rng.random(sizes[2]).round(draw(st.sampled_from([0, 6])))
    mdp = EpisodicMDP(offsets, ptr, successor, reward)
    logits = draw(st.sampled_from([0.0, 1.0, 8.0])) * rng.standard_normal(mdp.n_edges)
    return mdp, segments.state_softmax(mdp.action_ptr, logits), rng


betas = st.sampled_from([1e-3, 0.02, 0.1, 1.0, 30.0])
