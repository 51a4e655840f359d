"""What a reward does to a policy that is optimized for it, exactly, prompt by prompt.

Everything is a table with a row per prompt and a column per response: ``reference`` and ``policy``
are distributions over the responses, ``rewards`` what the policy is optimized for. The optimum of

    J(pi) = E_pi[r] - beta KL(pi | ref)    is    pi = ref exp(r / beta) / Z,

and what another policy loses is J(pi*) - J(pi) = beta KL(pi | pi*), without any cancellation.
"""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from tabular_pg._checks import check_number
from tabular_pg._transitions import ROW_SUM_TOLERANCE, real_array, refuse_negative

BISECTIONS = 200  # at most; the interval is then as narrow as floats are
MOST_DRAWS = 10**15  # of the best of n: integers that floats tell apart


class Overoptimization(NamedTuple):
    """Means over prompts along decreasing beta, or increasing n.

    Attributes
    ----------
    knob : (n,) beta, or the n of best-of-n.
    kl : (n,) KL(pi | ref).
    proxy : (n,) expected reward that was optimized.
    gold : (n,) expected true reward.
    """

    knob: np.ndarray
    kl: np.ndarray
    proxy: np.ndarray
    gold: np.ndarray


def tilted_policy(reference, rewards, beta) -> np.ndarray:
    """The optimum of the reward less beta times the KL divergence: ref exp(r / beta) / Z."""
    return np.exp(_log_tilted(*_checked(reference, rewards), _beta(beta)))


def optimal_value(reference, rewards, beta) -> np.ndarray:
    """(prompts,) max_pi E_pi[r] - beta KL(pi | ref) = beta log Z."""
    reference, rewards = _checked(reference, rewards)
    beta, top, tilt = _beta(beta), *_tilt(reference, rewards, beta)
    return top[:, 0] + beta * logsumexp(tilt, axis=1, b=reference)


def expected_reward(policy, rewards) -> np.ndarray:
    """(prompts,) the mean reward of each prompt."""
    policy, rewards = _checked(policy, rewards, "policy")
    return (policy * rewards).sum(axis=1)


def kl(policy, reference) -> np.ndarray:
    """(prompts,) KL(pi | ref); infinite where the reference excludes what the policy does."""
    policy, reference = _policies(policy, reference)
    with np.errstate(divide="ignore"):
        return _divergence(policy, reference, np.log(reference))


def regret(policy, reference, rewards, beta) -> np.ndarray:
    """(prompts,) J(pi*) - J(pi) = beta KL(pi | pi*), for the rewards given."""
    policy, reference = _policies(policy, reference)
    reference, rewards = _checked(reference, rewards)
    log_best = _log_tilted(reference, rewards, _beta(beta))
    lost = beta * _divergence(policy, np.exp(log_best), log_best)
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
    reference, rewards = _checked(reference, rewards)
    check_number(name, target, 0, kind=Real, open_ends=True)
    spread = np.where(reference > 0, rewards, -np.inf).max(axis=1)
    spread = (spread - np.where(reference > 0, rewards, np.inf).min(axis=1)).max()
    greedy = _mean_kl(reference, rewards, spread * 1e-12) if spread > 0 else 0.0
    if not target < greedy:
        raise ValueError(f"{name} is {target!r}; expected less than {greedy}, the largest KL")
    low, high = spread * 1e-12, spread
    while _mean_kl(reference, rewards, high) > target:
        high *= 2
    for _ in range(BISECTIONS):
        middle = np.sqrt(low) * np.sqrt(high)
        if not low < middle < high:
            break
        if _mean_kl(reference, rewards, middle) > target:
            low = middle
        else:
            high = middle
    return float(high)


