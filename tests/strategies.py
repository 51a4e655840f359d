"""Hypothesis strategies: random MDPs, start policies and step sizes, degenerate ones included."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tabular_pg import MDP

GAMMAS = (0.0, 0.3, 0.6, 0.9, 0.97, 0.99)
SHAPES = ((1, 2), (1, 5), (2, 2), (3, 3), (5, 4), (8, 3), (4, 1))


@st.composite
def mdps(draw, gammas=GAMMAS, shapes=SHAPES, ties=True):
    """Garnets with random rho and mu; some with tied optimal actions, some all but reducible."""
    gamma, (S, A) = draw(st.sampled_from(gammas)), draw(st.sampled_from(shapes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    branching = draw(st.integers(1, S))
    P = np.zeros((S, A, S))
    for s, a in np.ndindex(S, A):
        successors = rng.choice(S, branching, replace=False)
        P[s, a, successors] = rng.dirichlet(np.ones(branching))
    r = rng.random((S, A))
    if ties and A > 1 and draw(st.booleans()):
        P[:, 1], r[:, 1] = P[:, 0], r[:, 0]
    if draw(st.booleans()):
        return MDP(P, r, gamma)
    rho, mu = rng.dirichlet(np.ones(S), 2)
    return MDP(P, r, gamma, rho=rho, mu=mu)


@st.composite
def starts(draw, mdp, vertices=False):
    """Uniform (None), Dirichlet, near-deterministic or, if allowed, deterministic policies."""
    kinds = ["uniform", "random", "sharp"] + ["vertex"] * vertices
    kind = draw(st.sampled_from(kinds))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    S, A = mdp.r.shape
    if kind == "uniform":
        return None
    if kind == "random":
        return rng.dirichlet(np.ones(A), S)
    vertex = np.eye(A)[rng.integers(A, size=S)]
    if kind == "vertex":
        return vertex
    return 1e-4 / A + (1 - 1e-4) * vertex


step_sizes = st.sampled_from((1e-3, 1e-2, 0.1, 0.5, 1.0, 3.0, 10.0, 1e2, 1e4))
taus = st.sampled_from((1e-3, 1e-2, 0.1, 1.0, 10.0))
