"""Tables ``P[s][a]`` of Gymnasium, outcome by outcome, and messages where they are malformed."""

from __future__ import annotations

import operator

import numpy as np

from tabular_pg.checks.numbers import as_float, is_real, shown
from tabular_pg.checks.probabilities import ROW_SUM_TOLERANCE


def table_shape(base, table) -> tuple[int, int]:
    """``(n_states, n_actions)`` of a table of outcomes, else ValueError."""
    if not hasattr(table, "__len__") or not hasattr(table, "__getitem__"):
        raise ValueError(f"P is {shown(table)}; expected P[s][a], a sequence of outcomes")
    n_states = len(table)
    for s in range(n_states):
        if not _has(table, s):
            raise ValueError(f"P has {n_states} states but no P[{s}]; expected states 0..S-1")
        if not hasattr(table[s], "__len__") or not hasattr(table[s], "__getitem__"):
            raise ValueError(f"P[{s}] is {shown(table[s])}; expected the outcomes of every action")
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


def outcomes_of(outcomes, s, a, n_states, renormalize):
    try:
        outcomes = list(outcomes)
    except TypeError:
        raise ValueError(
            f"P[{s}][{a}] is {shown(outcomes)}; expected a sequence of outcomes"
        ) from None
    for outcome in outcomes:
        yield _outcome(outcome, s, a, n_states, renormalize)


def _outcome(outcome, s, a, n_states, renormalize) -> tuple[float, int, float, bool]:
    where = f"an outcome of P[{s}][{a}]"
    try:
        p, successor, reward, terminated = outcome
        right = all(map(is_real, (p, successor, reward))) and _is_flag(terminated)
        successor = operator.index(successor)
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError(
            f"{where} is {shown(outcome)}; expected (probability, next state, reward, terminated)"
        ) from None
    if not 0 <= successor < n_states:
        raise ValueError(
            f"{where} leads to state {shown(successor)}; expected one in 0..{n_states - 1}"
        )
    p, reward = as_float(p), as_float(reward)
    if renormalize and -ROW_SUM_TOLERANCE <= p < 0:
        p = 0.0
    if not p >= 0:  # here, since duplicates may hide it in their sum
        advice = ""
        if -ROW_SUM_TOLERANCE <= p:
            advice = " (pass renormalize=True to take what is negative by rounding for 0)"
        raise ValueError(f"{where} has probability {p}; expected one >= 0{advice}")
    return p, successor, reward, bool(terminated)


def _is_flag(value) -> bool:
    return isinstance(value, bool | np.bool_) or (
        isinstance(value, int | np.integer) and value in (0, 1)
    )
