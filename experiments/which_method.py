"""Which method, and which step size: iterations until the error is at most 1e-8, and 1e-100.

Every method for policies on six MDPs, from the uniform policy (on the chain of a lower bound,
gammachain, from nearly the worst one). The error is V*(rho) - V^k(rho), for tau > 0 that of the
problem that is regularized by the entropy (GPMD: by its map); counted is the first iteration at
which it is at most the target, also where a method leaves it again. Of all step sizes that are
tried of a method, the one that needs the fewest iterations is kept, constant ones and changing ones
apart (of equal ones the first on the list, so the smallest); what has another parameter in the
place of steps, such as a weight, is tuned over that. Beyond 1000, counts are rounded up to three
digits. An error does not count if the run has lost its accuracy by then. A ~ is before counts that
a change of the start by 1e-12 changes: they are up to rounding, and a little different on other
processors. A count is about iterations: some methods take two for a step, a search evaluates
several policies in one, and an iteration of one method costs more than that of another; `python -m
benchmarks --only methods` measures seconds.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import math
import warnings

import numpy as np

from experiments.shared.instances import make
from experiments.shared.study import Study
from experiments.shared.tuned import (
    FIRST,
    GROWTHS,
    LONGEST,
    NONE,
    SIZES,
    TAU,
    WEIGHT,
    WEIGHTS,
    entries,
    start,
    tried,
)
from tabular_pg import Status, optimize
from tabular_pg.plotting import HeatMap
from tabular_pg.report import markdown_table

TARGETS = (1e-8, 1e-100)
INSTANCES = ("arms", "chain", "garnet", "gridworld", "deepsea", "gammachain")
SHORT = {"gridworld": "grid", "deepsea": "sea", "gammachain": "gamma"}  # in figures
FEWEST, EXACT = 10, 1000  # iterations of the first runs, and until which counts are exact
STARTS, NOISE = 16, 1e-12  # how many are near, and how near: relative, of probabilities
SEEN = (Status.NOT_FINITE, Status.STALLED)  # how runs end that warn of nothing else


def fewest(name, kind, instance, tau, budget) -> list:
    """For every target the fewest iterations of all rules that are tried, and the step that they
    were with, and whether rounding leaves that alone; None for all three if there are too many.

    All rules are run for 10 iterations, then for ten times as many, until one has reached the
    last target: what is fewest among those that are long enough is fewest among all.
    """
    found, rules = [[None, None, None] for _ in TARGETS], tried(name, kind, tau)
    for length in _lengths(budget):
        runs = {step: watched(instance, rule, tau, length) for step, rule in rules.items()}
        for entry, target in zip(found, TARGETS, strict=True):
            counts = {step: sound_count(instance, *run, target) for step, run in runs.items()}
            counts = {step: k for step, k in counts.items() if k is not None}
            if entry[0] is None and counts:
                step = min(counts, key=counts.get)
                entry[:] = counts[step], step, is_steady(runs[step][0], counts[step], target)
        rules = {step: rules[step] for step, run in runs.items() if goes_on(*run, length)}
        if found[-1][0] is not None or not rules:
            break
    return found


def _lengths(budget) -> list[int]:
    lengths = [FEWEST]
    while lengths[-1] < budget:
        lengths.append(min(10 * lengths[-1], budget))
    return lengths


def watched(instance, rule, tau, length):
    """A run, and whether it warns of anything but what its status says."""
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        options = {"tau": tau, "policy": start(instance), "at": recorded(length)}
        run = optimize(make(instance), rule, length, **options)
    return run, bool(doubts) and run.status not in SEEN


def recorded(length) -> np.ndarray:
    """The iterations that are looked at: all numbers of at most three digits and zeros after them,
    and the last."""
    numbers = np.outer(np.arange(EXACT), 10 ** np.arange(len(str(length))))
    return np.unique([*numbers[numbers < length], length])


def first_below(run, target) -> int | None:
    """The first recorded iteration at which the error is at most ``target``; None if none is."""
    below = np.flatnonzero(run.log_gap <= math.log(target))
    return int(run.k[below[0]]) if below.size else None


def sound_count(instance, run, doubtful, target) -> int | None:
    """The same; None, too, if a run that ends there warns already."""
    k = first_below(run, target)
    if k is None or not doubtful:
        return k
    return None if watched(instance, run.rule, run.tau, k)[1] else k


def is_steady(run, k, target) -> bool:
    """Whether starts that are nearly the same lead to the same count: one that depends on them is
    up to rounding, and so to the processor."""
    rng, options = np.random.default_rng(0), {"tau": run.tau, "at": recorded(k)}
    for _ in range(STARTS):
        policy = run.start * (1 + rng.uniform(-NOISE, NOISE, run.start.shape))
        policy /= policy.sum(axis=1, keepdims=True)
        with warnings.catch_warnings(action="ignore"):
            near = optimize(run.mdp, run.rule, k, policy=policy, **options)
        if first_below(near, target) != k:
            return False
    return True


def goes_on(run, doubtful, length) -> bool:
    """Whether a longer run has other iterates, with accurate gaps."""
    return not doubtful and run.k[-1] == length and run.status is Status.COMPLETED


def results(run, instances, methods, budget):
    """A row for every method, kind of steps, instance and target."""
    jobs = [
        (name, kind, instance, tau, budget)
        for tau in (0.0, TAU)
        for name, kind in entries(tau)
        if not methods or name in methods
        for instance in instances
    ]
    rows = []
    for (name, kind, instance, tau, _), found in zip(jobs, run(fewest, jobs), strict=True):
        place = {"method": name, "steps": kind, "instance": instance, "tau": tau}
        for target, (k, step, steady) in zip(TARGETS, found, strict=True):
            rows.append(place | {"target": target, "iterations": k, "step": step, "steady": steady})
    return {"budget": budget, "rows": rows}


def by_place(record, tau) -> dict:
    """(iterations, step, steady) of a problem by target, method and steps, and instance;
    the methods that need the fewest come first."""
    found = {target: {} for target in TARGETS}
    for row in record["rows"]:
        if row["tau"] == tau:
            places = found[row["target"]].setdefault((row["method"], row["steps"]), {})
            places[row["instance"]] = row["iterations"], row["step"], row["steady"]

    def cost(place):
        counts = [k for target in TARGETS for k, *_ in found[target][place].values()]
        return sum(k is None for k in counts), sum(math.log(k) for k in counts if k), place

    order = sorted(found[TARGETS[0]], key=cost)
    return {target: {place: found[target][place] for place in order} for target in TARGETS}


def tables(record):
    """A table for every problem and target."""
    for tau, problem in ((0.0, "Without regularization"), (TAU, f"Regularized, tau = {TAU:g}")):
        for target, places in by_place(record, tau).items():
            yield f"**{problem}: iterations to {target:g}, and the step that needs them**\n"
            heads = ["method", "steps", *next(iter(places.values()))]
            yield markdown_table(heads, [
                [*place, *(cell(*found) for found in of.values())] for place, of in places.items()
            ])  # fmt: skip


def cell(k, step, steady) -> str:
    """A count, with a ~ if it is up to rounding, and its step; one that is the longest tried, so
    that longer ones may do better, is marked by >=."""
    if k is None:
        return "-"
    count, text = f"{'' if steady else '~'}{k}", step if isinstance(step, str) else f"{step:g}"
    return count if step == NONE else f"{count} ({'>= ' if step in LONGEST else ''}{text})"


def panels(tau):
    """Heat maps of the logarithms of counts, a target each; the best method is on top."""

    def drawn(record):
        for target, places in by_place(record, tau).items():
            columns = tuple(SHORT.get(name, name) for name in next(iter(places.values())))
            values = [
                [math.nan if k is None else math.log10(k) for k, *_ in of.values()]
                for of in reversed(places.values())
            ]
            power = round(math.log10(target))
            yield HeatMap(
                f"$\\log_{{10}}$ of iterations to $10^{{{power}}}$", "", "", columns,
                tuple(label(*place) for place in reversed(places)), np.array(values),
                limits=(0.0, math.log10(record["budget"])), digits=1, key=f"to{power}",
            )  # fmt: skip

    return drawn


def label(name, kind) -> str:
    return name if kind in (NONE, WEIGHT) else f"{name}, {kind}"


STUDY = Study(
    name="which_method",
    statement=__doc__,
    full={"instances": INSTANCES, "methods": (), "budget": 10_000},
    quick={"instances": ("arms", "garnet"),
           "methods": ("natural PG", "policy iteration", "soft policy iteration"),
           "budget": 1000},
    results=results,
    tables=tables,
    constants={"targets": TARGETS, "sizes": SIZES, "first": FIRST, "growths": GROWTHS,
               "weights": WEIGHTS, "tau": TAU},
    figures={"which_method": panels(0.0), "which_method_entropy": panels(TAU)},
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
