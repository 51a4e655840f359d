"""Multilevel preconditioners of ``I - gamma P_pi``, by PyAMG (extra ``large``)."""

from __future__ import annotations

import importlib.util

import numpy as np
from scipy import sparse

COARSEST = 500  # states of the level that is solved directly
FORWARD, BACKWARD = ("gauss_seidel", {"sweep": "forward"}), ("gauss_seidel", {"sweep": "backward"})


def is_available() -> bool:
    """Whether PyAMG is installed."""
    return importlib.util.find_spec("pyamg") is not None


def refuse_without():
    """Raise ImportError if it is not."""
    if not is_available():
        raise ImportError("Solver.MULTIGRID needs PyAMG: pip install 'tabular_pg[large]'")


def multilevel(system):
    """``approximate(v)``: nearly the solution of the system with the right side ``v``, and linear
    in it, by one V-cycle.

    M is an M-matrix, which is what the coarsening is made for.

    References
    ----------
    Ruge and Stueben (1987), Algebraic multigrid; Bell, Olson, Schroder and Southworth (2023),
    PyAMG: algebraic multigrid solvers in Python.
    """
    import pyamg  # an extra, and slow to import

    levels = pyamg.ruge_stuben_solver(
        matrix(system), max_coarse=COARSEST, presmoother=FORWARD, postsmoother=BACKWARD
    )
    return levels.aspreconditioner(cycle="V").matvec


def matrix(system):
    """The matrix of a sparse system, ``M`` or its transpose, in compressed rows."""
    model, S = system.model, system.model.n_states
    entries = system.values, model.column.astype(np.int32), model.row.astype(np.int32)
    M = sparse.csr_matrix(entries, shape=(S, S))
    M = sparse.eye_array(S, format="csr") - (M.T if system.adjoint else M)
    M = sparse.csr_matrix(M)
    M.sum_duplicates()
    M.indices, M.indptr = M.indices.astype(np.int32), M.indptr.astype(np.int32)
    return M
