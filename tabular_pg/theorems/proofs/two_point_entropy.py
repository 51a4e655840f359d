"""The scalar inequality under theorem E2 holds for all R > 0 and 0 <= a <= R:

    4 (Zbar - 1 - log Zbar) <= (R - a)(e^R - e^a) + a (e^a - 1),  log Zbar = R e^R/(e^R - 1) - 1.

By hand. Cauchy-Schwarz on int e^{s/2} ds gives (x - y)(e^x - e^y) >= 4 (e^{x/2} - e^{y/2})^2. Hence
right >= 4 (e^{R/2} - e^{a/2})^2 + 4 (e^{a/2} - 1)^2 >= 2 (e^{R/2} - 1)^2. It remains to show that
left <= 2 (e^{R/2} - 1)^2. Put r = R/2, C = cosh r, c = r coth r - 1, so that log Zbar = r + c and
1 + log Zbar = r e^r / sinh r; divided by 4 e^r the claim reads e^c <= C - 1 + r / sinh r. Now
(i) 3 sinh q <= q (cosh q + 2), term by term;
(ii) e^{2c} <= (2 C^2 + 1)/3: equal at r = 0, and the logarithms have the derivatives
     2 (sinh q - q)/(cosh q - 1) <= 2 sinh q/(cosh q + 2) with q = 2r, which is (i);
(iii) C - 1 + r/sinh r >= (C^2 + C + 1)/(C + 2), by (i) with q = r;
(iv) 3 (C^2 + C + 1)^2 - (2 C^2 + 1)(C + 2)^2 = (C - 1)^3 (C + 1) >= 0.

By machine, independently of that proof, in ball arithmetic:
R <= 2. Put a = r + w. Then right = 2 e^r (r sinh r + w (e^w - C)), and w (e^w - C) >= -(C - 1)^2/4:
it is >= 0 for w <= 0, and >= w (w - (C - 1)) for w > 0. So right/(2 e^r) >= A(y) and
left/(2 e^r) = B(y) in y = r^2: A = r sinh r - (C - 1)^2/4, B = 2 (e^c - r/sinh r). Their power
series have exact rational coefficients; those from y^N on are at most M 4^-j, by the majorants
with all signs positive at |r| = 2, where r coth r - 1 becomes 1 - r cot r and r/sinh r becomes
r/sin r. Where 4 is sharp (y -> 0) A and B agree to first order, and A - B = 11 y^2/144 + ....
R >= 2. Put t = R - a and p = R/(e^R - 1). Then left/e^R = 4 (e^{p-1} - p) < 4/e, falling in p, and
right/e^R = t (1 - e^-t) + (R - t)(e^-t - e^-R), both terms >= 0. For t >= 2 the first term is
>= 2 (1 - e^-2); for t <= 2 and R >= 16 the second is >= 14 (e^-2 - e^-16); the rest,
[2, 16] x [0, 2] in (R, t), is bisected.
"""

from __future__ import annotations

import math
import sys
from time import perf_counter
from typing import NamedTuple

try:
    from flint import arb, fmpq
except ImportError:
    if __name__ != "__main__":
        raise
    print("needs python-flint: pip install 'tabular_pg[certified]'", file=sys.stderr)
    sys.exit(2)

TERMS = 24  # of the power series in y = (R/2)^2
DEPTH = 40  # bisections of one box, before the proof is given up


class Region(NamedTuple):
    """Part of the range of (R, a), and a proved lower bound on its normalized margin."""

    where: str
    method: str
    margin_of: str
    boxes: int
    margin: float
    proved: bool


def hull(low, high) -> arb:
    """A ball that contains [low, high]."""
    return arb(low).union(arb(high))


def bisect(margin, box, depth=DEPTH) -> tuple[int, float, bool]:
    """Boxes used, a lower bound on margin over the box, and whether margin is proved positive.

    Sides are halved, the widest relative to the whole first, until the margin is positive and
    known within a factor of 2; a box of the given depth where it may be <= 0 ends the search.
    """
    whole = [high - low for low, high in box]
    pending, boxes, least = [(box, 0)], 0, math.inf
    while pending:
        sides, level = pending.pop()
        value = margin(*(hull(low, high) for low, high in sides))
        boxes += 1
        # Comparisons of balls are true only if they hold for all their points.
        if value > 3 * value.rad() or (level == depth and value > 0):
            least = min(least, _below(value))
            continue
        if level == depth:
            return boxes, min(least, _below(value)), False
        widths = [(high - low) / w for (low, high), w in zip(sides, whole, strict=True)]
        i = widths.index(max(widths))
        low, high = sides[i]
        for half in ((low, (low + high) / 2), ((low + high) / 2, high)):
            pending.append(((*sides[:i], half, *sides[i + 1 :]), level + 1))
    return boxes, least, True


def _below(ball):
    """A double below the whole ball, -inf where the ball has no lower end."""
    low = float(ball.lower())
    return -math.inf if math.isnan(low) else math.nextafter(low, -math.inf)


def _times(f, g):
    return [sum((f[k] * g[n - k] for k in range(n + 1)), fmpq(0)) for n in range(len(f))]


