"""Balls enclose, decide only what is certain, and refuse what they cannot do rigorously."""

from __future__ import annotations

import itertools
import math
import operator

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("flint", reason="needs the extra certified")

from flint import arb, ctx, fmpz  # noqa: E402

from tabular_pg.certified import Undecided  # noqa: E402
from tabular_pg.certified.arithmetic.arrays import FUNCTIONS, UFUNCS, NotComputable, Tristate  # noqa: E402
from tabular_pg.certified.arithmetic.arrays import ball_array as B  # noqa: E402
from tabular_pg.certified.arithmetic.balls import bregman_term, kl_term  # noqa: E402
from tabular_pg.verdicts.quantities import exp_remainder, relative_entropy  # noqa: E402

REFUSED = (TypeError, AttributeError, ValueError, Undecided)  # numpy's AxisError is a ValueError
INF, NAN, OPEN = math.inf, math.nan, arb(0, 1)
UNARY = {
    **{f: getattr(mp, f) for f in ("sqrt", "exp", "expm1", "log", "log1p", "sinh", "ceil")},
    "negative": operator.neg, "absolute": abs, "square": lambda x: x * x,
    "wrightomega": lambda x: mp.lambertw(mp.exp(x)).real,
}  # fmt: skip
BINARY = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "power": operator.pow,
    "divide": operator.truediv, "maximum": max, "minimum": min,
    "logaddexp": lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
}  # fmt: skip
COMPARISONS = {
    "less": operator.lt, "less_equal": operator.le, "equal": operator.eq,
    "greater": operator.gt, "greater_equal": operator.ge, "not_equal": operator.ne,
}  # fmt: skip
OTHERS = ["isfinite", "isinf", "isnan", "bitwise_and", "bitwise_or", "invert", "matmul"]
DOMAIN = {"sqrt": 0, "log": 0, "log1p": -1}  # where it is real and finite


@pytest.fixture(autouse=True)
def _precise():
    with mp.workdps(100), np.errstate(all="ignore"):
        yield


def ufunc(name):
    return getattr(np, name, None) or getattr(scipy.special, name)


def as_arb(x):
    """A ball around the mpmath number x, relatively far smaller than what is tested."""
    x = mp.mpf(x)
    if not mp.isfinite(x):
        return arb(float(x))
    sign, mantissa, exponent, bits = x._mpf_
    with ctx.workprec(bits + 99):
        exact = arb(fmpz(int(mantissa) * (-1) ** sign)) * arb(2) ** int(exponent)
        return arb(exact, abs(exact) * arb(2) ** -200)


def encloses(ball, truth) -> bool:
    """Whether a ball (nan: all of them) may stand for a number; a nan is in no finite one."""
    if ball.is_nan():
        return True
    if mp.isfinite(truth):
        return ball.overlaps(as_arb(truth))
    infinite = ball == arb.pos_inf() or ball == arb.neg_inf()
    return ball == as_arb(truth) if infinite and not mp.isnan(truth) else not ball.is_finite()


def check(found, truth):
    found, truth = B(found).data, np.asarray(truth, dtype=object)
    assert found.shape == truth.shape
    assert all(encloses(*pair) for pair in zip(found.flat, truth.flat, strict=True))


@st.composite
def balls(draw, exact=False):
    """A ball and some of its points, with its ends."""
    size = st.one_of(st.floats(1e-9, 30), st.floats(-300, 1.5).map(lambda u: 10.0**u))
    half = st.integers(-12, 12).map(lambda n: n / 2)
    centre = draw(st.one_of(size, size.map(operator.neg), half))
    shares = [0.0] if exact else [0.0, 2.0**-60, 2.0**-30, 0.125, 1.0, 2.0]
    radius = (abs(centre) or 1) * draw(st.sampled_from(shares))
    points = [mp.mpf(centre) + radius * mp.mpf(t) for t in (-1, -0.75, 0, 0.125, 1)]
    return arb(centre, radius), points


