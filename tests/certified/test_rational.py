"""Rational MDPs: exact numbers in, clear errors for anything else, and proved optimal actions."""

from __future__ import annotations

import itertools
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.strategies import mdps
from support.suite import GARNET

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from flint import arb, fmpq, fmpz  # noqa: E402

from tabular_pg import MDP, NaturalPG, instances, optimize, optimum  # noqa: E402
from tabular_pg.certified import RationalMDP, certify  # noqa: E402

THIRD, HALF, TINY = Fraction(1, 3), Fraction(1, 2), Fraction(1, 10**18)
P = [[[1, 0], [0, 1]], [[HALF, HALF], [THIRD, 1 - THIRD]]]
r = [[1, 0], [0, THIRD]]
GAMMA = Fraction(9, 10)
ONE_STATE = [[[1], [1]]]


def with_row(row):
    """The MDP whose first row of P is replaced."""
    return RationalMDP([[row, [0, 1]], P[1]], r, GAMMA)


def fraction(x):
    return Fraction(int(x.p), int(x.q))


def contents(mdp):
    """Everything that an MDP consists of, comparable with ==."""
    rows = [[[(t, fraction(p)) for t, p in x.entries()] for x in rows] for rows in mdp.P]
    vectors = [list(map(fraction, x.flat)) for x in (mdp.r, mdp.rho, mdp.mu)]
    return rows, vectors, fraction(mdp.gamma), mdp.r.shape, mdp.name


@pytest.mark.parametrize(
    "half",
    [0.5, HALF, Decimal("0.5"), fmpq(1, 2), np.float64(0.5), np.float32(0.5), np.float16(0.5)],
    ids=lambda x: type(x).__name__,
)
def test_every_kind_of_number(half):
    row, plain = [half, half], [[HALF, HALF], [HALF, HALF]]
    found = RationalMDP([[row, row]] * 2, plain, half, rho=row, mu=np.array(row), name="x")
    assert contents(found) == contents(
        RationalMDP([plain] * 2, [row, row], HALF, rho=plain[0], mu=plain[0], name="x")
    )


@pytest.mark.parametrize("one", [1, 1.0, np.int8(1), np.uint64(1), fmpz(1), Fraction(1)])
def test_every_kind_of_one(one):
    mdp = RationalMDP([[[one, 0], [0, one]], P[1]], [[one, 0], [0, THIRD]], GAMMA)
    assert contents(mdp) == contents(RationalMDP(P, r, GAMMA))


def test_arrays_are_as_good_as_lists():
    from_arrays = RationalMDP(GARNET.P, GARNET.r, 0.6, rho=GARNET.rho, mu=GARNET.mu)
    lists = [x.tolist() for x in (GARNET.P, GARNET.r, GARNET.rho, GARNET.mu)]
    assert contents(from_arrays) == contents(
        RationalMDP(*lists[:2], 0.6, rho=lists[2], mu=lists[3])
    )


NUMBER = "expected a finite number"


