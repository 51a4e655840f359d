"""Which solver serves an MDP."""

from __future__ import annotations

import weakref

from tabular_pg.numerics.systems.compressed_rows import sparse_model
from tabular_pg.numerics.systems.dense_solver import DenseSolver
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.numerics.systems.sparse_solver import SparseSolver

FEW = 250  # states up to which everything is in one compiled loop
DENSE = 350  # states up to which P is treated as dense, whatever its form ...
MOST = 2**22  # ... unless that makes more entries
REUSED_FROM = 16  # states from which that reuses what earlier policies left
SPARSE = 0.1  # part of the entries of P below which it is treated as sparse, beyond that
_MODELS = weakref.WeakKeyDictionary()  # of MDPs in use: a sweep builds the rows once
DENSE_SOLVERS = (Solver.ELIMINATION, Solver.REUSE)


def is_sparse(mdp, solver=None) -> bool:
    """Whether the systems of ``mdp`` are solved as sparse ones."""
    if solver is not None:
        return solver not in DENSE_SOLVERS
    if mdp.n_states <= DENSE and (not mdp.sparse or mdp.n_states * mdp.r.size <= MOST):
        return False
    return mdp.sparse or mdp.n_nonzeros < SPARSE * mdp.P.size


def transitions_of(mdp, solver=None):
    """P as the solver for ``mdp`` takes it: an array (S, A, S), or a SparseModel."""
    sparse = is_sparse(mdp, solver)
    if not sparse and not mdp.sparse:
        return mdp.P
    known = _MODELS.setdefault(mdp, {})
    if sparse not in known:
        known[sparse] = sparse_model(mdp) if sparse else _dense(mdp)
    return known[sparse]


def _dense(mdp):
    P = mdp.P.toarray().reshape(*mdp.r.shape, mdp.n_states)
    P.setflags(write=False)  # also so that kernels are compiled for one type
    return P


def linear_solver(mdp, solver=None) -> DenseSolver | SparseSolver:
    """The solver for policies of ``mdp``, chosen by its size and sparsity unless given.

    Raises
    ------
    TypeError, ValueError
        If ``solver`` is not a Solver, or one for dense P where P is sparse.
    """
    check_solver(mdp, solver)
    P = transitions_of(mdp, solver)
    if is_sparse(mdp, solver):
        return SparseSolver(P, mdp.gamma, solver, mdp.ends)
    if solver is None:
        solver = Solver.ELIMINATION if mdp.n_states <= FEW else Solver.REUSE
    return DenseSolver(P, mdp.gamma, solver, mdp.ends)


def check_solver(mdp, solver):
    """Refuse what is not a Solver for ``mdp``."""
    if solver is None:
        return
    if not isinstance(solver, Solver):
        names = ", ".join(f"Solver.{member.name}" for member in Solver)
        raise TypeError(f"solver is {solver!r}; expected None or one of {names}")
    if mdp.sparse and solver in DENSE_SOLVERS:
        raise ValueError(f"solver is {solver}, but P is sparse; expected None or a sparse solver")
