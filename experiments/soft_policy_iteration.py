"""Soft policy iteration: the error is squared at every step, whatever the stationary distribution
under the optimal policy is."""

from common import Claim, Panel, bound_curve, log10, main

from tabular_pg import SoftPolicyIteration, instances, optimize

TAUS = (1.0, 0.1, 0.01)


def panel(mdp, quick):
    runs, curves = [], []
    for tau in TAUS:
        run = optimize(mdp, SoftPolicyIteration(), 40, tau=tau)
        kept = (run.sup_gap[1:] > 1e-290).sum()
        curve = bound_curve("G4", run, rf"$\tau={tau:g}$", x=log10(run.sup_gap[:-1]))
        curves.append(_first(curve, kept))
        runs.append(run)
    labels = (r"$\|V^*_\tau-V^k_\tau\|_\infty$", r"$\|V^*_\tau-V^{k+1}_\tau\|_\infty$")
    return Panel(mdp.name, *labels, tuple(curves), x_log=True), runs


def _first(curve, count):
    """The part of the curve before the next error underflows."""
    parts = (curve.x, curve.measured, curve.proved)
    return type(curve)(curve.label, *(part[:count] for part in parts))


CLAIM = Claim(
    "soft-policy-iteration",
    __doc__,
    panel,
    bandit=lambda: instances.bandit([0.5, 0.4, 0.0], gamma=0.9),
)

if __name__ == "__main__":
    main([CLAIM])
