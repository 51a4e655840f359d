"""The slow, obviously correct twin: every method as its paper writes it, in many-digit arithmetic.

Values are computed and subtracted directly; that works because mpmath carries enough digits.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import mpmath as mp
import numpy as np

from support.twins.mirror_steps import conjugate, dual, mirror_step, weight
from tabular_pg import (
    GPMD,
    SPMA,
    TDPMD,
    DualAveragedSPI,
    HadamardPG,
    HomotopicPMD,
    NaturalPG,
    PolicyIteration,
    PolicyMirrorDescent,
    ProjectedPG,
    ProjectedQAscent,
    SoftargmaxPG,
    SoftmaxPG,
    SoftPolicyIteration,
    WeightedTDPMD,
)
from tabular_pg.engine.step_size import step_of
from tabular_pg.mirrors import Entropy


class Model:
    """An MDP with its rows and mu normalized exactly, in mpmath numbers; a state has the actions
    that are available, and a row that ends the episode one entry more."""

    def __init__(self, mdp, tau=0.0, mirror=None):
        self.mirror = Entropy() if mirror is None else mirror
        self.S, every = range(mdp.n_states), range(mdp.n_actions)
        known = mdp.actions
        self.A = [[a for a in every if known is None or known[s, a]] for s in self.S]
        self.gamma, self.tau = mp.mpf(mdp.gamma), mp.mpf(tau)
        self.unit = 1 - self.gamma if mdp.ends is None else mp.mpf(1)
        self.r = [[mp.mpf(mdp.r[s, a]) for a in self.A[s]] for s in self.S]
        self.mu = normalized([mp.mpf(x) for x in mdp.mu])
        end = np.zeros(mdp.r.shape) if mdp.ends is None else mdp.ends
        P = mdp.P.toarray().reshape(*mdp.r.shape, -1) if mdp.sparse else mdp.P
        self.P = [
            [normalized([mp.mpf(x) for x in (*P[s, a], end[s, a])]) for a in self.A[s]]
            for s in self.S
        ]

    def solve(self, pi, b, transpose=False):
        M = mp.eye(len(self.S))
        for s in self.S:
            for t in self.S:
                p = self.gamma * mp.fsum(
                    x * row[t] for x, row in zip(pi[s], self.P[s], strict=True)
                )
                M[(t, s) if transpose else (s, t)] -= p
        return list(mp.lu_solve(M, mp.matrix(b)))

    def value(self, pi):
        reward = [mp.fsum(p * r for p, r in zip(pi[s], self.r[s], strict=True)) for s in self.S]
        if self.tau:
            reward = [r - self.tau * weight(self.mirror, pi[s]) for s, r in enumerate(reward)]
        return self.solve(pi, reward)

    def q(self, V):
        return [
            [
                r + self.gamma * mp.fsum(row[t] * V[t] for t in self.S)
                for r, row in zip(self.r[s], self.P[s], strict=True)
            ]
            for s in self.S
        ]

    def visitation(self, pi):
        return self.solve(pi, [self.unit * m for m in self.mu], transpose=True)

    def uniform(self):
        return [normalized([mp.mpf(1)] * len(actions)) for actions in self.A]

    def optimal_value(self):
        """Howard's method for tau = 0, else regularized policy iteration to working precision."""
        pi = self.uniform()
        V = self.value(pi)
        while True:
            Q = self.q(V)
            if self.tau:
                pi = [conjugate(self.mirror, [q / self.tau for q in row]) for row in Q]
            else:
                pi = [one_hot(row.index(max(row)), len(row)) for row in Q]
            new = self.value(pi)
            moved = max(abs(x - y) for x, y in zip(V, new, strict=True))
            if moved < mp.mpf(10) ** (20 - mp.mp.dps):
                return new
            V = new


def normalized(row):
    total = mp.fsum(row)
    return [x / total for x in row]


def softmax(row):
    top = max(row)
    return normalized([mp.exp(x - top) for x in row])


def one_hot(index, size):
    return [mp.mpf(int(i == index)) for i in range(size)]


def project(y):
    """Euclidean projection onto the simplex, by trying every support size."""
    for n in range(len(y), 0, -1):
        kept = sorted(y, reverse=True)[:n]
        threshold = (mp.fsum(kept) - 1) / n
        if kept[-1] > threshold:
            return [max(x - threshold, mp.mpf(0)) for x in y]
    raise AssertionError("the largest entry is always kept")


def gaps(mdp, rule, iterations, tau=0.0, policy=None, digits=400, steps=None):
    """[(V*(s) - V^k(s))_s for k = 0..iterations] as mpmath numbers; ``steps`` are the step sizes
    to take where they are no constant, by default what their schedule says."""
    with mp.workdps(digits):
        model = Model(mdp, tau, rule.mirror if type(rule) in REGULARIZERS else None)
        best = model.optimal_value()
        pi = model.uniform()
        if policy is not None:
            given = zip(policy, model.A, strict=True)
            pi = [normalized([mp.mpf(row[a]) for a in actions]) for row, actions in given]
        result, critic, whole = [], None, WHOLE.get(type(rule))
        for k in range(iterations + 1):
            V = model.value(pi)
            result.append([x - y for x, y in zip(best, V, strict=True)])
            if critic is None and whole is None:
                critic = model.q(V)
            if k < iterations:
                eta = step_at(step_of(rule), k) if steps is None else mp.mpf(float(steps[k]))
                rest = () if whole else (best,)
                pi, critic = (whole or update)(rule, k, model, pi, V, critic, eta, *rest)
        return result


