"""MDPs built to make a method slow: the chains behind lower bounds."""

from __future__ import annotations

import math
from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg._machine import refuse_beyond_memory
from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_number
from tabular_pg.mdps.mdp import MDP
from tabular_pg.mdps.sources import from_literature
from tabular_pg.mdps.transitions import Owned

MOST_COPIES = 10**15  # counts are exact


class Lumped(NamedTuple):
    """An MDP whose state s stands for ``copies[s]`` identical states of a larger one.

    The visitation of a state is the total over its copies, so softmax PG on the larger MDP is
    softmax PG here with the gradient (or the step size) of state s divided by ``copies[s]``.
    """

    mdp: MDP
    copies: np.ndarray

    __repr__ = compact


@from_literature("johnson2023")
def gamma_chain(n, gamma, epsilon=1e-3) -> MDP:
    """A chain through which policy iteration carries the good news by one state per iteration.

    State 0 is absorbing and pays 1. In state i = 1..n, action 0 moves to i - 1 unpaid and
    action 1 moves to the sink n + 1 and pays r_i, where r_1 is half of gamma / (1 - gamma) and
    r_i = (1 + epsilon) gamma r_{i-1}: state i prefers the sink until i - 1 has given it up. So
    V*(i) = gamma**i / (1 - gamma), and policy iteration started at action 1 has
    e_k = (2 - (1 + epsilon)**k) gamma**k e_0 in the sup norm, for k < n.

    References
    ----------
    After the lower bound of Johnson, Pike-Burke and Rebeschini (2023), Optimal convergence rate
    for exact policy mirror descent in discounted Markov decision processes.
    """
    n = check_number("n", n, 1)
    refuse_beyond_memory(20 * (n + 2) ** 2, "the dense P")
    gamma = check_number("gamma", gamma, 0, 1, kind=Real, open_ends=True)
    epsilon = check_number("epsilon", epsilon, 0, kind=Real, open_ends=True)
    if (n - 1) * math.log1p(epsilon) >= math.log(2):
        raise ValueError(
            f"epsilon is {epsilon}; expected (1 + epsilon)**(n - 1) < 2 (n = {n}), or the sink "
            "is optimal"
        )
    P = np.zeros((n + 2, 2, n + 2))
    r = np.zeros((n + 2, 2))
    P[0, :, 0] = P[n + 1, :, n + 1] = 1
    r[0] = 1
    for i in range(1, n + 1):
        P[i, 0, i - 1] = P[i, 1, n + 1] = 1
        r[i, 1] = (1 + epsilon) * gamma * r[i - 1, 1] if i > 1 else gamma / (1 - gamma) / 2
    return MDP(Owned(P), r, gamma, name=f"GammaChain({n})")


@from_literature("melekopoglou1994")
def binary_counter(n, gamma=0.9) -> MDP:
    """An MDP on which policy iteration with Bland's pivots counts down from 2**n - 1 in binary.

    State 2n is absorbing and pays 1 - gamma, state 2n + 1 is absorbing and pays 0. For i < n let
    i' be i + 1, or 2n for the last, and j' be n + i + 1, or 2n + 1. In state i, action 0 moves to
    i' and action 1 to j'; state n + i has no choice and moves to i' or j' with probability 1/2.
    So the values of i and n + i differ by +-gamma/2 times that of i' and j', + where the better
    action is taken: a switch in state i turns the better action into the worse one in all the
    states before it. Read as a binary number, with a 1 in state i where the worse action is taken
    and state 0 last, a policy falls by 1 when the first such state is switched.

    From action 1 in state n - 1 and action 0 elsewhere the worse action is taken in all n states,
    and 2**n - 1 switches are needed; action 0 is optimal everywhere.

    References
    ----------
    After Melekopoglou and Condon (1994), On the complexity of the policy improvement algorithm for
    Markov decision processes, which shows this order for an undiscounted model of this kind.
    """
    n = check_number("n", n, 1)
    gamma = check_number("gamma", gamma, 0, 1, kind=Real, open_ends=True)
    refuse_beyond_memory(80 * (n + 1) ** 2, "the dense P")
    P, r = np.zeros((2 * n + 2, 2, 2 * n + 2)), np.zeros((2 * n + 2, 2))
    for i in range(n):
        better, worse = (i + 1, n + i + 1) if i < n - 1 else (2 * n, 2 * n + 1)
        P[i, 0, better] = P[i, 1, worse] = 1
        P[n + i, :, better] = P[n + i, :, worse] = 0.5
    P[2 * n, :, 2 * n] = P[2 * n + 1, :, 2 * n + 1] = 1
    r[2 * n] = 1 - gamma
    return MDP(Owned(P), r, gamma, name=f"BinaryCounter({n})")


