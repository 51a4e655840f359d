"""Matrices that may be sparse, as arrays of a file."""

from __future__ import annotations

from scipy import sparse

PARTS = ("data", "indices", "indptr")


def matrix_arrays(name, x) -> dict:
    """The arrays that keep a dense array, or a sparse matrix as three."""
    if not sparse.issparse(x):
        return {name: x}
    x = sparse.csr_array(x)
    return {f"{name}_{part}": getattr(x, part) for part in PARTS}


def read_matrix(content, name, shape):
    """The dense array of this shape, or the sparse matrix, if its three arrays are there.

    Raises
    ------
    ValueError
        If the arrays are not those of such a matrix.
    """
    if f"{name}_data" not in content.arrays:
        return content.array(name, shape)
    data, indices, indptr = (content.arrays[f"{name}_{part}"] for part in PARTS)
    x = sparse.csr_array((data, indices, indptr), shape=shape)
    x.check_format(full_check=True)
    return x
