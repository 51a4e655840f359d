"""Families of MDPs in which one quantity of a bound varies and the others stay.

Each function returns a list of ``Member``; the quantity is ``value``. Rewards are in [0, 1].
"""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_number
from tabular_pg.mdps.mdp import MDP


class Member(NamedTuple):
    """One MDP of a family, the start policy that belongs to it, and the quantity."""

    value: float
    mdp: MDP
    policy: np.ndarray  # (S, A)

    __repr__ = compact


def action_gap(deltas, gamma=0.9) -> list[Member]:
    """The least |A*| = Delta in (0, 1] varies: one state, rewards 1 and 1 - Delta."""
    return [
        Member(delta, MDP(np.ones((1, 2, 1)), [[1.0, 1.0 - delta]], gamma), _uniform(1))
        for delta in _values("deltas", deltas, one=True)
    ]


def horizon(gammas) -> list[Member]:
    """gamma in (0, 1) varies: stay, reward 1, or leave to an absorbing state without rewards."""
    return [Member(g, _stay_or_leave(g), _uniform(2)) for g in _values("gammas", gammas)]


def exploration(cs, gamma=0.9) -> list[Member]:
    """The start probability c in (0, 1) of the optimal action varies, in the one state where there
    is a choice, on the same MDP."""
    mdp = _stay_or_leave(gamma)
    return [Member(c, mdp, np.array([[0.5, 0.5], [c, 1.0 - c]])) for c in _values("cs", cs)]


def mismatch(masses, gamma=0.9) -> list[Member]:
    """The mass in (0, 1) that mu gives to the one state where there is a choice varies; rho is
    there, and the optimal policy stays, so that max d*_rho / mu is 1 / mass."""
    P, r = _stay_or_leave(gamma).P, _stay_or_leave(gamma).r
    return [
        Member(mass, MDP(P, r, gamma, rho=[0.0, 1.0], mu=[1.0 - mass, mass]), _uniform(2))
        for mass in _values("masses", masses)
    ]


def mixing(rates, gamma=0.9) -> list[Member]:
    """The probability in (0, 1] with which two states are exchanged varies: 1 - 2 rate is the
    second eigenvalue under every policy; one action of each state has the reward 1."""
    members = []
    for rate in _values("rates", rates, one=True):
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


def _values(name, values, one=False) -> list[float]:
    """Numbers between 0 and 1, or also ``one`` itself."""
    return [
        check_number(f"{name}[{i}]", value, 0, 1, kind=Real, open_ends=not (one and value == 1))
        for i, value in enumerate(values)
    ]
