"""The ways to solve one sparse system, each to the smallest backward error it can reach.

Every function improves ``x`` in place and, but for ``reduce``, returns the ``Check`` of the ``x``
that it leaves behind.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from tabular_pg.numerics.systems.krylov import VECTORS, bicgstab, gmres
from tabular_pg.numerics.systems.sparse_system import PRECISE, ROUNDING

POLISH = 12  # Gauss-Seidel sweeps that carry accuracy to the smallest entries
SLOW = 0.9  # factor of the componentwise error, with which sweeps end where the largest are right
TRIAL = 4  # sweeps after which it is asked whether to go on shifting them
REFINEMENTS = 6
RESTART = 30  # products in a cycle of GMRES
MANY = 2**16  # states from which GMRES is not tried before BiCGSTAB
CYCLE = 1000  # and at most in a cycle of BiCGSTAB
REDUCTION = 1e-9  # of the residual within a cycle; it is then computed anew ...
ROUGH = 1e-6  # of the residual, for a step of refinement: the next one does the rest
LEFT = 1e-17  # ... and by less if that takes all of it to this
ENTRY = 2.5  # time of an entry of the matrix in a product, in those of an entry of a vector
PATIENCE = 6  # cycles without ...
PROGRESS = 0.8  # ... a gain by this factor, of componentwise times normwise error


def sweep(system, b, x, limit):
    """At most ``limit`` Gauss-Seidel sweeps, until the residual is rounding.

    They are shifted until the error shrinks more slowly than it surely does without.

    References
    ----------
    MacQueen (1966), A modified dynamic programming method for Markovian decision problems, and
    Porteus (1971), Some bounds for discounted sequential decision processes, for the shift.
    """
    system.begin_sweeps(b, x)
    before, least, bar = None, np.inf, np.inf  # the least of a trial, and what it is compared with
    for i in range(limit):
        found = system.sweep(b, x)
        if _swept(found, before):
            break
        least = min(least, found.normwise) if before else np.inf  # the first may be of x = 0
        before = found
        if system.shift and i % TRIAL == 0:
            if least > max(ROUNDING, bar):
                _start_without_shift(system, b, x)
            least, bar = np.inf, system.gamma**TRIAL * least
    return system.polish(b, x, max(POLISH, limit // 10))


def _swept(found, before) -> bool:
    """Whether more sweeps would gain nothing; what is found is from before the last one."""
    ratio = min(1.0, found.omega / before.omega) if before else 1.0
    if not ratio * found.omega > PRECISE / 2:  # the sweep has reduced what it found once more
        return True
    return ratio > SLOW and before is not None and before.normwise <= ROUNDING


def _start_without_shift(system, b, x):
    system.shift = False
    x.fill(0.0)
    system.begin_sweeps(b, x)


def factorized(system):
    """SuperLU factors of ``M^T``, without pivoting.

    M is a row diagonally dominant M-matrix: pivots on the diagonal are safe, and all other
    entries of the factors are then sums of terms of one sign, accurate one by one.
    """
    model, S = system.model, system.model.n_states
    entries = (-system.values, model.column.astype(np.int32), model.row.astype(np.int32))
    transposed = sparse.csc_array(entries, shape=(S, S)) + sparse.eye_array(S, format="csc")
    return splu(
        sparse.csc_array(transposed),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True, "Equil": False},
    )


def refine(system, factors, b, x):
    """Elimination, refined on the true residual as long as that halves the backward error."""
    form = "N" if system.adjoint else "T"
    x[:] = factors.solve(b, trans=form)
    best = system.settle(b, x)
    kept = x.copy()
    for _ in range(REFINEMENTS):
        x += factors.solve(system.r, trans=form)
        found = system.settle(b, x)
        if not found.omega < best.omega:
            break
        halved = found.omega < 0.5 * best.omega
        best = found
        kept[:] = x
        if not halved:
            break
    x[:] = kept
    return best


def iterate(system, method, b, x):
    """Cycles of a Krylov ``method`` on the true residual, until they make no progress.

    The unknowns are in units of the current solution, which makes the residual that the method
    reduces the componentwise backward error: the scaled matrix has row sums ``b / x >= 0`` and is
    again diagonally dominant. As long as small entries are noise, they are in units of that.
    """
    best = found = system.polish(b, x, 2)
    kept, idle = x.copy(), 0
    while best.omega > PRECISE and idle < PATIENCE:
        noise = found.normwise if found.normwise > ROUNDING else 0.0
        unit = x + (noise * x.max() if x.max() > 0 else 1.0)
        r, apply, correction = system.preconditioned(unit)
        reduction = max(REDUCTION, LEFT / np.maximum(r.max(), -r.min()))
        x += correction(method(apply, r, reduction)[0])
        del unit, apply, correction  # for polishing takes another vector
        found = system.polish(b, x, POLISH if noise == 0 else 2)
        gain = found.omega * found.normwise / (best.omega * best.normwise)
        idle = 0 if gain < PROGRESS else idle + 1
        if gain < 1:
            best = found
            kept[:] = x
    x[:] = kept
    return best


def reduce(system, method, b, x, unit):
    """One cycle from 0, for ``b`` of any signs, whose residual in units ``unit`` (S,) of the
    solution shall be reduced by ``ROUGH``; whether it was."""
    x.fill(0.0)
    system.check(b, x)
    r, apply, correction = system.preconditioned(unit)
    step, factor = method(apply, r, ROUGH)
    x[:] = correction(step)
    return factor <= 2.0 * ROUGH  # iterates that are better by less are not kept


class Krylov:
    """The Krylov methods with the memory that they need, kept from one solve to the next.

    ``spent`` are vectors (S,) which nobody else needs during a solve.
    """

    def __init__(self, size):
        self._size, self.spent = size, ()
        self._basis = self._shadow = self._vectors = None

    def gmres(self, apply, r, reduction=REDUCTION):
        """One cycle of GMRES(30)."""
        if self._basis is None:
            self._basis = np.empty((RESTART + 1, self._size))
        return gmres(apply, r, self._basis, reduction)

    def bicgstab(self, apply, r, reduction=REDUCTION, products=CYCLE):
        """One cycle of BiCGSTAB with a random shadow vector."""
        if self._shadow is None:
            self._shadow = np.random.default_rng(0).standard_normal(self._size)
            new = (np.empty(self._size) for _ in range(max(0, VECTORS - len(self.spent))))
            self._vectors = *self.spent[:VECTORS], *new
        return bicgstab(apply, r, self._shadow, self._vectors, products, reduction)

    def short_is_better(self, system, b, x) -> tuple[bool, float]:
        """Whether GMRES(30) gains more digits than BiCGSTAB in the same time, by trying both; and
        how much work 16 digits are expected to take, in multiplications by entries of M.

        Where there are many states GMRES is not tried: its vectors take more memory than P.
        """
        found = system.polish(b, x, 2)
        if found.omega == 0:
            return True, 0.0
        r, apply, _ = system.preconditioned(np.full_like(x, x.max() if x.max() > 0 else 1.0))
        # the time of a pass over the entries, in those over a vector, of which GMRES(30) makes 15
        # beside it, BiCGSTAB 4
        per_product = ENTRY * system.values.size / x.size
        start, short = system.products, 0.0
        if x.size < MANY:
            factor = self.gmres(apply, r)[1]
            short = np.log(factor) / ((system.products - start) * (per_product + RESTART / 2))
        start, factor = system.products, self.bicgstab(apply, r, products=2 * RESTART)[1]
        long = np.log(factor) / ((system.products - start) * (per_product + 4))
        self._basis = None  # as large as 30 vectors; elimination may come first after all
        passes = np.log(1e-16) / min(short, long, -1e-300)  # no gain: as good as never
        return bool(short < long), float(passes * x.size / ENTRY)
