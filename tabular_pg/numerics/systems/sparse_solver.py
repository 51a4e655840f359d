"""The choice among solvers for sparse systems, made once per run by trying."""

from __future__ import annotations

from itertools import chain

import numpy as np

from tabular_pg.numerics.systems.compressed_rows import transitions
from tabular_pg.numerics.systems.fill_in import Cost, elimination_cost
from tabular_pg.numerics.systems.positive_sums import sum_up
from tabular_pg.numerics.systems.products import fill_slack
from tabular_pg.numerics.systems.solver import Solver, solve_in_parts
from tabular_pg.numerics.systems.sparse_methods import (
    Krylov,
    factorized,
    iterate,
    reduce,
    refine,
    sweep,
)
from tabular_pg.numerics.systems.sparse_system import Check, System

CHEAP = Cost(entries=4e5, work=2e9)  # elimination is tried before Krylov methods
POSSIBLE = Cost(entries=2e8, work=1e11)  # it is tried after them, unless they need more work
SAVED = 2.0  # times its work elimination has to save, to come before them: it takes memory
PROBE = 60  # sweeps after which another solver is tried, ...
ESTABLISHED = 240  # ... and if sweeps have been the best choice so far
ACCEPTED = 1e-14  # componentwise backward error with which no other solver is tried
TOLERATED = 1e-12  # normwise backward error above which no solution is returned
LARGE_RIGHT = 1e-14  # normwise backward error at which the largest entries are right
SMALL_RIGHT = 1e-12  # componentwise backward error above which the smallest are summed up anew
SPARSE = (Solver.SWEEPS, Solver.SPARSE_LU, Solver.GMRES, Solver.BICGSTAB)
KRYLOV = (Solver.GMRES, Solver.BICGSTAB)
MOST_SWEEPS = 1_000_000  # where nothing else is allowed
FAILED = Check(np.inf, np.inf)


