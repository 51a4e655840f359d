"""Normalizing the gradient makes softmax policy gradient linear."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from experiments.literature.figure import Drawn, Figure, error_curve, iterations_to
from tabular_pg import MDP, NaturalPG, NormalizedPG, SoftmaxPG, instances, optimize
from tabular_pg.plotting import Panel


def tree(depth, gamma=0.9):
    """A binary tree of states: only the leftmost leaf pays in full, the others a little."""
    n = 2**depth - 1
    P = [[[0.0] * (n + 1) for _ in range(2)] for _ in range(n + 1)]
    r = [[0.0, 0.0] for _ in range(n + 1)]
    for s in range(n):
        for a in range(2):
            child = 2 * s + 1 + a
            P[s][a][child if child < n else n] = 1.0
            if child >= n:
                r[s][a] = 1.0 if (s, a) == (2 ** (depth - 1) - 1, 0) else 0.8 - 0.1 * a
    P[n][0][n] = P[n][1][n] = 1.0
    return MDP(P, r, gamma, name=f"tree of depth {depth}")


def draw(quick):
    count = 10**3 if quick else 10**5
    arms = instances.bandit([1.0, 0.8, 0.6, 0.4, 0.2])
    deep = tree(4 if quick else 6)
    panels, runs, seen = [], [], {}
    for mdp in (arms, deep):
        curves = []
        for label, rule in (
            (r"PG, $\eta=0.4$", SoftmaxPG(0.4)),
            (r"normalized PG, $\eta=1/6$", NormalizedPG(1 / 6)),
            (r"natural PG, $\eta=1/6$", NaturalPG(1 / 6)),
        ):
            run = optimize(mdp, rule, count)
            runs.append(run)
            curves.append(error_curve(label, run, log_x=True))
            done = iterations_to(run, 1e-6)
            seen[f"{mdp.name}, {label}: iterations to 1e-6"] = done or f"more than {count}"
        panels.append(
            Panel(mdp.name, r"iteration $k$", r"$\|V^*-V^k\|_\infty$", tuple(curves), x_log=True,
                  y_range=(-14, 1), key=str(len(panels)))
        )  # fmt: skip
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "mei2021",
    """Bandits and a tree-shaped MDP; normalized policy gradient with eta = 1/6 beside softmax
    policy gradient. The tree is ours.""",
    """Linear convergence of normalized policy gradient, against 1/t without normalization.""",
    draw,
    shared_legend=True,
)

if __name__ == "__main__":
    FIGURE.main()
