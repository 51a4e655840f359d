"""The ways in which ``(I - gamma P_pi) x = b`` is solved."""

from __future__ import annotations

import enum

import numpy as np


class Solver(enum.Enum):
    """How the linear systems of a run were solved; the value says it in words."""

    ELIMINATION = "dense subtraction-free elimination, anew at every iterate"
    REUSE = "dense: extrapolated, corrected by the float32 inverse of an earlier iterate"
    SWEEPS = "sparse Gauss-Seidel sweeps, each followed by a common shift"
    GMRES = "sparse GMRES(30) after elimination without fill-in, restarted on the true residual"
    BICGSTAB = "sparse BiCGSTAB after elimination without fill-in, restarted on the true residual"
    SPARSE_LU = "sparse elimination without pivoting (SuperLU), refined in float64"


def solve_in_parts(solve, b):
    """``solve(b)``, in place, for ``b`` of mixed signs: both of its parts are nonnegative."""
    minus = np.maximum(-b, 0.0)
    np.maximum(b, 0.0, out=b)
    solve(minus)
    solve(b)
    b -= minus
