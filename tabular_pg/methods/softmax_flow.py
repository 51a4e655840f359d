"""Softmax policy gradient flow, the limit of the method for eta -> 0, in logarithmic time.

Where policy gradient needs 1e12 steps, the flow is still a short computation.
"""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import real_array
from tabular_pg.checks.numbers import check_number, shown
from tabular_pg.gaps.coordinates import Logits
from tabular_pg.gaps.evaluation import evaluate_once
from tabular_pg.gaps.point import empty_point
from tabular_pg.gaps.problem import problem_of
from tabular_pg.mdps.mdp import MDP
from tabular_pg.optima.optimal import optimum


class Flow(NamedTuple):
    """Points of a gradient flow: ``times`` (T,), ``log_policies`` (T, S, A) and
    ``value_gap`` (T, S), V* - V at these times."""

    times: np.ndarray
    log_policies: np.ndarray
    value_gap: np.ndarray

    __repr__ = compact


def softmax_flow(mdp, times, *, copies=None, policy=None, tolerance=1e-8) -> Flow:
    """Solve theta'(t) = grad V(mu) from the given policy, at increasing positive times.

    Time is eta times the number of small steps. Integrated in log t by LSODA, since the
    interesting times of lower-bound constructions spread over many decades.

    Parameters
    ----------
    mdp : MDP
        With mu > 0.
    times : array_like (T,)
        Positive and increasing.
    copies : array_like (S,), optional
        How many identical states each state stands for, mu[s] being their total mass: all copies
        move alike, each with its share of the gradient.
    policy : array_like (S, A), optional
        Start policy, positive, normalized by the function; uniform by default.
    tolerance : float
        Relative tolerance of the integrator.

    Raises
    ------
    ValueError
        If times are not positive and increasing, copies or policy are not positive, or some
        action is not available.
    TypeError
        If ``mdp`` is no MDP.
    RuntimeError
        If the integrator fails.
    """
    if not isinstance(mdp, MDP):
        raise TypeError(f"mdp is of type {type(mdp).__name__}; expected MDP")
    if mdp.actions is not None:
        s, a = np.argwhere(~mdp.actions)[0]
        raise ValueError(f"actions[{s}, {a}] is False; the flow needs every action in every state")
    given, times = times, real_array("times", times, finite=False)
    increasing = times.ndim == 1 and times.size > 0 and (np.diff(times, prepend=0.0) > 0).all()
    if not increasing or not np.isfinite(times).all():
        raise ValueError(f"times is {shown(given)}; expected finite positive increasing numbers")
    tolerance = check_number("tolerance", tolerance, 0, 1, kind=Real, open_ends=True)
    shape = mdp.r.shape
    _positive("mu", mdp.mu, shape[:1])
    copies = _positive("copies", np.ones(shape[0]) if copies is None else copies, shape[:1])
    policy = _positive("policy", np.full(shape, 1 / shape[1]) if policy is None else policy, shape)
    policy /= policy.sum(axis=1, keepdims=True)
    problem = problem_of(mdp, optimum(mdp), Logits, True)
    point = empty_point(np.log(policy))

    def at(theta):
        point.x[:] = theta.reshape(shape)
        return evaluate_once(problem, point)

    def velocity(log_time, theta):
        at(theta)
        step = point.d / copies / mdp.unit
        return (np.exp(log_time) * step[:, None] * point.pi * point.A).ravel()

    from scipy.integrate import solve_ivp  # here: it takes long to import

    early = np.log(times[0]) - 25  # before, the flow has moved by a factor e^-25 of its way
    solution = solve_ivp(
        velocity, (early, np.log(times[-1])), np.log(policy).ravel(), method="LSODA",
        t_eval=np.log(times), rtol=tolerance, atol=1e-10,
    )  # fmt: skip
    if not solution.success:
        raise RuntimeError(f"the integrator stopped early: {solution.message}")
    log_policies, value_gap = np.empty((times.size, *shape)), np.empty((times.size, shape[0]))
    for i, theta in enumerate(solution.y.T):
        log_scale = at(theta)
        log_policies[i], value_gap[i] = point.x, np.exp(log_scale) * point.e
    return Flow(times, log_policies, value_gap)


def _positive(name, values, shape):
    values = real_array(name, values)
    if values.shape != shape:
        axes = "(S,)" if len(shape) == 1 else "(S, A)"
        raise ValueError(f"{name} has shape {values.shape}; expected {axes} = {shape}")
    if not (values > 0).all():
        at = [int(i) for i in np.argwhere(~(values > 0))[0]]
        raise ValueError(f"{name}{at} is {values[tuple(at)]}; expected a number > 0")
    return values
