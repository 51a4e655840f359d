"""Random MDPs: Garnets, dense ones, and ones with ties."""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy import sparse as compressed

from tabular_pg._machine import empty_table, refuse_beyond_memory
from tabular_pg.checks.numbers import check_number, checked_flag
from tabular_pg.mdps.mdp import MDP
from tabular_pg.mdps.sources import from_literature
from tabular_pg.mdps.transitions import Owned

BLOCK = 2**16  # rows drawn at a time
DYADIC = 2**20  # random numerators over this are exact in float64, and so are their products


@from_literature("archibald1995", "bhatnagar2009")
def garnet(n_states, n_actions, branching, gamma, seed=0, sparse=False) -> MDP:
    """A random sparse MDP: every (s, a) reaches ``branching`` distinct random states.

    Their probabilities are the spacings of ``branching - 1`` uniform points in [0, 1]; rewards
    are uniform in [0, 1]. With ``sparse``, P is built and kept in compressed rows, a million
    states in seconds; the MDP of the same seed is then another one than without.

    References
    ----------
    Archibald, McKinnon and Thomas (1995), On the generation of Markov decision processes;
    Bhatnagar, Sutton, Ghavamzadeh and Lee (2009), Natural actor-critic algorithms.
    """
    n_states, n_actions, rng = _generator(seed, n_states, n_actions)
    branching = check_number("branching", branching, 1, n_states)
    shape, name = (n_states, n_actions), f"Garnet({n_states}, {n_actions}, {branching})"
    if checked_flag("sparse", sparse):
        refuse_beyond_memory(14 * n_states * n_actions * branching, f"the sparse P of {name}")
        P = _random_rows(rng, n_states * n_actions, n_states, branching)
        return MDP(P, rng.random(shape), gamma, name=name)
    P = empty_table(n_states, n_actions, name, "; sparse=True needs less")
    successors = np.empty((*shape, branching), dtype=np.int64)
    for s in range(n_states):
        order = np.argsort(rng.random((n_actions, n_states)), axis=1)
        successors[s] = order[:, :branching]
    cuts = np.sort(rng.random((*shape, branching - 1)), axis=2)
    np.put_along_axis(P, successors, np.diff(cuts, prepend=0.0, append=1.0), axis=2)
    return MDP(Owned(P), rng.random(shape), gamma, name=name)


def _random_rows(rng, n_rows, n_states, branching) -> compressed.csr_array:
    """Rows of a sparse Garnet: sets of successors drawn by Floyd's method, a block at a time.

    References
    ----------
    Bentley and Floyd (1987), Programming pearls: a sample of brilliance.
    """
    width = np.int32 if n_rows * branching < 2**31 else np.int64
    indices, data = np.empty(n_rows * branching, dtype=width), np.empty(n_rows * branching)
    successors, weights = indices.reshape(n_rows, -1), data.reshape(n_rows, -1)
    for start in range(0, n_rows, BLOCK):
        block = successors[start : start + BLOCK]
        for i, last in enumerate(range(n_states - branching, n_states)):
            drawn = rng.integers(0, last, len(block), dtype=width, endpoint=True)
            taken = (block[:, :i] == drawn[:, None]).any(axis=1)
            block[:, i] = np.where(taken, last, drawn)
        block.sort(axis=1)
        cuts = np.sort(rng.random((len(block), branching - 1)), axis=1)
        weights[start : start + BLOCK] = np.diff(cuts, prepend=0.0, append=1.0)
    indptr = np.arange(0, data.size + 1, branching, dtype=width)
    return compressed.csr_array((data, indices, indptr), shape=(n_rows, n_states))


def random_dense(n_states, n_actions, gamma, seed=0) -> MDP:
    """A random MDP whose rows are uniform on the simplex and whose rewards are uniform in [0, 1].

    The rows are Dirichlet(1, ..., 1); it is a Garnet problem in which every state is reached.
    """
    n_states, n_actions, rng = _generator(seed, n_states, n_actions)
    name = f"RandomDense({n_states}, {n_actions})"
    P = empty_table(n_states, n_actions, name)
    for rows in P:
        rows[:] = rng.dirichlet(np.ones(n_states), size=n_actions)
    return MDP(Owned(P), rng.random((n_states, n_actions)), gamma, name=name)


def tied(n_states, n_actions, gamma, seed=0, same_dynamics=True) -> MDP:
    """A random MDP in which every state has exactly two optimal actions; the others lose >= 0.1.

    V* is drawn first, uniform in [0, 1], and the rewards are then those for which it is optimal.

    Parameters
    ----------
    n_actions : int
        At least 3: with two actions every policy would be optimal.
    same_dynamics : bool
        True: the two actions are the same bit for bit, in row and in reward. False: they have
        independent rows, and their values agree to about 1e-16, for gamma = 0.5 exactly: V* and
        P are multiples of 2**-20, so only the two roundings in V* - gamma (P V*) break the tie.
    """
    n_states, n_actions, rng = _generator(seed, n_states, n_actions)
    check_number("n_actions", n_actions, 3)
    gamma = check_number("gamma", gamma, 0, 1, kind=Real)
    same_dynamics = checked_flag("same_dynamics", same_dynamics)
    kind = "duplicate" if same_dynamics else "distinct"
    name = f"Tied({n_states}, {n_actions}, {kind})"
    P = empty_table(n_states, n_actions, name)
    for rows in P:
        rows[:] = rng.dirichlet(np.ones(n_states), size=n_actions)
    for rows in P:
        rows[:] = rng.multinomial(DYADIC, rows) / DYADIC
    V = rng.integers(0, DYADIC, size=n_states, endpoint=True) / DYADIC
    loss = rng.uniform(0.1, 1.0, size=(n_states, n_actions))
    pairs = np.argsort(rng.random((n_states, n_actions)), axis=1)[:, :2]
    states = np.arange(n_states)
    loss[states[:, None], pairs] = 0.0
    if same_dynamics:
        P[states, pairs[:, 1]] = P[states, pairs[:, 0]]
    r = V[:, None] - gamma * (P @ V) - loss  # P @ V is exact, in whatever order it is summed
    return MDP(Owned(P), r, gamma, name=name)


def _generator(seed, n_states, n_actions) -> tuple[int, int, np.random.Generator]:
    n_states = check_number("n_states", n_states, 1)
    n_actions = check_number("n_actions", n_actions, 1)
    return n_states, n_actions, np.random.default_rng(check_number("seed", seed, 0))
