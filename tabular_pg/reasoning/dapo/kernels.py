"""The minimizer of the actor's regression, state by state: roots of one equation for lambda_s.

With w_a(lambda) = omega(log lambda + log(ref_a / nu_a) + A_a / beta), so that w e^w is
lambda (ref_a / nu_a) e^{A_a / beta}, the minimizer (derived in ``actor``) has two forms,

    pi_a = nu_a w_a / lambda = ref_a e^{A_a / beta - w_a},

and sum_a pi_a = 1 is solved as one of two equations:

    near lambda = 0:    sum_a ref_a expm1(A_a / beta - w_a(lambda)) = 0,        in lambda,
    far from it:        log sum_a nu_a w_a(e^t) e^{-t} = 0,                     in t = log lambda.

The first does not cancel where lambda is small, the second is nearly linear where it is large.
"""

from __future__ import annotations

import math

from tabular_pg._floats import UNDERFLOW
from tabular_pg._jit import njit, njit_inlined

LEAST_EXCESS = 1e-14  # what lambda does to a log-ratio: below, the minimizer is that, normalized
SMALL_EXCESS = 1e-3  # of sum ref e^{A/beta} over 1: up to this a sum of probabilities lacks digits
LARGE = 1e10  # argument: what x - log x lacks of omega is less than its rounding
SMALL_OMEGA = 0.5  # up to this the equation is nearly linear in lambda
NEWTON_STEPS, CONVERGED = 60, 4e-16
MORE_STEPS = 1000  # where probabilities are 1e-300 of others


@njit
def wright_omega(x):
    """The solution w > 0 of w + log w = x (Fritsch, Shafer and Crowley, 1973), to rounding."""
    if x < -36.0:
        return math.exp(x)
    if x > LARGE:  # more is not to be had, and squares of w could overflow
        return x - math.log(x)
    w = math.exp(x) / (1.0 + math.exp(x)) if x < 1.0 else x - math.log(x) * (1.0 - 1.0 / x)
    for _ in range(2):
        w = _corrected(w, x)
    return w


@njit_inlined
def _corrected(w, x):
    r = x - w - math.log(w)
    a = 2.0 * (1.0 + w) * (1.0 + w + 2.0 / 3.0 * r)
    return w * (1.0 + r / (1.0 + w) * (a - r) / (a - 2.0 * r))


@njit
def minimize_states(action_ptr, reference, scaled, nu, policy, multiplier, low, high):
    """Fill the policy (E,) and the multipliers lambda (S,) of states ``low`` to ``high - 1``.

    ``scaled`` is A / beta. At lambda = 0 the sum of probabilities is 1 + excess, with the slope
    -curvature; without any excess, lambda is 0.
    """
    for s in range(low, high):
        first, last = action_ptr[s], action_ptr[s + 1]
        excess, curvature, steepest, seen = 0.0, 0.0, 0.0, False
        for e in range(first, last):
            policy[e] = reference[e] * math.exp(scaled[e])
            excess += reference[e] * math.expm1(scaled[e])
            seen = seen or nu[e] > 0.0
            if nu[e] > 0.0:
                curvature += policy[e] * policy[e] / nu[e]
                steepest = max(steepest, policy[e] / nu[e])
        if not seen:
            for e in range(first, last):
                policy[e] = reference[e]
        elif excess <= 0.0 or (
            excess <= SMALL_EXCESS and excess / curvature * steepest <= LEAST_EXCESS
        ):
            for e in range(first, last):
                policy[e] /= 1.0 + excess
        elif excess <= SMALL_EXCESS or (
            excess <= 1.0 and excess / curvature * steepest <= SMALL_OMEGA
        ):
            start = max(excess / curvature, UNDERFLOW)
            multiplier[s] = _near_root(first, last, reference, scaled, nu, policy, start)
        else:
            least = math.log(excess / curvature) if excess <= 1.0 else -math.inf
            multiplier[s] = _far_root(first, last, reference, scaled, nu, policy, least)


@njit
def _near_root(first, last, reference, scaled, nu, policy, multiplier):
    """lambda, of the first equation, from ``multiplier``; fill the policy of these edges.

    That function of lambda is convex and decreases: from the left of the root, where a first step
    from 0 leads, Newton's method ascends to it.
    """
    excess = math.inf
    for _ in range(MORE_STEPS):
        before = excess
        excess, slope, t = 0.0, 0.0, math.log(multiplier)
        for e in range(first, last):
            w = wright_omega(t + math.log(reference[e] / nu[e]) + scaled[e])
            policy[e] = reference[e] * math.exp(scaled[e] - w)
            excess += reference[e] * math.expm1(scaled[e] - w)
            slope += policy[e] * policy[e] / (nu[e] * (1.0 + w))
        multiplier += excess / slope
        if not 0.0 < excess < 0.9 * before:  # far from the root it is halved; the rest is rounding
            break
    for e in range(first, last):
        policy[e] /= 1.0 + excess
    return multiplier


@njit
def _far_root(first, last, reference, scaled, nu, policy, least):
    """lambda, of the second equation; fill the policy of these edges.

    That function of t is concave with a slope between -1 and 0: from any start the second iterate
    is right of the root, and Newton's method descends from there; ``least`` is left of it.
    """
    t = max(0.0, least)
    for _ in range(NEWTON_STEPS):
        total, slope, unit = 0.0, 0.0, math.exp(-t)
        for e in range(first, last):
            w = wright_omega(t + math.log(reference[e] / nu[e]) + scaled[e])
            policy[e] = nu[e] * w * unit
            total += policy[e]
            slope += policy[e] * w / (1.0 + w)
        if abs(total - 1.0) <= CONVERGED * (last - first):
            break
        t = max(t + total * math.log(total) / slope, least)
    for e in range(first, last):
        policy[e] /= total
    return math.exp(t)
