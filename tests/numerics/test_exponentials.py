"""Vectorized exponentials against many-digit arithmetic."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabular_pg.numerics.lanes.exponentials import exp, expm1_series
from tabular_pg.numerics.simplex import exponentials

ULP = 2.0**-52


@given(st.floats(-708, 709))
def test_exp(x):
    with mp.workdps(40):
        exact = mp.exp(mp.mpf(x))
        assert abs(mp.mpf(exp(x)) - exact) <= ULP * exact


@given(st.floats(-0.5, 0.5))
def test_expm1(x):
    with mp.workdps(400):
        exact = mp.expm1(mp.mpf(x))
        assert abs(mp.mpf(expm1_series(x)) - exact) <= ULP * abs(exact)


def test_of_nothing():
    assert exp(0.0) == 1.0 and expm1_series(0.0) == 0.0 and expm1_series(-1e-300) == -1e-300


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (40, 7)])
def test_a_table(shape):
    x = np.random.default_rng(0).uniform(-50, 1, size=shape)
    x.flat[::2] *= 30
    out = np.empty(shape)
    exponentials(x, out)
    np.testing.assert_allclose(out, np.where(x < -708, 0.0, np.exp(x)), rtol=4 * ULP)
    x[0, 0] = -np.inf
    exponentials(x, out)
    assert out[0, 0] == 0.0
    x[0, 0] = np.nan
    exponentials(x, out)
    assert np.isnan(out[0, 0])
