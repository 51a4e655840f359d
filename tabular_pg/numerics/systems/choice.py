"""Which solver serves an MDP."""

from __future__ import annotations

import weakref

from tabular_pg.numerics.systems.compressed_rows import sparse_model
from tabular_pg.numerics.systems.dense_solver import DenseSolver
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.numerics.systems.sparse_solver import SparseSolver

FEW = 150  # states up to which nothing beats a fresh elimination in one compiled loop
SPARSE = 0.1  # part of the entries of P below which it is treated as sparse
_MODELS = weakref.WeakKeyDictionary()  # of MDPs in use: a sweep builds the rows once
DENSE_SOLVERS = (Solver.ELIMINATION, Solver.REUSE)


def is_sparse(mdp, solver=None) -> bool:
    """Whether the systems of ``mdp`` are solved as sparse ones."""
    if mdp.sparse or solver is not None:
        return mdp.sparse or solver not in DENSE_SOLVERS
    return mdp.n_states > FEW and mdp.n_nonzeros < SPARSE * mdp.P.size


def linear_solver(mdp, solver=None) -> DenseSolver | SparseSolver:
    """The solver for policies of ``mdp``, chosen by its size and sparsity unless given.

    Raises
    ------
    TypeError, ValueError
        If ``solver`` is not a Solver, or one for dense P where P is sparse.
    """
    check_solver(mdp, solver)
    if is_sparse(mdp, solver):
        if mdp not in _MODELS:
            _MODELS[mdp] = sparse_model(mdp)
        return SparseSolver(_MODELS[mdp], mdp.gamma, solver)
    if solver is None:
        solver = Solver.ELIMINATION if mdp.n_states <= FEW else Solver.REUSE
    return DenseSolver(mdp.P, mdp.gamma, solver)


def check_solver(mdp, solver):
    """Refuse what is not a Solver for ``mdp``."""
    if solver is None:
        return
    if not isinstance(solver, Solver):
        names = ", ".join(f"Solver.{member.name}" for member in Solver)
        raise TypeError(f"solver is {solver!r}; expected None or one of {names}")
    if mdp.sparse and solver in DENSE_SOLVERS:
        raise ValueError(f"solver is {solver}, but P is sparse; expected None or a sparse solver")
