"""One sparse linear system with a nonnegative solution, and how far off a candidate is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg.numerics.blocks import by_rows
from tabular_pg.numerics.systems.compressed_rows import adjoint_residual, residual
from tabular_pg.numerics.systems.fill_in import (
    above,
    adjoint_above,
    adjoint_below,
    adjoint_between,
    below,
    between,
    incomplete,
)
from tabular_pg.numerics.systems.sparse_sweeps import (
    adjoint_relax,
    diagonal,
    from_earlier,
    push,
    relax,
)

PRECISE = 1e-15  # componentwise backward error at which nothing is left to do
ROUNDING = 1e-15  # normwise backward error at which a residual is rounding
WINDOW = 12  # Gauss-Seidel sweeps within which the error has to drop
MEMORY = 5  # vectors by which the next solution is extrapolated
BY_ROWS, BY_COLUMNS = (below, above, between), (adjoint_below, adjoint_above, adjoint_between)


class Check(NamedTuple):
    """The residual ``r`` of a candidate ``x`` in numbers."""

    omega: float  # componentwise backward error: max over states of |r| / (|M| |x| + b)
    normwise: float  # max |r| / (|M| max |x| + max b); for the adjoint, sums instead of maxima


class System:
    """``M x = b`` or, as ``adjoint``, ``M^T x = b``, where ``M = I - gamma P_pi`` and ``b >= 0``.

    ``slack`` (S,) are the row sums of M, which whoever changes the policy keeps up to date.

    Attributes
    ----------
    r, scale : (S,) residual of the candidate checked last, and what it is compared with.
    products : matrix-vector products spent.
    shift : whether sweeps remove the common part of the error.
    """

    def __init__(self, model, values, gamma, slack, adjoint):
        self.model, self.values, self.gamma, self.adjoint = model, values, gamma, adjoint
        self.slack = slack
        self.work_in(*(np.empty(model.n_states) for _ in range(3)))
        self.products, self.shift = 0, gamma < 1.0  # where episodes end, nothing is in common
        self._differences = []  # backward differences of the last solutions, of order 0, 1, ...
        self._order = 0  # how many of them would have predicted the last solution best

    def work_in(self, first, second, third):
        """Have ``r``, ``scale`` and another vector (S,) here, which nobody else needs meanwhile."""
        self.r, self.scale, self.weight = first, second, third

    def start(self) -> np.ndarray:
        """The next solution, extrapolated from the last ones by a polynomial; 0 at first.

        Iterates of a policy method move smoothly: this saves up to half of the products, at the
        cost of none. The degree is the one that would have served best last time.
        """
        x = np.zeros(self.model.n_states)
        for difference in self._differences[: self._order]:
            x += difference
        return x

    def keep(self, x):
        """Remember ``x`` as the solution of the system of the moment."""
        new = [x]
        for difference in self._differences[: MEMORY - 1]:
            new.append(np.subtract(new[-1], difference, out=difference))
        self._order = 1 if len(new) == 1 else int(np.argmin([_largest(error) for error in new]))
        self._differences = new

    def check(self, b, x) -> Check:
        """Fill ``r`` and ``scale`` for the candidate ``x`` and return how large they are."""
        omega = self._residual(b, x, self.r, self.scale)
        return Check(omega, self._norm(self.r) / self._size(b, x))

    def begin_sweeps(self, b, x):
        """Make ready for ``sweep``."""
        self.products += 1
        if self.adjoint:
            self.check(b, x)
            diagonal(self.model, self.values, self.slack, self.weight)
        else:
            from_earlier(self.model, self.values, self.weight)

    def sweep(self, b, x) -> Check:
        """One Gauss-Seidel sweep; then, with ``shift``, the common part of the error is removed.

        By rows, a constant is added that takes the mean of the residual to 0; by columns, ``x``
        is scaled to the sum that ``b`` prescribes. What is left shrinks as fast as the chain mixes,
        whatever gamma is. If there is no part in common, because the chain ends somewhere, it may
        also grow. The check is that of ``x`` before.
        """
        self.products += 1
        if self.adjoint:
            omega, size = push(self.model, self.values, self.weight, x, self.r)
            total = x.sum()
            if self.shift and total > 0:
                factor = b.sum() / (1.0 - self.gamma) / total
                x *= factor
                self.r *= factor
                self.r += (1.0 - factor) * b
        else:
            arrays = (b, x, self.weight)
            omega, size, drift = relax(self.model, self.values, self.slack, *arrays, False)
            x += drift / (1.0 - self.gamma) if self.shift else 0.0
        return Check(omega, size / self._size(b, x))

    def preconditioned(self, unit):
        """``(r, apply, correction)``: the residual of the candidate checked last, after incomplete
        elimination and in units ``unit`` (S,) of the solution; ``apply(v, out)`` fills ``out`` with
        the product of M, after the same, with ``v``; and if that gives ``r``, then the solution
        is the candidate plus ``correction(v)``. All of it lasts until the next check, and zeros
        in ``unit`` become 1.
        """
        self.products += 2
        unit[unit == 0] = 1.0
        r, u, inverse = self.r, self.scale, self.weight
        incomplete(self.model, self.values, self.slack, inverse, u)
        first, spread, collect = BY_COLUMNS if self.adjoint else BY_ROWS
        first(self.model, self.values, inverse, unit, r, u, r)

        def correction(v):
            spread(self.model, self.values, inverse, unit, v, u)
            return u

        def apply(v, out):
            self.products += 2
            spread(self.model, self.values, inverse, unit, v, u)
            collect(self.model, self.values, self.slack, inverse, unit, v, u, out)

        return r, apply, correction

    def settle(self, b, x) -> Check:
        """Clip ``x`` at 0 and check it."""
        if x.min() < 0:
            np.maximum(x, 0.0, out=x)
        return self.check(b, x)

    def polish(self, b, x, sweeps) -> Check:
        """Settle ``x`` and sweep until every entry is consistent with its neighbours.

        A normwise accurate solution has noise where its entries are tiny. Gauss-Seidel sweeps,
        forward and backward, add nonnegative terms only and so replace it.
        """
        best = found = self.settle(b, x)
        kept, bar, window = None, np.inf, max(WINDOW, sweeps // 10)
        for i in range(sweeps):
            if i % window == 0:
                if not best.omega < 0.9 * bar:
                    break
                bar = best.omega
            if found.omega <= PRECISE:
                break
            if kept is None:
                kept = x.copy()
            elif found is best:
                kept[:] = x
            self._relax(b, x, bool(i % 2))
            found = self.settle(b, x)
            best = found if found.omega < best.omega else best
        if found is not best:
            x[:] = kept
            best = self.check(b, x)
        return best

    def _residual(self, b, x, out, scale):
        self.products += 1
        arguments = self.model, self.values, self.slack, b, x, out, scale
        if self.adjoint:
            return adjoint_residual(*arguments)
        return float(np.max(by_rows(residual, x.size, *arguments)))  # nan if one is

    def _relax(self, b, x, backward):
        self.products += 1
        if self.adjoint:
            adjoint_relax(self.model, self.values, self.slack, b, x, self.r, backward)
        else:
            relax(self.model, self.values, self.slack, b, x, self.weight, backward)

    def _size(self, b, x) -> float:
        return (1.0 + self.gamma) * self._norm(x) + self._norm(b)

    def _norm(self, x) -> float:
        return float(np.abs(x).sum()) if self.adjoint else _largest(x)


def _largest(x) -> float:
    return max(float(x.max()), -float(x.min()))
