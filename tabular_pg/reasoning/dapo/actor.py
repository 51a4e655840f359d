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

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from tabular_pg._machine import ONE_BLAS_THREAD, cores
from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import real_vector, refuse_where
from tabular_pg.checks.numbers import check_number, checked_beta
from tabular_pg.reasoning.dapo.kernels import (
    minimize_states,
    wright_omega,  # noqa: F401
)
from tabular_pg.reasoning.episodic import checked_policy
from tabular_pg.reasoning.episodic.segments import state_divergences, state_softmax, state_sums

CENTRED, ROUNDING = 1e-9, 1e-13  # how far advantages may be from centred: relative, absolute
LARGEST_RATIO = 1e200  # |A| / beta: the kernels overflow not far beyond
MANY = 50_000  # edges from which on all cores are used


class Step(NamedTuple):
    """One exact step of the actor: the policy (E,), and lambda (S,), 0 in terminal states."""

    policy: np.ndarray
    multiplier: np.ndarray

    __repr__ = compact


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
        list(pool.map(lambda low, high: minimize_states(*arguments, low, high), parts, parts[1:]))
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
