"""MDPs to carry elsewhere and back: dense and sparse, with and without unavailable actions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from support.strategies import mdps
from tabular_pg import MDP


def table(mdp):
    """P as an array (S, A, S), whatever it is kept as."""
    P = mdp.P.toarray() if mdp.sparse else mdp.P
    return P.reshape(*mdp.r.shape, -1)


def same(one, other):
    """Whether P, r, gamma and the mask have the same bits."""
    masks = [m.actions if m.actions is not None else np.ones(m.r.shape, bool) for m in (one, other)]
    pairs = [(table(one), table(other)), (one.r, other.r), masks]
    return one.gamma == other.gamma and all(np.array_equal(x, y) for x, y in pairs)


@st.composite
def models(draw, masks=True):
    """A random MDP; some are sparse, in some not every action is available."""
    mdp = draw(mdps())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    actions, P = None, mdp.P
    if masks and draw(st.booleans()):
        actions = rng.random(mdp.r.shape) < 0.6
        actions[np.arange(mdp.n_states), rng.integers(mdp.n_actions, size=mdp.n_states)] = True
        actions[0] = True  # so that every action is somewhere
        P = np.where(actions[:, :, None], P, 0.0)
    if draw(st.booleans()):
        P = sparse.csr_array(P.reshape(-1, mdp.n_states))
    return MDP(P, mdp.r, mdp.gamma, rho=mdp.rho, mu=mdp.mu, actions=actions, name=mdp.name)
