"""Dense systems ``(I - gamma P_pi) x = b`` of one policy after another, with little elimination.

Policies of successive iterates are close, and so are solutions. The next one is extrapolated from
the last ones and corrected by an approximate inverse, that of an earlier policy in float32, to full
float64 accuracy: a correction is one pass over each of two matrices. At the end two things are
rounding: the componentwise backward error, ``|b - M x| <= omega (|M| x + b)``, which alone would
bound the relative error of an entry by omega / (1 - gamma); and the last correction, entry by
entry, which is that error, as residuals are exact in the row sums.

Where corrections do not converge, or have cost as much as another inverse (the ski-rental rule:
never more than twice the best schedule), the system is eliminated, and a new inverse made from the
factors; where none serves long, ever more rarely.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined, njit_reordered
from tabular_pg.compiled.apart import apart
from tabular_pg.numerics.systems.elimination import UNBLOCKED, add_product
from tabular_pg.numerics.systems.products import adjoint_residual, residual

ACCEPTED = 2.0**-48  # componentwise backward error, 16 units of rounding
LEAST_SLACK = 1e-4  # of every row: below, the rounding of what arrives hides what a visit lacks
SETTLED = 1e-13  # relative size of a correction after which nothing is left to do
ORDERS = 5  # solutions from which the next one is extrapolated
PRICE = 16.0  # corrections that cost as much as an elimination, or an inverse; with few states ...
PRICE_PER_STATE = 0.5  # ... so many times their number
SERVICE = 4  # iterates after which an inverse has paid for itself
LONGEST_PAUSE = 64.0  # eliminations before an inverse is tried again
PANEL = 64  # rows of an inverse that are made together
BUDGET, SERVED, PAUSE, WAIT = range(4)  # places in ``Earlier.plan``


class Earlier(NamedTuple):
    """What earlier iterates have left; axis 0 of three is that of V and of its adjoint d."""

    inverse: np.ndarray  # (S, S) float32, of I - gamma P_pi of an earlier policy
    differences: np.ndarray  # (2, ORDERS, S), backward differences of the last solutions
    order: np.ndarray  # (2,), how many of them would have predicted the last solution best
    usual: np.ndarray  # (2,), most corrections that the first iterates with this inverse took
    x: np.ndarray  # (S,), a candidate
    r: np.ndarray  # (S,), its residual
    step: np.ndarray  # (S,), what that is compared with, and then the correction
    plan: np.ndarray  # (4,), corrections that are left to this inverse and iterates it has served;
    # eliminations between the last one and the next, and how many of them are still to come
    backward_error: np.ndarray  # (1,), the largest that was accepted
    count: np.ndarray  # (2,), how many eliminations and corrections


def nothing_earlier(n_states) -> Earlier:
    """At the start of a run."""
    shapes = [(2, ORDERS, n_states), 2, 2, n_states, n_states, n_states, 4, 1, 2]
    kinds = [float, int, float, float, float, float, float, float, int]
    inverse = np.zeros((n_states, n_states), dtype=np.float32)
    return Earlier(inverse, *map(np.zeros, shapes, kinds))


def visits_are_corrected(gamma, ends) -> bool:
    """Whether corrections find all that visits lack. What leaves states is nearly what arrives if
    gamma is near 1: an error in all of them is then below the rounding of a residual, whereas
    values enter theirs by differences."""
    return ends is None and 1.0 - gamma >= LEAST_SLACK


@njit_inlined
def corrected(earlier, adjoint, N, slack, b, alike):
    """Whether ``b >= 0`` was overwritten by the solution, or that of the adjoint, without
    elimination; if not, the inverse is given up.

    ``slack`` are the row sums, (S,) or the one number that all are. If not ``alike``, earlier
    solutions are no prediction.
    """
    i, steps, omega, before = 1 if adjoint else 0, 0, math.inf, math.inf
    x, r, step, plan, usual = earlier.x, earlier.r, earlier.step, earlier.plan, earlier.usual
    most = min(usual[i] + plan[BUDGET], price(b.size)) if plan[BUDGET] > 0.0 else -1.0
    if most >= 0.0:
        extrapolate(earlier.differences[i], earlier.order[i] if alike else 0, x)
    settled = False
    while most >= 0.0 and not settled:
        if adjoint:
            omega = adjoint_residual(N, slack, b, x, r, step)
        else:
            omega = residual(N, slack, b, x, r, step)
        left = 1.0
        if steps > 1 and omega > ACCEPTED:
            left = math.log(ACCEPTED / omega) / math.log(omega / before)
        if not 0.0 < steps + left <= most or not left > 0.0:  # it grows, or is nan
            most = -1.0
        else:
            product(earlier.inverse, adjoint, r, step)
            settled = add(step, x) and omega <= ACCEPTED and least(x) >= 0.0
            steps, before = steps + 1, omega
    earlier.count[1] += steps
    if most < 0.0:
        plan[BUDGET] = 0.0
        return False
    if plan[SERVED] < SERVICE:
        usual[i] = max(usual[i], steps)
    else:
        plan[BUDGET] -= max(steps - usual[i], 0.0)
    if not adjoint:
        plan[SERVED] += 1.0
    earlier.backward_error[0] = max(earlier.backward_error[0], omega)
    for s in range(b.size):
        b[s] = x[s]
    return True


corrected_apart = apart(corrected)


@njit_inlined
def price(n_states):
    """How many corrections cost as much as an elimination."""
    return min(PRICE, PRICE_PER_STATE * n_states)


@njit_inlined
def least(x):
    """The smallest entry."""
    smallest = x[0]
    for s in range(1, x.size):
        smallest = min(smallest, x[s])
    return smallest


@njit_inlined
def extrapolate(differences, order, x):
    """Fill ``x`` with what earlier solutions predict, by a polynomial of degree ``order - 1``."""
    for s in range(x.size):
        total = 0.0
        for i in range(order):
            total += differences[i, s]
        x[s] = max(total, 0.0)


@njit_inlined
def remember(earlier, adjoint, x):
    """Keep a solution for the next prediction, whose degree is what would have served best now."""
    i = 1 if adjoint else 0
    differences, order, smallest = earlier.differences[i], 1, math.inf
    for s in range(x.size):
        new = x[s]
        for j in range(ORDERS):
            differences[j, s], new = new, new - differences[j, s]
    for j in range(1, ORDERS):
        largest = 0.0
        for s in range(x.size):
            largest = max(largest, abs(differences[j, s]))
        if largest < smallest:
            order, smallest = j, largest
    earlier.order[i] = order


@njit_inlined
def is_due(earlier):
    """Whether this elimination is to be followed by another inverse."""
    plan = earlier.plan
    earlier.count[0] += 1
    if plan[WAIT] == 0.0 and earlier.count[0] > 1:
        served = plan[SERVED] >= SERVICE
        plan[PAUSE] = 0.0 if served else min(max(1.0, 2.0 * plan[PAUSE]), LONGEST_PAUSE)
        plan[WAIT] = plan[PAUSE]
    plan[WAIT] -= 1.0 if plan[WAIT] > 0.0 else 0.0
    return plan[WAIT] == 0.0


@njit_inlined
def renew(earlier, N, pivot):
    """Make another inverse, from these factors."""
    invert(N, pivot, earlier.inverse)
    earlier.plan[BUDGET], earlier.plan[SERVED] = price(pivot.size), 0.0
    earlier.usual[0], earlier.usual[1] = 0.0, 0.0


renew_apart = apart(renew)


@njit_reordered
def product(inverse, adjoint, r, out):
    """Fill ``out`` with the product of the inverse, or of its transpose, with ``r``."""
    for s in range(out.size):
        out[s] = 0.0
    for s in range(out.size):
        if adjoint:
            own = r[s]
            for t in range(out.size):
                out[t] += inverse[s, t] * own
        else:
            total = 0.0
            for t in range(out.size):
                total += inverse[s, t] * r[t]
            out[s] = total


@njit_inlined
def add(step, x):
    """Add ``step`` to ``x``; whether that is but rounding, entry by entry."""
    settled = True
    for s in range(x.size):
        x[s] += step[s]
        settled = settled and abs(step[s]) <= SETTLED * abs(x[s])
    return settled


@njit_reordered
def invert(N, pivot, inverse):
    """Fill ``inverse`` from the factors in ``N``, as sums of nonnegative terms: by panels, what is
    above, or below, by a matrix product."""
    S = pivot.size
    size = S if S <= UNBLOCKED else PANEL
    inverse[:] = 0.0
    for low in range(0, S, size):
        high = min(low + size, S)
        if low > 0:
            left = N[low:high, :low].astype(np.float32)
            add_product(inverse[low:high, :low], left, inverse[:low, :low])
        for i in range(low, high):
            inverse[i, i] = 1.0
            for k in range(low, i):
                factor = np.float32(N[i, k])
                for j in range(k + 1):
                    inverse[i, j] += factor * inverse[k, j]
    for low in range((S - 1) // size * size, -1, -size):
        high = min(low + size, S)
        if high < S:
            right = N[low:high, high:].astype(np.float32)
            add_product(inverse[low:high], right, inverse[high:])
        for i in range(high - 1, low - 1, -1):
            for k in range(i + 1, high):
                factor = np.float32(N[i, k])
                for j in range(S):
                    inverse[i, j] += factor * inverse[k, j]
            share = np.float32(1.0 / pivot[i])
            for j in range(S):
                inverse[i, j] *= share
