"""Slow twins of methods that look at all states together, or remember something.

Each maps (rule, k, model, pi, V, memory, eta) to the next policy and memory; memory is None at
first. Logits are kept as such, and differences of values are taken as they are.
"""

from __future__ import annotations

from types import SimpleNamespace

import mpmath as mp

from support.reference import WHOLE, normalized, one_hot, softmax, tilted, twin
from support.twins.mirror_steps import conjugate, dual, give, mirror_step, weight
from tabular_pg import (
    AcceleratedPG,
    AnchoredValueIteration,
    BlandPolicyIteration,
    ConservativePolicyIteration,
    DelightfulPG,
    EnlightenedPG,
    EscortPG,
    ExtragradientPMD,
    HeavyBallPG,
    LargestIncreasePolicyIteration,
    LogBarrierPG,
    LookaheadPMD,
    MomentumPMD,
    NesterovPG,
    NormalizedAcceleratedPG,
    NormalizedPG,
    RewardWeightedPG,
    SimplexPolicyIteration,
    SoftargmaxPG,
    ValueIteration,
    WeightedTDPMD,
)

NEARLY = mp.mpf(10) ** -12  # how much worse counts as tied


def whole(rule):
    def register(function):
        WHOLE[rule] = function
        return function

    return register


def gradient(model, pi, V):
    """grad V(mu) in softmax logits."""
    d, Q = model.visitation(pi), model.q(V)
    return [
        [d[s] * p * (q - V[s]) / model.unit for p, q in zip(pi[s], Q[s], strict=True)]
        for s in model.S
    ]


def logits(pi):
    return [[mp.log(p) for p in row] for row in pi]


def plus(x, step, direction):
    """x + step direction."""
    pairs = (zip(row, move, strict=True) for row, move in zip(x, direction, strict=True))
    return [[a + step * b for a, b in row] for row in pairs]


def policies(theta):
    return [softmax(row) for row in theta]


@whole(NormalizedPG)
def normalized_pg(rule, k, model, pi, V, memory, eta):
    return policies(plus(logits(pi), eta, direction(gradient(model, pi, V)))), memory


def direction(g):
    """g / ||g||, or 0."""
    norm = mp.sqrt(mp.fsum(x**2 for row in g for x in row))
    return [[x / norm if norm else x for x in row] for row in g]


@whole(HeavyBallPG)
def heavy_ball_pg(rule, k, model, pi, V, memory, eta):
    theta, before = memory or (logits(pi), logits(pi))
    moved = plus(theta, mp.mpf(rule.beta), plus(theta, -1, before))
    moved = plus(moved, eta, gradient(model, pi, V))
    return policies(moved), (moved, theta)


@whole(EscortPG)
def escort_pg(rule, k, model, pi, V, memory, eta):
    p, d, Q = mp.mpf(rule.p), model.visitation(pi), model.q(V)
    theta = memory or [[x ** (1 / p) for x in row] for row in pi]
    theta = [
        [
            x + eta * d[s] / model.unit * p * pi[s][a] / x * (Q[s][a] - V[s])
            for a, x in enumerate(row)
        ]
        for s, row in enumerate(theta)
    ]
    return [normalized([abs(x) ** p for x in row]) for row in theta], theta


@whole(SoftargmaxPG)
def softargmax_pg(rule, k, model, pi, V, theta, eta):
    """The gradient by its Jacobian, diag w - w w^T / sum w, from the parameters themselves."""
    derivative, _ = dual(rule.mirror)
    theta = theta or [[derivative(p) for p in row] for row in pi]
    d, Q, moved = model.visitation(pi), model.q(V), []
    for s in model.S:
        w, n = [give(rule.mirror, p) for p in pi[s]], range(len(pi[s]))
        slopes = [Q[s][a] - model.tau * derivative(pi[s][a]) for a in n]
        mean = mp.fsum(w[a] * slopes[a] for a in n) / mp.fsum(w)
        step = eta * d[s] / model.unit
        moved.append([theta[s][a] + step * w[a] * (slopes[a] - mean) for a in n])
    return [conjugate(rule.mirror, row) for row in moved], moved


@whole(NesterovPG)
def nesterov_pg(rule, k, model, pi, V, memory, eta):
    t, before = k + 1, memory or logits(pi)
    theta = plus(logits(pi), eta * t / (t + 1), gradient(model, pi, V))
    return policies(plus(theta, mp.mpf(t - 1) / (t + 2), plus(theta, -1, before))), theta


