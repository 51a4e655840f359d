"""Runs to export: functions to a subject of ``write_coq`` and theorems about it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from support.coq.models import all_optimal, of_the_docs, table_mdp, tied, two_arms
from tabular_pg import REGISTRY, instances, mirrors, steps
from tabular_pg.certified import COUNTEREXAMPLES, RationalMDP, certified_run
from tabular_pg.methods import (
    SPMA,
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    ProjectedQAscent,
    SoftmaxPG,
    SoftPolicyIteration,
    WeightedTDPMD,
)
from tabular_pg.search import SmallInstance, worst_case

TENTH, HALF = Fraction(1, 10), Fraction(1, 2)
EUCLIDEAN = mirrors.Euclidean()
SLOW, OFF = ((1, HALF), (HALF, 1)), ((HALF, 0), (Fraction(-1, 3), 1))  # of two states and actions
VERTEX = [[1, 0], [0, 1]]


def run(mdp, rule, iterations, *ids, **options):
    certificate = certified_run(RationalMDP.of(mdp), rule, iterations, **options)
    return certificate, [REGISTRY[id] for id in ids]


def critic(eta=1, weights=HALF, error=0) -> WeightedTDPMD:
    return WeightedTDPMD(eta, weights, error, EUCLIDEAN)


def halved(id):
    """A statement with half of what is true."""
    known = REGISTRY[id]

    def formula(run):
        measured, proved = known.formula(run)
        return measured, proved / 2

    return replace(known, formula=formula, claim=f"half of {known.claim}")


def falls_to_a_tenth(run):
    """The gap falls to a tenth in two steps."""
    return run.gap, np.where(run.k == 2, 0.1, np.inf) * run.gap[0]


def found(theorem, rule, **options) -> tuple[SmallInstance, list]:
    """A counterexample that a search finds."""
    size = {"n_states": 2, "n_actions": 2, "gamma": 0.9, "iterations": 5, "budget": 500}
    return worst_case(theorem, rule, **(size | options)).counterexample, []


RUNS = {
    "terminating": lambda: run(of_the_docs(), ProjectedPG(TENTH), 4, "P2s", "P4", "P6"),
    "terminating_q": lambda: run(table_mdp(4, 3, 4), ProjectedQAscent(10), 3, "P2s"),
    "growing": lambda: run(of_the_docs(), ProjectedPG(TENTH, Fraction(3, 2)), 4, "P6"),
    "howard": lambda: run(table_mdp(6, 3, 6), PolicyIteration(), 4, "PI1"),
    "howard_tied": lambda: run(tied(), PolicyIteration(), 2),
    "howard_frozen_lake": lambda: run(instances.frozen_lake(4), PolicyIteration(), 2),
    "projected_garnet": lambda: run(
        instances.garnet(5, 3, 3, gamma=0.9, seed=5), ProjectedPG(10), 2
    ),
    "spma": lambda: run(of_the_docs(), SPMA(Fraction(1, 50)), 4),
    "hadamard": lambda: run(two_arms(), HadamardPG(Fraction(1, 4)), 4),
    "search_policy_iteration": lambda: found(halved("PI1"), PolicyIteration),
    "search_projected": lambda: found(halved("P2s"), ProjectedPG),
    "search_spma": lambda: found("H1s", SPMA, mode=falls_to_a_tenth),
}
TD_RUNS = {
    "td": lambda: run(of_the_docs(), critic(error=TENTH), 4, "A2", tau=HALF),
    "td_tables": lambda: run(
        of_the_docs(), critic(2, SLOW, OFF), 4, tau=Fraction(3), policy=VERTEX
    ),
    "td_tied": lambda: run(tied(), critic(1, 1), 3, tau=1),
    "td_rate": lambda: run(two_arms(), critic(error=TENTH), 4, "G6w", tau=2),
    "td_growing": lambda: run(two_arms(), critic(steps.Geometric(TENTH, 2)), 6, tau=2),
    "td_no_future": lambda: run(two_arms(0), critic(HALF, 1), 5, tau=2, policy=[[0, 1]]),
    "td_tenths": lambda: run(table_mdp(3, 3, 3), critic(), 2, tau=5),
}
SOFTMAX_RUNS = {
    "natural": lambda: run(of_the_docs(), NaturalPG(1), 3),
    "natural_tenths": lambda: run(table_mdp(4, 3, 4), NaturalPG(1), 4, "N1"),
    "natural_fast": lambda: run(of_the_docs(), NaturalPG(60), 3),
    "natural_garnet": lambda: run(instances.garnet(5, 3, 3, gamma=0.9, seed=5), NaturalPG(1), 2),
    "softmax": lambda: run(of_the_docs(), SoftmaxPG(TENTH), 3),
    "softmax_tenths": lambda: run(table_mdp(4, 3, 4), SoftmaxPG(1), 3),
    "softmax_growing": lambda: run(of_the_docs(), SoftmaxPG(steps.Geometric(TENTH, 2)), 3),
    "nothing_to_gain": lambda: run(all_optimal(), NaturalPG(1), 2),
    "large_by_exponent": lambda: (COUNTEREXAMPLES["S5m"], []),
    "search_natural": lambda: found("N1", NaturalPG, mode=falls_to_a_tenth),
    "entropy_natural": lambda: run(of_the_docs(), NaturalPG(1), 3, tau=TENTH),
    "entropy_natural_tenths": lambda: run(
        table_mdp(4, 3, 4), NaturalPG(1), 4, "G1v", "G3e", tau=TENTH
    ),
    "entropy_natural_garnet": lambda: run(
        instances.garnet(5, 3, 3, gamma=0.9, seed=5), NaturalPG(0.5), 2, tau=0.1
    ),
    "entropy_softmax": lambda: run(of_the_docs(), SoftmaxPG(TENTH), 3, "E3", tau=TENTH),
    "soft_iteration": lambda: run(of_the_docs(), SoftPolicyIteration(), 3, "G4", tau=HALF),
    "search_entropy": lambda: found(halved("G3e"), NaturalPG, tau=0.5),
}
