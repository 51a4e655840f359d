"""Hadamard policy gradient: O(1/k) at every iteration, locally linear after k_0, linear overall."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.shared.claim import Claim, bound_curve, main, step_label
from tabular_pg import SPMA, HadamardPG, optimize, optimum
from tabular_pg.plotting import Curve, Panel, decades, log10


def panel(mdp, quick):
    iterations = 3_000 if quick else 200_000
    safe = (1 - mdp.gamma) ** 2 / 2  # the largest step that the theorems allow beforehand
    large = (1 - mdp.gamma) ** 2 * mdp.n_states  # eta_s near 1 - gamma
    Delta = optimum(mdp).Delta
    runs, curves, notes = [], [], ()
    for eta in (safe, np.sqrt(safe * large), large):
        run = optimize(mdp, HadamardPG(eta=eta), iterations)
        runs.append(run)
        label = step_label(eta)
        if eta == safe:
            curves.append(bound_curve("H2t", run, label, log_x=True))
            continue
        curves.append(Curve(label, log10(run.k[1:]), decades(run.log_sup_gap[1:])))
        if eta == large and (run.sup_gap < Delta).any():
            k0 = run.k[np.argmax(run.sup_gap < Delta)]
            notes = ((log10(max(k0, 1)), r"$k_0$"),)
    runs.append(optimize(mdp, SPMA(eta=0.5 * (1 - mdp.gamma)), 1000))
    labels = (r"iteration $k$", r"$\|V^*-V^k\|_\infty$")
    lowest = min(curve.measured[np.isfinite(curve.measured)].min() for curve in curves)
    shown = (max(lowest, -20.0) - 0.3, log10(runs[0].sup_gap[0]) + 1)
    return Panel(mdp.name, *labels, tuple(curves), x_log=True, y_range=shown, notes=notes), runs


CLAIM = Claim("hadamard-pg", __doc__, panel)

if __name__ == "__main__":
    main([CLAIM])