def matrices(*shape):
    """Balls of this shape, and arrays of points in them."""

    def build(entries):
        ball = np.empty(len(entries), dtype=object)
        points = np.array([p for _, p in entries], dtype=object).T
        ball[:] = [b for b, _ in entries]
        return B(ball.reshape(shape)), points.reshape(-1, *shape)

    n = math.prod(shape)
    return st.lists(balls(), min_size=n, max_size=n).map(build)


def check_unary(name, ball, points):
    found = ufunc(name)(B(ball))
    for x in points:
        if x > DOMAIN.get(name, -INF):
            check(found, UNARY[name](x))
            if len(set(points)) == 1 and name != "ceil":  # it jumps
                assert found.item().rad() <= 1e-9 * abs(found.item().mid())


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=20)
@given(balls())
def test_functions_enclose(name, ball):
    check_unary(name, *ball)


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=20)
@given(balls(), balls(), st.integers(-3, 4))
def test_operations_enclose(name, first, second, n):
    (x, xs), (y, ys) = first, (arb(n), [n]) if name == "power" and n != 4 else second
    found = ufunc(name)(B(x), B(y))
    for p, q in itertools.product(xs, ys):
        if not (name == "divide" and q == 0) and (name != "power" or p > 0 or (p and n != 4)):
            check(found, BINARY[name](p, q))


def check_comparison(name, first, second):
    (x, xs), (y, ys) = first, second
    found = ufunc(name)(B(x), B(y))
    truths = {bool(COMPARISONS[name](p, q)) for p, q in itertools.product(xs, ys)}
    if isinstance(found, Tristate):
        assert not x.is_exact() or not y.is_exact()
        with pytest.raises(Undecided):
            bool(found)
    else:
        assert truths == {bool(found)}


@pytest.mark.parametrize("name", COMPARISONS)
@settings(max_examples=20)
@given(balls(), balls(), st.booleans())
def test_comparisons_are_certain_or_open(name, first, second, touching):
    check_comparison(name, first, (as_arb(first[1][-1]), first[1][-1:]) if touching else second)


MASK, AT = np.array([[True, False], [False, True]]), np.array([[1, 0]])
MOVED = {  # the same on balls and on object arrays of points; x and y are 2 by 2
    "sum": lambda x, y: x.sum(),
    "sum of rows": lambda x, y: x.sum(axis=-1, keepdims=True),
    "sum over both axes": lambda x, y: x.sum(axis=(1, 0)),
    "np.sum": lambda x, y: np.sum(x, axis=0),
    "sum from": lambda x, y: np.add.reduce(x, axis=1, initial=2.5),
    "product": lambda x, y: np.multiply.reduce(x, axis=None, keepdims=True),
    "max": lambda x, y: x.max(),
    "max from": lambda x, y: x.max(axis=0, initial=0.5),
    "min": lambda x, y: x.min(axis=(0, 1), keepdims=True),
    "cumulated": lambda x, y: np.add.accumulate(x, axis=1),
    "differences": lambda x, y: np.subtract.accumulate(x, axis=0),
    "least so far": lambda x, y: np.minimum.accumulate(x, axis=-1),
    "cumprod": lambda x, y: np.cumprod(x[0]),
    "cumprod of a matrix": lambda x, y: np.cumprod(x),
    "matmul": lambda x, y: x @ y,
    "matmul of a vector": lambda x, y: x @ y[0],
    "einsum": lambda x, y: np.einsum("ij,kj,ij->ki", x, y, x),
    "tensordot": lambda x, y: np.tensordot(x, y, axes=(1, 1)),
    "tensordot of numbers": lambda x, y: np.tensordot(np.arange(4.0).reshape(2, 2), y, axes=1),
    "outer": lambda x, y: np.outer(x, y[1]),
    "index": lambda x, y: x[:, ::-1][[1, 0, 0], None],
    "mask": lambda x, y: x[MASK],
    "T": lambda x, y: x.T,
    "diag": lambda x, y: np.diag(x[1]),
    "diagonal": lambda x, y: np.diag(x),
    "reshape": lambda x, y: np.reshape(x, (4, 1)),
    "broadcast_to": lambda x, y: np.broadcast_to(x, (3, 2, 2)),
    "broadcast_arrays": lambda x, y: np.broadcast_arrays(x[0], y[:, :1])[1],
    "take_along_axis": lambda x, y: np.take_along_axis(x, AT, axis=0),
    "concatenate": lambda x, y: np.concatenate([x, y, np.ones((2, 1))], axis=1),
    "stack": lambda x, y: np.stack([x, y], axis=1),
    "where": lambda x, y: np.where(MASK, x, y),
    "where open": lambda x, y: np.where(x > y, x, 2 * y + x),
    "where open, then equal": lambda x, y: np.subtract.reduce(np.where(x > y, 0.0, 1.0)),
    "where open rows": lambda x, y: np.subtract.reduce(np.where(x > y, x[:1], 0.5)),
}


