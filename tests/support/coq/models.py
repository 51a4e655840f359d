"""Small rational MDPs to export."""

from __future__ import annotations

from fractions import Fraction

from tabular_pg.certified import RationalMDP

THIRD = Fraction(1, 3)


def table_mdp(n_states, n_actions, seed, denominator=10) -> RationalMDP:
    """Rows and rewards of tenths, by a recurrence: small numbers, in no order, some rows tied."""
    state = seed

    def draw(n):
        nonlocal state
        state = (1103515245 * state + 12345) % 2**31
        return (state >> 16) % n

    def row():
        counts = [0] * n_states
        for _ in range(denominator):
            counts[draw(n_states)] += 1
        return [Fraction(c, denominator) for c in counts]

    P = [[row() for _ in range(n_actions)] for _ in range(n_states)]
    r = [[Fraction(draw(11), 10) for _ in range(n_actions)] for _ in range(n_states)]
    return RationalMDP(P, r, Fraction(9, 10), name=f"tenths {seed}")


def tied() -> RationalMDP:
    """Two routes of the same worth: ties that no row shows."""
    P = [[[0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 1]]]
    return RationalMDP(P, [[0, Fraction(-1, 2)], [1, 1], [Fraction(14, 9), 0]], Fraction(9, 10))


def all_optimal() -> RationalMDP:
    """Nothing is lost by any action: there is no Delta."""
    return RationalMDP([[[1, 0], [0, 1]], [[0, 1], [1, 0]]], [[1, 1], [1, 1]], Fraction(1, 3))


def of_the_docs() -> RationalMDP:
    """That of the page on Coq."""
    P = [[[1, 0], [THIRD, 2 * THIRD]], [[0, 1], [1, 0]]]
    return RationalMDP(P, [[1, 0], [Fraction(-1, 2), 2]], Fraction(9, 10))


def two_arms(gamma=Fraction(1, 2)) -> RationalMDP:
    return RationalMDP([[[1], [1]]], [[1, 0]], gamma)