class SparseSolver:
    """Solves ``(I - gamma P_pi) x = b`` and the adjoint for one policy after another.

    The first solve tries shifted sweeps, then elimination if the graph lets its factors stay
    small, then GMRES or BiCGSTAB, whichever gains more in a trial, or elimination after all if the
    trial says that it is much faster. What worked is tried first from
    then on; if it no longer reaches a componentwise backward error of 1e-14, all others are tried.
    Where all leave one above 1e-12, because entries differ by many orders, the solution is summed
    up from nonnegative terms, which no solver can do better.

    Parameters
    ----------
    model : SparseModel
    gamma : float
    solver : one of the sparse members of Solver, optional
        The only one to use, however long it takes; entries that a Krylov method gets wrong because
        they are small are summed up all the same.
    ends : (S, A) array, optional
        See ``MDP``.

    Attributes
    ----------
    kind : the Solver that solved the last system; None before the first.
    backward_error : largest componentwise backward error among the accepted solutions, measured
        on them: ``|b - M x| <= backward_error * (|M| |x| + b)`` in every state.
    normwise_error : the same for the normwise one, at most 1e-12.
    factorizations : number of eliminations.

    Raises
    ------
    ValueError
        If ``solver`` is a solver of dense systems.
    """

    def __init__(self, model, gamma, solver=None, ends=None):
        if solver is not None and solver not in SPARSE:
            names = ", ".join(member.name for member in SPARSE)
            raise ValueError(f"solver is {solver}; expected None or, for sparse P, one of {names}")
        self.kind = None
        self.backward_error = self.normwise_error = 0.0
        self.factorizations = 0
        self.model, self._gamma, self._ends, self._forced = model, gamma, ends, solver
        self._values, self._slack = np.empty(model.column.size), np.full(model.n_states, 1 - gamma)
        self._rows = System(model, self._values, gamma, self._slack, adjoint=False)
        self._columns = System(model, self._values, gamma, self._slack, adjoint=True)
        self._columns.work_in(self._rows.r, self._rows.scale, self._rows.weight)
        self._krylov = Krylov(model.n_states)
        self._factors = self._cost = self._short = self._expected = None
        self._accepted = ACCEPTED + 1e-16 * model.n_states**0.5  # of a sum over all states
        self._patience = MOST_SWEEPS
        if gamma < 1:  # 37 / (1 - gamma) gain 16 digits
            self._patience = int(min(50 / (1 - gamma), MOST_SWEEPS))
        self._finite = True

    def work_in(self, *tables):
        """Solve in the memory of these (S, A), in place of more: they are spent by every solve."""
        vectors = [*chain.from_iterable(table.reshape(-1, self.model.n_states) for table in tables)]
        if len(vectors) >= 3:
            first, second, third, *vectors = vectors
            for system in (self._rows, self._columns):
                system.work_in(first, second, third)
        self._krylov.spent = vectors

    @property
    def refinements(self) -> int:
        """Matrix-vector products spent on solving."""
        return self._rows.products + self._columns.products

    def update(self, pi):
        """The systems are those of the policy ``pi`` (S, A); factors of another are forgotten."""
        pi = np.ascontiguousarray(pi)
        transitions(self.model, self._gamma, pi, self._values)
        fill_slack(self._gamma, self._ends, pi, self._slack)
        self._factors, self._finite = None, bool(np.isfinite(pi).all())

    def solve(self, b, alike=True):
        """Overwrite ``b`` by the solution of ``(I - gamma P_pi) x = b``; nonnegative if ``b`` is.

        A ``b`` of mixed signs is split into two nonnegative ones; if ``b`` or the policy is not
        finite, all of ``b`` becomes nan. ``alike`` says whether the solutions before predict this.

        Raises
        ------
        RuntimeError
            If no solver reaches a normwise backward error of 1e-12.
        """
        self._solve(self._rows, b, alike)

    def solve_adjoint(self, c, alike=True):
        """Overwrite ``c`` by the solution of ``(I - gamma P_pi)^T y = c``, as ``solve`` does."""
        self._solve(self._columns, c, alike)

    def correct(self, b, unit):
        """Overwrite ``b``, of any signs, by a solution that is right to some digits, in units
        ``unit`` (S,), where that is cheaper than ``solve``: enough for a step of refinement."""
        if self.kind in KRYLOV and np.isfinite(b).all() and b.any():
            x = np.empty(b.size)
            if reduce(self._rows, self._method(self.kind), b, x, unit.copy()):
                b[:] = x
                return
        self.solve(b)

    def sweeps_suffice(self, b) -> bool:
        """Whether no other solver would be tried for ``b`` >= 0; ``b`` is left as it is."""
        x = np.zeros(b.size)
        return sweep(self._rows, b, x, PROBE).omega <= self._accepted

    def _solve(self, system, b, alike):
        if not (self._finite and np.isfinite(b).all()):
            b.fill(np.nan)
            return
        if b.min() < 0:
            solve_in_parts(lambda part: self._solve(system, part, alike), b)
        elif b.max() > 0:
            exponent = np.frexp(b.max())[1]
            np.ldexp(b, -exponent, out=b)
            x = self._solution(system, b, alike)
            system.keep(x)
            np.ldexp(x, exponent, out=b)

    def _solution(self, system, b, alike):
        x = system.start() if alike else np.zeros(b.size)
        best, tried, reached = FAILED, [], []
        while (solver := self._next(tried, system, b, x)) is not None:
            found = self._attempt(solver, system, b, x)
            tried.append(solver)
            reached.append(f"{solver.name} {found.normwise:.1e}")
            if found.omega < best.omega and found.normwise <= TOLERATED:
                best, self.kind = found, solver
                kept = x if found.omega <= self._accepted else x.copy()
            if best.omega <= self._accepted:
                break
            if best.normwise <= LARGE_RIGHT and best.omega > SMALL_RIGHT:
                break  # entries are wrong that are small, which others get wrong, too: summed up
        if self._summed_up(best):
            found = sum_up(system, b, x)
            reached.append(f"sums {found.normwise:.1e}")
            if found.omega < best.omega:
                best, kept = found, x
                self.kind = self._forced or Solver.SWEEPS
        if best is FAILED:
            raise RuntimeError(
                f"no solver reached a normwise backward error of {TOLERATED} at gamma = "
                f"{self._gamma}: {', '.join(reached)}"
            )
        self._accepted = max(self._accepted, 10.0 * best.omega)
        self.backward_error = max(self.backward_error, best.omega)
        self.normwise_error = max(self.normwise_error, best.normwise)
        return kept

    def _summed_up(self, best) -> bool:
        """Whether to start anew with nonnegative terms alone."""
        if self._forced is Solver.SWEEPS or (self._forced is not None and best is FAILED):
            return False
        return best.omega > max(SMALL_RIGHT, self._accepted)

    def _next(self, tried, system, b, x):
        """The next solver to try, None if all were; that it is asked for may cost a measurement,
        of the fill-in or of both Krylov methods, which is kept."""
        if self._forced is not None:
            return None if tried else self._forced
        if not tried and self.kind is not None:
            return self.kind
        if Solver.SWEEPS not in tried:
            return Solver.SWEEPS
        if Solver.SPARSE_LU not in tried and self._within(CHEAP):
            return Solver.SPARSE_LU
        for solver in self._later(system, b, x):
            if solver not in tried:
                return solver
        return None

    def _later(self, system, b, x):
        """Both Krylov methods, the better first, and elimination, if it is possible, after or
        before them; the first time that is asked, by a trial."""
        if self._short is None:
            self._short, self._expected = self._krylov.short_is_better(system, b, x)
        order = KRYLOV if self._short else KRYLOV[::-1]
        if not self._within(POSSIBLE):
            return order
        if SAVED * self._cost.work < self._expected:
            return Solver.SPARSE_LU, *order
        return *order, Solver.SPARSE_LU

    def _within(self, budget) -> bool:
        if self._cost is None:
            self._cost = elimination_cost(self.model.row, self.model.column)
        return self._cost.entries <= budget.entries and self._cost.work <= budget.work

    def _attempt(self, solver, system, b, x) -> Check:
        if solver is Solver.SWEEPS:
            limit = PROBE if self.kind is None else ESTABLISHED
            return sweep(system, b, x, limit if self._forced is None else self._patience)
        if solver is Solver.SPARSE_LU:
            return self._eliminate(system, b, x)
        return iterate(system, self._method(solver), b, x)

    def _method(self, solver):
        return self._krylov.gmres if solver is Solver.GMRES else self._krylov.bicgstab

    def _eliminate(self, system, b, x) -> Check:
        try:
            if self._factors is None:
                self._factors = factorized(system)
                self.factorizations += 1
        except (RuntimeError, MemoryError):  # singular to rounding, or too large after all
            return FAILED
        return refine(system, self._factors, b, x)
