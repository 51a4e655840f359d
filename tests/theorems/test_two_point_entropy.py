"""The inequality under theorem E2: its proof succeeds, and refuses what is false."""

from __future__ import annotations

import math
import random
import subprocess
import sys

import mpmath as mp
import pytest

flint = pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from tabular_pg.theorems.proofs import two_point_entropy as proof  # noqa: E402

DIGITS = 40


def margin(constant):
    def relative(R, t):
        left, right = proof.sides(R, t, flint.fmpq(constant))
        return right / left - 1

    return relative


def sides(R, a):
    """The two sides as they are stated; the cancellation is left to the number of digits."""
    log_zbar = R * mp.exp(R) / mp.expm1(R) - 1
    left = 4 * (mp.exp(log_zbar) - 1 - log_zbar)
    return left, (R - a) * (mp.exp(R) - mp.exp(a)) + a * mp.expm1(a)


def points(n, low, high):
    """Random (R, a) with R log-uniform in [10^low, 10^high] and 0 <= a <= R."""
    draw = random.Random(0)
    for _ in range(n):
        R = mp.mpf(10) ** draw.uniform(low, high)
        yield R, R * draw.random()


def ball(value):
    return flint.arb(mp.nstr(value, 250))


def holds(enclosure, value, digits=DIGITS):
    """Whether a ball contains a number and is so many digits narrow."""
    exact = ball(value)
    return enclosure.overlaps(exact) and bool(enclosure.rad() <= abs(exact) / 10**digits)


def test_proved_everywhere():
    regions = proof.prove()
    assert all(region.proved and region.margin > 0 for region in regions)
    assert sum(region.boxes for region in regions) < 100_000


def test_sub_box():
    boxes, least, proved = proof.bisect(margin(4), ((3.0, 4.0), (0.5, 1.5)))
    assert proved
    with mp.workdps(30):
        grid = [(3 + mp.mpf(i) / 20, (mp.mpf(10) + j) / 20) for i in range(21) for j in range(21)]
        smallest = min(right / left - 1 for left, right in (sides(R, R - t) for R, t in grid))
    assert 0.5 * smallest <= least <= smallest
    assert boxes > 1


@pytest.mark.parametrize("constant", [(401, 100), (42, 10), (400_000_001, 100_000_000)])
def test_refuses_a_larger_constant(constant):
    near, *_ = proof.prove(flint.fmpq(*constant))
    assert not near.proved
    assert near.margin < 0
    assert near.boxes <= proof.DEPTH + 1


def test_bisection_refuses_where_it_is_false():
    box = ((2.0, 3.0), (0.0, 2.0))
    boxes, least, proved = proof.bisect(margin(5), box, depth=20)
    assert not proved
    assert boxes <= 2**21
    assert least <= 0
    assert proof.bisect(margin(4), box, depth=20)[2]


def test_bisection_gives_up_on_equality_and_on_nan():
    box = ((-1.0, 1.0),)
    assert not proof.bisect(lambda x: x * x, box, depth=30)[2]
    assert not proof.bisect(lambda x: x / x, box, depth=1)[2]
    assert proof.bisect(lambda x: x * x + flint.fmpq(1, 1000), box)[2]


def test_sides_agree_with_mpmath():
    with mp.workdps(300):
        for R, a in points(300, -30, 2):
            exact = [side * mp.exp(-R) for side in sides(R, a)]
            for decimals, digits in ((150, DIGITS), (15, -100)):  # the latter: just contained
                with flint.ctx.workdps(decimals):
                    found = proof.sides(ball(R), ball(R - a))
                    assert all(map(holds, found, exact, (digits, digits)))


def test_series_agree_with_mpmath():
    A, B = proof.coefficients()
    M_A, M_B = proof.majorants()
    for j, (x, y) in enumerate(zip(A, B, strict=True)):
        assert abs(flint.arb(x)) * 4**j < M_A
        assert abs(flint.arb(y)) * 4**j < M_B
    with mp.workdps(300), flint.ctx.workdps(80):
        for R, a in points(300, -30, math.log10(2)):
            r = R / 2
            left, right = (side / (2 * mp.exp(r)) for side in sides(R, a))
            below = r * mp.sinh(r) - (mp.cosh(r) - 1) ** 2 / 4
            y = ball(r**2)
            digits = DIGITS if R < 0.01 else 10  # what the bound on the tail leaves
            assert holds(proof.series(B, y, 1, M_B) * y, left, digits)
            assert holds(proof.series(A, y, 1, M_A) * y, below, digits)
            assert right >= below
            certified = proof.small_margin()(y)
            assert mp.mpf(certified.lower().str(50, radius=False)) <= (right / left - 1) / R**2


def test_every_link_of_the_proof_by_hand():
    with mp.workdps(200):
        for R, a in points(300, -20, 2):
            r, (left, right) = R / 2, sides(R, a)
            C, c = mp.cosh(r), r * mp.coth(r) - 1
            assert right >= 2 * mp.expm1(r) ** 2 >= left
            assert mp.almosteq(left, 4 * mp.exp(r) * (mp.exp(c) - r / mp.sinh(r)), 1e-60)
            assert mp.almosteq(mp.expm1(r) ** 2, 2 * mp.exp(r) * (C - 1), 1e-60)
            root, share = mp.sqrt((2 * C**2 + 1) / 3), (C**2 + C + 1) / (C + 2)
            assert mp.exp(c) <= root <= share <= C - 1 + r / mp.sinh(r)
            assert 3 * mp.sinh(R) <= R * (mp.cosh(R) + 2)
    for C in range(5):  # five points fix a polynomial of degree 4
        assert 3 * (C**2 + C + 1) ** 2 - (2 * C**2 + 1) * (C + 2) ** 2 == (C - 1) ** 3 * (C + 1)


def test_script_says_what_it_proved():
    command = [sys.executable, "-W", "error", "-m", proof.__name__]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("Proved for all 0 <= a <= R, R > 0: ")


def test_script_says_what_it_needs():
    hidden = f"import sys, runpy; sys.modules['flint'] = None; runpy.run_path({proof.__file__!r}, "
    command = [sys.executable, "-c", hidden + "run_name='__main__')"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "needs python-flint: pip install 'tabular_pg[certified]'\n"