def best_of_n(reference, rewards, n) -> np.ndarray:
    """The distribution of the best of n responses; equal ones share in proportion to ref.

    With F the probability of a response that is not better and p that of an equal one, the best is
    one of these with probability F^n - (F - p)^n.
    """
    reference, rewards = _checked(reference, rewards)
    check_number("n", n, 1, MOST_DRAWS)
    order = np.argsort(rewards, axis=1, kind="stable")
    ranked, p = (np.take_along_axis(each, order, axis=1) for each in (rewards, reference))
    new = np.diff(ranked, axis=1, prepend=-np.inf) > 0
    level = np.cumsum(new, axis=1) - 1 + np.arange(len(p))[:, None] * p.shape[1]
    equal = np.bincount(level.ravel(), p.ravel(), p.size)
    up_to = np.minimum(np.cumsum(equal.reshape(p.shape), axis=1), 1.0).ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(equal > 0, -np.expm1(n * np.log1p(-np.minimum(equal / up_to, 1.0))), 0.0)
        factor = np.where(equal > 0, up_to**n * chance / equal, 0.0)
    policy = np.empty_like(p)
    np.put_along_axis(policy, order, p * factor[level], axis=1)
    return policy / policy.sum(axis=1, keepdims=True)


def overoptimization(reference, proxy, gold, betas) -> Overoptimization:
    """How the true reward goes as a policy is optimized for another one, for each beta."""
    betas = [_beta(beta) for beta in betas]
    return _curve(betas, reference, proxy, gold, tilted_policy)


def best_of_n_curve(reference, proxy, gold, ns) -> Overoptimization:
    """How the true reward goes as the best of more and more responses is taken."""
    return _curve(list(ns), reference, proxy, gold, best_of_n)


def _curve(knobs, reference, proxy, gold, policy_at):
    for name, rewards in (("proxy", proxy), ("gold", gold)):
        _checked(reference, rewards, rewards_name=name)
    rows = []
    for knob in knobs:
        policy = policy_at(reference, proxy, knob)
        means = kl(policy, reference), expected_reward(policy, proxy), expected_reward(policy, gold)
        rows.append([each.mean() for each in means])
    return Overoptimization(np.array(knobs), *np.array(rows).reshape(-1, 3).T)


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


def _mean_kl(reference, rewards, beta):
    return kl(np.exp(_log_tilted(reference, rewards, beta)), reference).mean()


def _divergence(policy, reference, log_reference):
    """KL(pi | ref), a sum of terms >= 0; the reference may be an underflow of its logarithm."""
    with np.errstate(divide="ignore", invalid="ignore"):
        near = np.log1p((policy - reference) / reference)
        far = np.log(policy) - log_reference
        log_ratio = np.where(np.abs(policy - reference) < reference / 2, near, far)
        terms = np.where(policy > 0, policy * log_ratio, 0.0) + (reference - policy)
    return np.maximum(terms, 0.0).sum(axis=1)


def _beta(beta):
    check_number("beta", beta, 0, kind=Real, open_ends=True)
    return float(beta)


def _checked(reference, rewards, name="reference", rewards_name="rewards"):
    """A table of distributions and one of rewards of the same shape, else ValueError."""
    reference, rewards = _distributions(name, reference), real_array(rewards_name, rewards)
    if rewards.shape != reference.shape:
        raise ValueError(f"{rewards_name} has shape {rewards.shape}; expected {reference.shape}")
    return reference, rewards


def _policies(policy, reference):
    policy, reference = _distributions("policy", policy), _distributions("reference", reference)
    if policy.shape != reference.shape:
        raise ValueError(f"policy has shape {policy.shape}; expected {reference.shape}")
    return policy, reference


def _distributions(name, table):
    table = real_array(name, table)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"{name} has shape {table.shape}; expected (prompts, responses)")
    refuse_negative(name, table)
    sums = table.sum(axis=1)
    wrong = np.abs(sums - 1) > ROW_SUM_TOLERANCE * table.shape[1]
    if wrong.any():
        x = int(wrong.argmax())
        raise ValueError(f"{name}[{x}] sums to {float(sums[x])!r}; expected 1")
    return table
