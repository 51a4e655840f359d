"""What theorems measure on a run, each in a form that does not cancel.

Formulas use arithmetic and numpy's functions alone, so that they can be evaluated on balls as well
(``tabular_pg.certified``); what needs a series or a linear solver is dispatched by type.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from tabular_pg._floats import UNDERFLOW
from tabular_pg.numerics.offsets import KL_SERIES
from tabular_pg.verdicts.actions import available, suboptimal
from tabular_pg.verdicts.changes import (
    ULP,
    change_rounding,
    log_ratio,
    policy_change,
    steps,
)
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.visits import expected, later_steps, visitations

EPS = 1e-12  # rounding allowance for what is relatively accurate
NEGLIGIBLE = 1e-5  # share of a gap that moves its rate by less than the tolerance of such laws
SAME_RATE = 1e-9  # factors whose logarithms agree to this count as equally slow
NEAR = 1e-4  # relative distance of a factor from its limit at which a rate counts as settled
READABLE = 1e-9  # rates of decay below are hidden by the rounding of two gaps


def at_start(run, values):
    """``values`` (K, ...) at the first recorded iterate; where runs are stacked (see
    ``tabular_pg.search``), (K, ...) at the first one of the run that each row belongs to."""
    return values[run.first]


def at_end(run, values):
    """The same of the last recorded iterate."""
    return values[run.last]


@singledispatch
def relative_entropy(log_ratio, numerator, denominator) -> np.ndarray:
    """KL(numerator || denominator) over the last axis, as a sum of nonnegative terms
    denominator * (x e^x - e^x + 1) with x = log_ratio, by series where x is small."""
    numerator, denominator = np.asarray(numerator), np.asarray(denominator)
    small = np.abs(log_ratio) < 0.05
    x = np.where(small, log_ratio, 0.0)
    series = np.polyval(KL_SERIES[::-1], x)
    kept = numerator > 0
    direct = np.where(kept, numerator * np.where(kept, log_ratio, 0.0), 0.0)
    direct = direct - (numerator - denominator)
    return np.where(small, denominator * x**2 * series, direct).sum(axis=-1)


@singledispatch
def likeliest(p) -> np.ndarray:
    """The index of the largest entry along the last axis, for what is true whichever is taken."""
    return p.argmax(axis=-1)


@singledispatch
def exp_remainder(x) -> np.ndarray:
    """e^x - 1 - x, by series where x is small."""
    return np.where(np.abs(x) < 1e-4, x**2 / 2 * (1 + x / 3 + x**2 / 12), np.expm1(x) - x)


@once
def change_entropy(run) -> np.ndarray:
    """(steps, S) KL(pi^{k+1} || pi^k)."""
    i = steps(run)
    return relative_entropy(log_ratio(run), run.policies[i + 1], run.policies[i])


@once
def improvement(run):
    """(steps, S) state-wise improvement (T^{pi^{k+1}} V^k - V^k)(s), and its rounding.

    Since the advantage has mean 0 under pi^k, it is sum_a (pi^{k+1} - pi^k) A^k, minus
    tau KL(pi^{k+1} || pi^k) for tau > 0; in this form the terms of a policy gradient step are
    all nonnegative.
    """
    i = steps(run)
    change, A = policy_change(run), run.A[i]
    error = change_rounding(run)
    gained = (change * A).sum(axis=2)
    rounding = np.abs(change) * advantage_rounding(run)[i] + error * np.abs(A)
    if run.tau > 0:
        gained = gained - run.tau * change_entropy(run)
        relative = error / np.maximum(run.policies[i], UNDERFLOW)
        rounding = rounding + run.tau * error * (np.abs(log_ratio(run)) + relative)
    return gained, rounding.sum(axis=2)


@singledispatch
def unit_of_gaps(run):
    """The relative rounding of the gaps of states, (K, 1, 1) or one number."""
    return ULP


@once
def advantage_rounding(run) -> np.ndarray:
    """(K, S, A) a bound on the rounding error of the advantages: relative to the terms that are
    subtracted, and far smaller for the likeliest action, whose advantage is a sum over others."""
    if not run.rounded:
        return np.zeros(run.A.shape)
    error = unit_of_gaps(run) * q_gap(run) - ULP * run.optimum.A
    if run.tau > 0:
        error = error + ULP * run.tau * np.abs(run.iterates)
    likeliest = run.policies.argmax(axis=2)[:, :, None]
    error = error + np.take_along_axis(error, likeliest, axis=2)
    at_likeliest = np.arange(error.shape[2]) == likeliest
    others = np.where(at_likeliest, 0.0, run.policies * error).sum(axis=2, keepdims=True)
    return np.where(at_likeliest, others, error) + EPS * np.abs(run.A)


@once
def best_advantage_rounding(run) -> np.ndarray:
    """(K, S) the rounding error of ``best_advantage``."""
    if not run.rounded:
        return np.zeros(run.A.shape[:2])
    at = run.A.argmax(axis=2)[:, :, None]
    return np.take_along_axis(advantage_rounding(run), at, axis=2)[:, :, 0]


@once
def value_rise(run):
    """(steps,) V^{k+1}(mu) - V^k(mu), by the performance-difference lemma from improvements, and
    its rounding."""
    d = visitations(run.mdp, run.policies[steps(run) + 1], run.mdp.mu)
    gained, rounding = improvement(run)
    return tuple((d * x).sum(axis=1) / run.mdp.unit for x in (gained, rounding))


@once
def gradient_norm(run) -> np.ndarray:
    """(K,) Euclidean norm of the gradient of V(mu) in softmax logits, d pi A / (1 - gamma)."""
    gradient = run.d[:, :, None] * run.policies * run.A / run.mdp.unit
    size = np.maximum(np.abs(gradient).max(axis=(1, 2)), UNDERFLOW)  # squares would underflow
    return size * np.sqrt(((gradient / size[:, None, None]) ** 2).sum(axis=(1, 2)))


@once
def best_advantage(run) -> np.ndarray:
    """(K, S) M_s^k = max_a A^k(s, a), which is (T V^k - V^k)(s)."""
    return np.maximum(run.A.max(axis=2), 0.0)


@once
@singledispatch
def q_gap(run) -> np.ndarray:
    """(K, S, A) Q*_tau - Q^k_tau = gamma P (V*_tau - V^k_tau)."""
    return expected(run.mdp, run.value_gap)


@once
def suboptimal_mass(run) -> np.ndarray:
    """(K, S) b_s^k, the probability of the actions that are not optimal."""
    return np.where(run.optimum.optimal, 0.0, run.policies).sum(axis=2)


@once
def state_step(run) -> np.ndarray:
    """(K, S) eta_s^k: eta_k d_mu^k(s) / (1 - gamma) for gradient rules, eta_k for the others; nan
    for the last iterate if no step was taken from there (see ``Run.step_sizes``)."""
    eta = run.step_sizes[:, None]
    if run.method.visitation:
        return eta * run.d / run.mdp.unit
    return np.broadcast_to(eta, run.d.shape)


def least_slack(run):
    """1 - gamma; for gamma = 1 one over the mean length of the longest episode at the optimum."""
    undiscounted = getattr(run.mdp, "ends", None) is not None
    return 1 / (1 + later_steps(run.mdp, run.optimum.pi).max()) if undiscounted else run.mdp.unit


def least_step(run) -> float:
    """A lower bound on every eta_s^k: eta_0 min mu for gradient rules (d >= (1 - gamma) mu), if
    steps are constant or grow."""
    return least_share(run) * run.step_sizes[0]


def least_share(run) -> float:
    """What every eta_s^k is at least, relative to eta_k."""
    return run.mdp.mu.min() if run.method.visitation else 1.0


@once
def best_actions(run) -> np.ndarray:
    """(K, S, A) whether no action has a better advantage, up to the rounding of both: the lead of
    one of two equal actions over the other would be noise. Equal values of different states may
    differ by as much as their solution guarantees, and by what sums lose near the end of floats."""
    M = run.A.max(axis=2, keepdims=True)
    if not run.rounded:
        return available(run, run.A == M)
    rounding = advantage_rounding(run) + best_advantage_rounding(run)[:, :, None]
    rounding = max(1.0, run.backward_error / ULP) * rounding + run.mdp.n_states * run.least_change
    return available(run, run.A >= M - rounding)


@once
def greedy_lead(run):
    """(K, S) probability of the actions with the best advantage, and its lead over the next one
    (inf where all actions are equally good)."""
    best = best_actions(run)
    p = np.where(best, run.policies, 0.0).sum(axis=2)
    return p, run.A.max(axis=2) - np.where(available(run, ~best), run.A, -np.inf).max(axis=2)


def steps_to_optimality(run) -> int:
    """1 + the last recorded iteration with a gap: when the run became optimal, or (where that is
    not recorded or has not happened) a lower bound on it."""
    late = np.flatnonzero(run.scaled_gap.max(axis=1) > 0)
    return int(run.k[late[-1]]) + 1 if late.size else 0


def settled_rate(run, now, limit):
    """log(e_{k+1} / e_k) on the last recorded pair, and its limit, or inf if not settled.

    ``now`` and ``limit`` (S, A) are the logarithms of the factors by which the rule multiplies
    pi(a|s), at that pair and at the optimum. The slowest pairs (s, a) set the rate once the others
    are invisible in the gap, e is too small to move visits, and their factors are near the limit.
    """
    best, i, unit, worse = run.optimum, steps(run)[-1], least_slack(run), suboptimal(run)
    with np.errstate(all="ignore"):
        weight = np.where(best.optimal, -np.inf, run.log_policies[i])
        weight = np.exp(weight - weight.max()) * -best.A
        rate, noise = last_rate(run)
        slowest = limit[worse].max()
        slow = worse & (limit >= slowest - SAME_RATE * abs(slowest))
        others = weight[~slow].sum() / weight[slow].sum()
        drift = np.abs(now - limit)[slow].max(initial=0.0)
        settled = slowest < -noise and others < NEGLIGIBLE * unit / run.mdp.r.size
        settled &= run.sup_gap[i] < NEGLIGIBLE * unit**2 * best.Delta
        settled &= drift < NEAR * abs(slowest)
    return rate, slowest if settled else np.inf


def last_rate(run):
    """log(e_{k+1} / e_k) on the last recorded pair, and the rate below which it is noise: the
    rounding of the two logarithms would be visible in it."""
    i = steps(run)[-1]
    after, before = run.log_sup_gap[i + 1], run.log_sup_gap[i]
    return after - before, READABLE * np.maximum(1.0, np.abs(before) / 1000)
