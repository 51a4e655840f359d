"""Families of MDPs in which one quantity of a bound varies and the others stay.

Each function returns a list of ``Member``; the quantity is ``value``. Rewards are in [0, 1].
"""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg.checks.numbers import check_number
from tabular_pg.mdps.mdp import MDP


class Member(NamedTuple):
    """One MDP of a family, the start policy that belongs to it, and the quantity."""

    value: float
    mdp: MDP
    policy: np.ndarray  # (S, A)


def action_gap(deltas, gamma=0.9) -> list[Member]:
    """The least |A*| = Delta in (0, 1] varies: one state, rewards 1 and 1 - Delta."""
    return [
        Member(delta, MDP(np.ones((1, 2, 1)), [[1.0, 1.0 - delta]], gamma), _uniform(1))
        for delta in _values("deltas", deltas, 0, 1)
    ]


def horizon(gammas) -> list[Member]:
    """gamma in (0, 1) varies: stay, reward 1, or leave to an absorbing state without rewards."""
    return [
        Member(gamma, _stay_or_leave(gamma), _uniform(2))
        for gamma in _values("gammas", gammas, 0, 1)
        if gamma < 1
    ]


def exploration(cs, gamma=0.9) -> list[Member]:
    """The least start probability c in (0, 1) of an optimal action varies, on the same MDP."""
    mdp, members = _stay_or_leave(gamma), []
    for c in _values("cs", cs, 0, 1):
        members.append(Member(c, mdp, np.array([[0.5, 0.5], [c, 1.0 - c]])))
    return members


def mismatch(masses, gamma=0.9) -> list[Member]:
    """The mass in (0, 1) that rho and mu give to the state where there is a choice varies: the
    mismatch max d*_rho / mu is 1 / mass for gamma near 1, and the MDP is the same."""
    members = []
    for mass in _values("masses", masses, 0, 1):
        start = [1.0 - mass, mass]
        P, r = _stay_or_leave(gamma).P, _stay_or_leave(gamma).r
        members.append(Member(mass, MDP(P, r, gamma, rho=[0.0, 1.0], mu=start), _uniform(2)))
    return members


def mixing(rates, gamma=0.9) -> list[Member]:
    """The probability in (0, 1] with which two states are exchanged varies: 1 - 2 rate is the
    second eigenvalue of every policy; one action of each state has the reward 1."""
    members = []
    for rate in _values("rates", rates, 0, 1):
        row = np.array([[1.0 - rate, rate], [rate, 1.0 - rate]])
        P = np.repeat(row[:, None, :], 2, axis=1)
        members.append(Member(rate, MDP(P, [[1.0, 0.0], [0.0, 1.0]], gamma), _uniform(2)))
    return members


def _stay_or_leave(gamma) -> MDP:
    """State 0 is absorbing, without rewards; in state 1, action 0 stays with reward 1 and action 1
    leaves."""
    P = np.zeros((2, 2, 2))
    P[0, :, 0] = P[1, 0, 1] = P[1, 1, 0] = 1.0
    return MDP(P, [[0.0, 0.0], [1.0, 0.0]], gamma)


def _uniform(S) -> np.ndarray:
    return np.full((S, 2), 0.5)


def _values(name, values, low, high) -> list[float]:
    found = []
    for i, value in enumerate(values):
        number = check_number(f"{name}[{i}]", value, low, high, kind=Real)
        if number == low:
            raise ValueError(f"{name}[{i}] is {number}; expected more")
        found.append(number)
    return found
