"""The actor of Direct Advantage Policy Optimization: its objective and the exact minimizer.

In every state the log-ratio to a reference policy is regressed on the reference's advantages,

    L(pi) = 1/2 E_{s ~ nu_S, a ~ nu_A(.|s)} (A^ref(s, a) / beta - log(pi(a|s) / ref(a|s)))^2   (12).

Its minimizer over policies is, with omega the Wright omega function,

    pi(a|s) = (nu_a / lambda_s) omega(log lambda_s + log(ref_a / nu_a) + A_a / beta),

lambda_s >= 0 the only root of sum_a pi(a|s) = 1: a Lambert-W tilt of the reference, about linear in
a large A / beta where natural policy gradient, ref exp(A / beta) / Z, is exponential. The two agree
to second order in 1 / beta. Derived here; checked against generic optimizers.

References
----------
Liu et al. (2024), Improving Multi-Step Reasoning Abilities of Large Language Models with Direct
Advantage Policy Optimization, arXiv 2412.18279.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from tabular_pg._floats import UNDERFLOW
from tabular_pg._jit import njit, njit_inlined
from tabular_pg._machine import ONE_BLAS_THREAD, cores
from tabular_pg.checks.arrays import real_vector, refuse_where
from tabular_pg.checks.numbers import check_number, checked_beta
from tabular_pg.reasoning.episodic import checked_policy
from tabular_pg.reasoning.episodic.segments import state_divergences, state_softmax, state_sums

CENTRED, ROUNDING = 1e-9, 1e-13  # how far advantages may be from centred: relative, absolute
LEAST_EXCESS = 1e-14  # what lambda does to a log-ratio: below, the minimizer is that, normalized
SMALL_EXCESS = 1e-3  # of sum ref e^{A/beta} over 1: up to this a sum of probabilities lacks digits
LARGE = 1e10  # argument: what x - log x lacks of omega is less than its rounding
SMALL_OMEGA = 0.5  # up to this the equation is nearly linear in lambda
LARGEST_RATIO = 1e200  # |A| / beta: the kernels overflow not far beyond
NEWTON_STEPS, CONVERGED = 60, 4e-16
MORE_STEPS = 1000  # where probabilities are 1e-300 of others
MANY = 50_000  # edges from which on all cores are used


class Step(NamedTuple):
    """One exact step of the actor: the policy (E,), and lambda (S,), 0 in terminal states."""

    policy: np.ndarray
    multiplier: np.ndarray


def minimizer(mdp, reference, beta, advantage=None, nu=None) -> np.ndarray:
    """(E,) the policy that minimizes objective (12) in every state.

    Parameters
    ----------
    mdp : EpisodicMDP
    reference : (E,) a policy, positive on every edge.
    beta : float > 0
    advantage : (E,), optional
        With mean 0 under the reference in every state; its exact one by default.
    nu : (E,), optional
        Weights nu_A(a|s) > 0, of any scale per state, or 0 on all edges of a state, which then
        keeps the reference. The reference by default.

    Raises
    ------
    ValueError
        Names the argument, the first offending edge or state, its value and what was expected.
    """
    return step(mdp, reference, beta, advantage, nu).policy


def step(mdp, reference, beta, advantage=None, nu=None) -> Step:
    """The minimizer and its multipliers; arguments as for :func:`minimizer`."""
    reference = _positive(mdp, reference)
    ratio = checked_ratio(_advantage(mdp, reference, advantage), beta)
    nu = reference if nu is None else _weights(mdp, nu)
    policy, multiplier = np.empty(mdp.n_edges), np.zeros(mdp.n_states)
    arguments = mdp.action_ptr, reference, ratio, nu, policy, multiplier
    threads = cores() if mdp.n_edges > MANY else 1
    parts = np.linspace(0, mdp.n_states, threads + 1).astype(np.int64)
    with ThreadPoolExecutor(threads) as pool:  # states are independent
        list(pool.map(lambda low, high: _minimize(*arguments, low, high), parts, parts[1:]))
    return Step(policy, multiplier)


def loss(mdp, policy, reference, beta, advantage=None, nu=None, states=None) -> float:
    """Objective (12), with weights ``states`` (S,) of the states, all 1 by default."""
    return _loss(*_regression(mdp, policy, reference, beta, advantage, nu, states)[1:])


def loss_gradient(mdp, policy, reference, beta, advantage=None, nu=None, states=None):
    """(E,) the gradient of objective (12) in the logits of the policy."""
    return _gradient(mdp, *_regression(mdp, policy, reference, beta, advantage, nu, states))


def trained(mdp, reference, beta, advantage=None, nu=None, iterations=1000) -> np.ndarray:
    """(E,) a policy whose logits were trained on objective (12) by L-BFGS, from the reference.

    The way it is used in practice; there is one stationary point, the exact minimizer.
    """
    reference = _positive(mdp, reference)
    advantage = _advantage(mdp, reference, advantage)
    iterations = check_number("iterations", iterations, 1)

    def objective(logits):
        policy = state_softmax(mdp.action_ptr, logits)
        found = _regression(mdp, policy, reference, beta, advantage, nu, None)
        return _loss(*found[1:]), _gradient(mdp, *found)

    options = {"maxiter": iterations, "maxcor": 30, "ftol": 0.0, "gtol": 1e-12}
    options["maxfun"] = 10 * iterations
    start = np.log(reference)
    with ONE_BLAS_THREAD:
        found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    return state_softmax(mdp.action_ptr, found.x)


def improvement(mdp, policy, reference, beta) -> np.ndarray:
    """(S,) I_s = E_{a ~ pi_s} A^ref(s, a) - beta KL(pi_s || ref_s), what a single step gains."""
    policy, reference = checked_policy(mdp, policy), _positive(mdp, reference)
    gained = (policy - reference) * mdp.advantage(reference)  # the reference's own mean is 0
    divergence = state_divergences(mdp.action_ptr, policy, reference)
    return state_sums(mdp.action_ptr, gained) - checked_beta(beta) * divergence


def _positive(mdp, reference):
    reference = checked_policy(mdp, reference, "reference")
    if (reference == 0).any():
        e = int((reference == 0).argmax())
        raise ValueError(f"reference[{e}] is 0; expected a probability > 0 on every edge")
    return reference


def _advantage(mdp, reference, advantage):
    if advantage is None:
        return mdp.advantage(reference)
    advantage = real_vector("advantage", advantage, mdp.n_edges, "edge")
    mean = state_sums(mdp.action_ptr, reference * advantage)
    size = state_sums(mdp.action_ptr, reference * np.abs(advantage))
    wrong = np.abs(mean) > CENTRED * size + ROUNDING
    if wrong.any():
        s = int(wrong.argmax())
        raise ValueError(
            f"advantage has mean {mean[s]:.3g} under the reference in state {s}; expected 0"
        )
    return advantage


def checked_ratio(advantage, beta) -> np.ndarray:
    """(E,) ``advantage / beta``, else ValueError, also if ``beta`` is too small next to it."""
    beta, largest = checked_beta(beta), float(np.abs(advantage).max(initial=0.0))
    if largest > LARGEST_RATIO * beta:
        e = int(np.abs(advantage).argmax())
        raise ValueError(
            f"beta is {beta}; expected at least {largest / LARGEST_RATIO:.3g}, because "
            f"advantage[{e}] is {advantage[e]:.3g}"
        )
    return advantage / beta


def _weights(mdp, nu):
    nu = real_vector("nu", nu, mdp.n_edges, "edge")
    ignored = (state_sums(mdp.action_ptr, np.abs(nu)) == 0)[mdp.source]
    wrong = ~(nu > 0) & ~ignored
    if wrong.any():
        e = int(wrong.argmax())
        raise ValueError(
            f"nu[{e}] is {nu[e]}; expected a weight > 0 (mass would escape to an edge that the "
            "loss does not see), or 0 on all edges of the state"
        )
    return nu


def _regression(mdp, policy, reference, beta, advantage, nu, states):
    policy, reference = checked_policy(mdp, policy), _positive(mdp, reference)
    ratio = checked_ratio(_advantage(mdp, reference, advantage), beta)
    weight = reference if nu is None else _weights(mdp, nu)
    if states is not None:
        states = real_vector("states", states, mdp.n_states, "state")
        refuse_where(states < 0, "states", states, "a weight >= 0")
        weight = weight * states[mdp.source]
    with np.errstate(divide="ignore"):
        residual = ratio - np.log(policy / reference)
    return policy, weight, residual


def _loss(weight, residual):
    return 0.5 * float(weight @ residual**2)


def _gradient(mdp, policy, weight, residual):
    pull = weight * residual
    return policy * state_sums(mdp.action_ptr, pull)[mdp.source] - pull


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
def _minimize(action_ptr, reference, scaled, nu, policy, multiplier, low, high):
    """Fill the policy and the multipliers of some states; ``scaled`` is A / beta."""
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
    """lambda, by Newton's method for sum_a ref (e^{A/beta - w} - 1) = 0, which does not cancel.

    That function of lambda is convex and decreases: from the left of the root, where a first step
    from 0 leads, the method ascends to it.
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
    """lambda, by Newton's method for log sum_a pi(a) = 0 in t = log lambda.

    That function of t is concave with a slope between -1 and 0: from any start the second iterate
    is right of the root, and the method descends from there; ``least`` is left of it.
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
