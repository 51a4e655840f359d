"""Dense systems ``(I - gamma P_pi) x = b``, eliminated anew or by what earlier policies left."""

from __future__ import annotations

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.numerics.systems.elimination import (
    UNBLOCKED,
    backward_error_bound,
    eliminate,
    eliminate_blocks,
    solve,
    solve_adjoint,
)
from tabular_pg.numerics.systems.products import fill_slack, transitions
from tabular_pg.numerics.systems.refinement import (
    corrected,
    is_due,
    nothing_earlier,
    remember,
    renew,
    visits_are_corrected,
)
from tabular_pg.numerics.systems.solver import Solver, solve_in_parts


class DenseSolver:
    """Solves ``(I - gamma P_pi) x = b`` and the adjoint for one policy after another.

    Parameters
    ----------
    P : (S, A, S) array
    gamma : float
    solver : Solver.ELIMINATION or Solver.REUSE
    ends : (S, A) array, optional
        See ``MDP``.

    Attributes
    ----------
    model : P.
    N : (S, S) ``gamma P_pi``; whoever fills it by other means than ``update`` calls ``renew`` with
        the policy.
    kind : the Solver in use.
    backward_error : the largest componentwise backward error of an accepted solution; for
        eliminations, which need no check, a bound on it.
    factorizations, refinements : how many.
    """

    def __init__(self, P, gamma, solver, ends=None):
        S = P.shape[0]
        self.model, self.kind, self.backward_error, self.factorizations = P, solver, 0.0, 0
        self._gamma, self._ends = gamma, ends
        self._slack = 1.0 - gamma if ends is None else np.empty(S)  # of all rows, or of each
        self.N, self._pivot = np.empty((S, S)), None
        self._eliminated = False  # whether N holds the factors of this very policy
        self._visits = visits_are_corrected(gamma, ends)
        self._earlier = nothing_earlier(S) if solver is Solver.REUSE else None

    @property
    def refinements(self) -> int:
        """How many corrections there were."""
        return 0 if self._earlier is None else int(self._earlier.count[1])

    def update(self, pi):
        """The systems are those of the policy ``pi`` (S, A)."""
        pi = np.ascontiguousarray(pi)
        transitions(self.model, self._gamma, pi, self.N)
        self.renew(pi)

    def renew(self, pi):
        """``N`` has become that of the policy ``pi``."""
        if self._ends is not None:
            fill_slack(self._gamma, self._ends, pi, self._slack)
        self._eliminated = False

    def solve(self, b, alike=False):
        """Overwrite ``b`` by x with ``(I - gamma P_pi) x = b``; nonnegative if ``b`` is.

        ``alike`` says that it follows from those before, where that was said, too.
        """
        self._solve(b, False, alike)

    def solve_adjoint(self, c, alike=False):
        """Overwrite ``c`` by y with ``(I - gamma P_pi)^T y = c``, likewise."""
        self._solve(c, True, alike)

    def _solve(self, b, adjoint, alike):
        reuse = self._earlier is not None and (self._visits or not adjoint)
        if reuse and not self._eliminated:
            if b.min() < 0:
                solve_in_parts(lambda part: self._solve(part, adjoint, False), b)
                return
            if self._corrected(b, adjoint, alike):
                return
        if not self._eliminated:
            self._eliminate(self.N)
            self._eliminated = True
        (solve_adjoint if adjoint else solve)(self.N, self._pivot, b)
        self.backward_error = max(self.backward_error, backward_error_bound(b.size))
        if alike and self._earlier is not None:
            remember(self._earlier, adjoint, b)

    def _corrected(self, b, adjoint, alike):
        """Whether ``b`` was overwritten by means of an inverse, an earlier one or a new one."""
        earlier, system = self._earlier, (self.N, self._slack, b, alike)
        if not corrected(earlier, adjoint, *system):
            if not is_due(earlier):
                return False
            factors = self.N.astype(np.float32)
            self._eliminate(factors)
            renew(earlier, factors, self._pivot)
            if not corrected(earlier, adjoint, *system):
                return False
        self.backward_error = max(self.backward_error, float(earlier.backward_error[0]))
        if alike:
            remember(earlier, adjoint, b)
        return True

    def _eliminate(self, N):
        kernel = eliminate if len(N) <= UNBLOCKED else eliminate_blocks
        slack = np.full(len(N), self._slack, N.dtype)
        self._pivot = np.empty(len(N), N.dtype)
        kernel(N, self._pivot, slack)
        self.factorizations += 1


@njit
def solve_each(P, gamma, ends, policies, c):
    """Overwrite the rows of ``c`` (K, S) by the solutions of the adjoint systems of so many
    policies (K, S, A) of few states."""
    S = c.shape[1]
    N, pivot, slack = np.empty((S, S)), np.empty(S), np.empty(S)
    for k in range(c.shape[0]):
        transitions(P, gamma, policies[k], N)
        fill_slack(gamma, ends, policies[k], slack)
        eliminate(N, pivot, slack)
        solve_adjoint(N, pivot, c[k])


@njit
def solve_rows(P, gamma, ends, pi, b):
    """Overwrite the rows of ``b`` (K, S) by solutions of the systems of one policy, likewise."""
    S = b.shape[1]
    N, pivot, slack = np.empty((S, S)), np.empty(S), np.empty(S)
    transitions(P, gamma, pi, N)
    fill_slack(gamma, ends, pi, slack)
    eliminate(N, pivot, slack)
    for k in range(b.shape[0]):
        solve(N, pivot, b[k])
