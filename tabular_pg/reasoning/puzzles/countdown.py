"""Countdown and the Game of 24: combine numbers, two at a time, until the target is left.

A state is the multiset of the numbers that are left, in exact arithmetic; a step takes two of them
and puts back their sum, difference, product or quotient, until one is left. Puzzles share the
states that they have in common.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb, prod
from numbers import Integral, Rational

import numpy as np

from tabular_pg.checks.numbers import check_flag, check_number, checked_list, is_real, shown
from tabular_pg.reasoning.episodic import EpisodicMDP
from tabular_pg.reasoning.puzzles.arithmetic import Arithmetic, Steps, combinations, number
from tabular_pg.reasoning.puzzles.sizes import refuse_size

MAX_NUMBERS = 6
LARGEST = 10**300  # of what is shown in a name
MERGE = "; merge=False is the tree of prefixes"


def countdown(numbers, target=24, merge=True) -> EpisodicMDP:
    """Every way to combine the numbers; the reward is 1 where the last one is the target.

    Two numbers are chosen by their values: equal ones are not told apart. A step is one of at most
    6 expressions on them: sum, product, differences and quotients in both orders, which for equal
    numbers are the same and count once; there is no division by 0. Steps that happen to have the
    same result (2 + 2 and 2 * 2) remain different actions.

    Parameters
    ----------
    numbers : sequence of int, or sequence of these
        One puzzle of 2 to 6 integers >= 1, or several, of one length: one root each, in order.
    target : int or Fraction
    merge : bool
        Whether states with the same numbers are one. Otherwise a state is the sequence of steps
        that led there, what a language model sees; such a tree has a root for every puzzle, too.

    Raises
    ------
    ValueError
        Names the argument, the first offending index, its value and what was expected; for too
        large problems also their size.
    """
    puzzles, target = _checked_puzzles(numbers), _checked_target(target)
    check_flag("merge", merge, MERGE)
    arithmetic = Arithmetic([], {}, [], {})
    roots = [tuple(sorted(number(arithmetic, Fraction(n)) for n in p)) for p in puzzles]
    _refuse_twice(puzzles, roots)
    offsets, ptr, successor, operation, states = _enumerate(arithmetic, roots)
    steps = Steps(
        arithmetic.values,
        arithmetic.operations,
        states,
        np.array(successor, dtype=np.int64),
        np.array(operation, dtype=np.int64),
    )
    wanted = (arithmetic.numbers.get(target),)
    mdp = EpisodicMDP(
        offsets,
        ptr,
        steps.successor,
        [float(state == wanted) for state in states],
        name=_name(puzzles, target),
        edge_label=steps.edge,
        state_label=steps.state,
    )
    return mdp if merge else mdp.unfold()


def game_of_24(solvable=True, merge=True) -> EpisodicMDP:
    """All puzzles of four numbers from 1 to 13, the 1,362 solvable ones or all 1,820, in order.

    Parameters
    ----------
    solvable : bool
        Whether to keep the puzzles that have a solution only.
    merge : bool
        As for ``countdown``; the tree of the solvable ones has 5 million states.
    """
    check_flag("solvable", solvable)
    check_flag("merge", merge, MERGE)
    mdp = countdown(list(combinations_with_replacement(range(1, 14), 4)))
    if solvable:
        mdp = mdp.subproblem(np.flatnonzero(mdp.optimal_value()[: mdp.n_roots] > 0))
    return mdp if merge else mdp.unfold()


def _enumerate(arithmetic, level):
    """Level by level, all states that are reached and all steps between them."""
    offsets, ptr, successor, operation, states = [0], [0], [], [], []
    while level:
        states.extend(level)
        offsets.append(len(states))
        found = {}  # the states of the next level, in the order in which they are met
        for state in level:
            for result, rest, index in _steps(arithmetic, state):
                following = tuple(sorted((*rest, result)))
                successor.append(len(states) + found.setdefault(following, len(found)))
                operation.append(index)
            ptr.append(len(successor))
            refuse_size("numbers", len(successor), "fewer puzzles")
        level = list(found)
    return offsets, ptr, successor, operation, states


def _steps(arithmetic, state):
    """(result, the other numbers, operation) of every step from a state."""
    pairs = {}
    for j in range(1, len(state)):
        for i in range(j):
            pairs.setdefault((state[i], state[j]), (i, j))
    for (a, b), (i, j) in pairs.items():
        rest = (*state[:i], *state[i + 1 : j], *state[j + 1 :])
        for result, index in combinations(arithmetic, a, b):
            yield result, rest, index


def _checked_puzzles(numbers) -> list[tuple[int, ...]]:
    """The puzzles as tuples of ints, of one length from 2 to 6."""
    given, kinds = numbers, "integers, such as [1, 1, 4, 6], or of such sequences"
    try:
        numbers = checked_list("numbers", numbers, kinds)
        texts = [given, *numbers]
        if any(isinstance(text, str | bytes) for text in texts):
            raise TypeError
        single = not numbers or not hasattr(numbers[0], "__len__")
        puzzles = [tuple(numbers)] if single else [tuple(puzzle) for puzzle in numbers]
    except TypeError:
        raise ValueError(f"numbers is {shown(given)}; expected a sequence of {kinds}") from None
    for i, puzzle in enumerate(puzzles):
        name = "numbers" if single else f"numbers[{i}]"
        if len(puzzle) != len(puzzles[0]) or len(puzzle) < 2:
            expected = "at least 2" if len(puzzle) < 2 else f"{len(puzzles[0])}, as in numbers[0]"
            raise ValueError(f"{name} has length {len(puzzle)}; expected {expected}")
        _refuse_length(name, len(puzzle))
        for j, n in enumerate(puzzle):
            check_number(f"{name}[{j}]", n, 1, kind=Integral)
    return [tuple(int(n) for n in puzzle) for puzzle in puzzles]


def _refuse_length(name, length):
    if length > MAX_NUMBERS:
        leaves = prod(6 * comb(k, 2) for k in range(2, length + 1))
        raise ValueError(
            f"{name} has length {length}; expected at most {MAX_NUMBERS}: one puzzle "
            f"of that length has up to {leaves:,} sequences of steps"
        )


def _refuse_twice(puzzles, roots):
    first = {}
    for i, root in enumerate(roots):
        if first.setdefault(root, i) != i:
            raise ValueError(
                f"numbers[{i}] is {puzzles[i]}, the same puzzle as numbers[{first[root]}]; "
                "expected each once"
            )


def _checked_target(target) -> Fraction:
    if isinstance(target, Rational) and is_real(target):
        fraction = Fraction(int(target.numerator), int(target.denominator))
        if max(abs(fraction.numerator), fraction.denominator) < LARGEST:
            return fraction
    raise ValueError(
        f"target is {shown(target)}; expected an integer or a Fraction, of less than 300 digits"
    )


def _name(puzzles, target) -> str:
    if len(puzzles) == 1:
        return f"Countdown({' '.join(map(str, puzzles[0]))} -> {target})"
    return f"Countdown({len(puzzles[0])} numbers -> {target})"