@whole(NormalizedAcceleratedPG)
@whole(AcceleratedPG)
def accelerated_pg(rule, k, model, pi, V, memory, eta):
    """k = 2 t - 2 leads to theta_t, k = 2 t - 1 to phi_t."""
    t, value = k // 2 + 1, mp.fsum(m * v for m, v in zip(model.mu, V, strict=True))
    now = memory or SimpleNamespace(phi=logits(pi), theta=logits(pi), value=value, slope=None)
    slope = gradient(model, pi, V)
    if k % 2 == 1:
        move = plus(now.theta, -1, now.before)
        phi = plus(now.theta, mp.mpf(t - 1) / (t + 2), move)
        return policies(phi), SimpleNamespace(phi=phi, theta=now.theta, value=value, slope=slope)
    omega = now.phi if value >= now.value else now.theta
    slope = slope if value >= now.value else now.slope
    if isinstance(rule, NormalizedAcceleratedPG):
        theta = plus(omega, eta, direction(slope))
    else:
        theta = plus(omega, eta * t / (t + 1), slope)
    return policies(theta), SimpleNamespace(theta=theta, before=now.theta)


@twin(RewardWeightedPG)
def reward_weighted_pg(rule, k, now):
    """Q - V* is the advantage less the gap of the state."""
    weights = [mp.mpf(rule.best) - now.gap + x for x in now.A]
    data, moved = [p * w for p, w in zip(now.pi, weights, strict=True)], [mp.mpf(0)] * len(now.pi)
    for _ in range(rule.inner):
        trained = tilted(now.pi, moved)
        slopes = [x - mp.fsum(data) * p for x, p in zip(data, trained, strict=True)]
        moved = [u + now.gradient_eta * x for u, x in zip(moved, slopes, strict=True)]
    return tilted(now.pi, moved)


@whole(MomentumPMD)
def momentum_pmd(rule, k, model, pi, V, memory, eta):
    Q, before = model.q(V), memory or model.q(V)
    ahead = plus(Q, mp.mpf(rule.beta), plus(Q, -1, before))
    return [tilted(p, [eta * x for x in row]) for p, row in zip(pi, ahead, strict=True)], Q


@whole(ExtragradientPMD)
def extragradient_pmd(rule, k, model, pi, V, memory, eta):
    before = pi if k % 2 == 0 else memory
    steps = zip(before, model.q(V), strict=True)
    return [tilted(p, [eta * x for x in row]) for p, row in steps], before


@whole(WeightedTDPMD)
def weighted_td_pmd(rule, k, model, pi, V, memory, eta):
    """What is remembered are the dual variables, for tau > 0, and the critic."""
    y, Q = memory or (None, plus(model.q(V), 1, table(model, rule.error)))
    if model.tau:
        derivative, _ = dual(rule.mirror)
        y = y or [[derivative(p) for p in row] for row in pi]
        y = [[x / (1 + eta * model.tau) for x in row] for row in plus(y, eta, Q)]
        pi = [conjugate(rule.mirror, row) for row in y]
    else:
        slopes = [[eta * q for q in row] for row in Q]
        pi = [mirror_step(rule.mirror, *rows) for rows in zip(pi, slopes, strict=True)]
    soft = [
        mp.fsum(p * q for p, q in zip(row, Q[s], strict=True))
        - model.tau * weight(rule.mirror, row)
        for s, row in enumerate(pi)
    ]
    rows = zip(table(model, rule.weights), plus(model.q(soft), -1, Q), strict=True)
    part = [[w * x for w, x in zip(*row, strict=True)] for row in rows]
    return pi, (y, plus(Q, 1, part))


def table(model, value):
    """A hyper-parameter with an entry for every action that there is."""
    rows = value if isinstance(value, tuple) else [[value] * (1 + max(x)) for x in model.A]
    return [[mp.mpf(rows[s][a]) for a in actions] for s, actions in enumerate(model.A)]


@whole(LookaheadPMD)
def lookahead_pmd(rule, k, model, pi, V, memory, eta):
    Q = model.q(V)
    if k % 2 == 0:
        return [one_hot(greedy_actions(row).index(True), len(row)) for row in Q], pi
    return [tilted(p, [eta * x for x in row]) for p, row in zip(memory, Q, strict=True)], memory


