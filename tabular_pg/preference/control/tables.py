"""Distributions over responses, a row per prompt: what they earn, how far apart they are."""

from __future__ import annotations

import numpy as np

from tabular_pg.checks.arrays import real_numbers, refuse_negative
from tabular_pg.checks.probabilities import ROW_SUM_TOLERANCE


def expected_reward(policy, rewards) -> np.ndarray:
    """(prompts,) the mean reward of each prompt."""
    policy, rewards = checked_tables(policy, rewards, "policy")
    return (policy * rewards).sum(axis=1)


def kl(policy, reference) -> np.ndarray:
    """(prompts,) KL(pi | ref); infinite where the reference excludes what the policy does."""
    policy, reference = checked_policies(policy, reference)
    with np.errstate(divide="ignore"):
        return divergence(policy, reference, np.log(reference))


def divergence(policy, reference, log_reference):
    """KL(pi | ref), a sum of terms >= 0; the reference may be an underflow of its logarithm."""
    with np.errstate(divide="ignore", invalid="ignore"):
        near = np.log1p((policy - reference) / reference)
        far = np.log(policy) - log_reference
        log_ratio = np.where(np.abs(policy - reference) < reference / 2, near, far)
        terms = np.where(policy > 0, policy * log_ratio, 0.0) + (reference - policy)
    return np.maximum(terms, 0.0).sum(axis=1)


def checked_tables(reference, rewards, name="reference", rewards_name="rewards"):
    """A table of distributions and one of rewards of the same shape, else ValueError."""
    reference, rewards = _distributions(name, reference), real_numbers(rewards_name, rewards)
    if rewards.shape != reference.shape:
        raise ValueError(f"{rewards_name} has shape {rewards.shape}; expected {reference.shape}")
    return reference, rewards


def checked_policies(policy, reference):
    """Two tables of distributions of the same shape, else ValueError."""
    policy, reference = _distributions("policy", policy), _distributions("reference", reference)
    if policy.shape != reference.shape:
        raise ValueError(f"policy has shape {policy.shape}; expected {reference.shape}")
    return policy, reference


def _distributions(name, table):
    table = real_numbers(name, table)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"{name} has shape {table.shape}; expected (prompts, responses)")
    refuse_negative(name, table)
    sums = table.sum(axis=1)
    wrong = np.abs(sums - 1) > ROW_SUM_TOLERANCE * table.shape[1]
    if wrong.any():
        x = int(wrong.argmax())
        raise ValueError(f"{name}[{x}] sums to {float(sums[x])!r}; expected 1")
    return table
