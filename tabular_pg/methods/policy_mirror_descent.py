"""Policy mirror descent in any geometry, with any step size, and with lookahead.

    pi_s^{k+1} = argmax_p  eta_k <Q_h^k(s, .), p> - D(p, pi_s^k),     Q_h = r + gamma P T^{h-1} V^k,

with D the divergence of a mirror map and h the lookahead: h = 1 is policy mirror descent (Xiao,
2022; Lan, 2023), h > 1 that of Protopapas and Barakat (2024). With the entropy and h = 1 it is
``NaturalPG``, in the Euclidean norm ``ProjectedQAscent``: it runs as these do, for tau > 0 as well
where they do. The theorems are in ``theorems.mirror_descent``.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit, njit_around
from tabular_pg.engine.method import Method, Regularization
from tabular_pg.engine.rules import MEMBERS, composed
from tabular_pg.methods.natural_pg import NaturalPG
from tabular_pg.methods.projected_pg import ProjectedQAscent
from tabular_pg.mirrors import MIRRORS, Entropy, Euclidean
from tabular_pg.mirrors.own import refuse_no_map
from tabular_pg.mirrors.registration import nearest_greedy, space_of
from tabular_pg.numerics.gains import gains_of
from tabular_pg.numerics.simplex import best_of
from tabular_pg.numerics.systems.products import next_values
from tabular_pg.numerics.systems.refinement import least
from tabular_pg.references import cited

NAMED = {Entropy: NaturalPG, Euclidean: ProjectedQAscent}


@cited("xiao2022")
class PolicyMirrorDescent(NamedTuple):
    """Policy mirror descent: a map of ``mirrors``, a step size ``eta``, a number or one of
    ``steps``, and how many Bellman steps are looked ahead."""

    mirror: tuple
    eta: float
    lookahead: int = 1

    def refuse(self):
        """TypeError or ValueError for a map of users that is none."""
        refuse_no_map(self.mirror)


def flat(rule):
    """The rule of numbers that it is run as."""
    mirror, ahead = rule.mirror, rule.lookahead > 1
    if type(mirror) in NAMED and not ahead:
        return NAMED[type(mirror)](rule.eta)
    kind = member(type(mirror), space_of(mirror), ahead)
    return kind(*mirror, rule.eta, *([rule.lookahead] if ahead else []))


def member(record, space, ahead):
    """The class of the flat rules of a mirror map, registered."""
    return _member(record, space, MIRRORS[record].forms[space], ahead)


@cache
def _member(record, space, form, ahead):
    """The same; a map may be registered again, with another ``form``."""
    names = [*record._fields, "eta", *(["lookahead"] if ahead else [])]
    name = f"PolicyMirrorDescent{record.__name__}{'Ahead' if ahead else ''}"
    rule = NamedTuple(name, [(name, float) for name in names])
    rule.__module__, rule.__doc__ = record.__module__, PolicyMirrorDescent.__doc__
    known, tag = MIRRORS[record], f"{record.__module__}.{record.__qualname__}.{space.name}"
    kernel = njit_around(_kernel(record, form.move, ahead), f"{tag}.{ahead}", known.native)
    to_greedy = nearest_greedy(record, space, ahead)
    MEMBERS[rule] = Method(
        rule, kernel, space, Regularization.NONE, False, int(ahead), not ahead, False, known.native,
        look_first if ahead else None, look_ahead if ahead else None, known.any_sign, to_greedy, {},
    )  # fmt: skip
    return rule


def _kernel(record, move, ahead):
    """The kernel of a mirror map, whose step in a state is ``move``."""
    fields = len(record._fields)

    def step(rule, k, problem, point):
        """Every row by the step of the map, along the advantages."""
        mirror, q = record(*rule[:fields]), point.memory[:, 0] if ahead else point.q
        for s in range(q.shape[0]):
            move(mirror, rule.eta, gains_of(problem, q, s), point.x, s)

    return step


@njit
def look_first(rule, problem, point):
    """Fill the memory by Q* - Q_h, up to a constant."""
    look_ahead(rule, 0, problem, point)


@njit
def look_ahead(rule, k, problem, point):
    """The same: T^j V^k has the gap min_a |A*| + (Q* - Q_j), all of it positive."""
    q, v = point.memory[:, 0], np.empty(point.q.shape[0])
    for s in range(v.size):
        for a in range(q.shape[1]):
            q[s, a] = point.q[s, a]
    for _ in range(int(rule.lookahead) - 1):
        for s in range(v.size):
            v[s] = -best_of(problem, q, s)
        if problem.ends is None:  # P keeps constants
            common = least(v)
            for s in range(v.size):
                v[s] -= common
        next_values(problem.P, problem.gamma, v, q)


composed(PolicyMirrorDescent(Entropy(), 1.0), {"mirror": MIRRORS}, flat)


def mirror_of(rule):
    """The mirror map of a rule of this family; the entropy for others that have no such field."""
    named = {named: mirror for mirror, named in NAMED.items()}
    return named[type(rule)]() if type(rule) in named else getattr(rule, "mirror", Entropy())