def step_at(step, k):
    """The step size of iteration k, by the constant or the schedule ``step``."""
    return type(step)(*map(mp.mpf, step)).at(k) if isinstance(step, tuple) else mp.mpf(step or 0)


REGULARIZERS = GPMD, WeightedTDPMD, SoftargmaxPG  # whose map is that of the problem for tau > 0
TWINS = {}  # rule type: the next policy in one state
WHOLE = {}  # rule type: the next policy in all of them, and what is remembered


def twin(*rules):
    def register(function):
        TWINS.update(dict.fromkeys(rules, function))
        return function

    return register


class Now(NamedTuple):
    """What a step may look at in one state; steps from visits are eta d(s) / (1 - gamma)."""

    pi: list
    Q: list
    A: list
    critic: list
    eta: object
    gradient_eta: object
    tau: object
    n_states: int
    most: int  # actions that a state has
    gap: object = None  # V* - V of the state


def update(rule, k, model, pi, V, critic, eta, best):
    """(pi^{k+1}, the critic of TD-PMD)."""
    Q, tau, d = model.q(V), model.tau, model.visitation(pi)
    ahead, new = Q, []
    for _ in range(getattr(rule, "lookahead", 1) - 1):
        ahead = model.q([max(row) for row in ahead])
    for s in model.S:
        A = [q - V[s] - (tau * mp.log(p) if tau else 0) for q, p in zip(Q[s], pi[s], strict=True)]
        gradient_eta, most = eta * d[s] / model.unit, max(map(len, model.A))
        sizes, gap = (len(model.S), most), best[s] - V[s]
        now = Now(pi[s], ahead[s], A, critic[s], eta, gradient_eta, tau, *sizes, gap)
        new.append(TWINS[type(rule)](rule, k, now))
    if type(rule) is TDPMD:
        soft = [
            mp.fsum(p * (q - tau * mp.log(p)) for p, q in zip(new[s], critic[s], strict=True))
            for s in model.S
        ]
        critic = model.q(soft)
    return new, critic


@twin(ProjectedPG)
def projected_pg(rule, k, now):
    return project([p + now.gradient_eta * q for p, q in zip(now.pi, now.Q, strict=True)])


@twin(ProjectedQAscent)
def projected_q_ascent(rule, k, now):
    return project([p + now.eta * q for p, q in zip(now.pi, now.Q, strict=True)])


@twin(SoftmaxPG)
def softmax_pg(rule, k, now):
    slopes = [p * x for p, x in zip(now.pi, now.A, strict=True)]
    return tilted(now.pi, [now.gradient_eta * x for x in slopes])


@twin(NaturalPG)
def natural_pg(rule, k, now, Q=None):
    alpha = 1 / (1 + now.eta * now.tau)
    powers = [p**alpha for p in now.pi]
    return tilted(powers, [now.eta * alpha * q for q in (Q or now.Q)])


@twin(TDPMD)
def td_pmd(rule, k, now):
    return natural_pg(rule, k, now, now.critic)


@twin(SoftPolicyIteration)
def soft_policy_iteration(rule, k, now):
    return softmax([q / now.tau for q in now.Q])


@twin(HadamardPG)
def hadamard_pg(rule, k, now):
    steps = [1 + 2 * now.gradient_eta * x for x in now.A]
    return normalized([p * step**2 for p, step in zip(now.pi, steps, strict=True)])


@twin(SPMA)
def spma(rule, k, now):
    return normalized([p * (1 + now.eta * x) for p, x in zip(now.pi, now.A, strict=True)])


@twin(DualAveragedSPI)
def dual_averaged_spi(rule, k, now):
    beta = mp.mpf(rule.beta)
    step = mp.log(now.most) * (beta / (1 - beta) ** k if k else 1)
    return tilted(now.pi, [step * x for x in now.A])


@twin(HomotopicPMD)
def homotopic_pmd(rule, k, now):
    delta = mp.mpf(rule.delta)
    tau = rule.tau_0 * delta ** (2 * k)
    return tilted([p**delta for p in now.pi], [(1 - delta) / tau * x for x in now.A])


def gpmd(rule, k, model, pi, V, y, eta):
    """What is remembered are the dual variables."""
    if y is None:
        derivative, _ = dual(rule.mirror)
        y = [[derivative(p) for p in row] for row in pi]
    share = 1 + eta * model.tau
    pairs = zip(y, model.q(V), strict=True)
    y = [[(x + eta * q) / share for x, q in zip(*rows, strict=True)] for rows in pairs]
    return [conjugate(rule.mirror, row) for row in y], y


WHOLE[GPMD] = gpmd


@twin(PolicyMirrorDescent)
def policy_mirror_descent(rule, k, now):
    return mirror_step(rule.mirror, now.pi, [now.eta * q for q in now.Q])


@twin(PolicyIteration)
def policy_iteration(rule, k, now):
    best = max(now.A)
    tied = [x > best - mp.mpf(10) ** -12 for x in now.A]
    keep = all(t or p == 0 for t, p in zip(tied, now.pi, strict=True))
    return now.pi if keep else one_hot(tied.index(True), len(now.pi))


def tilted(weights, exponents):
    top = max(exponents)
    return normalized([w * mp.exp(x - top) for w, x in zip(weights, exponents, strict=True)])


import_module("support.twins.gradients")  # the others
