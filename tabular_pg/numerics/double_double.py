"""Sums of two floats: about 32 digits, for the few places where 16 are not enough.

Error-free transformations after Dekker (1971) and Knuth; see Hida, Li and Bailey, "Library for
double-double and quad-double arithmetic" (2007).
"""

from __future__ import annotations

import math

from tabular_pg._jit import njit_borrowing


@njit_borrowing
def two_sum(a, b):
    """``(s, t)`` with ``s = fl(a + b)`` and ``s + t = a + b`` exactly."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


@njit_borrowing
def two_product(a, b):
    """``(p, t)`` with ``p = fl(a b)`` and ``p + t = a b`` exactly (no overflow assumed)."""
    p = a * b
    c = 134217729.0 * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = 134217729.0 * b
    b_high = c - (c - b)
    b_low = b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit_borrowing
def add(a, a_low, b, b_low):
    """``(high, low)`` of the sum of two numbers that are given so."""
    s, t = two_sum(a, b)
    return two_sum(s, t + a_low + b_low)


@njit_borrowing
def multiply(a, a_low, b, b_low):
    """The same of their product."""
    p, t = two_product(a, b)
    return two_sum(p, t + (a * b_low + a_low * b))


@njit_borrowing
def divide(a, a_low, b, b_low):
    """The same of their quotient."""
    first = a / b
    p, p_low = multiply(first, 0.0, b, b_low)
    rest, rest_low = add(a, a_low, -p, -p_low)
    return two_sum(first, (rest + rest_low) / b)


@njit_borrowing
def add_successor(sums, p, v, v_low, own, own_low):
    """``sums`` after the successor of probability ``p`` and value ``v``: of p (v - own), and p."""
    mean, mean_low, mass, mass_low = sums
    step, step_low = add(v, v_low, -own, -own_low)
    step, step_low = multiply(step, step_low, p, 0.0)
    mean, mean_low = add(mean, mean_low, step, step_low)
    mass, mass_low = add(mass, mass_low, p, 0.0)
    return mean, mean_low, mass, mass_low


@njit_borrowing
def advantage(sums, r, gamma, kept, kept_low):
    """``r + gamma mean / mass - kept`` as a pair of floats; 0 for an all-zero row."""
    mean, mean_low, mass, mass_low = sums
    if mass == 0.0:
        return 0.0, 0.0
    mean, mean_low = divide(mean, mean_low, mass, mass_low)
    mean, mean_low = multiply(mean, mean_low, gamma, 0.0)
    mean, mean_low = add(mean, mean_low, -kept, -kept_low)
    return add(mean, mean_low, r, 0.0)


@njit_borrowing
def advantages(P, r, gamma, ends, V, V_low, high, low):
    """Fill ``high + low`` (S, A) with ``r + gamma P V - V``; rows of P are divided by their sums.

    Where episodes end, ``ends`` (S, A) is another entry of the row, of a state that is worth 0; it
    is None else. Entries of unavailable actions, whose rows are all zero, are 0.
    """
    S, A = r.shape
    one, one_low = two_sum(1.0, -gamma)
    for s in range(S):
        kept, kept_low = multiply(one, one_low, V[s], V_low[s])
        for a in range(A):
            sums = (0.0, 0.0, 0.0, 0.0)
            for t in range(S):
                if P[s, a, t] > 0.0:
                    sums = add_successor(sums, P[s, a, t], V[t], V_low[t], V[s], V_low[s])
            if ends is not None:
                sums = add_successor(sums, ends[s, a], 0.0, 0.0, V[s], V_low[s])
            high[s, a], low[s, a] = advantage(sums, r[s, a], gamma, kept, kept_low)


@njit_borrowing
def sparse_advantages(model, r, gamma, ends, V, V_low, high, low):
    """``advantages`` for a ``SparseModel``."""
    S, A = r.shape
    one, one_low = two_sum(1.0, -gamma)
    for s in range(S):
        kept, kept_low = multiply(one, one_low, V[s], V_low[s])
        for a in range(A):
            sums = _sparse_sums(model, ends, V, V_low, s, a)
            high[s, a], low[s, a] = advantage(sums, r[s, a], gamma, kept, kept_low)


@njit_borrowing
def sparse_residual(model, r, gamma, ends, V, V_low, chosen, out):
    """Fill ``out`` (S,) with the same for the actions ``chosen`` (S,) alone, as floats."""
    one, one_low = two_sum(1.0, -gamma)
    for s in range(V.size):
        kept, kept_low = multiply(one, one_low, V[s], V_low[s])
        sums = _sparse_sums(model, ends, V, V_low, s, chosen[s])
        high, low = advantage(sums, r[s, chosen[s]], gamma, kept, kept_low)
        out[s] = high + low


@njit_borrowing
def _sparse_sums(model, ends, V, V_low, s, a):
    sums, row = (0.0, 0.0, 0.0, 0.0), s * model.n_actions + a
    for k in range(model.indptr[row], model.indptr[row + 1]):
        t = model.indices[k]
        if model.data[k] > 0.0:
            sums = add_successor(sums, model.data[k], V[t], V_low[t], V[s], V_low[s])
    if ends is not None:
        sums = add_successor(sums, ends[s, a], 0.0, 0.0, V[s], V_low[s])
    return sums


@njit_borrowing
def accumulate(V, V_low, step):
    """Add the vector ``step`` to ``V + V_low`` in place."""
    for s in range(V.size):
        V[s], V_low[s] = add(V[s], V_low[s], step[s], 0.0)


LOG2, LOG2_LOW = 0.6931471805599453, 2.3190468138462996e-17
HALVINGS, TERMS = 9, 8  # of the argument of exp, each undone by a squaring; of its series


@njit_borrowing
def exp(x, x_low):
    """e^x as a pair of floats, for -700 <= x <= 700; 0 below.

    The argument is reduced by multiples of log 2 and halved nine times; what its exponential has
    above 1 is a short series, doubled up as (1 + y)^2 - 1 = 2 y + y^2.
    """
    if x < -700.0:
        return 0.0, 0.0
    n = math.floor(x / LOG2 + 0.5)
    shift, shift_low = multiply(LOG2, LOG2_LOW, n, 0.0)
    r, r_low = add(x, x_low, -shift, -shift_low)
    r, r_low = math.ldexp(r, -HALVINGS), math.ldexp(r_low, -HALVINGS)
    y, y_low, term, term_low = r, r_low, r, r_low
    for i in range(2, TERMS + 1):
        term, term_low = multiply(term, term_low, r, r_low)
        term, term_low = divide(term, term_low, float(i), 0.0)
        y, y_low = add(y, y_low, term, term_low)
    for _ in range(HALVINGS):
        square, square_low = multiply(y, y_low, y, y_low)
        y, y_low = add(2.0 * y, 2.0 * y_low, square, square_low)
    y, y_low = add(y, y_low, 1.0, 0.0)
    return math.ldexp(y, int(n)), math.ldexp(y_low, int(n))


@njit_borrowing
def log(x, x_low):
    """log x as a pair of floats, for x > 0: one step of Newton's method."""
    n = 0
    if not 1e-300 < x < 1e300:  # so that its inverse is a normal number
        n = -1000 if x > 1.0 else 1000
        x, x_low = math.ldexp(x, n), math.ldexp(x_low, n)
    guess = math.log(x)
    e, e_low = exp(-guess, 0.0)
    e, e_low = multiply(e, e_low, x, x_low)
    e, e_low = add(e, e_low, -1.0, 0.0)
    shift, shift_low = multiply(LOG2, LOG2_LOW, float(-n), 0.0)
    high, low = add(guess, 0.0, e - 0.5 * e * e, e_low)
    return add(high, low, shift, shift_low)


