"""Optima of many small MDPs in one call are those of ``optimum``, one by one."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tabular_pg import MDP, optimum
from tabular_pg.optima.small import known_optima, small_optima


def models(S, A, gamma, n=60):
    """Dense and deterministic ones, ties of all kinds, doubtful ones, and values beyond floats."""
    rng = np.random.default_rng(10 * S + A)
    P, r = rng.dirichlet(0.3 * np.ones(S), (n, S, A)), rng.normal(size=(n, S, A))
    P[:20] = np.eye(S)[rng.integers(S, size=(20, S, A))]
    r[:20] = rng.integers(0, 2, (20, S, A))
    r[20:25] = 1.0
    P[25:30, :, 1], r[25:30, :, 1] = P[25:30, :, 0], r[25:30, :, 0]
    r[30:35] = 0.1 * rng.integers(1, 4, (5, S, A))
    P[35:40, :, 1], r[35:40, :, 0], r[35:40, :, 1] = P[35:40, :, 0], 0.3, 0.1 + 0.2
    r[40] *= 1e250
    r[41] *= 1e-251
    r[42, :, 1] = r[42, :, 0] + 1e-13
    r[43] = 0.0
    return [MDP(*pair, gamma) for pair in zip(P, r, strict=True)]


def alone(mdp, tie_tolerance):
    """Its optimum; None where it is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return optimum(MDP(mdp.P, mdp.r, mdp.gamma), tie_tolerance=tie_tolerance)
        except ValueError:
            return None


@pytest.mark.parametrize("tie_tolerance", [None, 0.0, 1e-3])
@pytest.mark.parametrize(("S", "A", "gamma"), [(1, 2, 0.9), (3, 2, 0.0), (3, 2, 0.9), (5, 3, 0.99)])
def test_they_are_those_of_optimum(S, A, gamma, tie_tolerance):
    mdps = models(S, A, gamma)
    P, r = np.array([mdp.P for mdp in mdps]), np.array([mdp.r for mdp in mdps])
    found, doubtful = small_optima(P, r, gamma, tie_tolerance), 0
    for i, mdp in enumerate(mdps):
        best = alone(mdp, tie_tolerance)
        assert found.sure[i] == (best is not None and best.doubt == ""), i
        doubtful += not found.sure[i]
        if found.sure[i]:
            np.testing.assert_allclose(found.V[i], best.V, rtol=1e-15)
            np.testing.assert_array_equal(found.optimal[i], best.optimal)
            np.testing.assert_allclose(found.A[i], best.A, rtol=1e-13)
            np.testing.assert_allclose(found.Delta[i], best.Delta, rtol=1e-13)
            np.testing.assert_allclose(found.tolerance[i], best.tolerance, rtol=1e-12)
    assert doubtful >= (2 if tie_tolerance is None else 1)


def test_they_are_known_from_then_on():
    mdps = models(3, 2, 0.9)
    P, r = np.array([mdp.P for mdp in mdps]), np.array([mdp.r for mdp in mdps])
    before = optimum(mdps[0])
    found, A = known_optima(mdps, P, r, None)
    assert found[0] is before
    for mdp, best in zip(mdps, found, strict=True):
        assert best is None or optimum(mdp) is best
    twice, again = known_optima(mdps, P, r, None)
    assert all(x is y for x, y in zip(found, twice, strict=True))
    sure = [i for i, best in enumerate(found) if best is not None]
    np.testing.assert_array_equal(A[sure], again[sure])
