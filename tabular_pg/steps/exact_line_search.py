"""The step that makes V(mu) largest along the path of a step, as far as a search can find it."""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.search import TAKEN, line_search
from tabular_pg.references import cited
from tabular_pg.steps.armijo import ROUNDING

START, END, UP, DOWN, LEFT, RIGHT, BEST = range(7)  # what a trial was made for
GOLDEN = 0.5 * (3.0 - math.sqrt(5.0))  # where an interval is cut
LEAST = 1e-300  # steps below move nothing
(PHASE, BEST_ETA, BEST_GAP, LOW, MIDDLE, MIDDLE_GAP, HIGH, LEFT_ETA, LEFT_GAP, RIGHT_ETA,
 RIGHT_GAP) = range(11)  # fmt: skip


@cited("bhandari2021")
class ExactLineSearch(NamedTuple):
    """The best step in (0, ``largest``] that a line search finds, as in the exact line search of
    Bhandari and Russo (2021).

    Tried are the step that was taken last (at k = 0, or after one of ``largest``, ``first`` or half
    of ``largest``), then ``largest``, then twice or half as long ones for as long as V(mu) grows,
    and then, by golden section in log eta, those between the neighbours of the best of these, until
    they differ by the factor 1 + ``tolerance``. Of all that were tried the one with the smallest
    gap under mu is taken: V(mu) never falls, and rises by at least as much as for ``largest``. That
    is a local maximum along the path, and the maximum if there is no other.
    """

    largest: float = 1e9
    tolerance: float = 1e-3
    first: float = 1.0

    def refuse(self):
        """ValueError unless ``largest`` <= 1e200 and ``tolerance`` >= 1e-12."""
        if self.largest > 10**200:  # integers, as fields may be rational numbers
            raise ValueError(f"eta.largest is {self.largest}; expected a number in (0, 1e200]")
        if 10**12 * self.tolerance < 1:
            raise ValueError(f"eta.tolerance is {self.tolerance}; expected a number >= 1e-12")


def propose(step, k, last):
    """Where the search begins."""
    return last if 0.0 < last < step.largest else min(step.first, 0.5 * step.largest)


@line_search(ExactLineSearch, propose=propose, notes=11)
def exact_line_search(step, problem, point, trial, notes):
    """The step to try next, TAKEN for the best of all, 0 if none makes V(mu) larger."""
    before, gap, moves = 0.0, 0.0, False
    for s in range(trial.gap.size):
        before += problem.mu[s] * trial.gap[s]
        gap += problem.mu[s] * trial.next_gap[s]
        for a in range(trial.change.shape[1]):
            moves = moves or trial.change[s, a] != 0.0
    if notes[PHASE] == BEST or before == 0.0 or gap == 0.0:
        return TAKEN
    if not gap >= 0.0:  # a step that has led out of the policies
        gap = math.inf
    if notes[PHASE] == START or gap < notes[BEST_GAP]:
        notes[BEST_ETA], notes[BEST_GAP] = trial.eta, gap
    bar = before * (1.0 + ROUNDING)
    eta = bracketing(step, trial.eta, gap, moves, bar, notes)
    if eta == 0.0:
        eta = narrowing(step, trial.eta, gap, notes)
    if eta > 0.0:
        return eta
    if notes[BEST_GAP] > bar:
        return 0.0
    notes[PHASE] = BEST
    return TAKEN if notes[BEST_ETA] == trial.eta else notes[BEST_ETA]


@njit_inlined
def bracketing(step, eta, gap, moves, bar, notes):
    """The next step on the way to an interval that ends below and above a better one; 0 once
    ``notes`` have it."""
    if notes[PHASE] == START:
        notes[MIDDLE], notes[MIDDLE_GAP], notes[HIGH] = eta, gap, step.largest
        notes[PHASE] = END
        return step.largest
    if notes[PHASE] == UP:
        if gap < notes[MIDDLE_GAP] or not moves:
            notes[LOW], notes[MIDDLE], notes[MIDDLE_GAP] = notes[MIDDLE], eta, gap
        else:
            notes[HIGH] = eta
    if notes[PHASE] == DOWN:
        if moves and (gap <= notes[MIDDLE_GAP] or notes[MIDDLE_GAP] > bar):
            notes[HIGH], notes[MIDDLE], notes[MIDDLE_GAP] = notes[MIDDLE], eta, gap
        else:
            notes[LOW] = eta
    if notes[PHASE] <= UP and notes[HIGH] == step.largest and 2.0 * notes[MIDDLE] < step.largest:
        notes[PHASE] = UP
        return 2.0 * notes[MIDDLE]
    if notes[PHASE] <= DOWN and notes[LOW] == 0.0 and notes[MIDDLE] > LEAST:
        notes[PHASE] = DOWN
        return 0.5 * notes[MIDDLE]
    return 0.0


@njit_inlined
def narrowing(step, eta, gap, notes):
    """The next step of a golden section of log eta; 0 at its end."""
    if notes[PHASE] < LEFT:
        notes[PHASE], notes[RIGHT_GAP] = LEFT, math.nan
        notes[LOW] = max(notes[LOW], LEAST)
        notes[LEFT_ETA], notes[RIGHT_ETA] = cut(notes, GOLDEN), cut(notes, 1.0 - GOLDEN)
        return notes[LEFT_ETA]
    notes[LEFT_GAP if notes[PHASE] == LEFT else RIGHT_GAP] = gap
    if notes[RIGHT_GAP] != notes[RIGHT_GAP]:
        notes[PHASE] = RIGHT
        return notes[RIGHT_ETA]
    if notes[HIGH] <= notes[LOW] * (1.0 + step.tolerance):
        return 0.0
    if notes[LEFT_GAP] <= notes[RIGHT_GAP]:
        notes[PHASE], notes[HIGH] = LEFT, notes[RIGHT_ETA]
        notes[RIGHT_ETA], notes[RIGHT_GAP] = notes[LEFT_ETA], notes[LEFT_GAP]
        notes[LEFT_ETA] = cut(notes, GOLDEN)
        return notes[LEFT_ETA]
    notes[PHASE], notes[LOW] = RIGHT, notes[LEFT_ETA]
    notes[LEFT_ETA], notes[LEFT_GAP] = notes[RIGHT_ETA], notes[RIGHT_GAP]
    notes[RIGHT_ETA] = cut(notes, 1.0 - GOLDEN)
    return notes[RIGHT_ETA]


@njit_inlined
def cut(notes, part):
    """The step that leaves this part of the interval, in logarithms, below it."""
    return notes[LOW] * math.exp(part * math.log(notes[HIGH] / notes[LOW]))
