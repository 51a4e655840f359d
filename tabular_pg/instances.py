"""Named MDPs: random ones, classical ones, ties, lower-bound chains and Gymnasium's toy texts."""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy import sparse as compressed

from tabular_pg._arrays import real_array
from tabular_pg._checks import check_number, checked_flag
from tabular_pg._memory import refuse_beyond_memory
from tabular_pg._transitions import Owned
from tabular_pg.gymnasium_import import cliff_walking, from_gymnasium, frozen_lake, taxi
from tabular_pg.lower_bounds import (
    Lumped,
    gamma_chain,
    li_wei_chi_chen,
    li_wei_chi_chen_lumped,
)
from tabular_pg.mdp import MDP

__all__ = [
    "Lumped",
    "bandit",
    "chain",
    "cliff_walking",
    "deep_sea",
    "from_gymnasium",
    "frozen_lake",
    "gamma_chain",
    "garnet",
    "gridworld",
    "li_wei_chi_chen",
    "li_wei_chi_chen_lumped",
    "random_dense",
    "river_swim",
    "taxi",
    "tied",
    "two_armed_bandit",
]

LEFT, RIGHT = 0, 1
BLOCK = 2**16  # rows drawn at a time
DYADIC = 2**20  # random numerators over this are exact in float64, and so are their products


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
    P = _empty(n_states, n_actions, name, "; sparse=True needs less")
    successors = np.empty((*shape, branching), dtype=np.int64)
    for s in range(n_states):
        order = np.argsort(rng.random((n_actions, n_states)), axis=1)
        successors[s] = order[:, :branching]
    cuts = np.sort(rng.random((*shape, branching - 1)), axis=2)
    np.put_along_axis(P, successors, np.diff(cuts, prepend=0.0, append=1.0), axis=2)
    return MDP(Owned(P), rng.random(shape), gamma, name=name)


def _empty(n_states, n_actions, name, advice="") -> np.ndarray:
    """A table (S, A, S) of zeros, if it fits into memory with what it takes to check it."""
    needed = 10 * n_states * n_actions * n_states
    refuse_beyond_memory(needed, f"the dense P of {name}{advice}")
    return np.zeros((n_states, n_actions, n_states))


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
    P = _empty(n_states, n_actions, name)
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
    P = _empty(n_states, n_actions, name)
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


def bandit(means, gamma=0.0) -> MDP:
    """A K-armed bandit: one state, whose action k pays ``means[k]``.

    References
    ----------
    Sutton and Barto (2018), Reinforcement learning: an introduction, chapter 2.
    """
    r = real_array("means", means)
    if r.ndim != 1 or r.size == 0:
        raise ValueError(f"means has shape {r.shape}; expected (K,) with K >= 1")
    return MDP(np.ones((1, r.size, 1)), r[None], gamma, name=f"Bandit({r.size})")


def two_armed_bandit(gap=0.5, gamma=0.0) -> MDP:
    """A bandit whose arm 0 pays ``gap`` and whose arm 1 pays 0, so that A*(1) is exactly -gap."""
    gap = check_number("gap", gap, 0, kind=Real, open_ends=True)
    return MDP(np.ones((1, 2, 1)), [[gap, 0.0]], gamma, name=f"TwoArmedBandit({gap})")


def chain(n_states, gamma, slip=0.1) -> MDP:
    """A walk on a line, left (action 0) or right (1), that pays 1 per push on its right end.

    With probability ``slip`` the other move is made. Pushing left on the left end, or right on
    the right end, stays there. For slip < 1/2 the optimal policy is always right.

    References
    ----------
    After Dearden, Friedman and Russell (1998), Bayesian Q-learning; here left is one step back
    and unpaid.
    """
    n_states = check_number("n_states", n_states, 2)
    slip, name = check_number("slip", slip, 0, 1, kind=Real), f"Chain({n_states})"
    P = _empty(n_states, 2, name)
    for s in range(n_states):
        left, right = max(s - 1, 0), min(s + 1, n_states - 1)
        P[s, LEFT, [left, right]] = P[s, RIGHT, [right, left]] = 1 - slip, slip
    r = np.zeros((n_states, 2))
    r[-1] = slip, 1 - slip
    return MDP(Owned(P), r, gamma, name=name)


def river_swim(n_states=6, gamma=0.95) -> MDP:
    """RiverSwim: left (action 0) is certain and pays 0.005 at the left end; right (1) struggles.

    Swimming right advances with probability 0.35, stays with 0.6 and drifts back with 0.05; at
    the left end it advances with 0.6, at the right end it stays with 0.6, and pays 1 there.

    References
    ----------
    Strehl and Littman (2008), An analysis of model-based interval estimation for Markov decision
    processes; probabilities and rewards of Osband, Russo and Van Roy (2013), (More) efficient
    reinforcement learning via posterior sampling.
    """
    n_states = check_number("n_states", n_states, 2)
    P = _empty(n_states, 2, f"RiverSwim({n_states})")
    for s in range(n_states):
        P[s, LEFT, max(s - 1, 0)] = 1
        if 0 < s < n_states - 1:
            P[s, RIGHT, s - 1 : s + 2] = 0.05, 0.6, 0.35
    P[0, RIGHT, :2] = 0.4, 0.6
    P[-1, RIGHT, -2:] = 0.4, 0.6
    r = np.zeros((n_states, 2))
    r[0, LEFT], r[-1, RIGHT] = 0.005, 1.0
    return MDP(Owned(P), r, gamma, name=f"RiverSwim({n_states})")


