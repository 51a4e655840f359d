"""Fixed honest runs, chosen so that every theorem reaches the regime that it is about."""

from __future__ import annotations

from functools import cache

import numpy as np

from tabular_pg import (
    GPMD,
    MDP,
    SPMA,
    TDPMD,
    AcceleratedPG,
    AnchoredValueIteration,
    BlandPolicyIteration,
    ConservativePolicyIteration,
    DelightfulPG,
    DualAveragedSPI,
    EnlightenedPG,
    EscortPG,
    ExtragradientPMD,
    HadamardPG,
    HeavyBallPG,
    HomotopicPMD,
    LargestIncreasePolicyIteration,
    LogBarrierPG,
    LookaheadPMD,
    MomentumPMD,
    NaturalPG,
    NesterovPG,
    NormalizedAcceleratedPG,
    NormalizedPG,
    PolicyIteration,
    PolicyMirrorDescent,
    ProjectedPG,
    ProjectedQAscent,
    RewardWeightedPG,
    SimplexPolicyIteration,
    SoftargmaxPG,
    SoftmaxPG,
    SoftPolicyIteration,
    ValueIteration,
    WeightedTDPMD,
    instances,
    mirrors,
    optimize,
    steps,
)


def weighted(mdp, seed):
    """The same MDP with random rho and mu."""
    rho, mu = np.random.default_rng(seed).dirichlet(np.ones(mdp.n_states), 2)
    return MDP(mdp.P, mdp.r, mdp.gamma, rho=rho, mu=mu, name=f"{mdp.name}, weighted")


TWO_ARMS = instances.two_armed_bandit(0.5)
ARMS = instances.bandit([0.9, 0.5, 0.1])
EASY = instances.garnet(3, 2, 2, 0.3, seed=7)
GARNET = weighted(instances.garnet(4, 3, 2, 0.6, seed=1), 0)
PATIENT = instances.garnet(5, 4, 3, 0.97, seed=3)
TIED = instances.tied(3, 3, 0.6, seed=0)


def smooth_step(mdp):
    """1 / L of theorems P7x and P7a."""
    return (1 - mdp.gamma) ** 3 / (2 * mdp.gamma * mdp.n_actions)


def mei_step(mdp, tau):
    return (1 - mdp.gamma) ** 3 / (8 + tau * (4 + 8 * np.log(mdp.n_actions)))


def half(mdp):
    return (1 - mdp.gamma) ** 2 / 2


