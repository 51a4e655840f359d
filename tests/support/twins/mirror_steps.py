"""One step of mirror descent in one state, from its optimality conditions, to many digits."""

from __future__ import annotations

import mpmath as mp

from tabular_pg.mirrors import AlphaDivergence, Entropy, Euclidean, LogBarrier, Tsallis


def dual(mirror):
    """phi' and its inverse, as in the definition of each map."""
    if type(mirror) is Entropy:
        return mp.log, mp.exp
    if type(mirror) is Euclidean:
        return (lambda p: p), (lambda y: max(y, mp.mpf(0)))
    if type(mirror) is LogBarrier:
        return (lambda p: -1 / p), (lambda y: -1 / y)
    assert type(mirror) is Tsallis
    q = mp.mpf(mirror.q)
    return (
        lambda p: p ** (q - 1) / (q - 1),
        lambda y: max((q - 1) * y, mp.mpf(0)) ** (1 / (q - 1)),
    )


def weight(mirror, pi):
    """h(pi), as in the definition of each map."""
    if type(mirror) is Entropy:
        return mp.fsum(p * mp.log(p) for p in pi if p > 0)
    if type(mirror) is Euclidean:
        return mp.fsum(p**2 for p in pi) / 2
    if type(mirror) is LogBarrier:
        return -mp.fsum(map(mp.log, pi))
    q = mp.mpf(mirror.q)
    return (mp.fsum(p**q for p in pi) - 1) / (q * (q - 1))


def give(mirror, p):
    """1 / phi''(p): how much a probability gives way to its parameter."""
    power = {Entropy: 1, LogBarrier: 2}.get(type(mirror))
    return p ** (2 - mp.mpf(mirror.q) if power is None else power)


def mirror_step(mirror, pi, slopes):
    """argmax_p <slopes, p> - D(p, pi) over the simplex."""
    if type(mirror) is AlphaDivergence:
        return alpha_step(mp.mpf(mirror.alpha), pi, slopes)
    derivative, _ = dual(mirror)
    return conjugate(mirror, [derivative(p) + slope for p, slope in zip(pi, slopes, strict=True)])


def conjugate(mirror, y):
    """argmax_p <y, p> - h(p) over the simplex."""
    if type(mirror) is Entropy:
        powers = [mp.exp(x - max(y)) for x in y]
        return [p / mp.fsum(powers) for p in powers]
    derivative, inverse = dual(mirror)
    less = [max(y) - x for x in y]

    def policy(top):
        return [inverse(top - x) for x in less]

    n = mp.mpf(len(y))
    top = root(lambda top: mp.fsum(policy(top)) - 1, derivative(1 / n), derivative(mp.mpf(1)))
    return [p / mp.fsum(policy(top)) for p in policy(top)]


def alpha_step(alpha, pi, slopes):
    """From the condition (p/pi)^(alpha-1) / (alpha-1) = slope - constant."""
    power = 1 - alpha
    losses = [power * (max(slopes) - slope) for slope in slopes]

    def policy(z):
        return [p * (z + loss) ** (-1 / power) for p, loss in zip(pi, losses, strict=True)]

    best = max(p for p, loss in zip(pi, losses, strict=True) if loss == 0)
    z = root(lambda z: 1 - mp.fsum(policy(z)), best**power, mp.mpf(1))
    return [p / mp.fsum(policy(z)) for p in policy(z)]


def root(function, low, high):
    """Where an increasing function is 0, by secants and halving to the working precision."""
    below, above = function(low), function(high)
    if below >= 0 or above <= 0:
        return low if below >= 0 else high
    for i in range(10 * mp.mp.prec):
        t = high - above * (high - low) / (above - below) if i % 3 else (low + high) / 2
        if not low < t < high or high - low < mp.eps * abs(high) / 4:
            return t
        value = function(t)
        if value > 0:
            high, above, below = t, value, below / (2 if i % 3 else 1)
        else:
            low, below, above = t, value, above / (2 if i % 3 else 1)
    raise AssertionError("no root was found")
