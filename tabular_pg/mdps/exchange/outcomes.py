"""What users say of starts and of outcomes, and messages where it cannot be."""

from __future__ import annotations

import math

import numpy as np

from tabular_pg.checks.numbers import as_float, is_real, shown
from tabular_pg.checks.probabilities import ROW_SUM_TOLERANCE


def start_weights(start, states) -> dict:
    """{state: probability} of a list of states, a dict, or one state."""
    if start is None:
        if states is None:
            raise ValueError("start is None; expected a state, a list of states, or states=")
        return {}
    if isinstance(start, list):
        if not start:
            raise ValueError("start is an empty list; expected at least one state")
        start = dict.fromkeys(map(_hashable, start), 1.0 / len(start))
        start = dict.fromkeys(start, 1.0 / len(start))
    elif not isinstance(start, dict):
        start = {_hashable(start): 1.0}
    if not start:
        raise ValueError("start is an empty dict; expected at least one state")
    if None in start:
        raise ValueError("start has the state None, which stands for the end of an episode")
    return start


def _hashable(state):
    try:
        hash(state)
    except TypeError:
        raise TypeError(
            f"start has {shown(state)}, which is not hashable; expected states such as tuples"
        ) from None
    return state


def weights_of(name, weights, numbers) -> np.ndarray:
    """(S,) the weights of {state: weight}, 0 for the others; ValueError for unknown states."""
    found = np.zeros(len(numbers))
    for state, weight in weights.items():
        if state not in numbers:
            raise ValueError(f"{name} has {shown(state)}, which is no state; expected one of them")
        if not is_real(weight) or not 0 <= as_float(weight) < math.inf:
            raise ValueError(
                f"{name}[{shown(state)}] is {shown(weight)}; expected a probability >= 0"
            )
        found[numbers[state]] = weight
    return found


def checked_outcomes(outcomes, where, renormalize) -> list:
    """[(probability > 0, next state, reward)] that add up to 1; the empty list for none."""
    if outcomes is None:
        return []
    try:
        outcomes = list(outcomes)
    except TypeError:
        raise TypeError(
            f"{where} is {shown(outcomes)}; expected a list of (probability, next state, reward)"
        ) from None
    found = [_outcome(outcome, i, where, renormalize) for i, outcome in enumerate(outcomes)]
    total = math.fsum(p for p, _, _ in found)
    if found and not renormalize and abs(total - 1) > ROW_SUM_TOLERANCE * len(found):
        raise ValueError(
            f"{where} has probabilities that add up to {total!r}; expected 1 within "
            f"{ROW_SUM_TOLERANCE * len(found):.0e} (renormalize=True divides them by their sum)"
        )
    return [outcome for outcome in found if outcome[0] > 0]


def _outcome(outcome, i, where, renormalize):
    try:
        p, successor, reward = outcome
    except (TypeError, ValueError):
        raise ValueError(
            f"outcome {i} of {where} is {shown(outcome)}; expected (probability, next state, "
            "reward)"
        ) from None
    if not is_real(p) or not is_real(reward):
        raise ValueError(
            f"outcome {i} of {where} is {shown(outcome)}; expected numbers as probability and "
            "reward"
        )
    p, number = as_float(p), as_float(reward)
    if renormalize and -ROW_SUM_TOLERANCE <= p < 0:
        p = 0.0
    if not 0 <= p < math.inf:
        raise ValueError(f"outcome {i} of {where} has probability {p}; expected one >= 0")
    if not math.isfinite(number):
        raise ValueError(
            f"outcome {i} of {where} has reward {shown(reward)}; expected a finite number"
        )
    return p, successor, number
