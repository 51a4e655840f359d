"""Hypothesis strategies: random MDPs, start policies, rules and runs, degenerate ones included."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tabular_pg import (
    GPMD,
    MDP,
    TDPMD,
    HadamardPG,
    NaturalPG,
    PolicyMirrorDescent,
    ProjectedPG,
    SoftargmaxPG,
    SoftmaxPG,
    WeightedTDPMD,
    mirrors,
    steps,
)
from tabular_pg.checks.tables import tables_of
from tabular_pg.engine.method import Space
from tabular_pg.engine.rules import checked_rule, method_of

GAMMAS = (0.0, 0.3, 0.6, 0.9, 0.97, 0.99)
SHAPES = ((1, 2), (1, 5), (2, 2), (3, 3), (5, 4), (8, 3), (4, 1))
REWARDS = {
    "uniform": lambda rng, shape: rng.random(shape),
    "binary": lambda rng, shape: rng.integers(2, size=shape).astype(float),  # full of ties
    "shifted": lambda rng, shape: 7 * rng.random(shape) - 3,
}

BASIC = NaturalPG, SoftmaxPG, ProjectedPG, HadamardPG

step_sizes = st.sampled_from((1e-3, 1e-2, 0.1, 0.5, 1.0, 3.0, 10.0, 1e2, 1e4))
taus = st.sampled_from((1e-3, 1e-2, 0.1, 1.0, 10.0))
seeds = st.integers(0, 2**32 - 1)
OTHER_FIELDS = {
    "alpha": (0.05, 0.3, 0.5, 0.9),
    "barrier": (1e-3, 0.03, 0.3, 3.0),
    "delta": (0.3, 0.6, 0.9),
    "tau_0": (0.03, 0.3, 3.0),
    "beta": (0.05, 0.3, 0.5, 0.9),
    "p": (1.0, 2.0, 3.0, 6.0),
    "temperature": (0.1, 1.0, 10.0),
    "weights": (0.1, 0.5, 1.0),
    "error": (0.0, 1.0, -1.0),
    "inner": (1, 2, 5, 30),
    "best": (0.5, 1.0, 3.0, 30.0),
}
SPREAD = {"weights": (0.05, 1.0), "error": (-3.0, 3.0)}  # of entries of tables


@st.composite
def mdps(draw, gammas=GAMMAS, shapes=SHAPES, ties=True, rewards=tuple(REWARDS)):
    """Garnets with random rho and mu; some with tied optimal actions, some all but reducible."""
    gamma, (S, A) = draw(st.sampled_from(gammas)), draw(st.sampled_from(shapes))
    seed, branching = draw(seeds), draw(st.integers(1, S))
    kind, tied = draw(st.sampled_from(rewards)), ties and A > 1 and draw(st.booleans())
    start = draw(st.sampled_from(("uniform", "random", "one start")))
    rng = np.random.default_rng(seed)
    P = np.zeros((S, A, S))
    for s, a in np.ndindex(S, A):
        successors = rng.choice(S, branching, replace=False)
        weights = rng.dirichlet(np.ones(branching))
        P[s, a, successors] = weights / weights.sum()  # exactly 1 for one successor
    r = REWARDS[kind](rng, (S, A))
    if tied:
        P[:, 1], r[:, 1] = P[:, 0], r[:, 0]
    rho, mu = rng.dirichlet(np.ones(S), 2)
    rho = {"uniform": None, "random": rho, "one start": np.eye(S)[0]}[start]
    mu = None if start == "uniform" else mu
    name = f"seed {seed}, branching {branching}, {kind} rewards, {start} rho"
    return MDP(P, r, gamma, rho=rho, mu=mu, name=name + ", tied" * tied)


def bandits():
    """MDPs with a single state and no future."""
    return mdps(gammas=(0.0,), shapes=((1, 2), (1, 2), (1, 3), (1, 6)), rewards=("uniform",))


@st.composite
def starts(draw, mdp, vertices=False):
    """Uniform (None), Dirichlet, near-deterministic or, if allowed, deterministic policies, on the
    actions that there are."""
    kinds = ["uniform", "random", "sharp", "sharper"] + ["vertex"] * vertices
    kind = draw(st.sampled_from(kinds))
    rng = np.random.default_rng(draw(seeds))
    S, A = mdp.r.shape
    if kind == "uniform":
        return None
    if kind == "random":
        policy = rng.dirichlet(np.ones(A), S)
    else:
        chosen = rng.integers(A, size=S)
        if mdp.actions is not None:
            chosen = np.where(mdp.actions, rng.random((S, A)), -1.0).argmax(axis=1)
        eps = {"vertex": 0.0, "sharp": 1e-4, "sharper": 1e-10}[kind]
        policy = eps / A + (1 - eps) * np.eye(A)[chosen]
    if mdp.actions is None:
        return policy
    policy = np.where(mdp.actions, np.maximum(policy, 1e-300 if kind != "vertex" else 0.0), 0.0)
    return policy / policy.sum(axis=1, keepdims=True)


def prescribed_steps(mdp, tau):
    """The step sizes that some theorem asks for, and the ends of ranges in which others hold."""
    g, A = (1 - mdp.gamma if mdp.gamma < 1 else 0.1), mdp.n_actions
    wanted = [g**3 / 8, g**2 / 5, g**2 / 2, g**2, g, 0.9 * g, 0.4, 1.0]
    wanted += [
        1 / 6,
        g**2 / 3,
        g**3 / 16,
        2 * g**3,
        g / (6 * g + 4 * np.sqrt(mdp.n_states) / mdp.mu.min()),
    ]
    if 0 < mdp.gamma < 1:
        wanted.append(g**3 / (2 * mdp.gamma * A))
    if tau > 0:
        wanted += [g**3 / (8 + tau * (4 + 8 * np.log(A))), g / tau, 3.9 * g / tau, 4 * g / tau]
    return wanted


@st.composite
def changing_steps(draw, kind):
    """A step size that is no number. Of all but the basic methods it is of one type (there is a
    compiled loop for each), which differs from method to method."""
    eta = draw(step_sizes)
    types = steps.Geometric, steps.Decaying, steps.AdvantageScaled, steps.Armijo
    if kind not in BASIC:
        types = (types[len(kind.__name__) % len(types)],)
    made = {
        steps.Geometric: steps.Geometric(eta, draw(st.sampled_from((1.1, 0.9)))),
        steps.Decaying: steps.Decaying(eta, 0.5),
        steps.AdvantageScaled: steps.AdvantageScaled(min(eta, 3.0)),
        steps.Armijo: steps.Armijo(first=eta, slope=0.3),
    }
    return made[draw(st.sampled_from(types))]


@st.composite
def mirror_descents(draw, mdp, tau):
    """Policy mirror descent, in some geometry; there is one for each of the kinds of step sizes,
    as each is compiled."""
    eta, growth = draw(step_sizes), 1 / max(mdp.gamma, 0.1)
    adaptive = steps.Adaptive(eta, max(mdp.gamma, 0.1) ** 2)
    if tau > 0:
        return PolicyMirrorDescent(mirrors.Entropy(), eta)
    q = draw(st.sampled_from((0.1, 0.5, 0.9)))
    alpha = draw(st.sampled_from((-3.0, 0.1, 0.9)))
    choices = (
        (mirrors.Entropy(), adaptive, 1),
        (mirrors.Entropy(), eta, draw(st.integers(2, 4))),
        (mirrors.Euclidean(), adaptive, 1),
        (mirrors.Euclidean(), steps.Geometric(eta, growth), 1),
        (mirrors.Euclidean(), adaptive._replace(decay=adaptive.decay**2), 2),
        (mirrors.Tsallis(q), eta, 1),
        (mirrors.Tsallis(q), steps.Geometric(eta, growth), 1),
        (mirrors.Tsallis(q), adaptive, draw(st.integers(2, 4))),
        (mirrors.Tsallis(1 + q), eta, 1),
        (mirrors.Tsallis(1 + q), adaptive, 1),
        (mirrors.LogBarrier(), eta, 1),
        (mirrors.LogBarrier(), steps.Geometric(eta, growth), 1),
        (mirrors.AlphaDivergence(alpha), eta, 1),
        (mirrors.AlphaDivergence(abs(alpha) / 4), adaptive, 1),
    )
    return PolicyMirrorDescent(*draw(st.sampled_from(choices)))


@st.composite
def rules(draw, kind, mdp, tau=0.0, changing=True):
    """A record of the given type, its step size random or one that a theorem asks for."""
    if kind is PolicyMirrorDescent:
        return draw(mirror_descents(mdp, tau))
    if kind is GPMD:
        q = draw(st.sampled_from((0.1, 0.5, 0.9, 1.1, 1.5)))
        maps = mirrors.Tsallis(q), mirrors.Euclidean(), mirrors.LogBarrier(), mirrors.Entropy()
        return GPMD(draw(st.sampled_from(maps)), draw(step_sizes))
    if kind is SoftargmaxPG:
        q = draw(st.sampled_from((0.1, 0.5, 0.9)))
        maps = mirrors.Tsallis(q), mirrors.Tsallis(q), mirrors.LogBarrier(), mirrors.Entropy()
        eta = draw(step_sizes | st.sampled_from(prescribed_steps(mdp, tau)))
        grown = steps.Geometric(eta, 1.1) if changing else eta
        return SoftargmaxPG(draw(st.sampled_from(maps)), draw(st.sampled_from((eta, eta, grown))))
    fields = {}
    for field in kind._fields:
        if field == "eta":
            numbers = step_sizes | st.sampled_from(prescribed_steps(mdp, tau))
            values = (
                st.one_of(numbers, numbers, numbers, changing_steps(kind)) if changing else numbers
            )
            if changing and tau == 0 and kind in (TDPMD, WeightedTDPMD):
                growth = 1 / max(mdp.gamma, 0.1)
                grown = st.builds(
                    steps.Geometric, step_sizes, st.sampled_from((growth, 2 * growth))
                )
                values = st.one_of(numbers, grown)
        elif field == "mirror":
            others = [] if mdp.gamma == 1 else [mirrors.Euclidean()]
            if tau == 0:
                others += [mirrors.Tsallis(draw(st.sampled_from((0.1, 0.5, 0.9))))]
                others += [mirrors.Tsallis(draw(st.sampled_from((1.1, 1.5))))] * (mdp.gamma < 1)
            values = st.sampled_from([mirrors.Entropy(), *others])
        else:
            growths = (1.0, 1.0, 0.9, 1.1, max(mdp.gamma, 0.1) ** -2)
            if isinstance(fields.get("eta"), tuple):
                growths = (1.0,)
            values = st.sampled_from({**OTHER_FIELDS, "growth": growths}[field])
        if field in tables_of(kind) and draw(st.booleans()):
            rng = np.random.default_rng(draw(seeds))
            values = st.just(rng.uniform(*SPREAD[field], mdp.r.shape))
        fields[field] = draw(values)
    return kind(**fields)


@st.composite
def experiments(draw, kind, problems, regularized, iterations=(30, 60, 120), changing=True):
    """Arguments for ``optimize``: a rule of the given type on a random MDP; if ``changing``, also
    with steps that are no numbers."""
    mdp, tau = draw(problems), draw(taus) if regularized else 0.0
    last = draw(st.sampled_from(iterations))
    some = np.unique(np.geomspace(1, last, 12).astype(int))
    rule = draw(rules(kind, mdp, tau, changing))
    return {
        "mdp": mdp,
        "rule": rule,
        "iterations": last + 1,
        "tau": tau,
        "policy": draw(starts(mdp, vertices=method_of(checked_rule(rule)).space is Space.SIMPLEX)),
        "at": draw(st.sampled_from((None, None, sorted({0, *some, *(some + 1)})))),
    }