@njit_borrowing
def ahead_of_top(A, A_low, tau, high, low, s):
    """The largest entry of row ``s``; fill that of ``high + low`` with A less it, over tau."""
    top = 0
    for a in range(A.shape[1]):
        if A[s, a] > A[s, top] or (A[s, a] == A[s, top] and A_low[s, a] > A_low[s, top]):
            top = a
    for a in range(A.shape[1]):
        if A[s, a] == -math.inf:
            high[s, a], low[s, a] = -math.inf, 0.0
            continue
        x, x_low = add(A[s, a], A_low[s, a], -A[s, top], -A_low[s, top])
        high[s, a], low[s, a] = divide(x, x_low, tau, 0.0)
    return top


@njit_borrowing
def soft_residual(A, A_low, tau, mean, precise, high, low, out):
    """Fill ``high + low`` (S, A) with A less its maximum, divided by tau, and ``out`` (S,) with
    max A / tau + the log of the sum of its exponentials, or of their mean, without those of -inf.
    """
    for s in range(A.shape[0]):
        top, count = ahead_of_top(A, A_low, tau, high, low, s), 0
        total, total_low, excess = 0.0, 0.0, 0.0
        for a in range(A.shape[1]):
            if high[s, a] == -math.inf:
                continue
            count += 1
            if precise:
                e, e_low = exp(high[s, a], low[s, a])
                total, total_low = add(total, total_low, e, e_low)
            else:
                excess += math.expm1(high[s, a])
        lead, lead_low = divide(A[s, top], A_low[s, top], tau, 0.0)
        if precise:
            total, total_low = divide(total, total_low, float(count) if mean else 1.0, 0.0)
            total, total_low = log(total, total_low)
            out[s] = add(lead, lead_low, total, total_low)[0]
        else:
            out[s] = lead + math.log1p(excess / count) + (0.0 if mean else math.log(count))
