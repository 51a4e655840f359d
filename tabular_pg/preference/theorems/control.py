"""What is known of policies for a reward: R6, about a ``Controlled`` policy or a ``DirectRun``."""

from __future__ import annotations

import numpy as np

from tabular_pg.preference.control.dpo import DPO
from tabular_pg.preference.control.kl_control import KLControl
from tabular_pg.preference.control.tables import expected_reward, kl
from tabular_pg.preference.control.tilted import optimal_value
from tabular_pg.preference.fitting.fit import fit
from tabular_pg.preference.fitting.newton import centred
from tabular_pg.preference.theorems.fits import EXACT, ROUNDING, _distances
from tabular_pg.theorem import theorem


def prompts_connected(run) -> str:
    """There is a ridge, or comparisons connect the responses to every prompt."""
    if run.rule.ridge > 0:
        return ""
    c = run.comparisons
    _, first = np.unique(run.prompts, return_index=True)
    if (c.components != c.components[first][run.prompts]).any():
        return "a prompt has responses that no chain of comparisons joins"
    if (c.strong_components != c.strong_components[first][run.prompts]).any():
        return "a prompt has responses that never lost to the others: there is no minimum"
    return ""


@theorem(
    "R6", "J(pi*) - J(pi) = beta KL(pi || pi*)", rules=(KLControl,), source="rafailov2023", **EXACT
)
def value_of_control(run):
    """On every prompt, J(pi) = E_pi[r] - beta KL(pi || ref) is less than its maximum by beta times
    the divergence of pi from pi* = ref exp(r / beta) / Z. Proof: log pi* = r / beta + log ref -
    log Z, and J(pi*) = beta log Z."""
    beta = run.rule.beta
    reward, distance = expected_reward(run.policy, run.reward), kl(run.policy, run.reference)
    lost = optimal_value(run.reference, run.reward, beta) - (reward - beta * distance)
    size = 1 + np.abs(run.reward).max(axis=1) + beta * (1 + distance)
    return [lost], [run.regret], [1e-12 * size]


def _rounding(run):
    """Of a regret: of beta times differences of logarithms, which are as large as r / beta."""
    return 1e-14 * (run.rule.beta + np.abs(run.reward).max(axis=1))


CONTROL = {"rules": (KLControl,), "regularized": None}


@theorem("R6r", "regret of the policy for an estimate <= span(r - estimate)", **CONTROL)
def regret_by_span(run):
    """On every prompt, J(pi*) - J(pi) <= max(r^ - r) - min(r^ - r) for pi = ref exp(r^ / beta) / Z.
    Proof: pi is better than pi* for the estimate r^, so that the regret is at most the mean of
    r^ - r under pi less that under pi*."""
    return [run.regret], [run.span], [_rounding(run)]


@theorem("R6q", "regret of the policy for an estimate <= span^2 / (8 beta)", **CONTROL)
def regret_by_squared_span(run):
    """On every prompt, J(pi*) - J(pi) <= span(r^ - r)^2 / (8 beta) for pi = ref exp(r^ / beta) / Z.
    Proof: beta KL(pi || pi*) = beta int_0^(1/beta) u f''(u) du with f(u) = log E_pi* exp(u (r^ -
    r)), whose second derivative is a variance, at most span^2 / 4."""
    bound = run.span**2 / (8 * run.rule.beta)
    return [run.regret], [bound], [_rounding(run)]


@theorem(
    "R6d", "DPO = ref exp(Bradley-Terry / beta) / Z",
    rules=(DPO,), assumes=(prompts_connected,), source="rafailov2023", **EXACT,
)  # fmt: skip
def direct_is_two_steps(run):
    """The policy of DPO is ref exp(r / beta) / Z with r the scores of the Bradley-Terry fit to the
    same pairs, with the same ridge. Proof: within a prompt the rewards beta log pi / ref are the
    scores but for a shift, and any scores are the rewards of a policy."""
    c, beta = run.comparisons, run.rule.beta
    pairs = np.column_stack([c.winner, c.loser])
    ridge = run.rule.ridge / c.unit
    other = fit(pairs, c.n_items, ridge=ridge, weights=c.weight, per_component=True)
    r = other.scores
    rewards = beta * (run.log_policy - np.log(run.reference))
    return (
        [centred(rewards, run.prompts)],
        [centred(r, run.prompts)],
        ROUNDING * (beta + np.abs(r).max()) + _distances(run, other),
    )