@whole(ValueIteration)
def value_iteration(rule, k, model, pi, V, memory, eta):
    V = memory or V
    Q = model.q(V)
    new = [greedy(row, Q[s]) for s, row in enumerate(pi)]
    return new, [max(row) for row in Q]


@whole(AnchoredValueIteration)
def anchored_value_iteration(rule, k, model, pi, V, memory, eta):
    U, first = memory or (V, V)
    Q, gamma, beta = model.q(U), model.gamma, mp.mpf(0)
    if gamma:
        beta = 1 / mp.fsum(gamma ** (-2 * i) for i in range(k + 2))
    new = [greedy(row, Q[s]) for s, row in enumerate(pi)]
    U = [beta * x + (1 - beta) * max(row) for x, row in zip(first, Q, strict=True)]
    return new, (U, first)


@whole(SimplexPolicyIteration)
def simplex_policy_iteration(rule, k, model, pi, V, memory, eta):
    Q, leads = model.q(V), []
    for s in model.S:
        moved = greedy(pi[s], Q[s]) is not pi[s]
        leads.append(max(Q[s]) - V[s] if moved else mp.mpf(0))
    if max(leads) > 0:
        s = next(s for s in model.S if leads[s] >= max(leads) * (1 - NEARLY))
        pi = [greedy(row, Q[t]) if t == s else row for t, row in enumerate(pi)]
    return pi, memory


@whole(LargestIncreasePolicyIteration)
def largest_increase_policy_iteration(rule, k, model, pi, V, memory, eta):
    Q, found = model.q(V), []
    for s in model.S:
        for a, q in enumerate(Q[s]):
            if q > V[s] + NEARLY and greedy(pi[s], Q[s]) is not pi[s]:
                new = [*pi[:s], one_hot(a, len(pi[s])), *pi[s + 1 :]]
                rise = (x - y for x, y in zip(model.value(new), V, strict=True))
                found.append((mp.fdot(model.mu, rise), new))
    most = max((rise for rise, _ in found), default=0)
    return next((new for rise, new in found if rise >= most * (1 - NEARLY)), pi), memory


@whole(BlandPolicyIteration)
def bland_policy_iteration(rule, k, model, pi, V, memory, eta):
    Q = model.q(V)
    for s in model.S:
        if greedy(pi[s], Q[s]) is not pi[s]:
            better = next(a for a, q in enumerate(Q[s]) if q > V[s] + NEARLY)
            return [*pi[:s], one_hot(better, len(pi[s])), *pi[s + 1 :]], memory
    return pi, memory


def greedy_actions(Q):
    """Whether no action is better."""
    return [x > max(Q) - NEARLY for x in Q]


def greedy(row, Q):
    """The row itself if it is greedy; else all mass on the first greedy action."""
    tied = greedy_actions(Q)
    keep = all(t or p == 0 for t, p in zip(tied, row, strict=True))
    return row if keep else one_hot(tied.index(True), len(row))


@twin(ConservativePolicyIteration)
def conservative_policy_iteration(rule, k, now):
    best, alpha, digits = max(now.A), mp.mpf(rule.alpha), mp.mp.dps
    tied = mp.mpf(10) ** (min(20, digits // 2) - digits)
    first = next(a for a, x in enumerate(now.A) if x > best - tied)
    return [(1 - alpha) * p + (alpha if a == first else 0) for a, p in enumerate(now.pi)]


@twin(LogBarrierPG)
def log_barrier_pg(rule, k, now):
    weight = now.eta * mp.mpf(rule.barrier) / now.n_states
    terms = zip(now.pi, now.A, strict=True)
    return tilted(now.pi, [now.gradient_eta * p * x - weight * p for p, x in terms])


@twin(EnlightenedPG)
def enlightened_pg(rule, k, now):
    return gated(now, [mp.mpf(x > 0) for x in now.A])


@twin(DelightfulPG)
def delightful_pg(rule, k, now):
    temperature = mp.mpf(rule.temperature)
    delight = [-x * mp.log(p) / temperature for p, x in zip(now.pi, now.A, strict=True)]
    return gated(now, [1 / (1 + mp.exp(-x)) for x in delight])


def gated(now, gates):
    terms = [w * p * x for w, p, x in zip(gates, now.pi, now.A, strict=True)]
    moves = [x - p * mp.fsum(terms) for x, p in zip(terms, now.pi, strict=True)]
    return tilted(now.pi, [now.gradient_eta * x for x in moves])
