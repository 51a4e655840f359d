"""Softmax natural policy gradient: globally linear for any constant step size, and in the end
exactly like exp(-eta Delta k)."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.shared.claim import Claim, bound_curve, main
from tabular_pg import NaturalPG, optimize, optimum
from tabular_pg.plotting import Curve, Panel

SPEEDS = (0.1, 1.0, 10.0)  # eta Delta, the exact asymptotic rate


def panel(mdp, quick):
    reach = 60 if quick else 740  # of eta Delta k, so that the error ends near e^{-reach}
    Delta = optimum(mdp).Delta
    runs, curves = [], []
    for speed in SPEEDS:
        count = int(reach / speed) + 3
        run = optimize(mdp, NaturalPG(eta=speed / Delta), count, at=range(count + 1))
        curve = bound_curve(
            "N3a", run, rf"$\eta\Delta={speed:g}$", x=lambda k, speed=speed: speed * k
        )
        curves.append(curve)
        runs.append(run)
    x = np.array([0.35, 0.85]) * reach
    slope = Curve(r"slope $-\eta\Delta$", x, None, (0.1 * reach - x) / np.log(10))
    labels = (r"$\eta\Delta k$", r"$\|V^*-V^k\|_\infty$")
    return Panel(mdp.name, *labels, (*curves, slope)), runs


CLAIM = Claim("natural-pg", __doc__, panel)

if __name__ == "__main__":
    main([CLAIM])
