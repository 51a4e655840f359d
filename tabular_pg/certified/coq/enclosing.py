"""The iterates of a softmax method, with the intervals that enclosures.v computes: what to guess of
them, and how many bits Coq needs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import arb, fmpq

from tabular_pg.certified.arithmetic.balls import balls, zeros
from tabular_pg.certified.arithmetic.exact import objects
from tabular_pg.certified.coq.bounds import exactly

GUARD = 16  # bits of a guess beyond those of the intervals
LARGEST_POWER = 16384  # of e, as in balls.v
SLACK = 16  # how many times wider Coq's intervals may be than those here


class Guess(NamedTuple):
    """Fractions near the values (S,) and, if the method takes them, visits (S,) of an iterate."""

    V: np.ndarray
    d: np.ndarray | None


class Seen(NamedTuple):
    """The gaps of an iterate in balls, in the mean over the start and in every state."""

    mean: arb
    states: np.ndarray


def guesses_of(found, V, bits, visits) -> list:
    """Guesses for these iterates, that are near enough for intervals of ``bits`` bits; ``V`` are
    the largest values."""
    guesses = []
    for x, gap in found:
        fine = bits + _depth(gap.mean)
        near = [_near(v - exactly(e.mid()), fine) for v, e in zip(V, x.e, strict=True)]
        seen = [_near(exactly(d.mid()), bits) for d in x.d]
        guesses.append(Guess(objects(near), objects(seen) if visits else None))
    return guesses


def _depth(gap) -> int:
    """How many zeros follow the point of a gap in binary."""
    mantissa, exponent = gap.mid().man_exp()
    return max(0, -int(exponent) - int(mantissa).bit_length()) if mantissa != 0 else 0


def _near(x, bits) -> fmpq:
    """The multiple of 2^-(bits + GUARD) that is nearest to a fraction."""
    unit = fmpq(2) ** (bits + GUARD)
    return fmpq((x * unit + fmpq(1, 2)).floor()) / unit


def followed(method, steps, goal, guesses):
    """What Coq sees of the gaps at every iterate, one after the other: enclosures.v's ``distances``
    in balls of flint's present precision, and the gaps that they leave; ``goal`` are the largest
    values."""
    first, gamma, theta = balls(method.policy), arb(method.mdp.gamma), zeros(*method.policy.shape)
    for k, guess in enumerate(guesses):
        if not all(abs(x) < LARGEST_POWER for x in theta.flat):
            raise ValueError(
                f"subject has probabilities of e^{LARGEST_POWER} or e^-{LARGEST_POWER} times what "
                f"they were at iterate {k}; expected smaller steps, or fewer iterations, for Coq"
            )
        weights = first * np.exp(theta)
        pi = weights / weights.sum(axis=1)[:, None]
        gains = balls(_gains(method.mdp, guess.V))
        far = _hull((pi * gains).sum(axis=1)) / arb(1 - method.mdp.gamma)
        lost = goal - guess.V
        yield Seen(arb((method.mdp.rho * lost).sum()) - far, balls(lost) - far)
        if k < len(steps):
            advantages = gains + (gamma * far - far)
            theta = theta + _growth(method.mdp, arb(steps[k]), pi, advantages, guess.d)


def _growth(mdp, eta, pi, advantages, d):
    if d is None:
        return eta * advantages
    rest, flow = arb(1 - mdp.gamma), zeros(mdp.n_states)
    for s, a in np.ndindex(pi.shape):
        for t, p in mdp.P[s][a].entries():
            flow[t] += arb(d[s]) * pi[s, a] * arb(p)
    left = balls((1 - mdp.gamma) * mdp.mu) + arb(mdp.gamma) * flow - balls(d)
    far = arb(0, (sum(map(abs, left), arb(0)) / rest).upper())
    rates = eta * (balls(d) + far) / rest
    return rates[:, None] * (pi * advantages)


def _hull(row) -> arb:
    hull = row[0]
    for x in row[1:]:
        hull = hull.union(x)
    return hull


def _gains(mdp, V) -> np.ndarray:
    """(S, A) Q - V, exactly, for any V."""
    gains = np.empty(mdp.r.shape, dtype=object)
    for s, a in np.ndindex(mdp.r.shape):
        row = mdp.P[s][a]
        after = sum((w * V[t] for t, w in row.weights), fmpq(0)) / row.total
        gains[s, a] = mdp.r[s, a] + mdp.gamma * after - V[s]
    return gains


def surely_between(ball, low, high) -> bool:
    """Whether Coq's interval will lie there, too."""
    wide = arb(ball.mid(), SLACK * ball.rad())
    return bool(wide > low and wide < high)