@from_literature("li2023")
def li_wei_chi_chen(gamma=0.97, horizon=9, copies=2, p=None) -> MDP:
    """The chain on which softmax PG needs a time that explodes along the states 1..horizon.

    The states are, in this order: 0, absorbing and unpaid; ``copies`` copies of buffer state 1;
    as many of buffer state 2; the primary states 3..H; the adjoint states 1-bar..H-bar. With
    tau_s = gamma**(2s/3) / 2 and r_s = gamma**(2s/3 + 5/6) / 2, the actions

    =========  ==============================  ================  ================================
    state      a_0                             a_1               a_2
    =========  ==============================  ================  ================================
    buffer s   -gamma**2s, to 0                gamma**2s, to 0   as a_0
    primary s  r_s + gamma**2 p tau_{s-2}, to  0, to (s-1)-bar   r_s, to (s-2)-bar with
               0                                                 probability p, else to 0
    adjoint s  gamma tau_s, to 0               0, to s           as a_0
    =========  ==============================  ================  ================================

    make a_1 optimal everywhere, with V*(s) = gamma**2s and V*(s-bar) = gamma**(2s + 1). But s-bar
    prefers a_0 until V(s) has crossed tau_s, and s prefers it until its predecessors have.
    Adjoint 1 and 2 move to a copy drawn uniformly.

    Parameters
    ----------
    gamma : float
        Discount factor in (0, 1); the theorem asks for gamma > 0.96.
    horizon : int
        H >= 3, as far as a_1 stays optimal (17 for gamma = 0.97); H = c / (1 - gamma).
    copies : int
        Number of copies of each buffer state. The times explode for 10**6, not yet for 10**4.
    p : float, optional
        Probability of a_2's second outcome, (1 - gamma) / 6 by default.

    Notes
    -----
    Two things differ from the paper. (1) Its booster states, there to pass initial mass on to the
    primary and adjoint states, are replaced by that effect: ``mu`` and ``rho`` give the same mass
    to 0, to each s and to each s-bar, and split it over copies. This is essential: under a
    uniform mu and no boosters all states learn at the pace 1 / S of the buffer copies, and the
    times are merely proportional to ``copies``. (2) Buffer and adjoint states have two actions
    there. Here a_0, the inferior one, stands twice: the optimal action stays unique, and times
    only get longer, the uniform start giving a_1 a third instead of a half. For the
    paper's dynamics start from a policy that has 1/2, 1/2, 1e-300 in these states.

    References
    ----------
    Li, Wei, Chi and Chen (2023), Softmax policy gradient methods can take exponential time to
    converge, arXiv 2102.11270.
    """
    lumped, counts = li_wei_chi_chen_lumped(gamma, horizon, copies, p)
    refuse_beyond_memory(30 * int(counts.sum()) ** 2, f"the dense P with {copies} copies")
    share = np.repeat(1 / counts, counts)
    members = np.repeat(np.arange(lumped.n_states), counts)
    P = lumped.P[np.ix_(members, range(3), members)]
    P *= share
    mass = share / lumped.n_states
    return MDP(
        Owned(P), lumped.r[members], gamma, rho=mass, mu=mass, name=f"LiWeiChiChen({horizon})"
    )


@from_literature("li2023")
def li_wei_chi_chen_lumped(gamma=0.97, horizon=9, copies=2, p=None) -> Lumped:
    """:func:`li_wei_chi_chen` with all the copies of a buffer state merged into one, exactly.

    The states are 0, 1..H, 1-bar..H-bar, and mu and rho are uniform over them (the images of
    those of the full chain). A million copies then cost nothing; see there for everything else.
    """
    gamma = check_number("gamma", gamma, 0, 1, kind=Real, open_ends=True)
    horizon = check_number("horizon", horizon, 3)
    copies = check_number("copies", copies, 1)
    check_number("copies", copies, 1, MOST_COPIES)
    p = (1 - gamma) / 6 if p is None else p
    p = check_number("p", p, 0, 1, kind=Real, open_ends=True)
    refuse_beyond_memory(150 * horizon**2, f"the dense P of horizon {horizon}")
    P, r = _li_wei_chi_chen_tables(gamma, horizon, p)
    _check_optimality(P, r, gamma, horizon, p)
    counts = np.ones(2 * horizon + 1, dtype=np.int64)
    counts[1:3] = copies
    counts.setflags(write=False)
    name = f"LiWeiChiChen({horizon}), {copies} copies lumped"
    return Lumped(MDP(Owned(P), r, gamma, name=name), counts)


def _li_wei_chi_chen_tables(gamma, horizon, p) -> tuple[np.ndarray, np.ndarray]:
    s = np.arange(1, horizon + 1)
    adjoint = horizon + s  # where s-bar is numbered
    buffer, primary = s[:2], s[2:]
    tau = gamma ** (2 * s / 3) / 2
    P = np.zeros((2 * horizon + 1, 3, 2 * horizon + 1))
    r = np.zeros((2 * horizon + 1, 3))
    P[0, :, 0] = 1
    P[buffer, :, 0] = 1
    r[buffer] = gamma ** (2.0 * buffer[:, None]) * [-1, 1, -1]
    P[primary, 0, 0] = 1
    P[primary, 1, adjoint[1:-1]] = 1
    P[primary, 2, adjoint[:-2]] = p
    P[primary, 2, 0] = 1 - p
    r[primary, 2] = gamma ** (2 * primary / 3 + 5 / 6) / 2
    r[primary, 0] = r[primary, 2] + gamma**2 * p * tau[:-2]
    P[adjoint, 0, 0] = P[adjoint, 2, 0] = 1
    P[adjoint, 1, s] = 1
    r[adjoint, 0] = r[adjoint, 2] = gamma * tau
    return P, r


def _check_optimality(P, r, gamma, horizon, p):
    s = np.arange(1.0, horizon + 1)
    V = np.concatenate([[0], gamma ** (2 * s), gamma ** (2 * s + 1)])
    Q = r + gamma * P @ V
    fails = np.flatnonzero(Q[1:, 1] <= np.maximum(Q[1:, 0], Q[1:, 2])) % horizon
    if fails.size:
        raise ValueError(
            f"horizon is {horizon}; expected one up to which a_1 is optimal: with gamma = {gamma} "
            f"and p = {p} it is not at s = {fails.min() + 1}"
        )
