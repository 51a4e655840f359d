"""Toy-text environments of Gymnasium as MDPs, from their own transition tables."""

from __future__ import annotations

import operator

import numpy as np

from tabular_pg.mdp import MDP


def from_gymnasium(env, gamma, *, name=None) -> MDP:
    """The MDP of a toy-text environment: the table ``env.unwrapped.P``, episode ends included.

    A transition flagged ``terminated`` leads to one absorbing state of reward 0, appended last;
    so what the table holds for a terminal state is never reached. Outcomes with the same
    successor add up, rewards become the expectation for (s, a), ``initial_state_distrib`` (if
    any) becomes rho, and mu is uniform. Time limits, which are not part of the table, do not cut
    episodes short.

    Parameters
    ----------
    env
        An environment object; wrapped or not. Only ``env.unwrapped`` is looked at, in it
        ``P[s][a]``, a sequence of (probability, next state, reward, terminated).
    gamma : float
        Discount factor in [0, 1).
    name : str, optional
        How figures and tables call the MDP; the environment's id by default.

    Raises
    ------
    ValueError
        If there is no such table or an entry of it is malformed.

    References
    ----------
    Towers et al. (2024), Gymnasium: a standard interface for reinforcement learning environments.
    """
    base = getattr(env, "unwrapped", None)
    table = getattr(base, "P", None)
    if table is None:
        raise ValueError(
            f"env is {env!r}, which has no table env.unwrapped.P; expected a toy-text environment "
            "object, such as gymnasium.make('FrozenLake-v1')"
        )
    n_states, n_actions = _table_shape(base, table)
    P = np.zeros((n_states + 1, n_actions, n_states + 1))
    r = np.zeros((n_states + 1, n_actions))
    P[n_states, :, n_states] = 1
    for s in range(n_states):
        for a in range(n_actions):
            for outcome in table[s][a]:
                p, successor, reward, terminated = _outcome(outcome, s, a, n_states)
                P[s, a, n_states if terminated else successor] += p
                r[s, a] += p * reward
    if not P[:n_states, :, n_states].any():  # nothing ends: no state to add
        P, r = P[:n_states, :, :n_states], r[:n_states]
    if name is None:
        spec = getattr(base, "spec", None)
        name = spec.id if spec is not None else type(base).__name__
    return MDP(P, r, gamma, rho=_initial(base, n_states, len(P)), name=name)


def frozen_lake(size=4, gamma=0.99) -> MDP:
    """Gymnasium's slippery FrozenLake, 4x4 or 8x8: reach the far corner, avoid the holes.

    Needs the extra ``gymnasium``; see :func:`from_gymnasium`.
    """
    if size not in (4, 8):
        raise ValueError(f"size is {size!r}; expected 4 or 8, the maps that Gymnasium has")
    map_name = f"{size}x{size}"
    name = f"FrozenLake {map_name}"
    return _made(["FrozenLake-v1"], gamma, name, map_name=map_name, is_slippery=True)


def taxi(gamma=0.99) -> MDP:
    """Gymnasium's Taxi: pick the passenger up and drop them off, on a 5x5 grid with walls.

    Needs the extra ``gymnasium``; see :func:`from_gymnasium`.

    References
    ----------
    Dietterich (2000), Hierarchical reinforcement learning with the MAXQ value function
    decomposition.
    """
    return _made(["Taxi-v4", "Taxi-v3"], gamma, "Taxi")


def cliff_walking(gamma=0.99) -> MDP:
    """Gymnasium's CliffWalking: walk 4x12 cells along a cliff that costs 100 and a restart.

    Needs the extra ``gymnasium``; see :func:`from_gymnasium`.

    References
    ----------
    Sutton and Barto (2018), Reinforcement learning: an introduction, example 6.6.
    """
    return _made(["CliffWalking-v1", "CliffWalking-v0"], gamma, "CliffWalking")


def _made(ids, gamma, name, **options) -> MDP:
    try:
        import gymnasium
    except ImportError as error:
        raise ImportError(
            "this instance needs Gymnasium: pip install tabular_pg[gymnasium]"
        ) from error
    known = [name for name in ids if name in gymnasium.registry]  # old releases, old versions
    env = gymnasium.make(known[0], **options)
    mdp = from_gymnasium(env, gamma, name=name)
    env.close()
    return mdp


def _table_shape(base, table) -> tuple[int, int]:
    n_states = len(table)
    for s in range(n_states):
        if not _has(table, s):
            raise ValueError(f"P has {n_states} states but no P[{s}]; expected states 0..S-1")
        if len(table[s]) != len(table[0]):
            raise ValueError(
                f"P[{s}] has {len(table[s])} actions; expected {len(table[0])}, as P[0] has"
            )
        for a in range(len(table[0])):
            if not _has(table[s], a):
                raise ValueError(f"P[{s}] has no action {a}; expected actions 0..A-1")
    n_actions = len(table[0]) if n_states else 0
    if n_actions == 0:
        raise ValueError(f"P has {n_states} states and no action; expected at least one of each")
    for space, size in [("observation_space", n_states), ("action_space", n_actions)]:
        expected = getattr(getattr(base, space, None), "n", size)
        if size != expected:
            raise ValueError(f"P has {size} entries for the {space}; expected {expected}")
    return n_states, n_actions


def _has(entries, key) -> bool:
    return key in entries if hasattr(entries, "keys") else key < len(entries)


def _outcome(outcome, s, a, n_states) -> tuple[float, int, float, bool]:
    where = f"an outcome of P[{s}][{a}]"
    try:
        p, successor, reward, terminated = outcome
        p, successor, reward = float(p), operator.index(successor), float(reward)
    except (TypeError, ValueError):
        raise ValueError(
            f"{where} is {outcome!r}; expected (probability, next state, reward, terminated)"
        ) from None
    if not 0 <= successor < n_states:
        raise ValueError(f"{where} leads to state {successor}; expected one in 0..{n_states - 1}")
    if not p >= 0:  # here, since duplicates may hide it in their sum
        raise ValueError(f"{where} has probability {p}; expected one >= 0")
    return p, successor, reward, bool(terminated)


def _initial(base, n_states, size):
    start = getattr(base, "initial_state_distrib", None)
    if start is None:
        return None
    start = np.asarray(start, dtype=np.float64)
    if start.shape != (n_states,):
        raise ValueError(f"initial_state_distrib has shape {start.shape}; expected ({n_states},)")
    return np.pad(start, (0, size - n_states))
