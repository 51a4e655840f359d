"""Seconds until errors of 1e-8 and 1e-100, for the method and steps that need the fewest
iterations; these are counted by ``experiments/which_method.py``."""

from __future__ import annotations

import warnings

from benchmarks.measure import processor_time
from benchmarks.report import Table
from experiments.shared.command_line import FIGURES
from experiments.shared.estimates import read
from experiments.shared.instances import make
from experiments.shared.tuned import start, tried
from tabular_pg import optimize, optimum

REPEATS = 5
TITLE = """Milliseconds of processor time of a call of `optimize` for as many iterations as
`figures/which_method.md` counts, with the step that is named there; only the last iterate is
recorded, and the optimum is known. Empty is what has not reached the target.
A call of a few iterations costs what a call costs."""


def rows(quick, out):
    """One row per method and kind of steps, problem and target."""
    found = read((FIGURES / "which_method.json").read_text())["results"]["rows"]
    if quick:
        found = [row for row in found if row["method"] in ("natural PG", "policy iteration")]
    table = {}
    for row in found:
        place = {name: row[name] for name in ("method", "steps", "tau")}
        place["error"] = f"{row['target']:g}"
        line = table.setdefault(tuple(place.values()), place)
        line[f"{row['instance']} (ms)"] = None if row["step"] is None else 1e3 * seconds(row)
    return list(table.values())


def seconds(row) -> float:
    """The least of some repeats, of which the first one compiles."""
    mdp, tau, k = make(row["instance"]), row["tau"], row["iterations"]
    rule = tried(row["method"], row["steps"], tau)[row["step"]]
    optimum(mdp, tau)
    options = {"tau": tau, "policy": start(row["instance"]), "at": [k]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        times = [processor_time(optimize, mdp, rule, k, **options) for _ in range(REPEATS)]
    return min(times)


TABLE = Table("methods", TITLE, rows)
