"""A long calculation modulo a number, as many steps as wanted: the dial of the horizon."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_number
from tabular_pg.reasoning.episodic import EpisodicMDP
from tabular_pg.reasoning.puzzles.sizes import refuse_size


class ModularSteps(NamedTuple):
    """The text of values modulo a number and of the steps between them.

    Attributes
    ----------
    operations : the symbol and the operand of each action.
    values : (S,) the value in each state.
    successor : (E,) where each edge leads.
    """

    modulus: int
    operations: tuple[tuple[str, int], ...]
    values: np.ndarray
    successor: np.ndarray

    __repr__ = compact

    def state(self, s) -> str:
        """The value: ``17``."""
        return str(self.values[s])

    def edge(self, e) -> str:
        """The step and its result: ``17 * 5 = 85 (mod 97)``."""
        s, action = divmod(int(e), len(self.operations))
        symbol, operand = self.operations[action]
        result = self.values[self.successor[e]]
        return f"{self.values[s]} {symbol} {operand} = {result} (mod {self.modulus})"


def modular_chain(horizon, modulus=97, operations=4, seed=0, *, starts=1) -> EpisodicMDP:
    """A calculation of ``horizon`` steps; the reward is 1 where it ends in the target.

    Every step adds one of some constants or multiplies by one, all of them distinct, drawn from the
    seed, and invertible modulo ``modulus``. The starts and the target are drawn, too, the target
    among the values that can be reached from every start. There are ``horizon * modulus`` states
    after the roots: each level has all values, reached or not (``subproblem`` drops what is not).

    Parameters
    ----------
    horizon : int
        At least 1.
    modulus : int
        At least 3; best a prime.
    operations : int
        How many actions every state has, at least 2: half of them, rounded up, are sums.
    starts : int
        How many values to start from: the roots.

    Raises
    ------
    ValueError
        If an argument is out of range, the chain would be too large, there are too few constants
        modulo ``modulus``, or no value can be reached from every start.
    """
    horizon = check_number("horizon", horizon, 1)
    modulus = check_number("modulus", modulus, 3)
    operations = check_number("operations", operations, 2)
    starts = check_number("starts", starts, 1, modulus)
    seed = check_number("seed", seed, 0)
    refuse_size(
        f"horizon {horizon}, modulus {modulus} and {operations} operations",
        operations * modulus * horizon,  # also of a last level, which has none
        "smaller ones",
    )
    rng = np.random.default_rng(seed)
    drawn = _operations(rng, modulus, operations)
    results = np.stack([_apply(np.arange(modulus), *o, modulus) for o in drawn], axis=1)
    first = rng.choice(modulus, starts, replace=False)
    target = _target(rng, results, first, horizon)
    values = np.concatenate([first, np.tile(np.arange(modulus), horizon)])
    n_inner = values.size - modulus
    offsets = np.array([0, *(starts + modulus * np.arange(horizon + 1))])
    following = np.repeat(offsets[1:-1], np.diff(offsets[:-1]))  # where the next level begins
    successor = following[:, None] + results[values[:n_inner]]
    steps = ModularSteps(modulus, drawn, values, successor.ravel())
    return EpisodicMDP(
        offsets,
        operations * np.minimum(np.arange(values.size + 1), n_inner),
        steps.successor,
        (values == target) & (np.arange(values.size) >= n_inner),
        name=f"ModularChain({horizon} steps modulo {modulus} -> {target})",
        edge_label=steps.edge,
        state_label=steps.state,
    )


def _operations(rng, modulus, operations) -> tuple[tuple[str, int], ...]:
    """Sums and products by turns, each with a constant of its own."""
    terms = np.arange(1, modulus)
    factors = np.array([b for b in range(2, modulus) if gcd(b, modulus) == 1])
    counts = (operations + 1) // 2, operations // 2
    if operations > 2 * factors.size + 1:
        raise ValueError(
            f"operations is {operations}; expected at most {2 * factors.size + 1}, because there "
            f"are {factors.size} factors modulo {modulus}"
        )
    terms, factors = (
        rng.choice(each, count, replace=False)
        for each, count in zip((terms, factors), counts, strict=True)
    )
    return tuple(
        ("*", int(factors[i // 2])) if i % 2 else ("+", int(terms[i // 2]))
        for i in range(operations)
    )


def _apply(values, symbol, operand, modulus) -> np.ndarray:
    return (values + operand if symbol == "+" else values * operand) % modulus


def _target(rng, results, starts, horizon) -> int:
    """A value that can be reached from all of the starts in ``horizon`` steps."""
    reached = np.zeros((starts.size, results.shape[0]), dtype=bool)
    reached[np.arange(starts.size), starts] = True
    for _ in range(horizon):
        following = np.zeros_like(reached)
        for column in results.T:  # a permutation of the values
            following[:, column] |= reached
        reached = following
    common = np.flatnonzero(reached.all(axis=0))
    if common.size == 0:
        raise ValueError(
            f"horizon is {horizon}; expected more steps, because no value can be reached from all "
            f"of the {starts.size} starts"
        )
    return int(rng.choice(common))