def check_moved(case, first, second):
    (x, xs), (y, ys) = first, second
    found = MOVED[case](x, y)
    for p, q in itertools.product(xs[::4], ys[::4]):
        check(found, MOVED[case](p, q))


@pytest.mark.parametrize("case", MOVED)
@settings(max_examples=5)
@given(matrices(2, 2), matrices(2, 2))
def test_arrays_enclose(case, first, second):
    check_moved(case, first, second)


@settings(max_examples=15)
@given(matrices(2, 2), matrices(2, 2))
def test_solutions_eigenvectors_and_interpolation_enclose(first, second):
    (x, xs), (y, ys) = first, second
    for p, q in zip(xs, ys, strict=True):
        try:
            system = p[0, 0] * p[1, 1] - p[0, 1] * p[1, 0], np.linalg.solve(x, y[0])
        except Undecided:
            continue
        truth = np.array([[p[1, 1], -p[0, 1]], [-p[1, 0], p[0, 0]]]) @ q[0] / system[0]
        check(system[1], truth)
    for p in xs:
        symmetric = np.einsum("ij,kj->ik", p, p)  # of balls: not the same object, but around it
        try:
            values, vectors = np.linalg.eigh(np.einsum("ij,kj->ik", x, x))
        except NotComputable:
            break
        true_values, true_vectors = mp.eigsy(mp.matrix(symmetric.tolist()))
        check(values, list(true_values))
        for j in range(2):
            v = np.array([true_vectors[i, j] for i in range(2)])
            assert any(
                all(encloses(b, s * c) for b, c in zip(vectors.data[:, j], v, strict=True))
                for s in (1, -1)
            )
    for p, q in zip(xs, ys, strict=True):
        at, grid = x[0, 0], np.array([-1.0, 0.5, 3.0])
        try:
            found = np.interp(at, grid, np.reshape(y, 4)[:3])
        except Undecided:
            continue
        t, v = p[0, 0], np.reshape(q, 4)
        line = (v[0] + (v[1] - v[0]) * (t + 1) / 1.5, v[1] + (v[2] - v[1]) * (t - 0.5) / 2.5)
        check(found, v[0] if t <= -1 else line[0] if t <= 0.5 else line[1] if t <= 3 else v[2])


def test_everything_registered_is_tested():
    assert {*UNARY, *BINARY, *COMPARISONS, *OTHERS} >= set(UFUNCS)
    apart = {np.linalg.solve, np.linalg.eigh, np.interp, np.array_equal, np.flatnonzero}
    names = {name for case in MOVED.values() for name in case.__code__.co_names}
    assert names >= {f.__name__ for f in set(FUNCTIONS) - apart}
    assert np.array_equal(B([1, 2]), B([1, 2])) and not np.array_equal(B([1]), B([2]))
    assert np.flatnonzero(B([1, 0, 2]) > 0).tolist() == [0, 2]


