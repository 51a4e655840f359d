"""What a reward does to a policy that is optimized for it, exactly, prompt by prompt.

Everything is a table with a row per prompt and a column per response: ``reference`` and ``policy``
are distributions over the responses, ``rewards`` what the policy is optimized for. The optimum of

    J(pi) = E_pi[r] - beta KL(pi | ref)    is    pi = ref exp(r / beta) / Z,

and what another policy loses is J(pi*) - J(pi) = beta KL(pi | pi*), without any cancellation.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy.special import logsumexp

from tabular_pg._floats import UNDERFLOW
from tabular_pg.checks.numbers import check_number, checked_beta
from tabular_pg.preference.control.tables import (
    checked_policies,
    checked_tables,
    divergence,
    expected_reward,
    kl,
)

BISECTIONS = 200  # at most; the interval is then as narrow as floats are
NARROW = 0.5  # a spread of r / beta up to which what exponentials differ by from 1 is summed
FARTHEST = 800.0  # a reward less by so much times beta has no probability left


def tilted_policy(reference, rewards, beta) -> np.ndarray:
    """The optimum of the reward less beta times the KL divergence: ref exp(r / beta) / Z."""
    return np.exp(_log_tilted(*checked_tables(reference, rewards), checked_beta(beta)))


def optimal_value(reference, rewards, beta) -> np.ndarray:
    """(prompts,) max_pi E_pi[r] - beta KL(pi | ref) = beta log Z."""
    reference, rewards = checked_tables(reference, rewards)
    beta = checked_beta(beta)
    top, tilt = _tilt(reference, rewards, beta)
    possible = reference > 0
    excess = (reference * np.expm1(np.where(possible, tilt, 0.0))).sum(axis=1)  # of Z over 1
    near = excess > -0.5  # its logarithm is then small, and Z would have lost its digits
    log_z = np.log1p(np.where(near, excess, 0.0))
    return top[:, 0] + beta * np.where(near, log_z, logsumexp(tilt, axis=1, b=reference))


def regret(policy, reference, rewards, beta) -> np.ndarray:
    """(prompts,) J(pi*) - J(pi) = beta KL(pi | pi*), for the rewards given."""
    policy, reference = checked_policies(policy, reference)
    reference, rewards = checked_tables(reference, rewards)
    beta = checked_beta(beta)
    log_best = _log_tilted(reference, rewards, beta)
    narrow, u, log_z = _narrow(reference, rewards, beta)
    lost = np.where(
        narrow,
        _narrow_loss(policy, reference, u - log_z[:, None], beta),
        beta * divergence(policy, np.exp(log_best), log_best),
    )
    if np.isfinite(lost).all():
        return lost
    reached = expected_reward(policy, rewards) - beta * kl(policy, reference)
    plain = np.maximum(optimal_value(reference, rewards, beta) - reached, 0.0)
    return np.where(np.isfinite(lost), lost, plain)  # where r / beta is too large to be a float


def beta_for_kl(reference, rewards, target) -> float:
    """The beta at which the optimum has this KL divergence from the reference, mean over prompts.

    It decreases in beta from the divergence of the greedy policy to 0; the result is exact but for
    rounding. Raises ValueError if the target is not between these.
    """
    return beta_at(reference, rewards, target, "target")


def beta_at(reference, rewards, target, name) -> float:
    """As ``beta_for_kl``, for a caller whose argument has another name."""
    reference, rewards = checked_tables(reference, rewards)
    check_number(name, target, 0, kind=Real, open_ends=True)
    possible = reference > 0
    largest = np.where(possible, np.abs(rewards), 0.0).max()
    gaps = np.where(possible, rewards, 0.0) / (largest if largest > 0 else 1.0)
    gaps = gaps - np.where(possible, gaps, -np.inf).max(axis=1, keepdims=True)
    gaps[~possible] = 0.0
    ties = np.where(gaps == 0, reference, 0.0).sum(axis=1)
    greedy = float(np.abs(np.log(np.minimum(ties, 1.0))).mean())
    if not target < greedy:
        raise ValueError(f"{name} is {target!r}; expected less than {greedy}, the largest KL")
    least = -gaps[gaps < 0].max()
    # as gaps spread by at most 2, the KL is at most 1 / (2 beta^2): target / 8 at the upper end
    low, high = np.log(least / FARTHEST), 0.5 * (np.log(4.0) - np.log(float(target)))
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if _log_mean_kl(reference, gaps, middle) > np.log(float(target)):
            low = middle
        else:
            high = middle
    with np.errstate(over="ignore"):
        beta = float(np.exp(high + np.log(largest)))
    if not np.isfinite(beta):
        raise ValueError(f"{name} is {target!r}; expected one at which beta is a float")
    return beta


def _log_tilted(reference, rewards, beta):
    with np.errstate(divide="ignore"):
        log_policy = np.log(reference) + _tilt(reference, rewards, beta)[1]
    return log_policy - logsumexp(log_policy, axis=1, keepdims=True)


def _tilt(reference, rewards, beta):
    """The largest reward where the reference is positive, and (reward - largest) / beta there."""
    possible = reference > 0
    top = np.where(possible, rewards, -np.inf).max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):
        return top, np.where(possible, np.minimum(rewards - top, 0.0) / beta, -np.inf)


def _log_mean_kl(reference, gaps, log_beta):
    """The logarithm of the mean divergence of the optimum from the reference."""
    v = gaps - (reference * gaps).sum(axis=1, keepdims=True)
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        s = np.exp(-log_beta)
        if s * np.abs(gaps).max() > NARROW:
            policy = np.exp(_log_tilted(reference, gaps, np.exp(log_beta)))
            return np.log(kl(policy / policy.sum(axis=1, keepdims=True), reference).mean())
        u = s * v
        first = np.where(np.abs(u) > UNDERFLOW, np.expm1(u) / np.where(u == 0, 1.0, u), 1.0)
        b, a = ((reference * v**2 * each).sum(axis=1) for each in (first, _second(u)))
        z = s**2 * a
        shrunk = np.where(z > 0, np.log1p(z) / np.where(z > 0, z, 1.0), 1.0)
        return np.log((b / (1 + z) - a * shrunk).mean()) - 2 * log_beta


def _second(u):
    """(e^u - 1 - u) / u^2 for |u| <= 1/2, by its series."""
    total = np.zeros_like(u)
    for n in range(16, 1, -1):  # what is left out is below 1e-19
        total = (total * u + 1.0) / n
    return total


def _narrow(reference, rewards, beta):
    """Whether r / beta hardly varies, u = (r - E_ref r) / beta there, and log E_ref e^u."""
    possible = reference > 0
    gaps = np.where(possible, _tilt(reference, rewards, beta)[1], 0.0)
    narrow = (gaps > -NARROW).all(axis=1)
    gaps = np.where(narrow[:, None], gaps, 0.0)
    u = gaps - (reference * gaps).sum(axis=1, keepdims=True)
    u[~possible] = 0.0
    return narrow, u, np.log1p((reference * u**2 * _second(u)).sum(axis=1))


def _narrow_loss(policy, reference, tilt, beta):
    """beta KL(pi | ref exp(tilt)), a sum of pi (e^-w - 1 + w), w the logarithm of their ratio."""
    best = reference * np.exp(tilt)
    with np.errstate(divide="ignore", invalid="ignore"):
        near = np.abs(policy - reference) < reference / 2
        ratio = np.log1p(np.where(near, (policy - reference) / reference, 0.0))
        w = np.where(near, ratio, np.log(policy) - np.log(reference)) - tilt
        small = np.abs(w) < NARROW
        series = policy * (beta * w) * w * _second(np.where(small, -w, 0.0))
        plain = np.where(policy > 0, policy * w, 0.0) + (best - policy)
        plain = beta * np.maximum(plain, 0.0)
    return np.where(small & (policy > 0), series, plain).sum(axis=1)
