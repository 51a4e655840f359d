"""Growing steps make policy mirror descent linear, whatever the geometry."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from experiments.literature.figure import Drawn, Figure, error_curve, iterations_to
from tabular_pg import PolicyMirrorDescent, instances, mirrors, optimize, steps
from tabular_pg.plotting import Panel

MAPS = (mirrors.Entropy(), mirrors.Euclidean(), mirrors.Tsallis(0.5), mirrors.LogBarrier())


def draw(quick):
    gamma, count = 0.9, 60 if quick else 300
    mdp = instances.garnet(30, 4, 5, gamma, seed=0)
    panels, runs, seen = [], [], {}
    for title, step in (
        (r"$\eta_k=1$", 1.0),
        (r"$\eta_k=\gamma^{-k}$", steps.Geometric(1.0, 1 / gamma)),
        (r"$\eta_k=\gamma^{-2k}$", steps.Geometric(1.0, gamma**-2)),
    ):
        curves = []
        for mirror in MAPS:
            run = optimize(mdp, PolicyMirrorDescent(mirror, step), count, at=range(count + 1))
            runs.append(run)
            curves.append(error_curve(type(mirror).__name__, run))
            done = iterations_to(run, 1e-8)
            seen[f"{title}, {mirror}: iterations to 1e-8"] = done or f"more than {count}"
        panels.append(
            Panel(title, r"iteration $k$", r"$\|V^*-V^k\|_\infty$", tuple(curves),
                  y_range=(-16, 1), key=str(len(panels)))
        )  # fmt: skip
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "xiao2022",
    """The step sizes of Theorems 8 and 10, and faster ones, on a Garnet of ours with 30 states and
    gamma = 0.9, in four geometries.""",
    """O(1/k) for constant steps; linear at the rate gamma for eta_k growing like gamma^-k, for any
    Bregman divergence.""",
    draw,
    shared_legend=True,
)

if __name__ == "__main__":
    FIGURE.main()
