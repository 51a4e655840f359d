"""Krylov methods for a matrix known by its products only.

Both run on the preconditioned residual that their caller hands in and return a correction; whether
it helped is for the caller to find out, from the true residual.
"""

from __future__ import annotations

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.numerics.blocks import BLOCK, by_rows, dot, sums_by_rows

VECTORS = 5  # that BiCGSTAB works on beside the residual and its shadow
STALL = 400  # products without any progress after which BiCGSTAB is stopped


def gmres(apply, r, basis, reduction):
    """``(z, factor)`` with ``|r - apply(z)| = factor |r|``, least over ``len(basis) - 1`` products.

    Arnoldi with twofold Gram-Schmidt, Givens rotations; ends early once ``factor <= reduction``.

    Parameters
    ----------
    apply : function of (v, out), fills ``out`` with the product
    r : (S,) nonzero
    basis : (m + 1, S), overwritten
    reduction : float

    References
    ----------
    Saad and Schultz (1986), GMRES.
    """
    m = len(basis) - 1
    H, g, turns = np.zeros((m + 1, m)), np.zeros(m + 1), np.zeros((m, 2))
    size = g[0] = np.linalg.norm(r)
    np.divide(r, size, out=basis[0])
    for j in range(m):
        w = basis[j + 1]
        apply(basis[j], w)
        for _ in range(2):
            h = basis[: j + 1] @ w
            H[: j + 1, j] += h
            w -= h @ basis[: j + 1]
        rest = np.linalg.norm(w)
        for i in range(j):
            _rotate(H[i : i + 2, j], *turns[i])
        length = np.hypot(H[j, j], rest)
        turns[j] = (H[j, j] / length, rest / length) if length > 0 else (1.0, 0.0)
        H[j, j] = length
        _rotate(g[j : j + 2], *turns[j])
        if rest == 0 or abs(g[j + 1]) <= reduction * size:
            break
        w /= rest
    n = j + 1 if length > 0 else j
    y = np.zeros(n)
    for i in reversed(range(n)):
        y[i] = (g[i] - H[i, i + 1 : n] @ y[i + 1 :]) / H[i, i]
    return y @ basis[:n], abs(g[j + 1]) / size


def _rotate(pair, cosine, sine):
    pair[:] = cosine * pair[0] + sine * pair[1], cosine * pair[1] - sine * pair[0]


def bicgstab(apply, r, shadow, vectors, products, reduction):
    """``(z, factor)`` with ``|r - apply(z)|`` about ``factor |r|``, after at most ``products``;
    ``r`` is overwritten, and so are ``vectors``, of which ``z`` is one.

    The best iterate is returned, also if the recursion breaks down or stops making progress. The
    shadow vector must have nothing to do with ``r``: for ``r`` a unit vector, as on a grid with
    one rewarding goal, the usual choice ``shadow = r`` breaks down in the second step.

    References
    ----------
    van der Vorst (1992), Bi-CGSTAB.
    """
    best, z, p, v, t = vectors
    for vector in (best, z, p, v):
        vector.fill(0.0)
    size, kept, kept_at = np.linalg.norm(r), 1.0, 0
    rho, alpha, omega = 1.0, 1.0, 1.0
    (following,) = sums_by_rows(_dot, r.size, 1, shadow, r)
    with np.errstate(all="ignore"):  # a breakdown shows as a factor that is not finite
        for used in range(2, products + 1, 2):
            previous, rho = rho, following
            beta = np.divide(rho, previous) * np.divide(alpha, omega)
            by_rows(_turn, r.size, p, r, v, beta, omega)
            apply(p, v)
            alpha = np.divide(rho, *sums_by_rows(_dot, r.size, 1, shadow, v))
            by_rows(_add, r.size, r, -alpha, v)
            apply(r, t)
            along, square = sums_by_rows(_dots, r.size, 2, r, t)
            omega = along / square if square > 0 else 0.0
            square, following = sums_by_rows(_advance, r.size, 2, z, r, p, t, shadow, alpha, omega)
            factor = np.sqrt(square) / size
            if factor < 0.5 * kept:
                best[:], kept, kept_at = z, factor, used
            if not np.isfinite(factor) or factor <= reduction or used - kept_at > STALL:
                break
    return best, kept


@njit
def _turn(p, r, v, beta, omega, low, high):
    """``p = r + beta (p - omega v)``."""
    for i in range(low, high):
        p[i] = r[i] + beta * (p[i] - omega * v[i])


@njit
def _add(r, factor, v, low, high):
    """``r += factor v``."""
    for i in range(low, high):
        r[i] += factor * v[i]


@njit
def _dot(a, b, sums, low, high):
    """The sum is ``a @ b``."""
    for start in range(low, high, BLOCK):
        sums[start // BLOCK, 0] = dot(a, b, start, min(start + BLOCK, high))


@njit
def _dots(a, b, sums, low, high):
    """The sums are ``a @ b`` and ``b @ b``."""
    for start in range(low, high, BLOCK):
        stop = min(start + BLOCK, high)
        sums[start // BLOCK, 0] = dot(a, b, start, stop)
        sums[start // BLOCK, 1] = dot(b, b, start, stop)


@njit
def _advance(z, r, p, t, shadow, alpha, omega, sums, low, high):
    """``z += alpha p + omega r``, ``r -= omega t``; the sums are ``r @ r`` and ``shadow @ r``."""
    for start in range(low, high, BLOCK):
        stop = min(start + BLOCK, high)
        for i in range(start, stop):
            z[i] += alpha * p[i] + omega * r[i]
            r[i] -= omega * t[i]
        sums[start // BLOCK, 0] = dot(r, r, start, stop)
        sums[start // BLOCK, 1] = dot(shadow, r, start, stop)
