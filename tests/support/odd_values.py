"""Odd values of every kind: of no meaning to anyone, and in the disguise of another type."""

from __future__ import annotations

import datetime
import itertools
from decimal import Decimal
from fractions import Fraction

import numpy as np
from scipy import sparse

HUGE = 10**400


def masked(array, value=99.0):
    array = np.ma.array(array, dtype=float)
    array[(0,) * array.ndim] = value
    array[(0,) * array.ndim] = np.ma.masked
    return array


def recursive():
    x = []
    x.append(x)
    return x


class Nothing:
    """An object that is nothing in particular."""


def _read_only(array):
    array.setflags(write=False)
    return array


MEANINGLESS = {  # factories of what is no number, nor an array of them, whatever the argument
    "string": lambda: "0.9",
    "empty string": lambda: "",
    "bytes": lambda: b"0.9",
    "numpy string": lambda: np.str_("1"),
    "list of strings": lambda: ["0.5", "0.5"],
    "nested strings": lambda: [["0.5", "0.5"], ["1", "0"], ["1", "0"]],
    "array of strings": lambda: np.array([["1", "0"]] * 3),
    "array of bytes": lambda: np.array([[b"1", b"0"]] * 3),
    "complex": lambda: 0.5 + 0j,
    "numpy complex": lambda: np.complex64(0.5),
    "complex array": lambda: np.array([[0.5 + 1j, 0.5]] * 3),
    "complex list": lambda: [0.5 + 1j, 0.5, 0.5],
    "time span": lambda: datetime.timedelta(1),
    "numpy time span": lambda: np.timedelta64(1, "s"),
    "array of time spans": lambda: np.ones((3, 2), dtype="m8[s]"),
    "list of time spans": lambda: [np.timedelta64(1, "s"), 0.0, 0.0],
    "nested time spans": lambda: [[np.timedelta64(1, "s"), 1.0]] * 3,
    "date": lambda: datetime.date(2026, 1, 1),
    "array of dates": lambda: np.zeros((3, 2), dtype="M8[D]"),
    "nan": lambda: float("nan"),
    "numpy nan": lambda: np.float64("nan"),
    "Decimal nan": lambda: Decimal("nan"),
    "signaling nan": lambda: Decimal("snan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: -np.inf,
    "long double inf": lambda: np.longdouble("inf"),
    "huge": lambda: HUGE,
    "-huge": lambda: -HUGE,
    "huger than can be shown": lambda: 10**5000,
    "huge fraction": lambda: Fraction(HUGE, 7),
    "huge Decimal": lambda: Decimal("1e999"),
    "list with a huge one": lambda: [HUGE, 0.5, 0.5],
    "nested huge one": lambda: [[0.5, HUGE], [1, 0], [1, 0]],
    "True": lambda: True,
    "False": lambda: False,
    "numpy True": lambda: np.True_,
    "booleans among numbers": lambda: [[True, 0.5], [0.5, 0.5], [1.0, 0.0]],
    "masked": lambda: np.ma.masked,
    "masked scalar": lambda: np.ma.array(0.5, mask=True),
    "masked (3,)": lambda: masked([0.5, 0.25, 0.25]),
    "masked (3, 2)": lambda: masked(np.full((3, 2), 0.5)),
    "masked (3, 2, 3)": lambda: masked(np.full((3, 2, 3), 0.25)),
    "masked rows in a list": lambda: [masked([0.5, 0.5])] * 3,
    "masked entry in a list": lambda: [[np.ma.masked, 0.5]] * 3,
    "masked entry in a flat list": lambda: [np.ma.masked, 0.5, 0.5],
    "masked entry in (3, 2, 3)": lambda: [[[0.5, np.ma.masked, 0.0], [0.5, 0.5, 0.0]]] * 3,
    "dictionary": lambda: {0: 0.5, 1: 0.5},
    "set": lambda: {0.25, 0.75},
    "frozen set": lambda: frozenset({1}),
    "generator": lambda: (x for x in (0.5, 0.25, 0.25)),
    "endless iterator": itertools.count,
    "map": lambda: map(float, "123"),
    "function": lambda: abs,
    "class": lambda: float,
    "object": Nothing,
    "Ellipsis": lambda: ...,
    "array of objects": lambda: np.array([[Nothing(), 1], [1, 0], [1, 0]], dtype=object),
    "array of None": lambda: np.array([[None, 1], [1, 0], [1, 0]], dtype=object),
    "list of None": lambda: [None, 0.5, 0.5],
    "ragged": lambda: [[0.5, 0.5], [1.0]],
    "ragged objects": lambda: np.array([[0.5, 0.5], [1.0]], dtype=object),
    "recursive": recursive,
    "structured": lambda: np.zeros((3, 2), dtype=[("p", float), ("q", float)]),
    "masked structured": lambda: np.ma.zeros((3, 2), dtype=[("p", float)]),
    "void": lambda: np.zeros((3, 2), dtype="V8"),
    "sparse vector of odd length": lambda: sparse.csr_array(np.ones((1, 7))),
    "list of sparse matrices": lambda: [sparse.eye_array(3, format="csr")] * 2,
    "sparse matrices as objects": lambda: np.array(
        [sparse.eye_array(3, format="csr"), sparse.eye_array(3, format="coo")], dtype=object
    ),
    "empty list": list,
    "nested empty list": lambda: [[]],
    "empty array": lambda: np.zeros(0),
    "empty (0, 2)": lambda: np.zeros((0, 2)),
    "four axes": lambda: np.zeros((1, 1, 1, 1)),
    "seven entries": lambda: np.full(7, 1 / 7),
    "nan (3,)": lambda: [np.nan, 0.5, 0.5],
    "nan (3, 2)": lambda: np.array([[np.nan, 0.5]] * 3),
    "inf (3, 2)": lambda: np.array([[np.inf, 0.5]] * 3),
    "array of nan": lambda: np.full((3, 2, 3), np.nan),
}


DISGUISES = {  # what means the same as an array or a number: taken for that, or refused
    "list": lambda x: np.asarray(x).tolist(),
    "tuple of lists": lambda x: tuple(np.asarray(x).tolist()),
    "big-endian": lambda x: np.asarray(x).astype(np.asarray(x).dtype.newbyteorder(">")),
    "little-endian": lambda x: np.asarray(x).astype(np.asarray(x).dtype.newbyteorder("<")),
    "Fortran order": lambda x: np.asfortranarray(x),
    "negative strides": lambda x: np.ascontiguousarray(np.asarray(x)[..., ::-1])[..., ::-1],
    "every other": lambda x: np.repeat(np.asarray(x), 2, axis=-1)[..., ::2],
    "read-only": lambda x: _read_only(np.array(x)),
    "broadcast": lambda x: np.broadcast_to(np.asarray(x)[None], (1, *np.shape(x)))[0],
    "float16": lambda x: np.asarray(x).astype(np.float16),
    "float32": lambda x: np.asarray(x).astype(np.float32),
    "longdouble": lambda x: np.asarray(x).astype(np.longdouble),
    "fractions": lambda x: np.vectorize(Fraction, otypes=[object])(np.asarray(x, dtype=float)),
    "decimals": lambda x: np.vectorize(Decimal, otypes=[object])(np.asarray(x, dtype=float)),
    "objects": lambda x: np.asarray(x).astype(object),
    "masked array without a mask": lambda x: np.ma.array(x),
    "masked array, nothing masked": lambda x: np.ma.array(x, mask=np.zeros(np.shape(x), bool)),
    "subclass": lambda x: np.asarray(x).view(np.recarray),
    "memory view": lambda x: memoryview(np.ascontiguousarray(x)),
    "numpy scalar": lambda x: np.asarray(x)[()],
    "array without axes": np.array,
    "fraction": Fraction,
    "Decimal": lambda x: Decimal(x),
    "float": float,
    "numpy integer": lambda x: np.int16(int(x)) if int(x) == x else x,
    "unsigned": lambda x: np.uint8(int(x)) if int(x) == x else x,
    "one extra axis": lambda x: np.asarray(x)[None],
    "one extra list": lambda x: [x],
    "matrix": lambda x: np.asmatrix(np.array(x)),
    "sparse": lambda x: sparse.csr_array(np.array(x)),
    "sparse matrix": lambda x: sparse.coo_matrix(np.array(x)),
}
