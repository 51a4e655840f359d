"""Direct Advantage Policy Optimization with exact advantages: its iterates.

    pi^{k+1} = argmin_pi of objective (12) with the reference pi^k, its exact advantages, and
    nu_A = pi^k, in every state.

Their theorems are in ``theorems``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tabular_pg._floats import UNDERFLOW
from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import real_vector
from tabular_pg.checks.numbers import checked_beta, checked_iterations
from tabular_pg.reasoning.dapo.actor import checked_ratio, improvement, step
from tabular_pg.reasoning.episodic import EpisodicMDP, checked_policy
from tabular_pg.reasoning.episodic.segments import state_softmax
from tabular_pg.references import cited


@cited("liu2024dapo")
@dataclass(frozen=True)
class DAPO:
    """Direct Advantage Policy Optimization with regularization ``beta > 0``."""

    beta: float

    def __post_init__(self):
        object.__setattr__(self, "beta", checked_beta(self.beta))


@dataclass(frozen=True, eq=False)
class DapoRun:
    """The iterates of DAPO with exact advantages.

    Attributes
    ----------
    mdp : EpisodicMDP
    rule : DAPO
    k : (K,) 0, 1, ..., the number of steps.
    policies : (K, E) pi^k.
    multipliers : (K-1, S) lambda_s of the step from pi^k.
    """

    mdp: EpisodicMDP
    rule: DAPO
    k: np.ndarray
    policies: np.ndarray
    multipliers: np.ndarray

    __repr__ = compact

    tau, rounded = 0.0, True  # what theorems ask any run for

    @property
    def obstacle(self) -> str:
        """'' or the reason why no theorem is about this run."""
        return "" if (self.policies > UNDERFLOW).all() else "a probability underflows"

    @cached_property
    def values(self) -> np.ndarray:
        """(K, S) V^k."""
        return np.stack([self.mdp.value(policy) for policy in self.policies])

    @cached_property
    def success(self) -> np.ndarray:
        """(K,) the mean of V^k over the roots."""
        return self.values[:, : self.mdp.n_roots].mean(axis=1)

    @cached_property
    def regularized_values(self) -> np.ndarray:
        """(K-1, S) V_beta^{k+1}."""
        pairs = zip(self.policies[1:], self.policies, strict=False)
        return np.stack([self.mdp.kl_value(new, old, self.rule.beta) for new, old in pairs])

    @cached_property
    def improvements(self) -> np.ndarray:
        """(K-1, S) I_s of the step from pi^k."""
        pairs = zip(self.policies[1:], self.policies, strict=False)
        return np.stack([improvement(self.mdp, new, old, self.rule.beta) for new, old in pairs])

    @cached_property
    def visits(self) -> np.ndarray:
        """(K, S) d^k."""
        return np.stack([self.mdp.visitation(policy) for policy in self.policies])


def iterate(mdp, reference, beta, iterations) -> DapoRun:
    """Take exact steps of DAPO, each from the policy before.

    Parameters
    ----------
    mdp : EpisodicMDP
    reference : (E,) the first policy, positive on every edge.
    beta : float > 0
    iterations : int >= 0

    Raises
    ------
    ValueError
        As ``minimizer`` does, also of an iterate in which a probability has underflowed to 0.
    """
    rule, policies, multipliers = DAPO(beta), [checked_policy(mdp, reference, "reference")], []
    for k in range(checked_iterations(iterations)):
        _check_underflow(rule.beta, policies[-1], k)
        found = step(mdp, policies[-1], rule.beta)
        policies.append(found.policy)
        multipliers.append(found.multiplier)
    multipliers = np.array(multipliers).reshape(len(multipliers), mdp.n_states)
    return DapoRun(mdp, rule, np.arange(len(policies)), np.stack(policies), multipliers)


def _check_underflow(beta, policy, k):
    if k > 0 and (policy == 0).any():
        e = int((policy == 0).argmax())
        raise ValueError(
            f"beta is {beta}: after {k} steps the probability of edge {e} underflows to 0; "
            "expected a larger beta, or fewer iterations"
        )


def natural_step(mdp, reference, beta, advantage=None) -> np.ndarray:
    """(E,) ref exp(A / beta) / Z: natural policy gradient with eta = 1 / beta, for comparison.

    Also what objective (12) gives with a free offset per state, A / beta - c(s).

    Parameters
    ----------
    reference : (E,) a policy; where it is 0 the result is, too.
    beta : float > 0
    advantage : (E,), optional
        Of any mean in a state; the exact one of the reference by default.

    Raises
    ------
    ValueError
        Names the argument, the first offending edge or state, its value and what was expected.
    """
    reference = checked_policy(mdp, reference, "reference")
    if advantage is None:
        advantage = mdp.advantage(reference)
    else:
        advantage = real_vector("advantage", advantage, mdp.n_edges, "edge")
    with np.errstate(divide="ignore"):
        logits = np.log(reference) + checked_ratio(advantage, beta)
    return state_softmax(mdp.action_ptr, logits)