@pytest.mark.parametrize("name", [*UNARY, *BINARY, "isfinite", "isinf", "isnan", *COMPARISONS])
def test_corner_cases_are_those_of_numpy(name):
    """Where numpy has no number, balls have no finite one and decide nothing."""
    values = [0.0, 1.0, -1.0, 0.5, 1.5, 2.0, -2.5, INF, -INF, NAN]
    for args in itertools.product(values, repeat=ufunc(name).nin):
        truth, found = ufunc(name)(*args), ufunc(name)(*map(B, args))
        if isinstance(found, Tristate):
            assert any(map(math.isnan, args))
        elif found.dtype == bool if hasattr(found, "dtype") else False:
            assert found == truth and not any(map(math.isnan, args)), args
        elif math.isfinite(truth):
            assert found.item().is_nan() or abs(found.item() - float(truth)) < 1e-12, args
        else:
            check(found, mp.mpf(float(truth)))


def test_infinite_values_are_exact():
    inf, zero = arb.pos_inf(), B(0)
    for found in (1 / zero, -np.log(zero), -np.log1p(B(-1)), zero**-1, -(-2 / zero)):
        assert found.item() == inf
    assert np.exp(B(-INF)).item() == 0 and (zero**0).item() == 1 and (1 / B(INF)).item() == 0
    assert np.logaddexp(B(-INF), -INF).item() == -inf and np.logaddexp(-INF, B(2)).item() == 2
    assert B([-INF, -INF]).max().item() == -inf and B([1, INF]).argmax() == 1


@pytest.mark.parametrize("x", [arb(1, 1) * arb.pos_inf(), arb.nan(), arb(0, INF)])
def test_what_may_be_anything_decides_nothing(x):
    for name in ("isfinite", "isinf", "isnan"):
        assert isinstance(ufunc(name)(B(x)), Tristate), name
    for name in COMPARISONS:
        assert isinstance(ufunc(name)(B(x), 0), Tristate), name
    with pytest.raises(Undecided):
        B([x, arb(1)]).argmax()


def test_nan_is_not_equal_to_itself():
    x = B([arb.nan()])
    assert isinstance(x == x, Tristate) and (x - x).item().is_nan()
    with pytest.raises(Undecided):
        np.array_equal(x, x)


def test_one_object_is_one_number():
    x = B([arb(1, 1), arb(1, 1)])
    assert (x == x).all() and (x <= x).all() and not (x < x).any() and not (x != x).any()
    assert all(d.is_zero() for d in (x - x).data) and not (x[0] - x[1]).item().is_zero()
    assert isinstance(x[0] == x[1], Tristate) and isinstance(x == x + 0, Tristate)
    y = B([arb(5, 1), *x.data, arb(-3, 1)])
    assert y.max().item() is y.data[0] and y.min().item() is y.data[3] and y.argmax() == 0
    assert np.maximum(x, x).data[0] is x.data[0] and np.where(x > 0, x, x).data[1] is x.data[1]
    with pytest.raises(Undecided):
        x.argmax()


def test_balls_around_two_cases_are_not_one_number():
    either = np.where(T, 0.0, 1.0)
    assert (either[0] - either[1]).item().contains(1) and isinstance(
        either[0] == either[1], Tristate
    )


def tristate(values):
    return B([{True: arb(1), False: arb(-1), None: OPEN}[v] for v in values]) > 0


KLEENE = {
    "and": lambda p, q: p & q,
    "or": lambda p, q: p | q,
    "not": lambda p, q: ~p,
    "both": lambda p, q: ~(~p & q),
    "equal": lambda p, q: p == q,
    "not equal": lambda p, q: ~(p == q),
    "any": lambda p, q: (p & q).any(),
    "all": lambda p, q: (p | q).all(),
}


