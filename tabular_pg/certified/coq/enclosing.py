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
from tabular_pg.certified.coq.tables import over_one
from tabular_pg.engine.rules import flat_rule
from tabular_pg.methods import SoftPolicyIteration

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


class Top(NamedTuple):
    """Fractions near the largest values (S,), and a ball around how far these are from them."""

    V: np.ndarray
    far: arb


def guesses_of(found, V, bits, visits) -> list:
    """Guesses for these iterates, that are near enough for intervals of ``bits`` bits; ``V`` are
    the largest values, exactly or nearly so."""
    guesses = []
    for x, gap in found:
        fine = bits + depth(gap.mean)
        near = [_near(v - exactly(e.mid()), fine) for v, e in zip(V, x.e, strict=True)]
        seen = [_near(exactly(d.mid()), bits) for d in x.d]
        guesses.append(Guess(objects(near), objects(seen) if visits else None))
    return guesses


def guess_of_best(V, bits) -> Guess:
    """A guess of the largest values, of which these are balls."""
    return Guess(objects([_near(exactly(v.mid()), bits) for v in V]), None)


def depth(gap) -> int:
    """How many zeros follow the point of a gap in binary."""
    mantissa, exponent = gap.mid().man_exp()
    return max(0, -int(exponent) - int(mantissa).bit_length()) if mantissa != 0 else 0


def _near(x, bits) -> fmpq:
    """The multiple of 2^-(bits + GUARD) that is nearest to a fraction."""
    unit = fmpq(2) ** (bits + GUARD)
    return fmpq((x * unit + fmpq(1, 2)).floor()) / unit


def soft_top(method, guess) -> Top:
    """What Coq sees of the largest values with entropy: enclosures.v's ``best_distance``."""
    tau = arb(method.tau)
    powers = balls(_gains(method.mdp, guess.V)) / tau
    if not all(abs(x) < LARGEST_POWER for x in powers.flat):
        raise ValueError(
            f"subject is a run with tau = {method.tau}, whose optimum has probabilities of "
            f"e^-{LARGEST_POWER}; expected a larger tau for Coq"
        )
    rest = tau * np.log(np.exp(powers).sum(axis=1))
    return Top(guess.V, _hull(rest) / arb(1 - method.mdp.gamma))


def followed(method, steps, top, guesses):
    """What Coq sees of the gaps at every iterate, one after the other: enclosures.v's ``distances``
    in balls of flint's present precision, and the gaps that they leave to ``top``."""
    gamma, tau, S = arb(method.mdp.gamma), arb(method.tau), len(method.policy)
    first = balls(objects([over_one(row)[1] for row in method.policy]))
    theta, logs, common = zeros(*first.shape), zeros(*first.shape), zeros(S)
    if method.tau > 0:
        logs = tau * np.log(first)
    for k, guess in enumerate(guesses):
        if not all(abs(x) < LARGEST_POWER for x in theta.flat):
            raise ValueError(
                f"subject has probabilities of e^{LARGEST_POWER} or e^-{LARGEST_POWER} times what "
                f"they were at iterate {k}; expected smaller steps, or fewer iterations, for Coq"
            )
        weights = first * np.exp(theta)
        mass = weights.sum(axis=1)
        pi = weights / mass[:, None]
        if method.tau > 0:
            common = tau * np.log(mass)
        gains = balls(_gains(method.mdp, guess.V))
        paid = logs + tau * theta - common[:, None]
        far = _hull((pi * (gains - paid)).sum(axis=1)) / arb(1 - method.mdp.gamma)
        lost = top.V - guess.V
        yield Seen(
            arb((method.mdp.rho * lost).sum()) + (top.far - far), balls(lost) + (top.far - far)
        )
        if k < len(steps):
            ahead = gains + gamma * far
            theta = _next(method, steps[k], theta, logs, pi, ahead, far, paid, guess.d)


def _next(method, eta, theta, logs, pi, ahead, far, paid, d):
    """Theta of the next iterate: enclosures.v's ``next``."""
    mdp, tau = method.mdp, method.tau
    if d is None:
        soft = isinstance(flat_rule(method.rule), SoftPolicyIteration)
        rate = 1 / tau if soft else eta / (1 + eta * tau)
        return arb(1 - rate * tau) * theta + arb(rate) * (ahead - logs)
    rest, flow = arb(1 - mdp.gamma), zeros(mdp.n_states)
    for s, a in np.ndindex(pi.shape):
        for t, p in mdp.P[s][a].entries():
            flow[t] += arb(d[s]) * pi[s, a] * arb(p)
    left = balls((1 - mdp.gamma) * mdp.mu) + arb(mdp.gamma) * flow - balls(d)
    off = arb(0, (sum(map(abs, left), arb(0)) / rest).upper())
    rates = arb(eta) * (balls(d) + off) / rest
    return theta + rates[:, None] * (pi * (ahead - far - paid))


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
