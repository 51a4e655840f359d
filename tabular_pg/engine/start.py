"""Where a run starts: what a policy, or its logarithm, is in the coordinates of a method.

A run that goes on from log-policies which another one has given out starts exactly.
"""

from __future__ import annotations

import weakref
from typing import NamedTuple

import numpy as np

from tabular_pg.checks.arrays import real_array
from tabular_pg.engine.method import Method, Space
from tabular_pg.gaps.coordinates import Logits, Probabilities
from tabular_pg.gaps.duals import Duals
from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.conjugate import subtract_dual

SUM_TOLERANCE = 1e-12  # of probabilities, times the number of actions
UNAVAILABLE = "{}: the action is not available"
LOG_TOLERANCE = 1e-9  # of log-probabilities: large ones are rounded by more than an EPS
_GIVEN_OUT = {}  # what is known of arrays of log-policies while they live, by their ids


class Start(NamedTuple):
    """A start policy, checked."""

    policy: np.ndarray  # (S, A) probabilities, summing to 1 to rounding
    given: np.ndarray  # (S, A) the probabilities, or their logarithms, as they were given
    logarithms: bool
    offsets: np.ndarray | None  # (S, A) from the regularized optimum, if they are known

    def coordinates(self, coordinates, odds):
        """``(x, log pi)``, see :func:`coordinates_of`."""
        x, log_pi = coordinates_of(self.given, coordinates, odds, self.logarithms)
        return x if self.offsets is None else self.offsets.copy(), log_pi


def coordinates_of(policy, coordinates, odds=None, logarithms=False):
    """``(x, log pi)`` for a policy (S, A), given by its ``logarithms`` or not.

    Offsets and dual variables are differences from the optimum to twice the digits (``odds``): of
    a policy that is near to it nothing is lost. The dual variable of the probability 0 is that.
    """
    with np.errstate(divide="ignore"):
        log_pi = policy if logarithms else np.log(policy)
    if isinstance(coordinates, Probabilities):
        return np.exp(policy) if logarithms else policy.copy(), log_pi
    if isinstance(coordinates, Logits):
        return log_pi.copy(), log_pi
    x, q = np.empty(policy.shape), coordinates.q if isinstance(coordinates, Duals) else 1.0
    subtract_dual(np.ascontiguousarray(policy), logarithms, q, odds.high, odds.low, x)
    return x, log_pi


def start_of(policy, log_policy, mdp, tau, method, regularizer=None) -> Start:
    """The start that is given by ``policy`` or ``log_policy``; uniform if both are None.

    Raises
    ------
    ValueError
        Names the argument, the offending entry or row, and what was expected.
    """
    if policy is not None and log_policy is not None:
        raise ValueError("policy and log_policy are both given; expected one of them")
    available = np.ones(mdp.r.shape, dtype=bool) if mdp.actions is None else mdp.actions
    if log_policy is not None:
        return _from_logarithms(log_policy, available, mdp, tau, method, regularizer)
    if policy is None:
        if mdp.actions is None:  # one number: the start of a run is kept
            policy = np.broadcast_to(1.0 / mdp.n_actions, mdp.r.shape)
        else:
            policy = available / available.sum(axis=1, keepdims=True)
        return Start(policy, policy, False, None)
    policy = _checked_policy(policy, available, mdp, method)
    normal = policy / policy.sum(axis=1, keepdims=True)
    rounded = method.space is Space.SIMPLEX  # logarithms are normalized later, and better
    return Start(normal, normal if rounded else policy, False, None)


def _checked_policy(given, available, mdp, method):
    policy = _shaped("policy", real_array("policy", given), available.shape)
    expected = "a probability >= 0"
    wrong = ~(policy >= 0)
    if method.space is Space.SOFTMAX:
        expected = "a probability > 0 (a softmax method never revives an action)"
        if ((policy == 0) & available).any() and (policy >= 0).all():
            expected += "; log_policy takes what is below 1e-308"
        wrong = available & ~(policy > 0)
    _refuse(mdp, "policy", policy, wrong, expected)
    _refuse(mdp, "policy", policy, ~available & (policy != 0), UNAVAILABLE.format(0))
    sums = policy.sum(axis=1)
    kind = np.asarray(given).dtype
    eps = np.finfo(kind).eps if kind.kind == "f" and kind.itemsize < 8 else 0.0
    wrong = ~(np.abs(sums - 1) <= max(SUM_TOLERANCE, eps) * policy.shape[1])
    if wrong.any():
        s = int(np.argmax(wrong))
        raise ValueError(
            f"policy[{s}]{mdp.called(s)} sums to {float(sums[s])!r}; expected 1 (divide rows by "
            "their sums)"
        )
    return policy


