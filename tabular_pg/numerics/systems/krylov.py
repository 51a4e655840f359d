"""Krylov methods for a matrix known by its products only.

Both run on the *scaled* residual that their caller hands in and return a correction; whether it
helped is for the caller to find out, from the true residual.
"""

from __future__ import annotations

import numpy as np

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


def bicgstab(apply, r, shadow, products, reduction):
    """``(z, factor)`` with ``|r - apply(z)|`` about ``factor |r|``, after at most ``products``.

    The best iterate is returned, also if the recursion breaks down or stops making progress. The
    shadow vector must have nothing to do with ``r``: for ``r`` a unit vector, as on a grid with
    one rewarding goal, the usual choice ``shadow = r`` breaks down in the second step.

    References
    ----------
    van der Vorst (1992), Bi-CGSTAB.
    """
    z, r, size = np.zeros_like(r), r.copy(), np.linalg.norm(r)
    best, kept, kept_at = z.copy(), 1.0, 0
    p, v, t = np.zeros_like(r), np.zeros_like(r), np.empty_like(r)
    rho = alpha = omega = 1.0
    with np.errstate(all="ignore"):  # a breakdown shows as a factor that is not finite
        for used in range(2, products + 1, 2):
            previous, rho = rho, shadow @ r
            p -= omega * v
            p *= (rho / previous) * (alpha / omega)
            p += r
            apply(p, v)
            alpha = rho / (shadow @ v)
            r -= alpha * v
            apply(r, t)
            square = t @ t
            omega = (t @ r) / square if square > 0 else 0.0
            z += alpha * p
            z += omega * r
            r -= omega * t
            factor = np.linalg.norm(r) / size
            if factor < 0.5 * kept:
                best[:], kept, kept_at = z, factor, used
            if not np.isfinite(factor) or factor <= reduction or used - kept_at > STALL:
                break
    return best, kept
