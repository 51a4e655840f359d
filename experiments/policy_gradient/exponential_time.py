"""Softmax policy gradient can take exponentially long (the chain of Li, Wei, Chi and Chen), where
natural policy gradient takes a few hundred steps."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.shared.claim import Claim, main
from tabular_pg import NaturalPG, instances, optimize
from tabular_pg.methods.softmax_flow import softmax_flow
from tabular_pg.plotting import Curve, Panel, log10

GAMMA, HORIZON = 0.97, 9


def panel(mdp, quick):
    states = np.arange(1, HORIZON + 1)
    threshold = 0.5 * GAMMA ** (2 * states / 3)  # tau_s of the construction
    times = np.geomspace(1.0, 1e17, 170 if quick else 1700)
    curves = []
    for exponent in (2, 4, 6):
        chain = instances.li_wei_chi_chen_lumped(GAMMA, HORIZON, 10**exponent)
        flow = softmax_flow(chain.mdp, times, copies=chain.copies, policy=_start(chain.mdp))
        crossed = _crossing(flow.value_gap[:, 1 : HORIZON + 1], times, states, threshold)
        curves.append(Curve(rf"PG, $10^{exponent}$ copies", states, log10(crossed)))
    run = optimize(mdp, NaturalPG(eta=0.1), 2_000, policy=_start(mdp))
    moments = run.rule.eta * np.maximum(run.k, 1e-9)  # positive, for its logarithm
    crossed = _crossing(run.value_gap[:, 1 : HORIZON + 1], moments, states, threshold)
    curves.append(Curve(r"natural PG, $\eta=0.1$", states, log10(crossed)))
    labels = ("state $s$ of the chain", r"$\eta k$ until $V(s)\geq\tau_s$")
    return Panel("Li-Wei-Chi-Chen chain", *labels, tuple(curves)), [run]


def _start(mdp):
    """Uniform over the paper's actions: two in buffer and adjoint states, where the third repeats
    the first, and three in the others."""
    start = np.full(mdp.r.shape, 1 / 3)
    start[[1, 2, *range(HORIZON + 1, 2 * HORIZON + 1)]] = 0.5, 0.5, 1e-300
    return start


def _crossing(gap, times, states, threshold):
    """Time at which V(s) = gamma^{2s} - gap reaches its threshold, interpolated in its log."""
    value = GAMMA ** (2 * states) - gap
    crossed = []
    for v, level in zip(value.T, threshold, strict=True):
        i = int((v >= level).argmax())
        fits = v[i] >= level and i > 0
        share = (level - v[i - 1]) / (v[i] - v[i - 1]) if fits else np.nan
        crossed.append(np.exp((1 - share) * np.log(times[i - 1]) + share * np.log(times[i])))
    return np.array(crossed)


CLAIM = Claim("exponential-time", __doc__, panel, on=("li-wei-chi-chen",), fixed=True)

if __name__ == "__main__":
    main([CLAIM])
