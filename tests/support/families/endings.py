"""Random MDPs whose episodes end, at gamma = 1, and MDPs of which some actions are missing."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from support.strategies import REWARDS, mdps, seeds
from tabular_pg import MDP

SHAPES = ((1, 2), (2, 2), (3, 3), (5, 4), (8, 3), (4, 1))


def leaky(rng, S, A):
    """Every action may end the episode, some hardly ever."""
    ends = 10.0 ** -rng.uniform(0.0, 2.5, (S, A))
    P = rng.dirichlet(np.ones(S), (S, A)) * (rng.random((S, A, S)) < 0.6)
    return _scaled(P, ends)


def levels(rng, S, A):
    """States lead to later ones; the last one ends the episode at once."""
    P = np.triu(rng.random((A, S, S)), 1).transpose(1, 0, 2) * (rng.random((S, A, S)) < 0.7)
    return _scaled(P, np.where(rng.random((S, A)) < 0.3, rng.random((S, A)), 0.0))


def cycles(rng, S, A):
    """The last action leads on, to an end at last; others may go round in circles."""
    P = rng.dirichlet(np.ones(S), (S, A))
    P[np.arange(S - 1), A - 1] = 0.5 * P[np.arange(S - 1), A - 1] + 0.5 * np.eye(S)[1:]
    ends = np.zeros((S, A))
    ends[S - 1, A - 1] = rng.uniform(0.1, 1.0)
    return _scaled(P, ends)


def _scaled(P, ends):
    """Rows of P that sum to 1 - ends; to 0 where nothing is left of a row."""
    sums = P.sum(axis=2)
    ends = np.where(sums > 0, ends, 1.0)
    return P / np.where(sums > 0, sums, 1.0)[:, :, None] * (1 - ends)[:, :, None], ends


def costs(rng, shape):
    """Every round costs something."""
    return -rng.uniform(0.1, 1.0, shape)


KINDS = {"leaky": leaky, "levels": levels, "cycles": cycles}


def made(kind, seed, shape, rewards="shifted", masked=False):
    """One of them; ``cycles`` with costs, others with the rewards of this kind."""
    rng = np.random.default_rng(seed)
    P, ends = KINDS[kind](rng, *shape)
    r = costs(rng, shape) if kind == "cycles" else REWARDS[rewards](rng, shape)
    rho, mu = rng.dirichlet(np.ones(shape[0]), 2)
    actions = None
    if masked and shape[1] > 1:
        actions = rng.random(shape) < 0.7
        actions[:, -1] = True
        P, ends = P * actions[:, :, None], ends * actions
    name = f"{kind}, seed {seed}, {rewards} rewards" + ", masked" * masked
    return MDP(
        P, r, 1.0, rho=rho, mu=0.9 * mu + 0.1 / shape[0], actions=actions, ends=ends, name=name
    )


@st.composite
def ending_mdps(draw, kinds=tuple(KINDS), shapes=SHAPES, rewards=tuple(REWARDS)):
    """At gamma = 1, with and without missing actions."""
    kind, shape = draw(st.sampled_from(kinds)), draw(st.sampled_from(shapes))
    return made(kind, draw(seeds), shape, draw(st.sampled_from(rewards)), draw(st.booleans()))


@st.composite
def masked_mdps(draw, **options):
    """Discounted, with missing actions."""
    mdp = draw(mdps(ties=False, **options))
    rng = np.random.default_rng(draw(seeds))
    actions = rng.random(mdp.r.shape) < 0.6
    actions[np.arange(mdp.n_states), rng.integers(0, mdp.n_actions, mdp.n_states)] = True
    P = np.where(actions[:, :, None], mdp.P, 0.0)
    r = np.where(actions, mdp.r, 0.0)
    return MDP(P, r, mdp.gamma, rho=mdp.rho, mu=mdp.mu, actions=actions, name=mdp.name + ", masked")
