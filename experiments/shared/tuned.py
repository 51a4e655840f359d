"""Every method for policies, with the settings that are tried of it: step sizes that stay and step
sizes that change or, where there is none, what stands in its place."""

from __future__ import annotations

from functools import partial

from experiments.shared.instances import make
from tabular_pg import (
    GPMD,
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
    mirrors,
    steps,
)
from tabular_pg.engine.rules import method_of

CONSTANT, CHANGING, WEIGHT, NONE = "constant", "changing", "weight", "none"
SIZES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4)
FIRST, GROWTHS = (0.01, 0.1, 1.0, 10.0, 100.0), (1.1, 2.0)
WEIGHTS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999)  # instead of step sizes
TAU = 0.1
LONGEST = (SIZES[-1], WEIGHTS[-1], f"{FIRST[-1]:g} / max A", f"{FIRST[-1]:g} x {GROWTHS[-1]:g}^k")

STEPPED = {  # by their names in tables, for tau = 0: rules of a step size
    "natural PG": NaturalPG,
    "projected Q-ascent": ProjectedQAscent,
    "PMD, Tsallis 1/2": partial(PolicyMirrorDescent, mirrors.Tsallis(0.5)),
    "PMD, Tsallis 3/2": partial(PolicyMirrorDescent, mirrors.Tsallis(1.5)),
    "PMD, log barrier": partial(PolicyMirrorDescent, mirrors.LogBarrier()),
    "PMD, alpha 1/2": partial(PolicyMirrorDescent, mirrors.AlphaDivergence(0.5)),
    "PMD, entropy, lookahead 2": partial(PolicyMirrorDescent, mirrors.Entropy(), lookahead=2),
    "momentum PMD, 0.5": partial(MomentumPMD, beta=0.5),
    "extragradient PMD": ExtragradientPMD,
    "lookahead PMD": LookaheadPMD,
    "TD-PMD": TDPMD,
    "TD-PMD, weights 1/2": partial(WeightedTDPMD, weights=0.5),
    "SPMA": SPMA,
    "softmax PG": SoftmaxPG,
    "normalized PG": NormalizedPG,
    "accelerated PG": AcceleratedPG,
    "accelerated PG, normalized": NormalizedAcceleratedPG,
    "Nesterov PG, untested": NesterovPG,
    "heavy-ball PG, 0.9": partial(HeavyBallPG, beta=0.9),
    "enlightened PG": EnlightenedPG,
    "delightful PG, 0.5": partial(DelightfulPG, temperature=0.5),
    "escort PG, 4": partial(EscortPG, p=4.0),
    "softargmax PG, Tsallis 1/2": partial(SoftargmaxPG, mirrors.Tsallis(0.5)),
    "reward-weighted PG, 8": partial(RewardWeightedPG, inner=8, best=1.0),
    "log-barrier PG, 0.001": partial(LogBarrierPG, barrier=1e-3),
    "Hadamard PG": HadamardPG,
    "projected PG": ProjectedPG,
}
STEPLESS = {
    "policy iteration": {NONE: PolicyIteration()},
    "simplex method": {NONE: SimplexPolicyIteration()},
    "largest increase": {NONE: LargestIncreasePolicyIteration()},
    "Bland's pivots": {NONE: BlandPolicyIteration()},
    "value iteration": {NONE: ValueIteration()},
    "anchored value iteration": {NONE: AnchoredValueIteration()},
    "conservative PI": {weight: ConservativePolicyIteration(weight) for weight in WEIGHTS},
    "dual-averaged SPI": {weight: DualAveragedSPI(weight) for weight in WEIGHTS},
    "homotopic PMD": {weight: HomotopicPMD(1.0, weight) for weight in WEIGHTS},
}
STEPPED_SOFT = {  # for tau > 0
    "natural PG": NaturalPG,
    "softmax PG": SoftmaxPG,
    "softargmax PG, Tsallis 1/2": partial(SoftargmaxPG, mirrors.Tsallis(0.5)),
    "TD-PMD": TDPMD,
    "TD-PMD, weights 1/2": partial(WeightedTDPMD, weights=0.5),
    "GPMD, Tsallis 1/2": partial(GPMD, mirrors.Tsallis(0.5)),
    "GPMD, Euclidean": partial(GPMD, mirrors.Euclidean()),
}
STEPLESS_SOFT = {"soft policy iteration": {NONE: SoftPolicyIteration()}}


def start(instance):
    """The policy to begin with: nearly the worst one on the chain whose lower bound needs that, and
    None, the uniform one, elsewhere."""
    return [[1e-3, 1 - 1e-3]] * make(instance).n_states if instance == "gammachain" else None


def entries(tau) -> list[tuple[str, str]]:
    """All pairs of a method and a kind of steps."""
    stepped, stepless = _of(tau)
    both = [(name, kind) for name in stepped for kind in (CONSTANT, CHANGING)]
    return both + [(name, NONE if NONE in rules else WEIGHT) for name, rules in stepless.items()]


def tried(name, kind, tau) -> dict:
    """The rules that are tried of a method, by what tables call the step size: a number, or text
    for one that changes; of equal ones the first counts."""
    stepped, stepless = _of(tau)
    if kind in (NONE, WEIGHT):
        return stepless[name]
    rule = stepped[name]
    if kind == CONSTANT:
        return {eta: rule(eta) for eta in SIZES}
    return {text: rule(step) for text, step in _changing(rule, tau).items()}


def _of(tau):
    return (STEPPED_SOFT, STEPLESS_SOFT) if tau > 0 else (STEPPED, STEPLESS)


def _changing(rule, tau) -> dict:
    """Steps that every method takes, and those that only mirror descent takes."""
    found = {f"{c:g} / max A": steps.AdvantageScaled(c) for c in FIRST}
    if not method_of(rule(1.0)).is_dual(tau):
        found["Armijo"] = steps.Armijo()
    for growth in GROWTHS:
        found |= {f"{eta:g} x {growth:g}^k": steps.Geometric(eta, growth) for eta in FIRST}
    if tau == 0 and method_of(rule(1.0)).to_greedy is not None:
        found["adaptive"] = steps.Adaptive(1.0, 0.25)
    return found
