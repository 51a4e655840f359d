"""A policy fitted to pairs without a reward in between: direct preference optimization.

The responses to all prompts are items 0, ..., n - 1, those to one prompt have the same number in
``prompts``; a policy is a vector of n probabilities that sum to 1 over each prompt. DPO minimizes

    sum weight -log sigma(beta (u_chosen - u_rejected)) + ridge / 2 |x|^2,    u = log pi / ref,

over logits log ref + x / beta. It is what maximum likelihood for a reward followed by the best
policy for it would give: a theorem, R6d, and the reason for this plain implementation, which makes
no use of it (``fit`` and ``rlhf.tilted_policy`` are faster and more accurate).

References
----------
Rafailov et al. (2023), Direct preference optimization, NeurIPS, arXiv 2305.18290.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from tabular_pg._checks import check_number
from tabular_pg._transitions import real_array, refuse_negative
from tabular_pg.episodic.validation import class_numbers
from tabular_pg.preference.comparisons import Comparisons, counted
from tabular_pg.preference.fitting import Status
from tabular_pg.preference.identifiability import check_graph
from tabular_pg.preference.losses import BradleyTerry

TOLERANCES = {"ftol": 1e-16, "gtol": 1e-11, "maxiter": 20_000, "maxfun": 40_000, "maxcor": 30}
CLOSE = 1e-7  # a gradient of zero, relative to its terms


class DPO(NamedTuple):
    """Direct preference optimization at the temperature ``beta``."""

    beta: float
    ridge: float = 0.0


@dataclass(frozen=True, eq=False)
class DirectRun:
    """A policy that DPO found.

    Attributes
    ----------
    rule : DPO
    comparisons : Comparisons
    prompts : (n,) which prompt each response is to.
    reference : (n,)
    log_policy : (n,) logarithms, because probabilities underflow where beta is small.
    status : Status
        MINIMUM, or STOPPED where L-BFGS did not make the gradient vanish.
    """

    rule: DPO
    comparisons: Comparisons
    prompts: np.ndarray
    reference: np.ndarray
    log_policy: np.ndarray
    status: Status

    tau, rounded = 0.0, True  # what theorems ask any run for
    k = np.zeros(1, dtype=np.int64)

    @property
    def policy(self) -> np.ndarray:
        """(n,)"""
        return np.exp(self.log_policy)

    @property
    def obstacle(self) -> str:
        """'' or the reason why no theorem is about this run."""
        return "" if self.status is Status.MINIMUM else self.status.value


def optimize_directly(pairs, prompts, reference, rule) -> DirectRun:
    """The policy that minimizes the loss above.

    Parameters
    ----------
    pairs : array_like of int (N, 2)
        The chosen and the rejected response, to the same prompt.
    prompts : array_like of int >= 0 (n,)
    reference : array_like (n,)
        Positive; sums to 1 over each prompt.
    rule : DPO

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected. Also where ridge is 0 and the minimum
        is at infinity: see ``identifiability``.
    """
    if not isinstance(rule, DPO):
        raise ValueError(f"rule is {rule!r}; expected DPO(beta, ridge)")
    check_number("beta", rule.beta, 0, kind=Real, open_ends=True)
    check_number("ridge", rule.ridge, 0, kind=Real)
    prompts = np.unique(class_numbers("prompts", prompts), return_inverse=True)[1]
    comparisons = counted(pairs, prompts.size)
    reference = _checked_reference(reference, prompts)
    winner, loser, weight = comparisons.winner, comparisons.loser, comparisons.weight
    across = prompts[winner] != prompts[loser]
    if across.any():
        i = int(across.argmax())
        raise ValueError(
            f"pairs compare {winner[i]} and {loser[i]}; expected responses to the same prompt"
        )

    if rule.ridge == 0:
        check_graph(comparisons, BradleyTerry(), per_component=True)

    def objective(x):
        u = _log_policy(reference, prompts, x / rule.beta) - log_reference
        D = rule.beta * (u[winner] - u[loser])
        value = weight @ np.logaddexp(0.0, -D) + 0.5 * rule.ridge * x @ x
        return value, comparisons.collect(-weight * expit(-D)) + rule.ridge * x

    log_reference = np.log(reference)
    found = minimize(
        objective, np.zeros(prompts.size), jac=True, method="L-BFGS-B", options=TOLERANCES
    )
    terms = comparisons.gather(weight) + rule.ridge * np.abs(found.x)
    close = (np.abs(objective(found.x)[1]) <= CLOSE * terms).all()
    log_policy = _log_policy(reference, prompts, found.x / rule.beta)
    status = Status.MINIMUM if close else Status.STOPPED
    return DirectRun(rule, comparisons, prompts, reference, log_policy, status)


def _log_policy(reference, prompts, offsets):
    """log(ref exp(offset) / Z), prompt by prompt."""
    largest = np.full(prompts.max() + 1, -np.inf)
    np.maximum.at(largest, prompts, offsets)
    offsets = offsets - largest[prompts]
    Z = np.bincount(prompts, reference * np.exp(offsets))
    return np.log(reference) + offsets - np.log(Z)[prompts]


def _checked_reference(reference, prompts):
    reference = real_array("reference", reference)
    if reference.shape != prompts.shape:
        raise ValueError(f"reference has shape {reference.shape}; expected {prompts.shape}")
    refuse_negative("reference", reference)
    if (reference == 0).any():
        raise ValueError(f"reference[{int((reference == 0).argmax())}] is 0; expected > 0")
    sums = np.bincount(prompts, reference)
    if np.abs(sums - 1).max() > 1e-12 * prompts.size:
        x = int(np.abs(sums - 1).argmax())
        raise ValueError(f"reference sums to {sums[x]} over prompt number {x}; expected 1")
    return reference
