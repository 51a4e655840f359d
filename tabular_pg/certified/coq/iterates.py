"""The iterates of a rational method, in fractions: what a Coq file claims of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpq_mat

from tabular_pg.certified.arithmetic.exact import greedy, objects
from tabular_pg.engine.rules import flat_rule
from tabular_pg.engine.step_size import step_of
from tabular_pg.methods import SPMA, HadamardPG, PolicyIteration, ProjectedPG, ProjectedQAscent


class Iterate(NamedTuple):
    """A policy (S, A), its values (S,) and visits (S,), and the step that leads on from it."""

    pi: np.ndarray
    V: np.ndarray
    d: np.ndarray | None
    eta: fmpq


class Rational(NamedTuple):
    """How run.v calls a method, whether it takes visits, and its step: from a policy, its losses
    V - Q (S, A) and steps (S,) to the next policy."""

    name: str
    visits: bool
    step: Callable


def _howard(pi, losses, eta):
    return greedy(pi, -losses)


def _projected(pi, losses, eta):
    return nearest_rows(pi - eta[:, None] * losses)


def _spma(pi, losses, eta):
    return pi * (1 - eta[:, None] * losses)


def _hadamard(pi, losses, eta):
    weights = pi * (1 - 2 * eta[:, None] * losses) ** 2
    return weights / weights.sum(axis=1)[:, None]


RATIONAL = {  # in run.v's order
    PolicyIteration: Rational("policy_iteration", False, _howard),
    ProjectedQAscent: Rational("projected_q_ascent", False, _projected),
    ProjectedPG: Rational("projected_pg", True, _projected),
    SPMA: Rational("spma", False, _spma),
    HadamardPG: Rational("hadamard_pg", True, _hadamard),
}


def rational_method(rule) -> Rational | None:
    """What ``RATIONAL`` says of a rule; None if its iterates are not rational."""
    return RATIONAL.get(type(flat_rule(rule)))


def rational_methods() -> str:
    """Their names."""
    return ", ".join(kind.__name__ for kind in RATIONAL)


def refuse_irrational(rule):
    """ValueError for a method whose iterates are not rational."""
    if rational_method(rule) is None:
        raise ValueError(
            f"subject is a run of {type(rule).__name__}, whose iterates Coq does not check; "
            f"expected one of the methods with rational iterates ({rational_methods()}), or "
            "NaturalPG, SoftmaxPG, SoftPolicyIteration or WeightedTDPMD with Euclidean(), whose "
            "gaps it encloses"
        )


def nearest_rows(table) -> np.ndarray:
    """(S, A) of every row the nearest point of the simplex."""
    return objects([_nearest(row) for row in table])


def _nearest(row):
    """The point of the simplex that is nearest to ``row``."""
    total, top = fmpq(-1), None
    for count, x in enumerate(sorted(row, reverse=True), 1):
        total += x
        if total / count >= x:
            break
        top = total / count
    return [max(x - top, fmpq(0)) for x in row]


def exact_steps(method) -> list:
    """The step sizes of a :class:`Rerun`, fractions; ValueError where they are not."""
    step, count = step_of(method.rule), int(method.k[-1])
    if step is None:
        return [fmpq(0)] * count
    if method.steps is not None:
        return list(method.steps[:count])
    if method.constant_step:
        return [fmpq(step)] * count
    try:
        return [fmpq(step.at(k)) for k in range(count)]
    except (TypeError, ValueError):
        raise ValueError(
            f"subject has the step sizes {step}; expected rational ones for Coq: a number, or "
            "steps.Geometric, or certify(run), which takes the floats that a run took"
        ) from None


def iterates_of(method, k):
    """Every iterate of a :class:`Rerun` up to number ``k``, one after the other."""
    mdp, kind = method.mdp, rational_method(method.rule)
    steps, pi = exact_steps(method), method.policy
    for i in range(k + 1):
        Q = mdp.q(pi.tolist())
        V = (pi * Q).sum(axis=1)
        d = visits(mdp, pi) if kind.visits else None
        eta = steps[i] if i < len(steps) else fmpq(0)
        yield Iterate(pi, V, d, eta)
        along = np.full(len(V), eta, dtype=object) if d is None else eta * d / (1 - mdp.gamma)
        if i < k:
            pi = kind.step(pi, V[:, None] - Q, along)


def visits(mdp, pi) -> np.ndarray:
    """(S,) d_mu of a policy, exactly: d = (1 - gamma) mu + gamma P_pi^T d."""
    S = mdp.n_states
    system, start = fmpq_mat(S, S), fmpq_mat(S, 1)
    for s in range(S):
        start[s, 0] = (1 - mdp.gamma) * mdp.mu[s]
        system[s, s] += 1
        for p, row in zip(pi[s], mdp.P[s], strict=True):
            if p != 0:
                for t, weight in row.entries():
                    system[t, s] -= mdp.gamma * p * weight
    d = system.solve(start)
    return objects([d[s, 0] for s in range(S)])
