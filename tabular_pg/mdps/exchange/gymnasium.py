"""Toy-text environments of Gymnasium, from their own transition tables or by enumeration."""

from __future__ import annotations

import numpy as np
from scipy import sparse as compressed

from tabular_pg.checks.arrays import plain_array, real_array
from tabular_pg.checks.numbers import checked_flag, shown
from tabular_pg.checks.probabilities import distribution
from tabular_pg.mdps.exchange.enumeration import enumerated
from tabular_pg.mdps.exchange.gym_outcomes import outcomes_of, table_shape
from tabular_pg.mdps.exchange.tables import kept
from tabular_pg.mdps.exchange.wrappers import refuse_hidden_options, refuse_wrappers
from tabular_pg.references import cited

STARTS = ("initial_state_distrib", "isd")  # of Gymnasium, and of what came before it


@cited("towers2024")
def from_gymnasium(
    env, gamma, *, name=None, sparse=None, renormalize=False, actions=None, max_states=None
):
    """The MDP of a toy-text environment: the table ``env.unwrapped.P``, episode ends included.

    A transition flagged ``terminated`` leads to one absorbing state of reward 0, appended last;
    so what the table holds for a terminal state is never reached. Outcomes with the same
    successor add up, rewards become the expectation for (s, a), ``initial_state_distrib`` or
    ``isd`` (if any) becomes rho, and mu is uniform. Time limits, which are not part of the table,
    do not cut episodes short.

    An environment without a table, whose ``reset`` and ``step`` draw no random numbers, is
    enumerated if ``max_states`` is given: copies of it take every action from every state that is
    reached. A state is what is observed; ``mdp.labels`` has the observations. Actions that
    ``info["action_mask"]``, if there is one, rules out are not available.

    Parameters
    ----------
    env
        An environment object. Looked at are ``env.unwrapped``, in it ``P[s][a]``, a sequence of
        (probability, next state, reward, terminated), and which wrappers there are.
    gamma : float
        Discount factor in [0, 1).
    name : str, optional
        How figures and tables call the MDP; the environment's id by default.
    sparse : bool, optional
        Whether P is built and kept in compressed rows; by default, if it would have more than
        1e7 entries.
    renormalize : bool
        As for :class:`tabular_pg.MDP`; also takes probabilities in [-1e-12, 0), such as
        1 - 0.8 - 0.2 leaves, for 0.
    actions : array_like of bool (S, A), optional
        Which actions are available in the states of the table. All are by default; those that are
        not have no outcome, or outcomes of probability 0 alone.
    max_states : int, optional
        Most states of an environment without a table, which is refused by default.

    Returns
    -------
    MDP

    Raises
    ------
    ValueError
        If there is no such table or an entry of it is malformed; and, by name, for a wrapper or an
        option that changes transitions or rewards in ``step`` alone, which no table holds; and for
        an environment without a table that is random, shows too little or has too many states.
    MemoryError
        If the table does not fit into memory.

    Warns
    -----
    UserWarning
        If the class overrides ``step`` or ``reset`` of a class of Gymnasium, whose table it has.

    References
    ----------
    Towers et al. (2024), Gymnasium: a standard interface for reinforcement learning environments.
    """
    base = getattr(env, "unwrapped", env)
    table = getattr(base, "P", None)
    if table is None and (max_states is None or not hasattr(base, "step")):
        raise ValueError(
            f"env is {shown(env)}, which has no table env.unwrapped.P; expected a toy-text "
            "environment object, such as gymnasium.make('FrozenLake-v1'), or max_states= to "
            "enumerate one whose steps are not random (MDP.from_function takes probabilities)"
        )
    refuse_wrappers(env, base)
    if name is None:
        spec = getattr(base, "spec", None)
        name = spec.id if spec is not None else type(base).__name__
    if table is None:
        if actions is not None:
            raise ValueError("actions is a mask; expected None for an environment without a table")
        found = enumerated(base, max_states, sparse)
        return {**found, "gamma": gamma, "name": name, "renormalize": renormalize}
    refuse_hidden_options(base)
    n_states, n_actions = table_shape(base, table)
    renormalize = checked_flag("renormalize", renormalize)
    rows, r = _rows(table, n_states, n_actions, renormalize)
    size, actions = len(r), _mask(actions, n_states, n_actions, len(r))
    return {
        "P": kept(rows, n_actions, sparse),
        "r": r,
        "gamma": gamma,
        "rho": _initial(base, n_states, size),
        "name": name,
        "renormalize": renormalize,
        "actions": actions,
    }


def _rows(table, n_states, n_actions, renormalize) -> tuple[compressed.csr_array, np.ndarray]:
    """``(P, r)``, P in compressed rows (s, a), with the state of the end if it is reached."""
    entries, r, ends = [], np.zeros((n_states + 1, n_actions)), False
    for s in range(n_states):
        for a in range(n_actions):
            row = {}
            for p, successor, reward, ended in outcomes_of(
                table[s][a], s, a, n_states, renormalize
            ):
                t = n_states if ended else successor
                row[t] = row.get(t, 0.0) + p
                r[s, a] += p * reward
            ends = ends or row.get(n_states, 0.0) > 0
            entries.append(row)
    size = n_states + 1 if ends else n_states  # nothing ends: no state to add
    entries += [{n_states: 1.0}] * (n_actions * (size - n_states))
    indptr = np.cumsum([0, *map(len, entries)])
    indices = np.array([t for row in entries for t in row], dtype=np.int64)
    data = np.array([p for row in entries for p in row.values()], dtype=np.float64)
    reached = (size * n_actions, n_states + 1)
    P = compressed.csr_array((data, indices, indptr), shape=reached)[:, :size]
    P.sort_indices()
    return P, r[:size]


def _mask(actions, n_states, n_actions, size):
    if actions is None:  # of compressed rows, too, those without an outcome are refused
        return np.ones((size, n_actions), dtype=bool)
    actions = plain_array("actions", actions, "booleans")
    if actions.dtype != bool or actions.shape != (n_states, n_actions):
        raise ValueError(
            f"actions has shape {actions.shape} and type {actions.dtype}; expected bool of shape "
            f"(S, A) = {n_states, n_actions}, for the states of the table"
        )
    return np.pad(actions, ((0, size - n_states), (0, 0)), constant_values=True)


def _initial(base, n_states, size):
    """(size,) the distribution of starts, 0 in the state of the end; None if there is none."""
    known = {name: getattr(base, name, None) for name in STARTS}
    known = {name: given for name, given in known.items() if given is not None}
    if not known:
        return None
    (name, start), *others = ((name, real_array(name, given)) for name, given in known.items())
    for other, given in others:
        if not np.array_equal(start, given):
            raise ValueError(f"{name} and {other} of env differ; expected one distribution")
    if start.shape != (n_states,):
        raise ValueError(f"{name} has shape {start.shape}; expected ({n_states},)")
    return np.pad(distribution(name, start, n_states), (0, size - n_states))
