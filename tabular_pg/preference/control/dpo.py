"""A policy fitted to pairs without a reward in between: direct preference optimization.

The responses to all prompts are items 0, ..., n - 1, those to one prompt have the same number in
``prompts``; a policy is a vector of n probabilities that sum to 1 over each prompt. DPO minimizes

    sum weight -log sigma(beta (u_chosen - u_rejected)) + ridge / 2 |x|^2,    u = log pi / ref,

over logits log ref + x / beta. It is what maximum likelihood for a reward followed by the best
policy for it would give: a theorem, R6d. Within a prompt the normalizations of two responses are
the same, so that x is found as the scores of a fit are, with the same bound on the distance.

References
----------
Rafailov et al. (2023), Direct preference optimization, NeurIPS, arXiv 2305.18290.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg._machine import ONE_BLAS_THREAD
from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import class_numbers, real_numbers, refuse_negative
from tabular_pg.checks.numbers import check_number, shown
from tabular_pg.preference.fitting.comparisons import Comparisons, counted
from tabular_pg.preference.fitting.convex import minimize_scores
from tabular_pg.preference.fitting.identifiability import check_graph
from tabular_pg.preference.fitting.losses import BradleyTerry
from tabular_pg.preference.fitting.newton import centred
from tabular_pg.preference.fitting.result import Status
from tabular_pg.preference.fitting.terms import rounding, terms_of
from tabular_pg.references import cited

TOLERANCES = {"maxiter": 2000}  # steps of Newton's method
CLOSE = 1e-8  # a bound on the distance to the minimum, relative to the spread of the rewards


@cited("rafailov2023")
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
        MINIMUM, or STOPPED where ``distance`` does not show that it is.
    distance : float
        How far any difference of rewards beta log(pi / ref) within a prompt can be from that at the
        minimum, where the comparisons join the two; inf where nothing is known.
    """

    rule: DPO
    comparisons: Comparisons
    prompts: np.ndarray
    reference: np.ndarray
    log_policy: np.ndarray
    status: Status
    distance: float = np.inf

    __repr__ = compact

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
        raise ValueError(f"rule is {shown(rule)}; expected DPO(beta, ridge)")
    check_number("beta", rule.beta, 0, kind=Real, open_ends=True)
    check_number("ridge", rule.ridge, 0, kind=Real)
    prompts = class_numbers("prompts", prompts)
    if prompts.size < 2:
        raise ValueError(f"prompts has length {prompts.size}; expected at least two responses")
    prompts = np.unique(prompts, return_inverse=True)[1]
    comparisons = counted(pairs, prompts.size)
    reference = _checked_reference(reference, prompts)
    winner, loser = comparisons.winner, comparisons.loser
    across = prompts[winner] != prompts[loser]
    if across.any():
        i = int(across.argmax())
        raise ValueError(
            f"pairs compare {winner[i]} and {loser[i]}; expected responses to the same prompt"
        )

    if rule.ridge == 0:
        check_graph(comparisons, BradleyTerry(), per_component=True)

    with np.errstate(divide="ignore"):
        terms = terms_of(comparisons, BradleyTerry(), np.log(float(rule.ridge)))
    with ONE_BLAS_THREAD:
        found = minimize_scores(terms, TOLERANCES["maxiter"])
    x = found.x[: prompts.size]
    if rule.ridge == 0:
        x = centred(x, comparisons.components)
    log_policy = _log_policy(reference, prompts, x / float(rule.beta))
    close = found.distance <= CLOSE * (1 + np.ptp(x))
    status = Status.MINIMUM if close else Status.STOPPED
    distance = found.distance + rounding(np.ptp(x))
    return DirectRun(rule, comparisons, prompts, reference, log_policy, status, float(distance))


def _log_policy(reference, prompts, offsets):
    """log(ref exp(offset) / Z), prompt by prompt."""
    largest = np.full(prompts.max() + 1, -np.inf)
    np.maximum.at(largest, prompts, offsets)
    offsets = offsets - largest[prompts]
    Z = np.bincount(prompts, reference * np.exp(offsets))
    return np.log(reference) + offsets - np.log(Z)[prompts]


def _checked_reference(reference, prompts):
    reference = real_numbers("reference", reference)
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
