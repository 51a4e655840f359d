"""Exact policy evaluation in gap coordinates.

Everything about a policy is expressed through the gap ``e = V* - V^pi >= 0``, which solves

    (I - gamma P_pi) e = kappa,   kappa(s) = sum_a pi(a|s) |A*(s, a)|           for tau = 0,
                                  kappa(s) = tau KL(pi(.|s) || pi*_tau(.|s))    for tau > 0
                                  (or another divergence, where not the entropy regularizes)

(the performance-difference lemma and its soft version), by an elimination that never subtracts:
each entry of ``e`` has a small *relative* error, however small it is. What all states have in
common, ``min kappa / (1 - gamma)``, is set aside first: where ``e`` is nearly constant, differences
of its entries, which is all that moves a policy, keep their relative accuracy too. For gamma = 1
rows of P that end episodes keep no constant, and nothing is set aside.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit, njit_borrowing, njit_inlined
from tabular_pg.compiled.apart import apart, reference
from tabular_pg.gaps.bookkeeping import MEASURABLE
from tabular_pg.gaps.coordinates import (
    logarithms,
    normalize,
    policy_error,
    watch,
)
from tabular_pg.gaps.extended import leaves, resolve
from tabular_pg.gaps.point import without_coordinates
from tabular_pg.numerics.simplex import best_of_likely
from tabular_pg.numerics.systems.elimination import (
    eliminate,
    eliminate_blocks_apart,
    solve,
    solve_adjoint,
)
from tabular_pg.numerics.systems.products import fill_slack, next_values, transitions
from tabular_pg.numerics.systems.refinement import (
    corrected_apart,
    is_due,
    least,
    remember,
    renew_apart,
)

LOST = 1e-288  # relative to other gaps: a smaller one has lost digits to underflow


@njit_inlined
def factorize(N, pivot, slack, blocks):
    """Eliminate ``I - gamma P_pi`` in place, see ``elimination``."""
    if blocks is None:
        eliminate(N, pivot, slack)
    else:
        eliminate_blocks_apart(N, pivot, slack)


@njit_inlined
def evaluate(problem, point):
    """Normalize ``point.x``, fill every other field from it, and return ``log_scale``.

    ``e`` is stored divided by ``exp(log_scale)``; ``log_scale`` is 0 unless the gap is too small
    for float64. ``q`` and ``A`` are not scaled: there the underflow of ``e`` is harmless.

    Where ``point.deep`` is None and a gap has to be resolved, that, ``q`` and ``A`` are left to
    ``resume``, and ``point.flaws[3]`` is positive.
    """
    rest = without_coordinates(problem)
    normalize(problem.coordinates, point.x, point.log_pi, point.pi)
    watch(problem.coordinates, rest, point)
    log_scale = policy_error(problem.coordinates, point.x, point.log_pi, point.pi, point.e)
    common = 0.0 if problem.ends is not None else set_aside(point.e, problem.gamma)
    transitions(problem.P, problem.gamma, point.pi, point.N)
    if problem.visitation:
        for s in range(point.d.size):
            point.d[s] = problem.unit * problem.mu[s]
    solve_systems(rest, point, point.earlier, log_scale == 0.0)
    point.flaws[3] = restore(rest, point, common, log_scale)
    if point.flaws[3] > 0.0:
        _resolve_if(problem, point, log_scale, point.deep)
    if point.flaws[3] == 0.0:
        finish(problem, point, log_scale)
    return log_scale


@njit_borrowing
def evaluate_at(problem, point):
    """The same, given references: loops call ``evaluate_at_apart``, one for all of them."""
    return evaluate(problem[0], point[0])


evaluate_at_apart = apart(evaluate_at)


@njit
def evaluate_once(problem, point):
    """The same, for Python."""
    return evaluate_at_apart(reference(problem), reference(point))


@njit_inlined
def _resolve_if(problem, point, log_scale, deep):
    """A third of the time that compiling takes would go into what most runs never need."""
    if deep is not None:
        resolve_below(problem, point, log_scale, point.flaws[3])
        point.flaws[3] = 0.0


@njit
def resume(problem, point, log_scale):
    """Finish an evaluation that waits for gaps to be resolved."""
    resolve_below(problem, point, log_scale, point.flaws[3])
    point.flaws[3] = 0.0
    finish(problem, point, log_scale)


@njit_inlined
def finish(problem, point, log_scale):
    """Fill ``q`` and ``A`` from ``f``."""
    next_values(problem.P, problem.gamma, point.f, point.q)
    advantages(without_coordinates(problem), point, math.exp(0.5 * log_scale))


@njit_inlined
def solve_systems(problem, point, earlier, alike):
    """Overwrite ``e`` and, if wanted, ``d`` by the solutions of which they are the right sides;
    ``N`` is spent. If not ``alike``, solutions of earlier iterates are in other units."""
    if earlier is None:
        solve_anew(problem, point, True, problem.visitation)
    else:
        N, ends, wanted = point.N, problem.ends, problem.visitation
        if ends is not None:
            fill_slack(problem.gamma, ends, point.pi, point.slack)
        found = _corrected(problem.gamma, ends, point, earlier, False, point.e, alike)
        visited = found and wanted
        visited = visited and _corrected(problem.gamma, ends, point, earlier, True, point.d, True)
        if not found or visited != wanted:
            solve_anew(problem, point, not found, wanted)
            if is_due(earlier):
                renew_apart(earlier, N, point.pivot)
        remember(earlier, False, point.e)
        if wanted:
            remember(earlier, True, point.d)


@njit_inlined
def _corrected(gamma, ends, point, earlier, adjoint, b, alike):
    """``corrected``, given the sum of all rows or that of each."""
    if ends is None:
        return corrected_apart(earlier, adjoint, point.N, 1.0 - gamma, b, alike)
    return corrected_apart(earlier, adjoint, point.N, point.slack, b, alike)


@njit_inlined
def solve_anew(problem, point, values, visits):
    """The same by an elimination of this very system."""
    N, pivot, slack = point.N, point.pivot, point.slack
    fill_slack(problem.gamma, problem.ends, point.pi, slack)
    factorize(N, pivot, slack, point.blocks)
    if values:
        solve(N, pivot, point.e)
    if visits:
        solve_adjoint(N, pivot, point.d)


@njit_inlined
def set_aside(kappa, gamma):
    """Take the least entry from ``kappa`` (S,), and return what it is worth in every state."""
    smallest = least(kappa)
    for s in range(kappa.size):
        kappa[s] -= smallest
    return smallest / (1.0 - gamma)


@njit_inlined
def restore(problem, point, common, log_scale):
    """Fill ``f``, ``base`` and ``e`` from a solution in ``e`` that lacks ``common``. Returns below
    what gaps have lost digits to underflow, if some have; else 0."""
    e, f = point.e, point.f
    least_e = least(e)
    smallest = least_e if problem.ends is None else 0.0
    for s in range(e.size):
        f[s] = e[s] - smallest
        e[s] += common
    root = math.exp(0.5 * log_scale)
    point.base[0] = ((smallest + common) * root) * root
    point.log_e[0] = math.nan
    largest = f[0]
    for s in range(1, e.size):
        largest = max(largest, f[s])
    point.flaws[2] = 0.0
    if problem.tau > 0.0 and largest == 0.0 and point.base[0] > MEASURABLE:
        point.flaws[2] = 0.0 if alike(point.x) else 1.0
    bar = LOST * point.x.shape[1] * (largest + smallest + common)
    if log_scale == 0.0:
        bar = max(bar, LOST * point.x.shape[1] * max(1.0, problem.largest))
    if least_e + common < bar < math.inf:
        for s in range(e.size):
            if e[s] < bar and not at_rest(problem, s):
                return bar
    return 0.0


@njit_inlined
def at_rest(problem, s):
    """Whether state ``s`` is never left, and its gap 0, whatever is done: nothing to resolve."""
    for a in range(problem.A_star.shape[1]):
        A_star = problem.A_star[s, a]  # below -largest there is no such action
        if A_star >= -problem.largest and (
            A_star < 0.0 or problem.tau > 0.0 or leaves(problem.P, s, a)
        ):
            return False
    return True


@njit_inlined
def alike(x):
    """Whether the rows of ``x`` have the same entries, in any order."""
    for s in range(1, x.shape[0]):
        for a in range(x.shape[1]):
            here, first = 0, 0
            for b in range(x.shape[1]):
                here += x[s, b] == x[s, a]
                first += x[0, b] == x[s, a]
            if here != first or here == 0:
                return False
    return True


@njit
def resolve_below(problem, point, log_scale, bar):
    """Resolve the gaps below ``bar``, which have lost digits to underflow."""
    log_kappa, log_pi = np.empty(point.e.size), np.empty(point.x.shape)
    logarithms(problem.coordinates, point.x, point.log_pi, log_kappa, log_pi)
    left = resolve(
        problem.P, problem.gamma, problem.ends, point.e, point.log_e, log_kappa, log_pi,
        log_scale, bar,
    )  # fmt: skip
    point.flaws[0] = max(point.flaws[0], left)


@njit_inlined
def advantages(problem, point, root):
    """Multiply ``point.q`` by the square of ``root``, and fill ``point.A`` with
    ``A* - q - tau xi``, centred.

    The mean under pi is taken relative to the entry of a likely action: that becomes a sum over
    the *other* actions, so that it keeps its relative accuracy when their probabilities vanish.
    """
    x, pi, q, A, A_star = point.x, point.pi, point.q, point.A, problem.A_star
    for s in range(A.shape[0]):
        for a in range(A.shape[1]):
            q[s, a] = (q[s, a] * root) * root
            A[s, a] = A_star[s, a] - q[s, a]
            if problem.tau > 0.0:
                A[s, a] -= problem.tau * x[s, a]
        reference = best_of_likely(pi, A, s)
        mean = 0.0
        for a in range(A.shape[1]):
            A[s, a] -= reference
            mean += pi[s, a] * A[s, a]
        for a in range(A.shape[1]):
            A[s, a] -= mean
