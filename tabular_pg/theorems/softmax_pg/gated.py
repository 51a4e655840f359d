"""Gated softmax policy gradient (enlightened, delightful), tau = 0.

Here U = A^k and eta_s = eta d_mu^k(s) / (1 - gamma).
"""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.gradients.gated_pg import DelightfulPG, EnlightenedPG
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.theorems.softmax_pg.limits import log_odds
from tabular_pg.verdicts.actions import each_action, suboptimal
from tabular_pg.verdicts.assumptions import (
    bandit,
    from_the_start,
    some_pair,
    some_suboptimal_action,
    two_armed_bandit,
    unique_optimal_actions,
)
from tabular_pg.verdicts.changes import ULP
from tabular_pg.verdicts.quantities import EPS, likeliest, log_ratio, state_step, steps
from tabular_pg.verdicts.visits import visitation

RULES = (EnlightenedPG,)
RARE, ALIKE, HALF = 3e-3, 1.05, 0.01  # when SD4 is accurate within its tolerance


def ratio_rounding(run):
    """(steps, S, A) a bound on the rounding error of ``log_ratio``."""
    i, logs = steps(run), each_action(run, np.abs(run.log_policies))
    return ULP * (1 + logs[i] + logs[i + 1])


@theorem(
    "SD1",
    "V^{k+1} >= V^k if every state has one action with U > 0 at most",
    rules=(EnlightenedPG, DelightfulPG),
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
)
def monotone(run):
    """V^{k+1} >= V^k in every state, for every eta, wherever no state has two actions with a
    positive advantage: always with two actions, and near the optimum (e_k < Delta) if optimal
    actions are unique. Proof: the logit of that action rises and those of all others fall. With two
    positive advantages in a state it is false."""
    i = steps(run)
    single = ((run.A > 0).sum(axis=2) <= 1).all(axis=1)[:, None]
    rounding = EPS * run.sup_gap[i, None]
    return run.value_gap[i + 1], np.where(single, run.value_gap, np.inf)[i], rounding


@theorem(
    "SD2",
    "the best action gains on a likelier j: >= eta_s [x_b (1+pi_j-pi_b) - x_j+ (1-pi_j+pi_b)]",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
)
def escape_step(run):
    """With x = pi U, b the action with the largest U and j one that is at least as likely,
    log(pi(b)/pi(j)) rises by at least eta_s [x_b (1 + pi(j) - pi(b)) - max(x_j, 0) (1 - pi(j) +
    pi(b))], whatever the other actions are: harmful ones hold nothing back. Checked for the
    likeliest j. Near a corner, pi(j) -> 1, it is 2 eta_s x_b, while softmax policy gradient may
    take mass from b. Proof: with G = sum max(x, 0), the rise is eta_s [x_b - max(x_j, 0) +
    (pi(j) - pi(b)) G], and G >= x_b + max(x_j, 0)."""
    i = steps(run)
    pi, A = run.policies[i], run.A[i]
    j = np.eye(A.shape[2])[likeliest(pi)]
    b = np.eye(A.shape[2])[each_action(run, A, -np.inf).argmax(axis=2)]
    (p_b, x_b), (p_j, x_j) = (
        ((mark * pi).sum(axis=2), np.maximum((mark * pi * A).sum(axis=2), 0.0)) for mark in (b, j)
    )
    change, error = log_ratio(run), ratio_rounding(run)
    gained = ((b - j) * change).sum(axis=2)
    other = (b * j).sum(axis=2) == 0
    bound = state_step(run)[i] * (x_b * (1 + p_j - p_b) - x_j * (1 - p_j + p_b))
    rounding = ((b + j) * error).sum(axis=2) + EPS * state_step(run)[i] * (x_b + x_j)
    return gained, np.where(other, bound, -np.inf), rounding


def corner(run):
    """(b, j, others, R) of a bandit: the best arm, the likeliest at first, which (A,) are neither,
    and by how much the worst of those falls behind j."""
    A, others = run.optimum.A[0], suboptimal(run)[0].copy()
    b, j = int(run.optimum.optimal[0].argmax()), int(likeliest(run.policies[0])[0])
    others[j] = False
    return b, j, others, A[j] - A[others].min(initial=A[j])


def in_a_corner(run) -> str:
    """A bandit that starts where one sub-optimal arm has most of the probability, and others are
    far worse and take little."""
    b, j, others, R = corner(run)
    if run.optimum.optimal[0].sum() > 1:
        return "several arms are optimal; stated for one"
    if b == j:
        return "the best arm is the likeliest at first; stated for a corner of another"
    A, (start,) = run.optimum.A[0], run.policies[0]
    if (A[others] > A[j] - np.sqrt(-A[j] * R) / 2).any():
        return f"an arm is about as good as arm {j}; stated for others with r <= r_j - sqrt(DR)/2"
    if start[others].sum() ** 2 * R > -A[j] * start[b] * start[j]:
        return "others are too likely at first; stated for m_0^2 R <= pi_0(b) pi_0(j) Delta"
    return ""


