"""Linear systems solved exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def exact_solve(M, b):
    """Gaussian elimination in fractions."""
    n = len(b)
    rows = [[Fraction(x) for x in M[i]] + [Fraction(b[i])] for i in range(n)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(n):
            if i != k and rows[i][k] != 0:
                factor = rows[i][k] / rows[k][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return np.array([float(rows[i][n] / rows[i][i]) for i in range(n)])


def exact_system(N, slack):
    """I - gamma P with exact row sums ``slack``, whatever the diagonal of N is."""
    M = [[-Fraction(x) for x in row] for row in N]
    for i, row in enumerate(M):
        row[i] = Fraction(slack) - sum(x for j, x in enumerate(row) if j != i)
    return M
