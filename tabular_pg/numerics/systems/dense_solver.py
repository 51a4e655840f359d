"""Dense systems ``(I - gamma P_pi) x = b``, eliminated anew or by the factors of an earlier policy.

Policies of successive iterates are close, so the float32 factors of an earlier one, used as an
approximate inverse, refine a solution to full float64 accuracy in a few steps of O(S^2) each. A
step is judged by the componentwise backward error, ``|b - M x| <= omega (|M| x + b)``, which
bounds the relative error of every entry of x by a multiple of omega / (1 - gamma). New factors
are computed when refinement has cost as much as they do (the ski-rental rule: never more than
twice the best schedule).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas

from tabular_pg._jit import njit_reordered
from tabular_pg.numerics.systems.compressed_rows import worst
from tabular_pg.numerics.systems.elimination import (
    UNBLOCKED,
    eliminate,
    eliminate_blocks,
)
from tabular_pg.numerics.systems.products import transitions
from tabular_pg.numerics.systems.solver import Solver, solve_in_parts

_TRIANGULAR = {"d": blas.dtrsv, "f": blas.strsv}
EPS = np.finfo(float).eps
ACCEPTED = 16 * EPS  # componentwise backward error
PRICE = 64  # states for which a float32 factorization costs as much as one refinement step
PATIENCE = 30  # refinement steps with fresh factors
FAILURES = 3  # in a row, after which refinement is given up


class DenseSolver:
    """Solves ``(I - gamma P_pi) x = b`` and the adjoint for one policy after another.

    Parameters
    ----------
    P : (S, A, S) array
    gamma : float
    solver : Solver.ELIMINATION or Solver.REUSE

    Attributes
    ----------
    model : P.
    N : (S, S) ``gamma P_pi``; whoever fills it by other means than ``update`` calls ``renew``.
    kind : the Solver in use: REUSE gives way to ELIMINATION where refinement does not converge.
    backward_error : the largest componentwise backward error of an accepted solution; for
        eliminations, which need no check, a bound on it.
    factorizations, refinements : how many.
    """

    def __init__(self, P, gamma, solver):
        S = P.shape[0]
        self.N = np.empty((S, S))
        self.kind = solver
        self.backward_error, self.factorizations, self.refinements = 0.0, 0, 0
        self.model, self._gamma = P, gamma
        self._slack = 1.0 - gamma
        self._exact = None  # factors of this very policy, in float64
        self._stale = None  # factors of this or an earlier policy, in float32
        self._budget = 0.0  # steps beyond the usual number that new factors would cost
        self._usual = self._failures = 0
        self._residual, self._scale = np.empty(S), np.empty(S)

    def update(self, pi):
        """The systems are those of the policy ``pi`` (S, A)."""
        transitions(self.model, self._gamma, np.ascontiguousarray(pi), self.N)
        self.renew()

    def renew(self):
        """``N`` has changed."""
        self._exact = None

    def solve(self, b):
        """Overwrite ``b`` by x with ``(I - gamma P_pi) x = b``; nonnegative if ``b`` is."""
        self._solve(b, _back, residual)

    def solve_adjoint(self, c):
        """Overwrite ``c`` by y with ``(I - gamma P_pi)^T y = c``, likewise."""
        self._solve(c, _back_adjoint, adjoint_residual)

    def _solve(self, b, back, rest):
        if self.kind is Solver.REUSE and b.min() < 0:
            solve_in_parts(lambda part: self._solve(part, back, rest), b)
            return
        if self._exact is None and self.kind is Solver.REUSE and self._refined(b, back, rest):
            return
        if self._exact is None:
            self._exact = self._factors(self.N)
        b[:] = back(self._exact, b)
        self.backward_error = max(self.backward_error, backward_error_bound(b.size))

    def _factors(self, N):
        """The factors in ``N``, which they overwrite, in the arrangement of LAPACK."""
        pivot, slack = np.empty(len(N), N.dtype), np.full(len(N), self._slack, N.dtype)
        kernel = eliminate if len(N) <= UNBLOCKED else eliminate_blocks
        kernel(N, pivot, slack)
        np.negative(N, out=N)
        np.fill_diagonal(N, pivot)
        self.factorizations += 1
        return N

    def _refined(self, b, back, rest) -> bool:
        """Whether refinement succeeded; ``b`` is overwritten only then."""
        if self._stale is not None:
            steps = self._refine(b, back, rest, self._usual + self._budget)
            if steps > 0:
                self._budget -= max(steps - self._usual, 0)
                return True
        self._stale = self._factors(self.N.astype(np.float32))
        self._budget = b.size / PRICE
        steps = self._refine(b, back, rest, PATIENCE)
        self._usual = steps if steps > 0 else PATIENCE
        self._failures = 0 if steps > 0 else self._failures + 1
        if self._failures == FAILURES:
            self.kind = Solver.ELIMINATION
        return steps > 0

    def _refine(self, b, back, rest, limit) -> int:
        """The number of steps after which ``b`` was overwritten, or 0: over ``limit`` expected."""
        top = b.max()
        if not 0 < top < np.inf:
            return int(top == 0)
        x, worst = np.zeros(b.size), np.inf
        residual, unit = b, top
        for steps in range(1, int(limit) + 1):
            step = (residual / unit).astype(np.float32)
            x += unit * back(self._stale, step).astype(np.float64)
            self.refinements += 1
            residual = self._residual
            omega = rest(self.N, self._slack, b, x, residual, self._scale)
            if omega <= ACCEPTED and x.min() >= 0:
                self.backward_error = max(self.backward_error, omega)
                b[:] = x
                return steps
            if steps > 1:
                rate = omega / worst
                left = np.log(ACCEPTED / omega) / np.log(rate) if 0 < rate < 1 else np.inf
                if not steps + left <= limit + 1:
                    return 0
            worst, unit = omega, np.abs(residual).max()
        return 0


def _back(factors, b):
    """x with L U x = b. BLAS stores columns: it sees the transposes of both factors."""
    solve = _TRIANGULAR[factors.dtype.char]
    return solve(factors.T, solve(factors.T, b, lower=0, trans=1, diag=1), lower=1, trans=1)


def _back_adjoint(factors, c):
    solve = _TRIANGULAR[factors.dtype.char]
    return solve(factors.T, solve(factors.T, c, lower=1, trans=0), lower=0, trans=0, diag=1)


def backward_error_bound(n_states) -> float:
    """What the componentwise backward error of an elimination is at most, to first order."""
    return 3 * n_states * EPS


@njit_reordered
def residual(N, slack, b, x, out, scale):
    """Fill ``out`` with ``b - M x`` and return ``max |out| / (|M| x + b)``.

    Successors enter as differences ``x(t) - x(s)``: exact in the row sums, and without the part
    that all values have in common.
    """
    omega = 0.0
    for s in range(b.size):
        own, change, mass = x[s], 0.0, 0.0
        for t in range(b.size):
            change += N[s, t] * (x[t] - own)
            mass += N[s, t]
        mass -= N[s, s]
        out[s] = b[s] - slack * own + change
        scale[s] = b[s] + slack * own + change + 2.0 * mass * own
        omega = worst(out[s], abs(scale[s]), omega)
    return omega


@njit_reordered
def adjoint_residual(N, slack, c, y, out, scale):
    """The same for ``c - M^T y``: what leaves a state is what arrives at the others."""
    for s in range(c.size):
        out[s] = c[s]
        scale[s] = c[s]
    for s in range(c.size):
        own, leaving = y[s], 0.0
        for t in range(c.size):
            flow = N[s, t] * own
            out[t] += flow
            scale[t] += flow
            leaving += flow
        leaving += slack * own
        out[s] -= leaving
        scale[s] += leaving - 2.0 * N[s, s] * own
    omega = 0.0
    for s in range(c.size):
        omega = worst(out[s], abs(scale[s]), omega)
    return omega