EUCLIDEAN_EPOCHS = PolicyMirrorDescent(mirrors.Euclidean(), steps.Epochs())
SLOW, OFF = (0.2, 0.5, 1.0), (0.0, 1.0, -0.5)
SLOW, OFF = (SLOW, SLOW[::-1]) * 2, (OFF, OFF[::-1]) * 2  # weights and errors of a critic
SUITE = {  # name: (mdp, rule, iterations, tau, start policy)
    "S bandit": (TWO_ARMS, SoftmaxPG(0.4), 2000, 0.0, None),
    "S bandit, small step": (TWO_ARMS, SoftmaxPG(0.2), 5000, 0.0, None),
    "S bandit, Mei": (TWO_ARMS, SoftmaxPG(1 / 8), 300, 0.0, None),
    "S bandit, escape": (TWO_ARMS, SoftmaxPG(0.02), 130_000, 0.0, [[5e-4, 1 - 5e-4]]),
    "S arms, limit": (ARMS, SoftmaxPG(1.0), 100_000, 0.0, None),
    "S easy, limit": (EASY, SoftmaxPG(1.0), 200_000, 0.0, None),
    "S easy, Mei": (EASY, SoftmaxPG(0.7**3 / 8), 300, 0.0, None),
    "S garnet": (GARNET, SoftmaxPG(1.0), 300, 0.0, None),
    "S tied, large step": (TIED, SoftmaxPG(30.0), 200, 0.0, None),
    "SN bandit": (TWO_ARMS, NormalizedPG(1 / 6), 400, 0.0, None),
    "SN garnet": (GARNET, NormalizedPG(0.5), 400, 0.0, None),
    "SN easy, small step": (EASY, NormalizedPG(0.02), 600, 0.0, None),
    "SA arms": (ARMS, AcceleratedPG(0.5), 20_001, 0.0, None),
    "SA garnet": (GARNET, AcceleratedPG(1.0), 200_001, 0.0, None),
    "SA garnet, start": (GARNET, AcceleratedPG(1.0), 60, 0.0, None),
    "SA bandit, normalized": (TWO_ARMS, NormalizedAcceleratedPG(0.2), 60, 0.0, None),
    "SA garnet, normalized": (GARNET, NormalizedAcceleratedPG(0.5), 241, 0.0, None),
    "SA garnet, not tested": (GARNET, NesterovPG(1.0), 50_000, 0.0, None),
    "SH arms": (ARMS, HeavyBallPG(1.0, 0.5), 100_000, 0.0, None),
    "SH easy": (EASY, HeavyBallPG(0.5, 0.5), 200, 0.0, None),
    "SB arms": (ARMS, LogBarrierPG(1.0, 0.3), 1000, 0.0, None),
    "SB easy": (EASY, LogBarrierPG(0.5, 0.2), 1000, 0.0, None),
    "SD bandit": (TWO_ARMS, EnlightenedPG(1.0), 20_000, 0.0, None),
    "SD corner": (ARMS, EnlightenedPG(1.0), 300, 0.0, [[1e-3, 1 - 2e-3, 1e-3]]),
    "SD garnet, limit": (GARNET, EnlightenedPG(1.0), 500_000, 0.0, None),
    "SD garnet, delightful": (GARNET, DelightfulPG(1.0, 0.5), 300, 0.0, None),
    "SP bandit": (TWO_ARMS, EscortPG(0.3, 3.0), 300, 0.0, None),
    "SP easy": (EASY, EscortPG(0.49 / 4, 4.0), 500, 0.0, None),
    "SF bandit": (TWO_ARMS, SoftargmaxPG(mirrors.Tsallis(0.5), 1.0), 100_000, 0.0, None),
    "SF easy": (EASY, SoftargmaxPG(mirrors.Tsallis(0.75), 0.5), 500, 0.0, None),
    "SF garnet, barrier": (GARNET, SoftargmaxPG(mirrors.LogBarrier(), 0.1), 300, 0.0, None),
    "SF garnet, regularized": (GARNET, SoftargmaxPG(mirrors.Tsallis(0.5), 1.0), 300, 0.3, None),
    "SR bandit": (TWO_ARMS, RewardWeightedPG(0.5, 20, 1.0), 10_000, 0.0, None),
    "SR corner": (ARMS, RewardWeightedPG(1.0, 50, 0.9), 60, 0.0, [[1e-3, 1 - 2e-3, 1e-3]]),
    "SR easy": (EASY, RewardWeightedPG(0.2, 4, 1.5), 300, 0.0, None),
    "E arms": (ARMS, SoftmaxPG(1.0), 200, 0.5, None),
    "E easy, Mei": (EASY, SoftmaxPG(mei_step(EASY, 0.5)), 400, 0.5, None),
    "E garnet": (GARNET, SoftmaxPG(1.0), 400, 0.3, None),
    "E garnet, elementary": (GARNET, SoftmaxPG(0.3), 100, 0.3, None),
    "E easy, local": (EASY, SoftmaxPG(2.0), 400, 0.5, None),
    "N bandit": (TWO_ARMS, NaturalPG(1.0), 100, 0.0, None),
    "N arms": (ARMS, NaturalPG(0.3), 300, 0.0, None),
    "N easy": (EASY, NaturalPG(1.0), 300, 0.0, None),
    "N garnet": (GARNET, NaturalPG(0.5), 200, 0.0, None),
    "N patient": (PATIENT, NaturalPG(10.0), 100, 0.0, None),
    "N tied": (TIED, NaturalPG(1.0), 200, 0.0, None),
    "G arms": (ARMS, NaturalPG(1.0), 50, 0.3, None),
    "G easy": (EASY, NaturalPG(1.0), 100, 1.0, None),
    "G garnet": (GARNET, NaturalPG(1.0), 150, 0.1, None),
    "G soft, easy": (EASY, SoftPolicyIteration(), 6, 1.0, None),
    "G soft, garnet": (GARNET, SoftPolicyIteration(), 8, 0.1, None),
    "G soft, patient": (PATIENT, SoftPolicyIteration(), 8, 0.1, None),
    "P bandit": (TWO_ARMS, ProjectedPG(0.3), 30, 0.0, None),
    "P easy": (EASY, ProjectedPG(0.3), 200, 0.0, None),
    "P easy, smooth": (EASY, ProjectedPG(smooth_step(EASY)), 200, 0.0, None),
    "P easy, huge": (EASY, ProjectedPG(1e3), 20, 0.0, None),
    "P garnet, growing": (GARNET, ProjectedPG(0.01, growth=0.6**-2), 30, 0.0, None),
    "P garnet, line search": (GARNET, ProjectedPG(steps.ExactLineSearch()), 30, 0.0, None),
    "P garnet, short search": (GARNET, ProjectedPG(steps.ExactLineSearch(3.0)), 30, 0.0, None),
    "P tied": (TIED, ProjectedPG(0.1), 300, 0.0, None),
    "M epochs": (TWO_ARMS, EUCLIDEAN_EPOCHS, 12, 0.0, None),
    "M epochs, garnet": (EASY, EUCLIDEAN_EPOCHS, 600, 0.0, None),
    "Q bandit": (TWO_ARMS, ProjectedQAscent(0.3), 30, 0.0, None),
    "Q garnet": (GARNET, ProjectedQAscent(0.3), 200, 0.0, None),
    "Q garnet, growing": (GARNET, ProjectedQAscent(0.1, growth=0.6**-2), 30, 0.0, None),
    "H bandit": (TWO_ARMS, HadamardPG(0.5), 400, 0.0, None),
    "H easy": (EASY, HadamardPG(half(EASY)), 1500, 0.0, None),
    "H garnet": (GARNET, HadamardPG(half(GARNET)), 300, 0.0, None),
    "PI garnet": (GARNET, PolicyIteration(), 10, 0.0, None),
    "PI patient": (PATIENT, PolicyIteration(), 10, 0.0, None),
    "PC garnet": (GARNET, ConservativePolicyIteration(0.3), 200, 0.0, None),
    "PC patient": (PATIENT, ConservativePolicyIteration(0.1), 200, 0.0, None),
    "PS garnet": (GARNET, SimplexPolicyIteration(), 30, 0.0, None),
    "PL garnet": (GARNET, LargestIncreasePolicyIteration(), 30, 0.0, None),
    "PB garnet": (GARNET, BlandPolicyIteration(), 60, 0.0, None),
    "PV patient": (PATIENT, ValueIteration(), 300, 0.0, None),
    "PV garnet": (GARNET, ValueIteration(), 30, 0.0, None),
    "PA patient": (PATIENT, AnchoredValueIteration(), 300, 0.0, None),
    "PA garnet": (GARNET, AnchoredValueIteration(), 30, 0.0, None),
    "SPMA bandit": (TWO_ARMS, SPMA(0.9), 300, 0.0, None),
    "SPMA easy": (EASY, SPMA(0.6), 800, 0.0, None),
    "TD garnet": (GARNET, TDPMD(1.0), 60, 0.1, None),
    "TD weighted": (GARNET, WeightedTDPMD(3.0, SLOW, OFF), 300, 0.1, None),
    "TD plain": (GARNET, TDPMD(1.0), 300, 0.0, None),
    "TD plain, growing": (GARNET, TDPMD(steps.Geometric(0.1, 1 / 0.6)), 60, 0.0, None),
    "TD plain, weighted": (GARNET, WeightedTDPMD(3.0, SLOW, OFF), 300, 0.0, None),
    "TD plain, edge": (
        GARNET,
        WeightedTDPMD(steps.Geometric(0.1, 1 / 0.6), SLOW, OFF, mirrors.Euclidean()),
        60,
        0.0,
        None,
    ),
    "HP garnet": (GARNET, HomotopicPMD(1.0, 0.6), 40, 0.0, None),
    "HP tied": (TIED, HomotopicPMD(0.5, 0.8), 60, 0.0, None),
    "DA garnet": (GARNET, DualAveragedSPI(0.3), 20, 0.0, None),
    "M momentum": (EASY, MomentumPMD(1.0, 0.7), 300, 0.0, None),
    "M extragradient": (GARNET, ExtragradientPMD(0.5), 100, 0.0, None),
    "M lookahead": (PATIENT, LookaheadPMD(5.0), 40, 0.0, None),
    "M tsallis": (GARNET, PolicyMirrorDescent(mirrors.Tsallis(0.5), 1.0), 200, 0.0, None),
    "M tsallis, stops": (GARNET, PolicyMirrorDescent(mirrors.Tsallis(1.5), 0.3), 200, 0.0, None),
    "M barrier": (GARNET, PolicyMirrorDescent(mirrors.LogBarrier(), 1.0), 200, 0.0, None),
    "M alpha": (GARNET, PolicyMirrorDescent(mirrors.AlphaDivergence(0.5), 1.0), 100, 0.0, None),
    "M generalized": (GARNET, GPMD(mirrors.Tsallis(0.5), 1.0), 150, 0.3, None),
    "M generalized, edge": (GARNET, GPMD(mirrors.Euclidean(), 2.0), 100, 0.3, None),
    "M growing": (
        GARNET,
        PolicyMirrorDescent(mirrors.Tsallis(0.5), steps.Geometric(0.1, 5.0)),
        60,
        0.0,
        None,
    ),
    "M adaptive": (
        GARNET,
        PolicyMirrorDescent(mirrors.Tsallis(0.5), steps.Adaptive(1.0, 0.36)),
        60,
        0.0,
        None,
    ),
    "M ahead": (
        GARNET,
        PolicyMirrorDescent(mirrors.Euclidean(), steps.Adaptive(1e-3, 0.1), 2),
        12,
        0.0,
        None,
    ),
}


@cache
def honest(name):
    """The run of this name."""
    mdp, rule, iterations, tau, policy = SUITE[name]
    return optimize(mdp, rule, iterations, tau=tau, policy=policy)
