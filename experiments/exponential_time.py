"""Softmax policy gradient can take exponentially long (the chain of Li, Wei, Chi and Chen), where
natural policy gradient takes a few hundred steps."""

import numpy as np
from common import Claim, Curve, Panel, log10, main

from tabular_pg import NaturalPG, instances, optimize
from tabular_pg.flow import softmax_flow

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
    crossed = _crossing(run.value_gap[:, 1 : HORIZON + 1], run.k, states, threshold)
    curves.append(Curve(r"natural PG, $\eta=0.1$", states, log10(crossed)))
    labels = ("state $s$ of the chain", r"time until $V(s)\geq\tau_s$")
    return Panel("Li-Wei-Chi-Chen chain", *labels, tuple(curves)), [run]


def _start(mdp):
    """Uniform over the paper's actions: two in buffer and adjoint states, where the third repeats
    the first, and three in the others."""
    start = np.full(mdp.r.shape, 1 / 3)
    start[[1, 2, *range(HORIZON + 1, 2 * HORIZON + 1)]] = 0.5, 0.5, 1e-300
    return start


def _crossing(gap, times, states, threshold):
    """First time at which V(s) = gamma^{2s} - gap reaches its threshold."""
    reached = GAMMA ** (2 * states) - gap >= threshold
    return np.where(reached.any(axis=0), times[reached.argmax(axis=0)], np.nan)


CLAIM = Claim("exponential-time", __doc__, panel, on=("li-wei-chi-chen",))

if __name__ == "__main__":
    main([CLAIM])
