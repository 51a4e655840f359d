"""Iterates of TD-PMD in the Euclidean norm, in fractions, and its regularized optimum near some."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpq_mat

from tabular_pg.certified.arithmetic.exact import objects
from tabular_pg.certified.coq.iterates import exact_steps, nearest_rows
from tabular_pg.certified.coq.sizes import refuse_digits
from tabular_pg.certified.coq.softmax import BITS_PER_DIGIT
from tabular_pg.certified.coq.tables import Decimal, decimal
from tabular_pg.checks.tables import is_table
from tabular_pg.methods import WeightedTDPMD
from tabular_pg.mirrors import Euclidean

FIRST_BITS, MOST_BITS = 64, 1024  # of values near the largest ones
NEWTON_STEPS = 200  # which is policy iteration: as many as states would be, at worst more
OFF_DIGITS = 3
SHORT = 24  # bits of probabilities that may well be those of a rational optimum


class TDIterate(NamedTuple):
    """A policy (S, A), its regularized values (S,), dual variables and critic (S, A), and what the
    critic before it makes of it (S,), of the first None."""

    pi: np.ndarray
    V: np.ndarray
    y: np.ndarray
    Q: np.ndarray
    awaited: np.ndarray | None


class Near(NamedTuple):
    """Fractions near the largest values (S,), how near at most, and their greedy policy (S, A)."""

    V: np.ndarray
    off: Decimal
    greedy: np.ndarray


def is_td_pmd(rule) -> bool:
    """Whether it is TD-PMD with rational iterates: a run of it has tau > 0."""
    return isinstance(rule, WeightedTDPMD) and isinstance(rule.mirror, Euclidean)


def filled(mdp, value) -> np.ndarray:
    """(S, A) of fmpq, a hyper-parameter that is one number, or a table."""
    rows = value if is_table(value) else [[value] * mdp.n_actions] * mdp.n_states
    return objects([list(map(fmpq, row)) for row in rows])


def td_iterates(method):
    """Every iterate of a :class:`Rerun`, one after the other."""
    mdp, rule, tau = method.mdp, method.rule, method.tau
    weights, pi, awaited = filled(mdp, rule.weights), method.policy, None
    V, y = regularized_values(mdp, tau, pi), pi
    Q = worth(mdp, V) + filled(mdp, rule.error)
    for eta in exact_steps(method):
        yield TDIterate(pi, V, y, Q, awaited)
        y = (y + eta * Q) / (1 + eta * tau)
        pi = nearest_rows(y)
        V, awaited = regularized_values(mdp, tau, pi), net(tau, pi, Q)
        Q = Q + weights * (worth(mdp, awaited) - Q)
    yield TDIterate(pi, V, y, Q, awaited)


def net(tau, pi, Q) -> np.ndarray:
    """(S,) <pi, Q> - tau |pi|^2 / 2"""
    return (pi * Q - tau / 2 * pi * pi).sum(axis=1)


def worth(mdp, V) -> np.ndarray:
    """(S, A) r + gamma P V"""
    rows = zip(mdp.r, mdp.P, strict=True)
    return objects(
        [
            [
                r + mdp.gamma * sum((w * V[t] for t, w in row.weights), fmpq(0)) / row.total
                for r, row in zip(*pair, strict=True)
            ]
            for pair in rows
        ]
    )


def regularized_values(mdp, tau, pi) -> np.ndarray:
    """(S,) the values of a policy that pays tau |pi|^2 / 2 in every state, exactly."""
    S = mdp.n_states
    system, reward = fmpq_mat(S, S), fmpq_mat(S, 1)
    for s, x in enumerate(net(tau, pi, mdp.r)):
        reward[s, 0] = x
        system[s, s] += 1
        for p, row in zip(pi[s], mdp.P[s], strict=True):
            if p != 0:
                for t, weight in row.entries():
                    system[s, t] -= mdp.gamma * p * weight
    V = system.solve(reward)
    return objects([V[s, 0] for s in range(S)])


def greedy_for(mdp, tau, V) -> np.ndarray:
    """(S, A) the policy that maximizes r + gamma P V - tau |pi|^2 / 2."""
    return nearest_rows(worth(mdp, V) / tau)


def near(mdp, tau, V) -> Near:
    """How near ``V`` is to the largest values: its residual over 1 - gamma, rounded up."""
    greedy = greedy_for(mdp, tau, V)
    rest = net(tau, greedy, worth(mdp, V)) - V
    off = max(abs(x) for x in rest) / (1 - mdp.gamma)
    return Near(V, decimal(off, OFF_DIGITS, up=True), greedy)


def nearest_to_optimum(mdp, tau, V, bits) -> Near:
    """From values ``V`` to those of the optimum, to about so many bits behind the point; exactly,
    where the policy of the optimum is found to be rational."""
    for _ in range(NEWTON_STEPS):
        pi = _to_bits(greedy_for(mdp, tau, V), bits)
        better = _to_bits(regularized_values(mdp, tau, pi), bits)
        moved = max(abs(x) for x in better - V)
        V = better
        if moved <= fmpq(1, 2 ** (bits // 2)):
            break
    pi = greedy_for(mdp, tau, V)
    if mdp.gamma == 0 or max(x.q for x in pi.ravel()) < 2**SHORT:
        exact = near(mdp, tau, regularized_values(mdp, tau, pi))
        if exact.off.exact == 0:
            return exact
    return near(mdp, tau, _to_bits(regularized_values(mdp, tau, _to_bits(pi, bits)), bits))


def _to_bits(table, bits) -> np.ndarray:
    """Multiples of 2^-bits near the entries."""
    unit = fmpq(2) ** bits
    found = np.empty(table.shape, dtype=object)
    for index in np.ndindex(table.shape):
        found[index] = fmpq((table[index] * unit).floor()) / unit
    return found


def optimum_near(method, iterates, digits) -> Near:
    """Near the optimum of a :class:`Rerun`, so near that the gaps of iterates, in the mean over the
    start, have so many digits, unless they are smaller than about 10^-300; ValueError for too many
    digits."""
    mdp, tau, bits = method.mdp, method.tau, FIRST_BITS
    most = MOST_BITS + int(BITS_PER_DIGIT * digits)
    last = near(mdp, tau, iterates[-1].V)
    if last.off.exact == 0:
        return last
    found = nearest_to_optimum(mdp, tau, iterates[-1].V, bits)
    while found.off.exact and bits < most and not _tell(mdp, found, iterates, digits):
        bits = min(2 * bits, most)
        refuse_digits(digits, iterates, bits)
        found = nearest_to_optimum(mdp, tau, found.V, bits)
    return found


def _tell(mdp, found, iterates, digits) -> bool:
    wanted = found.off.exact * fmpq(10) ** (digits + 2)
    return all(abs(mdp.rho @ (found.V - x.V)) > wanted for x in iterates)
