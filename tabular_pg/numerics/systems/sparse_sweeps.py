"""Gauss-Seidel sweeps over ``M x = b`` and ``M^T y = c`` in compressed rows."""

from __future__ import annotations

from tabular_pg._jit import njit
from tabular_pg.numerics.systems.compressed_rows import worst


@njit
def relax(model, values, slack, b, x, earlier, backward):
    """One Gauss-Seidel sweep over ``M x = b``; a nonnegative ``x`` stays so.

    A state moves by a difference of values if it moves little, and else is set anew, by a sum of
    nonnegative terms. Returns ``(omega, size, drift)``: the componentwise backward error and the
    largest residual that the states had when their turn came, and, for a forward sweep and with
    ``earlier`` from ``from_earlier``, the mean of the residual afterwards.
    """
    row, column, S = model.row, model.column, model.n_states
    omega, largest, drift = 0.0, 0.0, 0.0
    for i in range(S):
        s = S - 1 - i if backward else i
        own, total, mass = x[s], b[s], slack[s]
        r = b[s] - mass * own
        for k in range(row[s], row[s + 1]):
            t = column[k]
            if t != s:
                total += values[k] * x[t]
                mass += values[k]
                r += values[k] * (x[t] - own)
        size = mass * abs(own)
        x[s] = own + r / mass if 2.0 * abs(r) < size else total / mass
        drift += (x[s] - own) * earlier[s]
        omega = worst(r, abs(total) + size, omega)
        if abs(r) > largest:
            largest = abs(r)
    return omega, largest, drift / S


@njit
def from_earlier(model, values, out):
    """Fill ``out`` (S,) with the part of the columns of ``gamma P_pi`` above the diagonal.

    A move of state t in a forward sweep leaves residuals in the states before it, and ``out[t]``
    is what they add up to.
    """
    row, column = model.row, model.column
    for s in range(model.n_states):
        out[s] = 0.0
    for s in range(model.n_states):
        for k in range(row[s], row[s + 1]):
            if column[k] > s:
                out[column[k]] += values[k]


@njit
def diagonal(model, values, slack, out):
    """Fill ``out`` (S,) with the diagonal of M: the slack plus what goes to other states."""
    row, column = model.row, model.column
    for s in range(model.n_states):
        out[s] = slack[s]
        for k in range(row[s], row[s + 1]):
            if column[k] != s:
                out[s] += values[k]


@njit
def push(model, values, mass, y, r):
    """One Gauss-Seidel sweep over ``M^T y = c`` that keeps ``r = c - M^T y`` up to date.

    Every state in turn adds to ``y`` what its residual asks for and sends on what follows; each
    entry of P is used once. ``mass`` is from ``diagonal``. Returns ``(omega, size)``: the
    componentwise backward error and the sum of the residuals that the states had at their turn.

    References
    ----------
    McSherry (2005), A uniform approach to accelerated PageRank computation.
    """
    row, column = model.row, model.column
    omega, size = 0.0, 0.0
    for s in range(model.n_states):
        own, before = r[s], y[s]
        omega = worst(own, abs(own) + 2.0 * mass[s] * before, omega)
        size += abs(own)
        y[s] = before + own / mass[s]
        move = y[s] - before
        r[s] = own - mass[s] * move
        for k in range(row[s], row[s + 1]):
            if column[k] != s:
                r[column[k]] += values[k] * move
    return omega, size


@njit
def adjoint_relax(model, values, slack, c, y, work, backward):
    """One Gauss-Seidel sweep over ``M^T y = c``, without a subtraction; ``work`` (S,) is spent.

    First every state sends what it has to the states whose turn comes before its own, then, in
    turn, each collects what it has got and sends it to the others.
    """
    row, column, S = model.row, model.column, model.n_states
    for s in range(S):
        work[s] = c[s]
    for s in range(S):
        for k in range(row[s], row[s + 1]):
            t = column[k]
            if t > s if backward else t < s:
                work[t] += values[k] * y[s]
    for i in range(S):
        s = S - 1 - i if backward else i
        mass = slack[s]
        for k in range(row[s], row[s + 1]):
            if column[k] != s:
                mass += values[k]
        y[s] = work[s] / mass
        for k in range(row[s], row[s + 1]):
            t = column[k]
            if t < s if backward else t > s:
                work[t] += values[k] * y[s]