def _from_logarithms(given, available, mdp, tau, method, regularizer) -> Start:
    run, i = iterate_given_out(given)
    x = _shaped("log_policy", real_array("log_policy", given, finite=False), available.shape)
    if run is not None:  # offsets of unavailable actions have been taken for 0
        x[~available] = -np.inf
    _refuse(mdp, "log_policy", x, ~(x <= LOG_TOLERANCE), "a logarithm <= 0")
    if method.space is Space.SOFTMAX:
        lost = available & (x == -np.inf)
        expected = "a finite number (a softmax method never revives an action)"
        _refuse(mdp, "log_policy", x, lost, expected)
    _refuse(mdp, "log_policy", x, ~available & (x > -np.inf), UNAVAILABLE.format(-np.inf))
    policy = np.exp(x)
    sums = policy.sum(axis=1)
    wrong = ~(np.abs(sums - 1) <= LOG_TOLERANCE * x.shape[1])
    if wrong.any():
        s = int(np.argmax(wrong))
        raise ValueError(
            f"exp(log_policy[{s}]){mdp.called(s)} sums to {float(sums[s])!r}; expected 1 (subtract "
            "the logarithm of that sum)"
        )
    policy /= sums[:, None]
    if run is None or run.mdp is not mdp or run.method.space is not method.space:
        return Start(policy, x, True, None)
    if run.regularizer != regularizer:  # iterates of another kind
        return Start(policy, x, True, None)
    if method.space is Space.SIMPLEX and not method.is_dual(tau):
        return Start(run.iterates[i], run.iterates[i], False, None)
    return Start(policy, x, True, run.iterates[i] if tau > 0 and run.tau == tau else None)


def _shaped(name, values, shape):
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}; expected (S, A) = {shape}")
    return values


def _refuse(mdp, name, values, wrong, expected):
    if wrong.any():
        s, a = np.argwhere(wrong)[0]
        where = f"{name}[{s}, {a}]{mdp.called(s, a)}"
        raise ValueError(f"{where} is {values[s, a]}; expected {expected}")


def _owner(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


class GivenOut(NamedTuple):
    """Where log-policies come from: their own array is not kept alive by this record."""

    mdp: MDP
    method: Method
    tau: float
    regularizer: tuple | None
    iterates: np.ndarray | None  # where they are another array
    layout: tuple  # address, shape and strides of the log-policies


def remember(logarithms, run):
    owner = _owner(logarithms)
    iterates = None if _owner(run.iterates) is owner else run.iterates
    _GIVEN_OUT[id(owner)] = GivenOut(
        run.mdp, run.method, run.tau, run.optimum.regularizer, iterates, _layout(logarithms)
    )
    weakref.finalize(owner, _GIVEN_OUT.pop, id(owner), None)


def _layout(array):
    return array.__array_interface__["data"][0], array.shape, array.strides


def iterate_given_out(log_policy):
    """``(its GivenOut, i)`` if the array is ``run.log_policies[i]`` of some run, also of one that
    is gone, else (None, 0)."""
    given = None
    if isinstance(log_policy, np.ndarray):
        given = _GIVEN_OUT.get(id(_owner(log_policy)))
    if given is None:
        return None, 0
    first, shape, strides = given.layout
    start, own_shape, own_strides = _layout(log_policy)
    if (own_shape, own_strides) != (shape[1:], strides[1:]):
        return None, 0
    i, rest = divmod(start - first, strides[0])
    return (given, i) if rest == 0 and 0 <= i < shape[0] else (None, 0)
