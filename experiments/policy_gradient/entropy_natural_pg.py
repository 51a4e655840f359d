"""Entropy-regularized natural policy gradient: the local rate is exactly (1 + eta tau)^{-2k}."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.shared.claim import Claim, bound_curve, main
from tabular_pg import TDPMD, NaturalPG, optimize
from tabular_pg.plotting import Panel

PRODUCTS = (0.1, 0.5, 2.0, 20.0)  # eta tau


def panel(mdp, quick):
    tau, reach = 0.1, 60 if quick else 660
    runs, curves = [], []
    for product in PRODUCTS:
        iterations = int(reach / (2 * np.log1p(product))) + 40
        run = optimize(mdp, NaturalPG(eta=product / tau), iterations, tau=tau)
        curves.append(bound_curve("G3", run, rf"$\eta\tau={product:g}$"))
        runs.append(run)
    runs.append(optimize(mdp, TDPMD(eta=10.0), 300, tau=tau))
    labels = (r"iteration $k$", r"$\|V^*_\tau-V^k_\tau\|_\infty$")
    lowest = min(curve.measured[np.isfinite(curve.measured)].min() for curve in curves)
    return Panel(mdp.name, *labels, tuple(curves), y_range=(lowest, 5.0)), runs


CLAIM = Claim("entropy-natural-pg", __doc__, panel)

if __name__ == "__main__":
    main([CLAIM])