@pytest.mark.parametrize(
    ("P", "r", "gamma", "message"),
    [
        (None, r, GAMMA, "P is None; expected a sequence"),
        (3, r, GAMMA, "P is 3; expected a sequence"),
        ([1, 0], r, GAMMA, r"P\[0\] is 1; expected a sequence"),
        ([], r, GAMMA, r"P .*\(S, A, S\)"),
        ([[], []], r, GAMMA, r"P .*\(S, A, S\)"),
        (
            [P[0], [[1, 0]]],
            r,
            GAMMA,
            r"P\[1\] has 1 entries; expected 2 \(P has shape \(2, 2",
        ),
        ([[[1, 0], [1]], P[1]], r, GAMMA, r"P\[0, 1\] has 1 entries; expected 2"),
        ([[1, 0], [0, 1]], r, GAMMA, r"P\[0, 0\] is 1; expected a sequence"),
        (P, None, GAMMA, "r is None; expected a sequence"),
        (P, [1, 2], GAMMA, r"r\[0\] is 1; expected a sequence"),
        (P, [[1, 2]], GAMMA, r"r has 1 entries; expected 2 \(r has shape \(2, 2\)\)"),
        (P, [[1, 2, 3]] * 2, GAMMA, r"r\[0\] has 3 entries; expected 2"),
        (P, [[1, "a"], [0, 0]], GAMMA, rf"r\[0, 1\] is 'a'; {NUMBER}"),
        (P, [[1, 2], [float("nan"), 0]], GAMMA, rf"r\[1, 0\] is nan; {NUMBER}"),
        (P, r, 1, r"gamma is 1; expected a number in \[0, 1\)"),
        (P, r, Fraction(-1, 10), r"gamma is Fraction\(-1, 10\); expected a number in \[0, 1\)"),
        (P, r, float("nan"), f"gamma is nan; {NUMBER}"),
        (P, r, float("inf"), f"gamma is inf; {NUMBER}"),
        (P, r, "0.9", f"gamma is '0.9'; {NUMBER}"),
        (P, r, True, f"gamma is True; {NUMBER}"),
        (P, r, None, f"gamma is None; {NUMBER}"),
        (P, r, 1j, f"gamma is 1j; {NUMBER}"),
    ],
)
def test_bad_mdp(P, r, gamma, message):
    with pytest.raises((TypeError, ValueError), match=message):
        RationalMDP(P, r, gamma)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([Fraction(3, 2), -HALF], r"1\] is Fraction\(-1, 2\); expected a probability >= 0"),
        ([1.5, -0.5], r"1\] is -0.5; expected a probability >= 0"),
        ([THIRD, THIRD], r"\] sums to 2/3; expected 1"),
        ([0, 0], r"\] sums to 0; expected 1"),
        ([0.5, 0.5 + 1e-10], r"\] sums to 1.0000000001; expected 1"),
        (["1", 0], rf"0\] is '1'; {NUMBER}"),
        ([True, False], rf"0\] is True; {NUMBER}"),
        ([np.True_, 0], rf"0\] is np.True_; {NUMBER}"),
        ([1, None], rf"1\] is None; {NUMBER}"),
        ([np.nan, 1], rf"0\] is nan; {NUMBER}"),
        ([np.inf, 0], rf"0\] is inf; {NUMBER}"),
        ([arb(1), 0], rf"0\] is 1.0*; {NUMBER}"),
        ([Decimal("NaN"), 1], rf"0\] is Decimal\('NaN'\); {NUMBER}"),
        ([Decimal("sNaN"), 1], rf"0\] is Decimal\('sNaN'\); {NUMBER}"),
    ],
    ids=str,
)
def test_bad_row(row, message):
    with pytest.raises(ValueError, match=r"P\[0, 0.*" + message):
        with_row(row)
    with pytest.raises(ValueError, match=r"rho.*" + message.replace(r"\] sums", " sums")):
        RationalMDP(P, r, GAMMA, rho=row)


NEARLY_ONE = ([THIRD, 1 - THIRD + TINY], [Decimal("0.3"), Decimal("0.700000000000000001")])


@pytest.mark.parametrize("row", NEARLY_ONE, ids=str)
def test_a_sum_that_rounds_to_one_is_not_said_to_be_one(row):
    with pytest.raises(ValueError, match=r"P\[0, 0\] sums to (?!1.0;).*expected 1"):
        with_row(row)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("rho", [1], "rho has 1 entries; expected 2"),
        ("mu", [0.5, 0.25, 0.25], "mu has 3 entries; expected 2"),
        ("mu", [2, -1], r"mu\[1\] is -1; expected a probability >= 0"),
        ("rho", 5, "rho is 5; expected"),
    ],
)
def test_bad_distribution(key, value, message):
    with pytest.raises((TypeError, ValueError), match=message):
        RationalMDP(P, r, GAMMA, **{key: value})


def test_what_is_no_mdp():
    some = MDP([[[1, 0], [0, 0]], [[0, 1]] * 2], r, 0.5, actions=[[True, False], [True, True]])
    with pytest.raises(ValueError, match=r"actions\[0, 1\] is False; .* every action"):
        RationalMDP.of(some)
    for wrong, name in ((None, "NoneType"), ((P, r, GAMMA), "tuple"), ("MDP", "str")):
        with pytest.raises(TypeError, match=f"mdp is of type {name}; expected MDP or RationalMDP"):
            RationalMDP.of(wrong)


def test_it_is_immutable():
    mdp = RationalMDP(P, r, GAMMA)
    with pytest.raises(AttributeError):
        mdp.gamma = fmpq(1, 2)
    for array in (mdp.r, mdp.rho, mdp.mu, mdp.advantages):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_float_rows_are_divided_by_their_exact_sums():
    row = [0.1, 0.2, 0.7]
    weights = [Fraction(x) for x in row]
    assert sum(weights) != 1
    mdp = RationalMDP([[row]] * 3, [[0]] * 3, 0.1, rho=row)
    for found in (mdp.P[0][0].dense(), mdp.rho):
        assert [fraction(x) for x in found] == [x / sum(weights) for x in weights]
    assert fraction(mdp.gamma) == Fraction(0.1)


@given(mdps(gammas=(0.0, 0.9), shapes=((1, 2), (3, 3), (5, 2))))
def test_round_trips(mdp):
    exact = RationalMDP.of(mdp)
    assert RationalMDP.of(exact) is exact
    rounded = exact.rounded()
    for name in ("P", "r", "gamma", "rho", "mu"):
        np.testing.assert_allclose(getattr(rounded, name), getattr(mdp, name), rtol=1e-15)
    names = {"RationalMDP": RationalMDP, "Fraction": Fraction}
    assert contents(eval(exact.source(), names)) == contents(exact)