@pytest.mark.parametrize("case", KLEENE)
def test_logic_is_open_exactly_where_completions_differ(case):
    grid = list(itertools.product((False, True, None), repeat=2))
    for (p, q), plain in itertools.product(grid, (False, True)):
        if plain and q is None:
            continue
        right = np.array([q]) if plain else tristate([q])
        found = KLEENE[case](tristate([p]), right)
        filled = ([v] if v is not None else [False, True] for v in (p, q))
        truths = {bool(KLEENE[case](np.array([a]), np.array([b]))) for a, b in
                  itertools.product(*filled)}  # fmt: skip
        assert isinstance(found, Tristate) == (len(truths) == 2)
        if isinstance(found, Tristate):
            with pytest.raises(Undecided):
                bool(found)
        else:
            assert found.dtype == bool and {bool(found)} == truths


def test_logic_with_a_plain_truth_value():
    open_then_true = tristate([None, True])
    assert isinstance((~(open_then_true == True)).any(), Tristate)  # noqa: E712


def kl(x):
    with mp.workdps(720):
        return x * mp.exp(x) - mp.exp(x) + 1


def bregman(x, q):
    """D(e^x, 1) of phi with phi'' = p^(q-2), phi(1) = phi'(1) = 0."""
    with mp.workdps(720):
        p = mp.exp(x)
        if q in (0, 1):
            return p - 1 - mp.log(p) if q == 0 else p * mp.log(p) - p + 1
        return (p**q - 1) / (q * (q - mp.mpf(1))) - (p - 1) / (q - mp.mpf(1))


THIRD, X = np.longdouble(1) / 3, np.array([0.04])
W, V, T = B(arb(2.9, 0.15)), B([arb(1, 0.1), arb(2, 0.1), arb(3, 0.1)]), B([OPEN, OPEN]) > 0
REFUSALS = """np.asarray(V); np.array([V, V]); np.array([W, W]); np.array([W], dtype=object)
np.array(W, dtype=float); np.full(2, W); np.arange(W); np.float64(W); float(W); int(W); complex(W)
operator.index(W); range(W); math.exp(W); math.floor(W); np.fromiter(V, float); math.fsum(V)
np.zeros(3).__setitem__(0, W); np.zeros(3).__setitem__(slice(3), V); V.__setitem__(0, W); round(W)
np.zeros(3).__iadd__(V); V.__iadd__(1); np.add(V, V, out=np.zeros(3))
np.add(V, V, where=[True] * 3); np.add(V, V, dtype=float); np.add.reduceat(V, [0])
np.multiply.outer(V, V); np.less.reduce(V[:2])
V.sum(axis=5); V.max(axis=-2); np.einsum("i->", V, out=np.zeros(())); np.median(V); np.sort(V)
np.mean(V); np.max(V); np.prod(V); np.dot(V, V); np.clip(V, 0, 1); np.sign(V); np.floor(V); W // 1
np.linalg.inv(B(np.eye(2))); np.linalg.solve(B(np.ones((2, 2))), B([1, 2])); np.linalg.norm(V)
np.linalg.eigh(B(np.eye(2))); np.interp(V, B([0, 1, 2]), B([0, 1, 2]))
np.interp(arb(1, 0.1), [0, 1, 2], V); np.where(V, 1, 2)
np.isclose(V, V); np.allclose(V, V); np.vectorize(float)(V); V.mean(); V.dtype; V.reshape(3)
hash(W); scipy.special.logsumexp(V); scipy.special.xlogy(V, V); scipy.special.softmax(V)
np.logical_and(T, T); np.any(T); np.asarray(T); np.where(T, T, T); T + 1; T < 1
V[T]; V[T[:1], ]; V[V]; V & T
V + np.array([0.5, None, "1"]); V + 1j; V + np.array([{}] * 3); B("1"); B(None); math.isclose(W, 3)
np.maximum.reduce(T); max(B([OPEN, arb(0)])); sorted(B([OPEN, arb(0)])); 0 in B([OPEN])"""


@pytest.mark.parametrize("call", [c.strip() for c in REFUSALS.replace("\n", ";").split(";")])
def test_what_is_not_rigorous_is_refused(call):
    with pytest.raises(REFUSED):
        eval(call)


