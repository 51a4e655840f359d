"""Every method with parameters, and the rules to draw at random."""

from __future__ import annotations

from tabular_pg import (
    SPMA,
    TDPMD,
    DualAveragedSPI,
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    PolicyMirrorDescent,
    ProjectedPG,
    ProjectedQAscent,
    SoftmaxPG,
    SoftPolicyIteration,
    instances,
    mirrors,
    steps,
)

GRID = {
    "arms": instances.bandit([0.9, 0.5, 0.1]),
    "discounted arms": instances.bandit([0.9, 0.5, 0.4, 0.1], gamma=0.9),
    "tied arms": instances.bandit([0.75, 0.75, 0.25], gamma=0.5),
    "no future": instances.garnet(3, 2, 2, 0.0, seed=4),
    "small": instances.garnet(2, 2, 2, 0.5, seed=1),
    "medium": instances.garnet(3, 3, 2, 0.9, seed=2),
    "patient": instances.garnet(5, 4, 3, 0.99, seed=3),
    "deterministic": instances.garnet(4, 3, 1, 0.9, seed=5),
    "duplicate": instances.tied(3, 3, 0.9, seed=0),
    "tied": instances.tied(4, 3, 0.5, seed=1, same_dynamics=False),
}
MIRRORS = [
    mirrors.Tsallis(0.5),
    mirrors.Tsallis(1.5),
    mirrors.LogBarrier(),
    mirrors.AlphaDivergence(0.5),
    mirrors.AlphaDivergence(-1.0),
]
RULES = [
    (ProjectedPG(eta=0.3), 0.0),
    (ProjectedPG(eta=0.01, growth=1.5), 0.0),
    (ProjectedQAscent(eta=0.11), 0.0),  # 0.1 stops the tied arms within rounding of iteration 10
    (SoftmaxPG(eta=1.0), 0.0),
    (SoftmaxPG(eta=0.2), 0.3),
    (NaturalPG(eta=1.0), 0.0),
    (NaturalPG(eta=3.0), 0.1),
    (SoftPolicyIteration(), 0.1),
    (HadamardPG(eta=0.02), 0.0),
    (PolicyIteration(), 0.0),
    (SPMA(eta=0.001), 0.0),
    (TDPMD(eta=3.0), 0.1),
    (DualAveragedSPI(beta=0.3), 0.0),
    *((PolicyMirrorDescent(mirror, 0.3), 0.0) for mirror in MIRRORS),
    (PolicyMirrorDescent(mirrors.Tsallis(0.5), 0.3, lookahead=3), 0.0),
    (PolicyMirrorDescent(mirrors.Euclidean(), 0.3, lookahead=2), 0.0),
]
CHANGING_STEPS = [  # (rule, tau), fit for the same
    (ProjectedPG(steps.Decaying(0.5, 0.25)), 0.0),
    (ProjectedPG(steps.Armijo(first=3.0)), 0.0),
    (ProjectedQAscent(steps.Geometric(0.1, 1.2)), 0.0),
    (SoftmaxPG(steps.Armijo()), 0.0),
    (SoftmaxPG(steps.Armijo(slope=0.25, shrink=0.7)), 0.25),
    (NaturalPG(steps.Geometric(0.5, 1.25)), 0.0),
    (NaturalPG(steps.Geometric(2.0, 0.9)), 0.25),
    (NaturalPG(steps.AdvantageScaled(1.0)), 0.25),
    (SoftmaxPG(steps.AdvantageScaled(1.0)), 0.0),
    (NaturalPG(steps.Armijo()), 0.25),
    (HadamardPG(steps.Decaying(0.01)), 0.0),
    (SPMA(steps.Decaying(0.05)), 0.0),
    (SPMA(steps.Armijo(first=20.0)), 0.0),
    (TDPMD(steps.Geometric(1.0, 1.1)), 0.25),
    (TDPMD(steps.Armijo()), 0.25),
    (PolicyMirrorDescent(mirrors.Tsallis(0.5), steps.Geometric(0.5, 1.25)), 0.0),
    (PolicyMirrorDescent(mirrors.Tsallis(1.5), steps.Armijo()), 0.0),
    (PolicyMirrorDescent(mirrors.LogBarrier(), steps.Geometric(0.5, 1.5), lookahead=2), 0.0),
]
MILD_RULES = [  # (rule, tau), fit for rewards in [0, 1] and gamma <= 0.9
    (ProjectedPG(0.3), 0.0),
    (ProjectedQAscent(0.3), 0.0),
    (SoftmaxPG(1.0), 0.0),
    (SoftmaxPG(0.5), 0.25),
    (NaturalPG(1.0), 0.0),
    (NaturalPG(1.0), 0.25),
    (SoftPolicyIteration(), 0.25),
    (HadamardPG(0.01), 0.0),
    (PolicyIteration(), 0.0),
    (SPMA(0.05), 0.0),
    (TDPMD(1.0), 0.25),
    (DualAveragedSPI(0.3), 0.0),
    *((PolicyMirrorDescent(mirror, 1.0), 0.0) for mirror in MIRRORS),
]
