"""Systems ``(I - gamma P_pi) x = b`` of one policy after another, inside a compiled loop.

Policies of successive iterates are close, and so are solutions. The next one is extrapolated from
the last ones and corrected by an approximate inverse, that of an earlier policy in float32, until
the componentwise backward error is that of rounding: each correction is two passes over a matrix,
where an elimination takes S / 3 of them. Where corrections do not converge, or have cost as much as
another inverse (the ski-rental rule: never more than twice the best schedule), the system is
eliminated, and a new inverse made from the factors; where none serves long, ever more rarely.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined, njit_reordered
from tabular_pg.numerics.systems.dense_solver import ACCEPTED, adjoint_residual, residual

ORDERS = 5  # solutions from which the next one is extrapolated
PRICE = 3  # states for which an elimination, or an inverse, costs as much as one correction
SERVICE = 4  # iterates after which an inverse has paid for itself
LONGEST_PAUSE = 64  # eliminations before an inverse is tried again


class Earlier(NamedTuple):
    """What earlier iterates have left; axis 0 of three is that of V and of its adjoint d."""

    inverse: np.ndarray  # (S, S) float32, of I - gamma P_pi of an earlier policy
    differences: np.ndarray  # (2, ORDERS, S), backward differences of the last solutions
    order: np.ndarray  # (2,), how many of them would have predicted the last solution best
    usual: np.ndarray  # (2,), most corrections that the first iterates with this inverse took
    x: np.ndarray  # (S,), a candidate
    r: np.ndarray  # (S,), its residual
    scale: np.ndarray  # (S,), what that is compared with
    plan: np.ndarray  # see below
    backward_error: np.ndarray  # (1,), the largest that was accepted
    count: np.ndarray  # (2,), how many eliminations and corrections


BUDGET, SERVED, PAUSE, WAIT = range(4)  # of ``plan``: corrections that are left to the inverse,
# iterates that it served, eliminations between this one and the next, and how many are to come


def nothing_earlier(n_states) -> Earlier:
    """At the start of a run."""
    shapes = [(2, ORDERS, n_states), 2, 2, n_states, n_states, n_states, 4, 1, 2]
    kinds = [float, int, float, float, float, float, float, float, int]
    inverse = np.zeros((n_states, n_states), dtype=np.float32)
    return Earlier(inverse, *map(np.zeros, shapes, kinds))


@njit_inlined
def corrected(earlier, adjoint, N, slack, b, alike):
    """Whether ``b`` was overwritten by the solution, or that of the adjoint, without elimination.

    If not ``alike``, earlier solutions are in other units, and of no use.
    """
    i = 1 if adjoint else 0
    x, r, plan, usual = earlier.x, earlier.r, earlier.plan, earlier.usual
    most = min(usual[i] + plan[BUDGET], b.size / PRICE)
    extrapolate(earlier.differences[i], earlier.order[i] if alike else 0, x)
    steps, before = 0, math.inf
    while True:
        if adjoint:
            omega = adjoint_residual(N, slack, b, x, r, earlier.scale)
        else:
            omega = residual(N, slack, b, x, r, earlier.scale)
        if omega <= ACCEPTED and least(x) >= 0.0:
            break
        left = 1.0
        if steps > 1:
            left = math.log(ACCEPTED / omega) / math.log(omega / before)
            if not left > 0.0:  # it grows, or is nan
                return False
        if not steps + left <= most:
            return False
        correct(earlier.inverse, adjoint, r, x)
        steps, before = steps + 1, omega
    if plan[SERVED] < SERVICE:
        usual[i] = max(usual[i], steps)
    else:
        plan[BUDGET] -= max(steps - usual[i], 0.0)
    earlier.backward_error[0] = max(earlier.backward_error[0], omega)
    earlier.count[1] += steps
    for s in range(b.size):
        b[s] = x[s]
    return True


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
    """Keep a solution for the next prediction."""
    i = 1 if adjoint else 0
    differences, order, least = earlier.differences[i], 1, math.inf
    for s in range(x.size):
        new = x[s]
        for j in range(ORDERS):
            differences[j, s], new = new, new - differences[j, s]
    for j in range(1, ORDERS):
        largest = 0.0
        for s in range(x.size):
            largest = max(largest, abs(differences[j, s]))
        if largest < least:
            order, least = j, largest
    earlier.order[i] = order


@njit_reordered
def correct(inverse, adjoint, r, x):
    """Add to ``x`` the product of the inverse, or of its transpose, with ``r``."""
    for s in range(x.size):
        if adjoint:
            own = r[s]
            for t in range(x.size):
                x[t] += inverse[s, t] * own
        else:
            total = 0.0
            for t in range(x.size):
                total += inverse[s, t] * r[t]
            x[s] += total


@njit_inlined
def renew(earlier, N, pivot):
    """After an elimination: make another inverse of its factors, if it is time."""
    plan = earlier.plan
    earlier.count[0] += 1
    if plan[WAIT] == 0.0:  # the last one, if there is one, is given up
        plan[BUDGET] = 0.0
        if plan[SERVED] >= SERVICE:
            plan[PAUSE] = 0.0
        elif earlier.count[0] > 1:
            plan[PAUSE] = min(max(1.0, 2.0 * plan[PAUSE]), LONGEST_PAUSE)
        plan[WAIT] = plan[PAUSE]
    if plan[WAIT] > 0.0:
        plan[WAIT] -= 1.0
        return
    invert(N, pivot, earlier.inverse)
    plan[BUDGET], plan[SERVED] = pivot.size / PRICE, 0.0
    earlier.usual[0], earlier.usual[1] = 0.0, 0.0


@njit_reordered
def invert(N, pivot, inverse):
    """Fill ``inverse`` from the factors in ``N``, as sums of nonnegative terms."""
    S = pivot.size
    for i in range(S):
        for j in range(S):
            inverse[i, j] = 0.0
        inverse[i, i] = 1.0
        for k in range(i):
            factor = np.float32(N[i, k])
            for j in range(k + 1):
                inverse[i, j] += factor * inverse[k, j]
    for i in range(S - 1, -1, -1):
        for k in range(i + 1, S):
            factor = np.float32(N[i, k])
            for j in range(S):
                inverse[i, j] += factor * inverse[k, j]
        share = np.float32(1.0 / pivot[i])
        for j in range(S):
            inverse[i, j] *= share