def test_a_dyadic_mdp_survives_rounding_unchanged():
    weights = [[[0.25, 0.75], [0, 1]]] * 2
    mdp = MDP(weights, [[0.1, 0.7], [1e-3, -7]], 0.9, rho=[0.125, 0.875], name='it\'s "mine"')
    assert contents(RationalMDP.of(RationalMDP.of(mdp).rounded())) == contents(RationalMDP.of(mdp))


@st.composite
def tied_mdps(draw):
    """Nested Fractions (P, r, gamma), with V* drawn first so that ties are exact."""
    S, A = draw(st.sampled_from([(1, 3), (2, 2), (2, 3), (3, 2), (3, 3)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    gamma = draw(st.sampled_from([Fraction(0), THIRD, GAMMA, Fraction(99, 100)]))
    weights = rng.integers(0, 4, (S, A, S))
    weights[..., 0] += weights.sum(axis=2) == 0
    P = [[[Fraction(int(w), int(row.sum())) for w in row] for row in rows] for rows in weights]
    V = [Fraction(int(n), int(d)) for n, d in rng.integers(1, 8, (S, 2))]
    losses = [Fraction(0), Fraction(0), THIRD, TINY * THIRD, Fraction(5, 7)]
    lost = [[losses[i] if a else Fraction(0) for a, i in enumerate(row)]
            for row in rng.integers(0, len(losses), (S, A))]  # fmt: skip
    for row in lost:
        rng.shuffle(row)
    r = [[V[s] - lost[s][a] - gamma * inner(P[s][a], V) for a in range(A)] for s in range(S)]
    return P, r, gamma


def inner(x, y):
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def value(P, r, gamma):
    """V = r + gamma P V for a Markov chain, by Gaussian elimination in Fractions."""
    S = len(r)
    rows = [[Fraction(s == t) - gamma * P[s][t] for t in range(S)] + [r[s]] for s in range(S)]
    for i in range(S):  # diagonally dominant: no pivot is 0
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in set(range(S)) - {i}:
            rows[j] = [x - rows[j][i] * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[-1] for row in rows]


def brute_force(P, r, gamma):
    """A* from the values of all deterministic policies."""
    S, A = len(r), len(r[0])
    policies = itertools.product(range(A), repeat=S)
    values = [value([P[s][a] for s, a in enumerate(x)], [r[s][a] for s, a in enumerate(x)], gamma)
              for x in policies]  # fmt: skip
    V = [max(column) for column in zip(*values, strict=True)]
    assert V in values
    return [[r[s][a] + gamma * inner(P[s][a], V) - V[s] for a in range(A)] for s in range(S)]


@settings(max_examples=200)
@given(tied_mdps())
def test_advantages_against_all_policies(problem):
    found = RationalMDP(*problem).advantages
    assert [[fraction(x) for x in row] for row in found] == brute_force(*problem)


@pytest.mark.parametrize("best", [0, 1])
def test_what_floats_take_for_a_tie(best):
    rewards = [THIRD, THIRD]
    rewards[1 - best] *= 1 - TINY
    mdp = RationalMDP([[[1], [1]]], [rewards], GAMMA)
    assert (optimum(mdp.rounded()).optimal).all()
    assert (mdp.advantages == 0).tolist() == [[best == 0, best == 1]]
    assert fraction(mdp.advantages[0, 1 - best]) == -THIRD * TINY


@pytest.mark.parametrize("lost", [2.0**-53, 4e-14, 1e-11])
def test_a_doubtful_tie_of_floats(lost):
    mdp = MDP([[[1.0], [1.0]]], [[1.0 - lost, 1.0]], 0.5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = optimize(mdp, NaturalPG(1.0), 1)
    assert run.optimum.optimal.all() or "doubtful" in str(caught[0].message)
    exact = certify(run).method.mdp.advantages
    assert [fraction(x) for x in exact[0]] == [Fraction(1.0 - lost) - 1, 0]


def test_true_ties_are_ties():
    for same in (True, False):
        mdp = instances.tied(4, 3, 0.5, seed=1, same_dynamics=same)
        exact = RationalMDP.of(mdp).advantages
        near = np.vectorize(lambda x: abs(float(fraction(x))) < 1e-14)(exact)
        assert (near.sum(axis=1) == 2).all()
        assert not same or ((exact == 0).sum(axis=1) == 2).all()


@pytest.mark.parametrize(
    ("r", "gamma"),
    [
        ([[10**400, 1]], 0),
        ([[Fraction(1, 10**300), 0]], 0),
        ([[1e300, 0]], 0),
        ([[1, 0]], 1 - Fraction(1, 10**20)),
    ],
    ids=["huge", "tiny", "large float", "gamma that rounds to 1"],
)
def test_exact_numbers_need_not_fit_into_floats(r, gamma):
    assert (RationalMDP(ONE_STATE, r, gamma).advantages == 0).tolist() == [[True, False]]
