"""What theorems about mirror descent measure in its geometry, and assume of it."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.natural_pg import NaturalPG
from tabular_pg.methods.policy_mirror_descent import PolicyMirrorDescent, mirror_of
from tabular_pg.methods.projected_pg import ProjectedQAscent
from tabular_pg.mirrors.registration import MIRRORS, distances
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.visits import expected, mismatch

RULES = (NaturalPG, ProjectedQAscent, PolicyMirrorDescent)  # searches take the first


def without_lookahead(run) -> str:
    """There is no lookahead."""
    ahead = lookahead(run)
    return f"lookahead is {ahead:g}; stated for 1" if ahead > 1 else ""


def bregman(run) -> str:
    """The divergence is a Bregman divergence."""
    mirror = mirror_of(run.rule)
    if MIRRORS[type(mirror)].bregman:
        return ""
    return f"the divergence of {type(mirror).__name__} is no Bregman divergence"


def finite_distances(run) -> str:
    """Policies that take one action are at a finite distance, which is known."""
    mirror = mirror_of(run.rule)
    if hasattr(mirror, "to_actions") and getattr(mirror, "bounded", True):
        return ""
    return f"{type(mirror).__name__} has no finite distance to policies that take one action"


def growing(run) -> str:
    """Steps never shrink."""
    return _growth_at_least(run, lambda run: 1.0, "1")


def growing_by_horizon(run) -> str:
    """Steps grow by 1/gamma or more."""
    return _growth_at_least(run, lambda run: 1 / run.mdp.gamma, "1/gamma")


def growing_by_mismatch(run) -> str:
    """Steps grow by theta / (theta - 1) or more, theta = max d*_rho / rho / (1 - gamma)."""
    return _growth_at_least(run, _growth_of_mismatch, "theta/(theta - 1)")


def _growth_of_mismatch(run):
    theta = mismatch(run) / (1 - run.mdp.gamma)
    if not 1 < theta < np.inf:
        return np.inf if theta <= 1 else 1.0
    return theta / (theta - 1)


def _growth_at_least(run, growth, text):
    eta, least = run.all_steps, growth(run)
    growing = eta[1:] >= eta[:-1] * least * (1 - 1e-12)
    if np.all(growing):
        return ""
    k = int(np.argmin(growing))
    return f"eta grows from {eta[k]:.6g} to {eta[k + 1]:.6g} at k = {k}; stated for growth {text}"


def lookahead(run) -> int:
    """h."""
    return int(getattr(run.rule, "lookahead", 1))


def until_cut(run, bound, whole):
    """``bound`` (k[-1] + 1,) at the recorded iterates, and nothing after the first step that is not
    ``whole`` (k[-1],): one that was cut is not what a schedule says."""
    claimed = np.append(True, np.logical_and.accumulate(whole))
    return np.where(claimed, bound, np.inf)[run.k]


def horizon_rate(run):
    """gamma^h, for numbers of any kind."""
    rate = run.mdp.gamma
    for _ in range(lookahead(run) - 1):
        rate = rate * run.mdp.gamma
    return rate


@once
def greedy_distance(run):
    """(K, S) D(p, pi_s^k) for the nearest p that takes one action with the best Q_h^k."""
    ahead = _ahead(run)
    best = ahead == ahead.max(axis=2, keepdims=True)
    return nearest_of(run, best, slice(None))


def _ahead(run):
    """(K, S, A) A* - (Q* - Q_h^k), up to a constant per state: Q_h^k, without cancellation."""
    A, gap = run.A, run.value_gap
    for _ in range(lookahead(run) - 1):
        gap = (expected(run.mdp, gap) - run.optimum.A).min(axis=2)
        A = run.optimum.A - expected(run.mdp, gap)
    return A


def nearest_of(run, chosen, at):
    """(..., S) the smallest distance to the policies that take one of the ``chosen`` actions."""
    mirror = mirror_of(run.rule)
    if isinstance(run.iterates, np.ndarray):
        x = run.iterates[at]
        return distances(mirror, x.reshape(-1, *x.shape[-2:]), chosen).reshape(x.shape[:-1])
    return np.where(chosen, mirror.to_actions(run.policies[at]), np.inf).min(axis=-1)


@once
def start_distance(run):
    """(S,) D(pi*_s, pi_s^0) for the optimal policy of the optimum, which is deterministic."""
    return nearest_of(run, run.optimum.pi > 0, slice(0, 1))[0]