@pytest.mark.parametrize(
    "call, truth",
    [
        (lambda: W.astype(int), lambda: [mp.mpf(2), mp.mpf(3)]),
        (lambda: B(THIRD), lambda: [mp.mpf(int(THIRD * 2**65)) / 2**65]),
        (lambda: B(arb(0.5, 0.5)).astype(np.bool_), lambda: [mp.mpf(0), mp.mpf(1)]),
        (lambda: relative_entropy(X, B([1]), B([1])), lambda: [kl(mp.mpf(0.04))]),
    ],
)
def test_refused_or_right(call, truth):
    with ctx.workprec(200):
        try:
            found = call()
        except REFUSED:
            return
        for x in truth():
            check(found, x)


def check_entropy(ball, points):
    narrow = ball.rad() <= abs(ball.mid()) * 1e-8
    found = kl_term(ball)
    assert not narrow or found.rad() <= found.mid() * 1e-5
    for x in points:
        check(found, kl(x))
        for q in (0, 0.125, 0.5, 1, 1.5, 2):
            check(bregman_term(ball, arb(q)), bregman(x, q))
        with mp.workdps(720):
            remainder = mp.exp(x) - 1 - x
        check(exp_remainder(B(ball)), remainder)
        log_ratio, weights = B([[ball, arb(-INF)], [arb(0), ball]]), B([0.25, 0.75])
        check(relative_entropy(log_ratio, None, weights), [kl(x) / 4 + mp.mpf(0.75), kl(x) * 3 / 4])


@settings(max_examples=20)
@given(balls(), st.sampled_from([30, 53, 400]))
def test_entropies_enclose(ball, bits):
    with ctx.workprec(bits):
        check_entropy(*ball)


@pytest.mark.parametrize("size", [1e-300, 1e-100, 1e-16, 1e-8, 0.01, 0.2499, 0.25, 0.2501, 3, 30])
def test_entropies_enclose_at_every_size(size):
    for x in (arb(size), arb(-size), arb(-size, size / 8)):
        points = [mp.mpf(float(x.mid())) + mp.mpf(float(size)) / 8 * t for t in (-1, 0, 1)]
        check_entropy(x, points if x.rad() > 0 else points[1:2])


def test_wrong_enclosures_are_noticed(monkeypatch):
    def noticed(table, key, wrong, test, *args):
        test(*args)
        with monkeypatch.context() as patch, pytest.raises(AssertionError):
            patch.setitem(table, key, lambda *a, **b: wrong(B(UFUNCS_[key](*a))))
            test(*args)

    UFUNCS_ = dict(UFUNCS)
    centre = np.frompyfunc(arb.mid, 1, 1)
    x, y = (arb(1.5, 0.5), [mp.mpf(1), mp.mpf(2)]), (arb(2, 0), [mp.mpf(2)])
    exact = (arb(1.5), [mp.mpf(1.5)])
    for name in ("exp", "log", "wrightomega"):
        for point in (x, exact):
            noticed(UFUNCS, name, lambda b: B(centre(b.data)), check_unary, name, *point)
    pair = [(B([[b] * 2] * 2), np.array([[[p] * 2] * 2 for p in ps])) for b, ps in (x, y)]
    noticed(UFUNCS, "add", lambda b: B(centre(b.data)), check_moved, "sum", *pair)
    noticed(UFUNCS, "matmul", lambda b: b + 1e-9 + b, check_moved, "matmul", *pair)
    with monkeypatch.context() as patch, pytest.raises(AssertionError):
        patch.setitem(UFUNCS, "less", lambda a, b: a.item().mid() < b.item().mid())
        check_comparison("less", x, y)
    with monkeypatch.context() as patch, pytest.raises(AssertionError):
        patch.setitem(globals(), "kl_term", lambda b: b * b / 2 * (1 + b * 2 / 3))
        check_entropy(arb(0.01), [mp.mpf(0.01)])
