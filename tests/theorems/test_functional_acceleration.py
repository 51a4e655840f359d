"""Which variants of functional acceleration are the same in KL, solved exactly, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from tabular_pg import ExtragradientPMD, MomentumPMD, instances, optimize
from tabular_pg.testing import situation

ETA, STEPS = 0.7, 6
MDP = instances.garnet(4, 3, 2, 0.9, seed=5)


def tilted(pi, slopes):
    """The step of mirror descent from ``pi``."""
    weights = pi * np.exp(slopes - slopes.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def values(pi):
    return situation(MDP, pi).Q


def corrected(pi, before):
    """A proposal, and from there a step by what its values differ by."""
    Q = values(pi)
    proposal = tilted(pi, ETA * Q)
    return tilted(proposal, ETA * (values(proposal) - Q)), Q


def lazily_corrected(pi, before):
    """The correction of the step before, and then the step."""
    Q = values(pi)
    return tilted(tilted(pi, ETA * (Q - before)), ETA * Q), Q


@pytest.mark.parametrize(
    ("step", "rule", "each"),
    [(corrected, ExtragradientPMD(ETA), 2), (lazily_corrected, MomentumPMD(ETA, 1.0), 1)],
)
def test_corrections_are_extragradients_and_momentum(step, rule, each):
    run = optimize(MDP, rule, each * STEPS, at=range(each * STEPS + 1))
    pi = np.full(MDP.r.shape, 1 / MDP.n_actions)
    before = values(pi)
    for k in range(STEPS):
        np.testing.assert_allclose(run.policies[each * k], pi, atol=1e-12)
        pi, before = step(pi, before)
