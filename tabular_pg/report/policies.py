"""A policy as a table, with the names that the MDP gives to its states and actions."""

from __future__ import annotations

import numpy as np

from tabular_pg._tables import markdown_table
from tabular_pg.checks.arrays import real_array
from tabular_pg.checks.numbers import check_type
from tabular_pg.mdps.mdp import MDP


def policy_table(mdp, policy, values=None) -> str:
    """A row for every state, a column for every action, as Markdown.

    Parameters
    ----------
    mdp : MDP
        Whose ``labels`` are the heads of rows and columns; their numbers, if it has none.
    policy : array_like (S, A)
        Probabilities, as ``run.policies[-1]`` or ``optimum(mdp).optimal``; "-" is written for an
        action that is not available.
    values : array_like (S,), optional
        One more column, V.

    Returns
    -------
    str

    Raises
    ------
    TypeError, ValueError
        If an argument is not of this type or shape; names it.
    """
    check_type("mdp", mdp, MDP)
    policy = _shaped("policy", policy, mdp.r.shape)
    states, actions = mdp.labels or (None, None)
    columns = [str(a) for a in actions or range(mdp.n_actions)]
    rows = [
        [str(state), *(f"{p:.4g}" for p in row)]
        for state, row in zip(states or range(mdp.n_states), policy, strict=True)
    ]
    if mdp.actions is not None:
        for s, a in np.argwhere(~mdp.actions):
            rows[s][1 + a] = "-"
    if values is not None:
        columns.append("V")
        for row, v in zip(rows, _shaped("values", values, mdp.r.shape[:1]), strict=True):
            row.append(f"{v:.6g}")
    return markdown_table(["state", *columns], rows)


def _shaped(name, values, shape):
    values = real_array(name, values)
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}; expected {shape}")
    return values
