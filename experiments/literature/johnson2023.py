"""No method that looks one step ahead beats gamma^k on the lower bound's chain."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.literature.figure import Drawn, Figure, error_curve
from tabular_pg import PolicyIteration, PolicyMirrorDescent, instances, mirrors, optimize, steps
from tabular_pg.plotting import Curve, Panel


def draw(quick):
    gamma, n = 0.9, 15 if quick else 40
    chain = instances.gamma_chain(n, gamma)
    start = np.tile([1e-3, 1 - 1e-3], (chain.n_states, 1))
    rules = {
        "policy iteration": PolicyIteration(),
        "entropy, adaptive": PolicyMirrorDescent(mirrors.Entropy(), steps.Adaptive(1e-3, gamma**2)),
        "Euclidean, adaptive": PolicyMirrorDescent(
            mirrors.Euclidean(), steps.Adaptive(1e-3, gamma**2)
        ),
        r"entropy, $\eta=100$": PolicyMirrorDescent(mirrors.Entropy(), 100.0),
        "Euclidean, h = 2": PolicyMirrorDescent(
            mirrors.Euclidean(), steps.Adaptive(1e-3, gamma**4), lookahead=2
        ),
    }
    curves, runs, seen = [], [], {}
    for label, rule in rules.items():
        run = optimize(chain, rule, n + 5, policy=start, at=range(n + 6))
        runs.append(run)
        curves.append(error_curve(label, run))
        k = min(10, int(np.isfinite(run.log_sup_gap).sum()) - 2)
        rate = np.exp((run.log_sup_gap[k] - run.log_sup_gap[1]) / (k - 1))
        seen[f"{label}: factor per iteration, k = 1..{k}"] = f"{rate:.4f}"
    k = np.arange(n + 6.0)
    start_gap = runs[0].log_sup_gap[0] / np.log(10)
    line = Curve(r"$\gamma^k e_0$", k, None, start_gap + k * np.log10(gamma))
    panel = Panel(f"chain of {n}, $\\gamma={gamma}$", r"iteration $k$", r"$\|V^*-V^k\|_\infty$",
                  (*curves, line), y_range=(-4, 1.2))  # fmt: skip
    return Drawn([panel], seen, runs)


FIGURE = Figure(
    "johnson2023",
    """A chain on which information moves one state per iteration (ours, as only the abstract's
    statement of their class of MDPs was to be had), gamma = 0.9, from nearly the worst policy.""",
    """The rate gamma^k, that of policy iteration, is reached by adaptive steps, in any geometry,
    and by no method that looks one step ahead can it be beaten.""",
    draw,
)

if __name__ == "__main__":
    FIGURE.main()
