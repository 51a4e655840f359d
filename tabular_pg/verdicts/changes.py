"""How much a policy changes in a step of a run, in a form that does not cancel."""

from __future__ import annotations

import numpy as np

from tabular_pg.gaps.coordinates import Offsets, Probabilities
from tabular_pg.verdicts.once import once

ULP = 1e-14  # rounding allowance relative to the terms of a difference


@once
def steps(run) -> np.ndarray:
    """Indices i such that both k[i] and k[i] + 1 are recorded."""
    return np.flatnonzero(np.diff(run.k) == 1)


@once
def log_ratio(run) -> np.ndarray:
    """(steps, S, A) log pi^{k+1} - log pi^k, 0 where both are exactly zero."""
    i = steps(run)
    before, after = run.log_policies[i], run.log_policies[i + 1]
    if run.coordinates is Offsets:
        before, after = run.iterates[i], run.iterates[i + 1]  # without the reference's rounding
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(before) & np.isinf(after), 0.0, after - before)


@once
def offset_change(run):
    """(steps, S, A) xi^{k+1} - xi^k for tau > 0, which is the change of log pi, and its rounding:
    from the log-policies where the run keeps them and they are the smaller numbers."""
    i = steps(run)
    before, after = run.iterates[i], run.iterates[i + 1]
    change = after - before
    if not run.rounded:
        return change, np.zeros(change.shape)
    error = ULP * (np.abs(before) + np.abs(after))
    if run.recorded_log_policies is None:
        return change, error
    before, after = run.log_policies[i], run.log_policies[i + 1]
    smaller = ULP * (np.abs(before) + np.abs(after)) < error
    error = np.where(smaller, ULP * (np.abs(before) + np.abs(after)), error)
    return np.where(smaller, after - before, change), error


@once
def policy_change(run) -> np.ndarray:
    """(steps, S, A) pi^{k+1} - pi^k."""
    i = steps(run)
    before, after = run.policies[i], run.policies[i + 1]
    if run.coordinates is Probabilities:
        return after - before
    change = log_ratio(run)
    large = np.abs(change) >= 0.5  # NaN is not: it stays one
    return np.where(large, after - before, before * np.expm1(np.where(large, 0.0, change)))


@once
def change_rounding(run) -> np.ndarray:
    """(steps, S, A) a bound on the rounding error of ``policy_change``: the stored coordinates of
    both iterates are rounded, and their difference may be far smaller than they are."""
    i = steps(run)
    if not run.rounded:
        return np.zeros(run.A[i].shape)
    if run.coordinates is Probabilities:
        return np.full(run.policies[i].shape, ULP)
    size = np.where(np.isfinite(run.iterates[i]), np.abs(run.iterates[i]), 0.0)
    top = 1.0 if run.tau == 0 else 0.0
    return (
        ULP
        * np.maximum(run.policies[i], run.policies[i + 1])
        * (top + size.max(axis=2, keepdims=True))
    )