def _over(f, g):
    """Coefficients of f/g, g[0] = 1."""
    q = []
    for n in range(len(f)):
        q.append(f[n] - sum((g[k] * q[n - k] for k in range(1, n + 1)), fmpq(0)))
    return q


def _exp(f):
    """Coefficients of e^f, f[0] = 0."""
    e = [fmpq(1)]
    for n in range(1, len(f)):
        e.append(sum((k * f[k] * e[n - k] for k in range(1, n + 1)), fmpq(0)) / n)
    return e


def coefficients(terms=TERMS):
    """The first coefficients of A and of B as series in y, exactly."""
    cosh = [fmpq(1, math.factorial(2 * n)) for n in range(terms)]
    sinhc = [fmpq(1, math.factorial(2 * n + 1)) for n in range(terms)]
    one = [fmpq(int(n == 0)) for n in range(terms)]
    excess = [x - y for x, y in zip(cosh, one, strict=True)]
    square = _times(excess, excess)
    r_sinh = [fmpq(0), *sinhc[:-1]]
    zbar = _exp([x - y for x, y in zip(_over(cosh, sinhc), one, strict=True)])
    A = [x - y / 4 for x, y in zip(r_sinh, square, strict=True)]
    B = [2 * (x - y) for x, y in zip(zbar, _over(one, sinhc), strict=True)]
    return A, B


def majorants():
    """Bounds M_A, M_B with |A_j| <= M_A 4^-j and |B_j| <= M_B 4^-j for all j."""
    two = arb(2)
    M_A = 2 * two.sinh() + (two.cosh() - 1) ** 2 / 4
    M_B = 2 * ((1 - 2 * two.cot()).exp() + 2 / two.sin())
    return M_A, M_B


def series(f, y, drop, majorant):
    """A ball around (the sum of f_j y^j over j >= drop) / y^drop, 0 <= y <= 1, tail included."""
    total = arb(0)
    for coefficient in reversed(f[drop:]):
        total = total * y + coefficient
    n = len(f)
    tail = majorant / 4**n * y ** (n - drop) / (1 - y / 4)
    return total + tail.union(-tail)


def small_margin(constant=4):
    """A function of y = (R/2)^2 <= 1 that is at most (right - left)/(R^2 left)."""
    (A, B), (M_A, M_B) = coefficients(), majorants()
    B, M_B = [constant * b / 4 for b in B], constant * M_B / 4
    gap = [x - y for x, y in zip(A, B, strict=True)]  # starts with an exact 0, then 1 - constant/4
    if gap[1] < 0:
        return lambda y: arb(gap[1])  # the sign of the gap as y -> 0
    return lambda y: series(gap, y, 2, M_A + M_B) / (4 * series(B, y, 1, M_B))


def sides(R, t, constant=4):
    """(left, right) of the inequality over e^R, at a = R - t."""
    p = R / R.expm1()
    small = (-t).exp()
    return constant * ((p - 1).exp() - p), t * (1 - small) + (R - t) * (small - (-R).exp())


def prove(constant=4, depth=DEPTH) -> tuple[Region, ...]:
    """The four regions that cover all 0 <= a <= R, R > 0, each proved or not, for an integer or
    fmpq in place of the 4."""
    constant = fmpq(constant)

    def margin(R, t):
        left, right = sides(R, t, constant)
        return right / left - 1

    relative = "(right - left)/left"
    top = constant * arb(-1).exp()  # above left/e^R
    far = 2 * (1 - arb(-2).exp()) / top - 1
    beyond = 14 * (arb(-2).exp() - arb(-16).exp()) / top - 1
    near = bisect(small_margin(constant), ((0.0, 1.0),), depth)
    middle = bisect(margin, ((2.0, 16.0), (0.0, 2.0)), depth)
    return (
        Region("0 < R <= 2", "power series", "(right - left)/(R^2 left)", *near),
        Region("2 <= R <= 16, R - a <= 2", "bisection", relative, *middle),
        Region("R >= 16, R - a <= 2", "by hand", relative, 0, _below(beyond), bool(beyond > 0)),
        Region("R >= 2, R - a >= 2", "by hand", relative, 0, _below(far), bool(far > 0)),
    )


def main() -> int:
    start = perf_counter()
    regions = prove()
    row = "{:<26}{:<14}{:<26}{:>6}  {:<16}{}".format
    print(row("region", "method", "margin of", "boxes", "margin above", "proved"))
    for where, method, margin_of, boxes, margin, proved in regions:
        shown = f"{math.floor(margin * 1e4) / 1e4:.4f}" if proved else "-"
        print(row(where, method, margin_of, boxes, shown, "yes" if proved else "NO"))
    print(f"{perf_counter() - start:.2f} s\n")
    missing = "; ".join(region.where for region in regions if not region.proved)
    claim = "4 (Zbar - 1 - log Zbar) <= (R - a)(e^R - e^a) + a (e^a - 1)"
    print(f"Not proved: {missing}." if missing else f"Proved for all 0 <= a <= R, R > 0: {claim}.")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
