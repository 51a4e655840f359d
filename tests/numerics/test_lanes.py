"""What is done in the lanes of a vector is what is done with numbers one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from tabular_pg.batches.batch import COMPILED
from tabular_pg.numerics.lanes import functions  # noqa: F401  (exp and log, on import)
from tabular_pg.numerics.lanes.kinds import WIDTH, in_lanes
from tabular_pg.numerics.lanes.operators import choose

pytestmark = pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
EPS = 2.0**-52


def applied(function):
    """``function(x, y)`` of arrays (n, WIDTH), computed in lanes."""
    function = njit(function)

    @njit
    def loop(a, b, out):
        x, y, z = in_lanes(a), in_lanes(b), in_lanes(out)
        for i in range(x.size):
            z[i] = function(x[i], y[i])

    def apply(x, y):
        out = np.empty_like(x)
        loop(x, y, out)
        return out

    return apply


def numbers(low, high, seed):
    return np.random.default_rng(seed).uniform(low, high, (500, WIDTH))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: x + 2.0 * y - 1.0,
        lambda x, y: -x / (3 - y),
        lambda x, y: min(x, y) + max(0.5, x),
        lambda x, y: choose(x > y, x, 1.0) * choose((x <= y) & (y < 0.0), 2.0, y),
        lambda x, y: choose(x >= 0.0, x, -y),
    ],
)
def test_arithmetic_and_choices(function):
    x, y = numbers(-1, 1, 0), numbers(-1, 1, 1)
    expected = np.vectorize(function)(x, y)
    np.testing.assert_allclose(applied(function)(x, y), expected, rtol=4 * EPS, atol=4 * EPS)


@pytest.mark.parametrize(
    ("function", "expected", "x"),
    [
        (lambda x, y: math.exp(x), np.exp, numbers(-708, 1, 0)),
        (lambda x, y: math.exp(x), np.exp, -np.exp(numbers(-50, 6, 0))),
        (lambda x, y: math.log(x), np.log, np.exp(numbers(-700, 700, 0))),
        (lambda x, y: math.log(x), np.log, 1 + 0.1 * numbers(-1, 1, 0)),
        (lambda x, y: math.log1p(x), np.log1p, np.exp(numbers(-700, 5, 0))),
        (lambda x, y: math.log1p(x), np.log1p, -np.exp(numbers(-40, -0.01, 0))),
    ],
)
def test_functions_have_all_digits(function, expected, x):
    found = applied(function)(x, x)
    np.testing.assert_allclose(found, expected(x), rtol=4 * EPS)


def test_arrays_have_entries_shapes_and_sizes():
    @njit
    def loop(a, out):
        x, total = in_lanes(a), 0.0
        for s in range(x.shape[0]):
            for t in range(x.shape[1]):
                x[s, t] += 1
                total += x[s, t]
        in_lanes(out)[0] = total * x.size

    a = numbers(0, 1, 0)[:6].reshape(3, 2, WIDTH).copy()
    out, expected = np.empty((1, WIDTH)), 6 * (a + 1).sum(axis=(0, 1))
    loop(a, out)
    np.testing.assert_allclose(out[0], expected, rtol=1e-14)


def test_a_decision_on_data_cannot_be_typed():
    with pytest.raises(TypingError):
        applied(lambda x, y: x if x > y else y)(numbers(0, 1, 0), numbers(0, 1, 1))


def test_choose_decides_on_numbers_too():
    assert choose(True, 1.0, 2.0) == 1.0
    assert njit(lambda x: choose(x > 0, 1.0, 2.0))(-1.0) == 2.0
