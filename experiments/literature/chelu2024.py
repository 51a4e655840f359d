"""Functional acceleration on MDPs with two states: momentum, extragradients and lookahead."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.literature.figure import Drawn, Figure, error_curve, iterations_to
from tabular_pg import (
    MDP,
    ExtragradientPMD,
    LookaheadPMD,
    MomentumPMD,
    NaturalPG,
    PolicyIteration,
    instances,
    optimize,
)
from tabular_pg.plotting import Curve, Panel
from tabular_pg.plotting.polytopes import values_of

TWO_STATES = {  # (gamma, r, P(0|s,a)), state by state, of Dadashi et al. (2019)
    "(a)": (0.9, (0.06, 0.38, -0.13, 0.64), (0.01, 0.92, 0.08, 0.70)),
    "(b)": (0.9, (0.88, -0.02, -0.98, 0.42), (0.96, 0.19, 0.43, 0.72)),
    "(c)": (0.9, (-0.45, -0.1, 0.5, 0.5), (0.7, 0.99, 0.2, 0.99)),
    "(d)": (0.8, (-0.1, -1.0, 0.1, 0.4, 1.5, 0.1), (0.9, 0.2, 0.7, 0.05, 0.25, 0.3)),
}


def two_states(name):
    """One of their four MDPs."""
    gamma, r, first = TWO_STATES[name]
    first = np.reshape(first, (2, -1))
    P = np.stack([first, 1 - first], axis=2)
    return MDP(P, np.reshape(r, first.shape), gamma, name=f"two states {name}")


def methods(eta):
    """By label: the method, and how many evaluations a step takes."""
    return {
        "PMD": (NaturalPG(eta), 1),
        r"momentum, $\beta=1$": (MomentumPMD(eta, 1.0), 1),
        r"momentum, $\beta=5$": (MomentumPMD(eta, 5.0), 1),
        "extragradient": (ExtragradientPMD(eta), 2),
        "lookahead": (LookaheadPMD(eta), 2),
        "policy iteration": (PolicyIteration(), 1),
    }


def edges(mdp):
    """The values of policies that are deterministic in one state, as one line with gaps."""
    A, share = mdp.n_actions, np.linspace(0, 1, 30)[:, None]
    lines, corners = [], np.eye(A)
    for state in (0, 1):
        for fixed in corners:
            for a in range(A - 1):
                policies = np.empty((len(share), 2, A))
                policies[:, state] = fixed
                policies[:, 1 - state] = (1 - share) * corners[a] + share * corners[a + 1]
                lines += [values_of(mdp, policies), np.full((1, 2), np.nan)]
    x, y = np.concatenate(lines[:-1]).T
    return Curve("deterministic in a state", x, None, y)


def draw(quick):
    eta, count = 0.5, 60 if quick else 300
    ways, errors, runs, seen = [], [], [], {}
    pairs = [two_states(name) for name in TWO_STATES]
    for mdp in [*pairs, instances.garnet(20, 4, 3, 0.95, seed=0)]:
        curves, ways_here = [], []
        for label, (rule, each) in methods(eta).items():
            run = optimize(mdp, rule, count, at=range(count + 1))
            runs.append(run)
            curves.append(error_curve(label, run, every=each))
            done = iterations_to(run, 1e-2, each)
            seen[f"{mdp.name}, {label}: evaluations to 1e-2"] = (
                f"more than {count}" if done is None else done
            )
            if mdp.n_states == 2:
                x, y = values_of(mdp, run.policies).T
                ways_here.append(Curve(label, x, y))
        if ways_here:
            ways.append(
                Panel(mdp.name, "$V(s_0)$", "$V(s_1)$", (*ways_here, edges(mdp)),
                      y_log=False, key=f"way_{len(ways)}")
            )  # fmt: skip
        errors.append(
            Panel(mdp.name, r"evaluation", r"$\|V^*-V^k\|_\infty$", tuple(curves),
                  y_range=(-12, 1.5), key=f"error_{len(errors)}")
        )  # fmt: skip
    return Drawn([*ways, *errors], seen, runs)


FIGURE = Figure(
    "chelu2024",
    """Two-state MDPs with trajectories in the value polytope, and random MDPs; adaptive steps in
    every state. Here their four MDPs with two states, which are those of Dadashi et al. (2019),
    and a Garnet, from the uniform policy with the constant step 0.5; evaluations are counted, so
    that a step with an extragradient or lookahead costs two. The two corrections of the paper are
    the extragradient step and momentum with beta = 1 in KL.""",
    """Accelerated variants need fewer iterations than policy mirror descent where values change
    direction on the way.""",
    draw,
    shared_legend=True,
    differs="""With one constant step for all states momentum saves a tenth where values change
    direction, (c) and the Garnet, and loses as much elsewhere; extragradients and lookahead save a
    few steps and cost twice the evaluations. Their gains are with steps that adapt in every state,
    which are none here.""",
)

if __name__ == "__main__":
    FIGURE.main()
