"""The slow, obviously correct twin: every method as its paper writes it, in many-digit arithmetic.

Values are computed and subtracted directly; that works because mpmath carries enough digits.
"""

from __future__ import annotations

import mpmath as mp

from tabular_pg import (
    SPMA,
    TDPMD,
    DualAveragedSPI,
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    ProjectedQAscent,
    SoftmaxPG,
    SoftPolicyIteration,
)


class Model:
    """An MDP with its rows normalized exactly, in mpmath numbers."""

    def __init__(self, mdp, tau=0.0):
        self.S, self.A = range(mdp.n_states), range(mdp.n_actions)
        self.gamma, self.tau = mp.mpf(mdp.gamma), mp.mpf(tau)
        self.r = [[mp.mpf(mdp.r[s, a]) for a in self.A] for s in self.S]
        self.mu = [mp.mpf(x) for x in mdp.mu]
        self.P = [[normalized([mp.mpf(x) for x in mdp.P[s, a]]) for a in self.A] for s in self.S]

    def solve(self, pi, b, transpose=False):
        M = mp.eye(len(self.S))
        for s in self.S:
            for t in self.S:
                p = self.gamma * mp.fsum(pi[s][a] * self.P[s][a][t] for a in self.A)
                M[(t, s) if transpose else (s, t)] -= p
        return list(mp.lu_solve(M, mp.matrix(b)))

    def value(self, pi):
        reward = [
            mp.fsum(
                pi[s][a] * (self.r[s][a] - (self.tau * mp.log(pi[s][a]) if self.tau else 0))
                for a in self.A
                if pi[s][a] > 0
            )
            for s in self.S
        ]
        return self.solve(pi, reward)

    def q(self, V):
        return [
            [
                self.r[s][a] + self.gamma * mp.fsum(self.P[s][a][t] * V[t] for t in self.S)
                for a in self.A
            ]
            for s in self.S
        ]

    def visitation(self, pi):
        return self.solve(pi, [(1 - self.gamma) * m for m in self.mu], transpose=True)

    def optimal_value(self):
        """Howard's method for tau = 0, soft policy iteration to the working precision else."""
        pi = [normalized([mp.mpf(1)] * len(self.A)) for _ in self.S]
        V = self.value(pi)
        while True:
            Q = self.q(V)
            if self.tau:
                pi = [softmax([q / self.tau for q in row]) for row in Q]
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


def gaps(mdp, rule, iterations, tau=0.0, policy=None, digits=400):
    """[(V*(s) - V^k(s))_s for k = 0..iterations] as mpmath numbers."""
    with mp.workdps(digits):
        model = Model(mdp, tau)
        best = model.optimal_value()
        n = len(model.A)
        pi = [[mp.mpf(1) / n] * n for _ in model.S]
        if policy is not None:
            pi = [normalized([mp.mpf(x) for x in row]) for row in policy]
        result, critic = [], None
        for k in range(iterations + 1):
            V = model.value(pi)
            result.append([x - y for x, y in zip(best, V, strict=True)])
            critic = model.q(V) if critic is None else critic
            pi, critic = update(rule, k, model, pi, V, critic)
        return result


def update(rule, k, model, pi, V, critic):
    """(pi^{k+1}, the critic of TD-PMD)."""
    Q, tau, gamma = model.q(V), model.tau, model.gamma
    A = [
        [Q[s][a] - V[s] - (tau * mp.log(pi[s][a]) if tau else 0) for a in model.A] for s in model.S
    ]
    d = model.visitation(pi)
    kind = type(rule)
    eta = mp.mpf(getattr(rule, "eta", 0)) * mp.mpf(getattr(rule, "growth", 1)) ** k
    new = []
    for s in model.S:
        gradient_step = eta * d[s] / (1 - gamma)
        if kind is ProjectedPG:
            new.append(project([p + gradient_step * q for p, q in zip(pi[s], Q[s], strict=True)]))
        elif kind is ProjectedQAscent:
            new.append(project([p + eta * q for p, q in zip(pi[s], Q[s], strict=True)]))
        elif kind is SoftmaxPG:
            slopes = [p * x for p, x in zip(pi[s], A[s], strict=True)]
            new.append(tilted(pi[s], [gradient_step * x for x in slopes]))
        elif kind is NaturalPG:
            alpha = 1 / (1 + eta * tau)
            powers = [p**alpha for p in pi[s]]
            new.append(tilted(powers, [eta * alpha * q for q in Q[s]]))
        elif kind is SoftPolicyIteration:
            new.append(softmax([q / tau for q in Q[s]]))
        elif kind is HadamardPG:
            theta = [
                mp.sqrt(p) * (1 + 2 * gradient_step * x) for p, x in zip(pi[s], A[s], strict=True)
            ]
            new.append(normalized([t**2 for t in theta]))
        elif kind is SPMA:
            new.append(normalized([p * (1 + eta * x) for p, x in zip(pi[s], A[s], strict=True)]))
        elif kind is DualAveragedSPI:
            beta = mp.mpf(rule.beta)
            step = mp.log(len(model.A)) * (beta / (1 - beta) ** k if k else 1)
            new.append(tilted(pi[s], [step * x for x in A[s]]))
        elif kind is TDPMD:
            alpha = 1 / (1 + eta * tau)
            new.append(tilted([p**alpha for p in pi[s]], [eta * alpha * q for q in critic[s]]))
        elif kind is PolicyIteration:
            best = max(A[s])
            tied = [x > best - mp.mpf(10) ** -12 for x in A[s]]
            keep = all(t or p == 0 for t, p in zip(tied, pi[s], strict=True))
            new.append(pi[s] if keep else one_hot(tied.index(True), len(A[s])))
        else:
            raise NotImplementedError(kind)
    if kind is TDPMD:
        soft = [
            mp.fsum(new[s][a] * (critic[s][a] - tau * mp.log(new[s][a])) for a in model.A)
            for s in model.S
        ]
        critic = model.q(soft)
    return new, critic


def tilted(weights, exponents):
    top = max(exponents)
    return normalized([w * mp.exp(x - top) for w, x in zip(weights, exponents, strict=True)])
