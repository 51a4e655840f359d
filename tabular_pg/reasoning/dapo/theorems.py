"""What is known of DAPO's exact iterates, as checkable theorems.

V_beta^{k+1} is the value of pi^{k+1} less beta times its divergences from pi^k, I_s what a single
step gains in state s (see ``actor``), d^k visits of pi^k from the uniform start, not normalized.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.reasoning.dapo.actor import loss_gradient
from tabular_pg.reasoning.dapo.iterates import DAPO
from tabular_pg.reasoning.episodic.evaluation import backup
from tabular_pg.reasoning.episodic.segments import state_divergences, state_sums
from tabular_pg.theorem import Kind, theorem
from tabular_pg.verdicts.assumptions import some_pair

ROUNDING = 1e-13  # of values and what they are made of, which are at most 1
RULES = (DAPO,)
EXACT = {"rules": RULES, "kind": Kind.EQUAL, "assumes": (some_pair,), "regularized": None}


def _per_state(run, values) -> np.ndarray:
    """(K, S) sums over each state's edges of values (K, E)."""
    return np.stack([state_sums(run.mdp.action_ptr, row) for row in values])


def _rounding(run) -> float:
    """Of values and of beta times divergences."""
    return ROUNDING * (1 + run.rule.beta)


@theorem("D1", "nu (A/beta - log pi/ref) = lambda pi on every edge", **EXACT)
def stationarity(run):
    """pi^{k+1} satisfies pi^k (A^k / beta - log(pi^{k+1} / pi^k)) = lambda_s pi^{k+1} with
    lambda_s >= 0: the condition for the minimizer of (12). Proof: differentiate with a multiplier
    for sum_a pi = 1."""
    old, new = run.policies[:-1], run.policies[1:]
    A = np.stack([run.mdp.advantage(policy) for policy in old]) / run.rule.beta
    measured = old * (A - np.log(new / old))
    bound = run.multipliers[:, run.mdp.source] * new
    return measured, bound, ROUNDING * ((old + new) * (1 + 1 / run.rule.beta) + bound)


@theorem(
    "D2",
    "V_beta^{k+1} - V^k >= sum d^{k+1} beta lambda",
    rules=RULES,
    kind=Kind.LOWER,
    regularized=None,
    source="liu2024dapo",
    assumes=(some_pair,),
)
def improvement_by_multiplier(run):
    """Theorem 3.2: V_beta^{k+1}(rho) - V^k(rho) >= sum_s d^{k+1}(s) beta lambda_s >= 0, rho uniform
    over the roots, with the multipliers of D1. Proof: D3p, and sum_a (pi^{k+1})^2 / pi^k >= 1 in
    D3."""
    roots = slice(0, run.mdp.n_roots)
    gained = (run.regularized_values - run.values[:-1])[:, roots].mean(axis=1)
    bound = run.rule.beta * (run.visits[1:] * run.multipliers).sum(axis=1)
    return gained, bound, _rounding(run)


@theorem("D3", "I = beta lambda sum (pi+)^2/nu", **EXACT)
def improvement_identity(run):
    """I_s = beta lambda_s sum_a pi^{k+1}(a|s)^2 / pi^k(a|s) in every state. Proof: multiply D1 by
    pi^{k+1} / pi^k and sum."""
    squares = _per_state(run, run.policies[1:] ** 2 / run.policies[:-1])
    return run.improvements, run.rule.beta * run.multipliers * squares, _rounding(run)


@theorem("D3c", "I = beta KL(ref || pi+) (1 + chi2(pi+ || ref))", **EXACT)
def improvement_by_divergences(run):
    """I_s = beta KL(pi^k || pi^{k+1}) (1 + chi^2(pi^{k+1} || pi^k)) in every state. Proof: D3, and
    D1 summed over the actions, where the mean advantage is 0, gives lambda_s = KL(pi^k ||
    pi^{k+1})."""
    old, new = run.policies[:-1], run.policies[1:]
    pairs, ptr = zip(old, new, strict=True), run.mdp.action_ptr
    divergence = np.stack([state_divergences(ptr, before, after) for before, after in pairs])
    squares = _per_state(run, new**2 / old)
    shaken = 8 * np.finfo(float).eps * _per_state(run, np.abs(new - old))  # by the rounding of new
    bound = run.rule.beta * squares
    return run.improvements, bound * divergence, _rounding(run) + bound * shaken


@theorem("D3p", "V_beta^{k+1} - V^k = sum d^{k+1} I", **EXACT)
def performance_difference(run):
    """V_beta^{k+1}(rho) - V^k(rho) = sum_s d^{k+1}(s) I_s, rho uniform over the roots: the
    performance-difference lemma (8)."""
    roots = slice(0, run.mdp.n_roots)
    gained = (run.regularized_values - run.values[:-1])[:, roots].mean(axis=1)
    return gained, (run.visits[1:] * run.improvements).sum(axis=1), _rounding(run)


MONOTONE = {"rules": RULES, "assumes": (some_pair,), "regularized": None}


@theorem("D3a", "V^k <= V_beta^{k+1} in every state", **MONOTONE)
def regularized_monotone(run):
    """V^k(s) <= V_beta^{k+1}(s) in every state. Proof: D3, I_s >= 0, and D3p from s."""
    return run.values[:-1], run.regularized_values, ROUNDING


@theorem("D3b", "V_beta^{k+1} <= V^{k+1} in every state", **MONOTONE)
def monotone(run):
    """V_beta^{k+1}(s) <= V^{k+1}(s) in every state, so that with D3a the success rate never falls.
    Proof: divergences are nonnegative."""
    return run.regularized_values, run.values[1:], ROUNDING


@theorem("D5", "-beta grad L = grad V at pi = ref", **EXACT)
def gradient_at_reference(run):
    """At pi = ref = pi^k, with nu_S = d^k and nu_A = pi^k, the gradient of (12) in the logits is
    -1 / beta times that of V^k(rho), which is d^k pi^k A^k on every edge."""
    gradients, slopes = [], []
    for policy, d in zip(run.policies, run.visits, strict=True):
        found = loss_gradient(run.mdp, policy, policy, run.rule.beta, states=d)
        gradients.append(-run.rule.beta * found)
        slopes.append(d[run.mdp.source] * policy * run.mdp.advantage(policy))
    return np.stack(gradients), np.stack(slopes), ROUNDING


@theorem("D7", "sum_t E[A_t^2] = Var(R) at every root", **EXACT)
def martingale(run):
    """From every root, sum_t E[A^k(s_t, a_t)^2] = Var(R), R the reward at the end. Proof: with
    deterministic transitions V^k(s_t) is a martingale whose steps are the advantages."""
    mdp, roots = run.mdp, slice(0, run.mdp.n_roots)
    spread, variance = [], []
    for policy, V in zip(run.policies, run.values, strict=True):
        steps = state_sums(mdp.action_ptr, policy * mdp.advantage(policy) ** 2)
        total = backup(mdp.action_ptr, mdp.successor, steps, policy)
        second = backup(mdp.action_ptr, mdp.successor, mdp.terminal_reward**2, policy)
        spread.append(total[roots])
        variance.append((second - V**2)[roots])
    return np.stack(spread), np.stack(variance), ROUNDING