def gridworld(height, width, gamma, slip=0.1, sparse=False) -> MDP:
    """A grid in which entering the last cell pays 1, once: that cell is absorbing and pays 0.

    Cells are numbered row by row; actions are up, right, down, left. With probability ``slip``
    the move is turned by a quarter, to either side equally; a move into a wall stays. With
    ``sparse``, P is built and kept in compressed rows.

    References
    ----------
    Sutton and Barto (2018), Reinforcement learning: an introduction, chapters 3 and 4.
    """
    height, width = check_number("height", height, 1), check_number("width", width, 1)
    slip = check_number("slip", slip, 0, 1, kind=Real)
    goal, name = height * width - 1, f"Gridworld({height}x{width})"
    if checked_flag("sparse", sparse):
        refuse_beyond_memory(400 * (goal + 1), f"the sparse P of {name}")
        moves = _grid_moves(height, width)
        P = _slippery_rows(moves, slip)
        r = P[:, [goal]].toarray().reshape(moves.shape)
    else:
        table = _empty(goal + 1, 4, name, "; sparse=True needs less")
        moves = _grid_moves(height, width)
        _add_slippery_moves(table, moves, slip)
        r, P = table[:, :, goal].copy(), Owned(table)
    r[goal] = 0
    return MDP(P, r, gamma, name=name)


def _add_slippery_moves(P, moves, slip):
    """Fill a table of zeros: 1 - slip to the chosen move, slip / 2 to either neighbour of it."""
    states, actions = np.arange(len(moves))[:, None], np.arange(4)
    for turn in (1, -1):
        np.add.at(P, (states, actions, np.roll(moves, turn, axis=1)), 0.5)
    P *= slip
    np.add.at(P, (states, actions, moves), 1 - slip)


def _grid_moves(height, width) -> np.ndarray:
    """(S, 4) where up, right, down and left lead; the last cell is never left."""
    row, column = np.divmod(np.arange(height * width)[:, None], width)
    to_row = np.clip(row + [-1, 0, 1, 0], 0, height - 1)
    to_column = np.clip(column + [0, 1, 0, -1], 0, width - 1)
    moves = to_row * width + to_column
    moves[-1] = height * width - 1
    return moves


def _slippery_rows(moves, slip) -> compressed.csr_array:
    """Rows of a sparse grid: 1 - slip to the chosen move, slip / 2 to either neighbour of it."""
    S, A = moves.shape
    successors = np.stack([moves, np.roll(moves, 1, axis=1), np.roll(moves, -1, axis=1)], axis=2)
    data = np.broadcast_to([1 - slip, slip / 2, slip / 2], successors.shape).copy()
    data[-1] = [1, 0, 0]
    indices, indptr = successors.astype(np.int32).reshape(-1), np.arange(0, 12 * S + 1, 3)
    P = compressed.csr_array((data.reshape(-1), indices, indptr), shape=(S * A, S))
    P.sum_duplicates()
    P.eliminate_zeros()
    return P


def deep_sea(size, gamma=0.99) -> MDP:
    """DeepSea: only ``size`` moves right in a row, each at a cost, reach the treasure.

    A diver starts in the top left cell (all of rho; mu is uniform) and sinks one row per step,
    one column to the left (action 0) or to the right (1, at cost 0.01 / size). Moving right in
    the bottom right cell pays 1 on top. Leaving the last row ends in an absorbing state of
    reward 0, numbered size**2; cells are numbered row by row. Moving right everywhere returns
    ``gamma**(size - 1) - (0.01 / size) * sum(gamma**t for t in range(size))``.

    References
    ----------
    Osband, Van Roy, Russo and Wen (2019), Deep exploration via randomized value functions.
    """
    size = check_number("size", size, 1)
    end = size * size
    P = _empty(end + 1, 2, f"DeepSea({size})")
    P[end, :, end] = 1
    for cell in range(end):
        row, column = divmod(cell, size)
        for a, to_column in [(LEFT, max(column - 1, 0)), (RIGHT, min(column + 1, size - 1))]:
            P[cell, a, (row + 1) * size + to_column if row + 1 < size else end] = 1
    r = np.zeros((end + 1, 2))
    r[:end, RIGHT] = -0.01 / size
    r[end - 1, RIGHT] += 1
    start = np.eye(end + 1)[0]
    return MDP(Owned(P), r, gamma, rho=start, name=f"DeepSea({size})")


def _generator(seed, n_states, n_actions) -> tuple[int, int, np.random.Generator]:
    n_states = check_number("n_states", n_states, 1)
    n_actions = check_number("n_actions", n_actions, 1)
    return n_states, n_actions, np.random.default_rng(check_number("seed", seed, 0))
