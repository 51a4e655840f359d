"""Theorems about softmax policy gradient with entropy regularization (tau > 0).

J_s = (T_tau^{pi^{k+1}} V^k - V^k)(s) is the state-wise improvement, G_s = (T_tau V^k - V^k)(s) the
largest possible one, I_s the part of J_s that is linear in the policy, and
eta_s = eta d_mu^k(s) / (1 - gamma). Further rates are in ``softmax_rates``.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.softmax_pg import SoftmaxPG
from tabular_pg.theorem import Kind, theorem
from tabular_pg.verdicts.actions import least_probability
from tabular_pg.verdicts.assumptions import (
    some_pair,
    state_step_times_tau_below,
)
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.quantities import (
    EPS,
    exp_remainder,
    improvement,
    policy_change,
    state_step,
    steps,
)

RULES = (SoftmaxPG,)
AT_MOST_FOUR = state_step_times_tau_below(4.0)
AT_MOST_ONE = state_step_times_tau_below(1.0)


@once
def _linear_part(run):
    """(steps, S) I_s = sum_a (pi^{k+1} - pi^k) A_tau^k, all terms nonnegative."""
    return (policy_change(run) * run.A[steps(run)]).sum(axis=2)


@theorem(
    "E2",
    "J >= (1 - eta_s tau/4) I for eta_s tau <= 4",
    rules=RULES,
    kind=Kind.LOWER,
    regularized=True,
    assumes=(some_pair, AT_MOST_FOUR),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_share(run):
    """J_s >= (1 - eta_s tau / 4) I_s for eta_s tau <= 4, and the 4 is sharp. Proof: u = eta_s pi A
    sums to 0, and 4 Z KL(pi^{k+1} || pi^k) <= sum_a u e^u, since Z KL is the entropy of e^u, at
    most the two-point entropy on its range [-a, b]; that leaves the scalar inequality
    4 (Zbar - 1 - log Zbar) <= (R - a)(e^R - e^a) + a (e^a - 1), 0 <= a <= R = a + b, log Zbar =
    R e^R / (e^R - 1) - 1. It is proved for all R > 0, twice: by hand (both sides are on their side
    of 2 (e^{R/2} - 1)^2) and in ball arithmetic, by series and interval subdivision; both are in
    tabular_pg/theorems/proofs/two_point_entropy.py, and nothing remains."""
    (J, rounding), I_s = improvement(run), _linear_part(run)
    share = 1 - state_step(run)[steps(run)] * run.tau / 4
    return J, share * I_s, rounding + EPS * I_s


@theorem(
    "E2i",
    "I >= y (1 - e^{-eta_s y})",
    rules=RULES,
    kind=Kind.LOWER,
    regularized=True,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def linear_part_positive(run):
    """I_s >= y (1 - e^{-eta_s y}) with y = max_a pi^k A_tau^k, for every eta. Proof as for S1a."""
    i = steps(run)
    y = (run.policies * run.A)[i].max(axis=2)
    I_s, (_, rounding) = _linear_part(run), improvement(run)
    return I_s, -y * np.expm1(-state_step(run)[i] * y), rounding


@theorem(
    "E2m",
    "monotone in every state for eta_s tau <= 4",
    rules=RULES,
    regularized=True,
    assumes=(some_pair, AT_MOST_FOUR),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def monotone(run):
    """V_tau^{k+1} >= V_tau^k in every state whenever eta_s tau <= 4, in particular for
    eta <= 4 (1 - gamma) / tau: the wider range of steps claimed by Liu, Li and Wei (2024) in some
    form. On two arms with pi* = (1/2, 1/2) a step eta tau = 4.1 ends in a 2-cycle. Proof: E2."""
    i = steps(run)
    return run.value_gap[i + 1], run.value_gap[i], EPS * run.sup_gap[i, None]


@theorem(
    "E2e",
    "J >= sum pi A (e^u - 1)(1 - eta_s tau pi)/Z for eta_s tau <= 1",
    rules=RULES,
    kind=Kind.LOWER,
    regularized=True,
    assumes=(some_pair, AT_MOST_ONE),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_elementary(run):
    """J_s >= (1/Z) sum_a pi A (e^u - 1) (1 - eta_s tau pi) with u = eta_s pi A and Z = sum pi e^u,
    for eta_s tau <= 1; proved without the scalar inequality of E2."""
    i = steps(run)
    pi, A, eta = run.policies[i], run.A[i], state_step(run)[i][:, :, None]
    u = eta * pi * A
    top = u.max(axis=2, keepdims=True)  # divides numerator and denominator by e^top
    grown = np.where(top < 1, np.expm1(u) * np.exp(-top), np.exp(u - top) - np.exp(-top))
    Z = (pi * np.exp(u - top)).sum(axis=2)
    bound = (pi * A * grown * (1 - eta * run.tau * pi)).sum(axis=2) / Z
    J, rounding = improvement(run)
    return J, bound, rounding + EPS * np.abs(bound)


@once
def _largest_improvement(run):
    """(steps, S) G_s = tau log E_pi e^{A/tau}, and the span of A_tau."""
    i = steps(run)
    pi, x = run.policies[i], run.A[i] / run.tau
    span = run.A[i].max(axis=2) - run.A[i].min(axis=2)
    plain = np.logaddexp.reduce(run.log_policies[i] + x, axis=2)
    excess = (pi * exp_remainder(x)).sum(axis=2)  # E_pi x = 0 exactly
    return run.tau * np.where(excess < 1.0, np.log1p(excess), plain), span


@theorem(
    "E3g",
    "G <= span(A_tau)^2/(8 tau)",
    rules=RULES,
    regularized=True,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def soft_improvement_bound(run):
    """G_s = tau log E_pi e^{A_tau / tau} <= (max A_tau - min A_tau)^2 / (8 tau) (Hoeffding)."""
    G, span = _largest_improvement(run)
    return G, span**2 / (8 * run.tau)


def improvement_share_of_best(run, elementary=False):
    """(steps, S) C_s of theorem E3."""
    h, most, rest = _parts_of_share(run)
    return h * (1 - h * (most if elementary else 0.25)) * rest


@once
def _parts_of_share(run):
    """(steps, S) eta_s tau, max pi, and of C_s what depends on the policy otherwise."""
    i = steps(run)
    pi, h = run.policies[i], state_step(run)[i] * run.tau
    u = state_step(run)[i][:, :, None] * pi * run.A[i]
    U, up = np.abs(u).max(axis=2), np.maximum(u.max(axis=2), 0)
    flat = np.where(U > 0, -np.expm1(-U) / np.where(U > 0, U, 1.0), 1.0)
    rest = 4 * least_probability(run, pi) ** 2 * np.exp(-up) * flat
    return h, pi.max(axis=2), rest


@theorem(
    "E3j",
    "J >= C_s G",
    rules=RULES,
    kind=Kind.LOWER,
    regularized=True,
    assumes=(some_pair, AT_MOST_FOUR),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_fraction(run):
    """J_s >= C_s G_s with C_s = 4 eta_s tau (1 - eta_s tau / 4) (min pi)^2 e^{-U+}
    (1 - e^{-U}) / U, U = max |u|, U+ = max u_+, u = eta_s pi A_tau. Proof: E2,
    E3g and sum A^2 >= span^2 / 2."""
    J, rounding = improvement(run)
    bound = improvement_share_of_best(run) * _largest_improvement(run)[0]
    return J, bound, rounding + EPS * np.abs(bound)


def _contracted(run, elementary):
    i = steps(run)
    C = improvement_share_of_best(run, elementary).min(axis=1)
    return run.sup_gap[i + 1], (1 - (1 - run.mdp.gamma) * C) * run.sup_gap[i]


@theorem(
    "E3",
    "e_{k+1} <= (1 - (1-gamma) min C_s) e_k for eta_s tau < 4",
    rules=RULES,
    regularized=True,
    assumes=(some_pair, AT_MOST_FOUR),
    any_step=True,
    any_actions=True,
)
def linear(run):
    """e_{k+1} <= (1 - (1 - gamma) min_s C_s) e_k for eta_s tau < 4, C_s as in E3j: global linear
    convergence. Proof: E3j and the master lemma with h(x) = C x: I_s^k >= C G_s with
    G_s >= (V* - V^k)(s) - gamma e_k gives V*(s) - V^{k+1}(s) <= (1 - C) (V* - V^k)(s) +
    C gamma e_k (its general form is in S2)."""
    return _contracted(run, elementary=False)


@theorem(
    "E3e",
    "the same with (1 - eta_s tau max pi), eta_s tau <= 1",
    rules=RULES,
    regularized=True,
    assumes=(some_pair, AT_MOST_ONE),
    any_step=True,
    any_actions=True,
)
def linear_elementary(run):
    """E3 with 1 - eta_s tau max pi in place of 1 - eta_s tau / 4, for eta_s tau <= 1; rests on E2e
    and is proved in full."""
    return _contracted(run, elementary=True)