@theorem(
    "SD5",
    "bandit, in a corner: k <= (1/((2-kappa) eta D) + 4/27) (o_0 - o_k + (7+2c) log(o_0/o_k))",
    rules=RULES,
    assumes=(bandit, from_the_start, in_a_corner),
    any_actions=True,
)
def escape_time(run):
    """From a corner of a bandit, with j the likeliest arm at first, b the best one, D = r_b - r_j,
    o_k = pi_k(j) / pi_k(b), m_0 the probability of all others and c = m_0 / pi_0(b), o_k >= 1 takes
    k <= (1 / ((2 - kappa) eta D) + 4/27) (o_0 - o_k + (7 + 2c) log(o_0 / o_k)). Stated for
    kappa = m_0^2 R / (pi_0(b) pi_0(j) D) <= 1 and others with r <= r_j - sqrt(D R) / 2, R = r_j -
    min r. So the escape takes o_0 / (2 eta D) iterations to leading order for small kappa, without
    the logarithm of o_0 that Mei and Osband (2026, Theorem 3) have. Proof: others never have a
    positive advantage, (m / pi(b))^2 / o never grows, and a step lowers log o by at least
    (2 - kappa) eta D pi(b) (1 - pi(b)) (1 - pi(b) - m/2)."""
    b, j, others, R = corner(run)
    start, logs, D = run.policies[0, 0], run.log_policies[:, 0], -run.optimum.A[0, j]
    log_odds, first = logs[:, j] - logs[:, b], logs[0, j] - logs[0, b]
    m = start[others].sum()
    kappa, shape = m * m * R / (start[b] * start[j] * D), 7 + 2 * m / start[b]
    scale = 1 / ((2 - kappa) * run.rule.eta * D) + 4 / 27
    bound = scale * (np.exp(first) - np.exp(log_odds) + shape * (first - log_odds))
    size = ULP * (1 + np.abs(logs[:, j]) + np.abs(logs[:, b])) * (1 + run.k)
    return run.k, np.where(log_odds >= 0, bound, np.inf), scale * size * (np.exp(first) + shape)


@theorem(
    "SD3",
    "two arms: |g(d_k) - g(d_0) - eta Delta k| <= c (d_k - d_0), g = (3d+3e^d+e^{2d}/2-e^{-d})/2",
    rules=RULES,
    assumes=(two_armed_bandit, from_the_start),
    any_actions=True,
)
def two_armed_solution(run):
    """On a two-armed bandit the log-odds d_k of the better arm satisfy |g(d_k) - g(d_0) -
    eta Delta k| <= eta Delta e^{16 eta Delta / 27} (d_k - d_0) with g(d) = (3 d + 3 e^d +
    e^{2d}/2 - e^{-d}) / 2; the flow solves g(d_t) = g(d_0) + eta Delta t exactly. So the gap falls
    like sqrt(Delta / (4 eta k)), and not like 1/k. Proof: a step is h = eta Delta / g'(d), at most
    8 eta Delta / 27, and |g''| <= 2 g'."""
    d = log_odds(run)
    h = run.rule.eta * run.optimum.Delta
    value = (3 * d + 3 * np.exp(d) + np.exp(2 * d) / 2 - np.exp(-d)) / 2
    size = 3 * np.abs(d) + 3 * np.exp(d) + np.exp(2 * d) + np.exp(-d)
    rounding = (1e-12 + 4e-16 * run.k * (1 + np.abs(d).max())) * (size + size[0])
    bound = h * np.exp(16 * h / 27) * (d - d[0]) if h < 1000 else np.inf
    return np.abs(value - value[0] - h * run.k), bound, rounding


@theorem(
    "SD4",
    "sqrt(k) gap -> sum_s d*_rho sqrt(L_s / (2 eta d*_mu (1-gamma) (n_s+1))), L_s = sum |A*|",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    confidence=Confidence.CHECKED,
    tolerance=0.05,
    assumes=(some_suboptimal_action, unique_optimal_actions),
    any_actions=True,
)
def exact_law(run):
    """sqrt(k) (V*(rho) - V^k(rho)) -> sum_s d*_rho(s) sqrt(L_s / (2 eta d*_mu(s) (1 - gamma)
    (n_s + 1))), with n_s sub-optimal actions in s and L_s = sum_a |A*(s, a)|: without the terms of
    actions with a negative advantage the last steps are slower than those of softmax policy
    gradient, whose gap is of the order 1/k (S6). Sketch: near the optimum p = pi(a) of every
    sub-optimal action obeys p' = -eta_s p W (b + p), with W = sum p |A*| and b = sum p, so that
    all p of a state equalize and p^2 ~ 1 / (2 eta_s (n + 1) L_s k). That they equalize is argued
    and not proved; it rests on a numerical check. Checked at the last iterate, where the p of a
    state agree within 5%, b < 0.003 and the slope of b over the last halving of k is -1/2 within
    2%."""
    best, pi = run.optimum, run.policies
    worse, L = suboptimal(run), -best.A.sum(axis=1)
    n = worse.sum(axis=1)
    some, half = n > 0, np.searchsorted(run.k, -(-int(run.k[-1]) // 2))
    p = np.where(worse, pi[[half, -1]], 0.0)
    with np.errstate(all="ignore"):
        b = p.sum(axis=2)[:, some]
        least = np.where(worse, p[1], np.inf).min(axis=1)[some]
        slope = -np.log(b[1] / b[0]) / np.log(run.k[-1] / run.k[half])
        visits = visitation(run.mdp, pi[-1], run.mdp.rho)
        terms = visits * np.sqrt(L / (2 * run.rule.eta * run.d[-1] * (1 - run.mdp.gamma) * (n + 1)))
        settled = (p[1].max(axis=1)[some] <= ALIKE * least).all() and (b[1] < RARE).all()
        settled = settled and (np.abs(slope - 0.5) < HALF).all()
    return np.sqrt(run.k[-1]) * run.gap[-1], terms.sum() if settled else np.inf
