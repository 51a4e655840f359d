"""Classical MDPs: bandits, chains, grids and the deep sea."""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy import sparse as compressed

from tabular_pg._machine import empty_table, refuse_beyond_memory
from tabular_pg.checks.arrays import real_array
from tabular_pg.checks.numbers import check_number, checked_flag
from tabular_pg.mdps.mdp import MDP
from tabular_pg.mdps.sources import from_literature
from tabular_pg.mdps.transitions import Owned

LEFT, RIGHT = 0, 1


@from_literature("sutton2018")
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


@from_literature("dearden1998")
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
    P = empty_table(n_states, 2, name)
    for s in range(n_states):
        left, right = max(s - 1, 0), min(s + 1, n_states - 1)
        P[s, LEFT, [left, right]] = P[s, RIGHT, [right, left]] = 1 - slip, slip
    r = np.zeros((n_states, 2))
    r[-1] = slip, 1 - slip
    return MDP(Owned(P), r, gamma, name=name)


@from_literature("strehl2008", "osband2013")
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
    P = empty_table(n_states, 2, f"RiverSwim({n_states})")
    for s in range(n_states):
        P[s, LEFT, max(s - 1, 0)] = 1
        if 0 < s < n_states - 1:
            P[s, RIGHT, s - 1 : s + 2] = 0.05, 0.6, 0.35
    P[0, RIGHT, :2] = 0.4, 0.6
    P[-1, RIGHT, -2:] = 0.4, 0.6
    r = np.zeros((n_states, 2))
    r[0, LEFT], r[-1, RIGHT] = 0.005, 1.0
    return MDP(Owned(P), r, gamma, name=f"RiverSwim({n_states})")


@from_literature("sutton2018")
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
        table = empty_table(goal + 1, 4, name, "; sparse=True needs less")
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
    indices = successors.astype(np.int32).reshape(-1)
    indptr = np.arange(0, 12 * S + 1, 3, dtype=np.int32)  # a wider one would widen the indices
    P = compressed.csr_array((data.reshape(-1), indices, indptr), shape=(S * A, S))
    P.sum_duplicates()
    P.eliminate_zeros()
    return P


@from_literature("osband2019")
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
    P = empty_table(end + 1, 2, f"DeepSea({size})")
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
