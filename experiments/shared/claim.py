"""A claim as a script: the command line, its figures, the verdict table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from experiments.shared.instances import DEFAULT, INSTANCES, make
from experiments.shared.verdicts import Row, run_records, verdict_csv, verdict_table
from tabular_pg import MDP, REGISTRY, Status, check
from tabular_pg._files import write_whole
from tabular_pg._progress import progress
from tabular_pg.plotting import Curve, Panel, decades, log10, save_figure
from tabular_pg.theorem import Kind, verdict

FIGURES = Path(__file__).resolve().parents[2] / "figures"


@dataclass(frozen=True)
class Claim:
    """One claim: how it is drawn on an MDP and the runs that it is checked on.

    ``panel(mdp, quick)`` returns the panel (or several) and the runs; ``bandit`` replaces the
    default bandit by the one on which this claim is attained; ``on`` names the instances it is
    drawn on unless others are asked for, which it refuses if it is ``fixed``.
    """

    name: str
    statement: str
    panel: Callable
    bandit: Callable[[], MDP] | None = None
    on: tuple = DEFAULT
    fixed: bool = False


def bound_curve(id, run, label, x=None, log_x=False) -> Curve:
    """What theorem ``id`` measures on a run and what it proves about that, as logarithms; the
    sup-norm error alone where the theorem does not apply.

    Of several numbers at one iteration the one is drawn that is nearest to its bound; what a law
    for large k tends to is drawn as a limit.
    """
    x = np.asarray(run.k if x is None else x, dtype=float)
    found = verdict(REGISTRY[id], run)
    if not found.applies:
        at, measured, claimed = np.arange(len(run.k)), decades(run.log_sup_gap), None
    else:
        at = np.searchsorted(run.k, found.k)
        measured, claimed = _tightest(found)
        if (measured < 0).any():
            raise ValueError(f"id is {id!r}, about numbers below 0; expected one about errors")
        measured = log10(measured)
        for error, log_error in ((run.sup_gap, run.log_sup_gap), (run.gap, run.log_gap)):
            if np.array_equal(found.measured, error):  # its logarithm goes on where it is 0
                measured = decades(log_error)
        claimed = log10(claimed)
    kept = x[at] > 0 if log_x else np.ones(len(at), dtype=bool)
    x = (log10(x[at]) if log_x else x[at])[kept]
    claim = "limit" if found.theorem.kind is Kind.ASYMPTOTIC else "proved"
    claims = {claim: claimed[kept]} if found.applies else {}
    return Curve(label, x, measured[kept], **claims, optimal=run.status is Status.OPTIMAL)


def _tightest(found):
    """One (measured, proved) per iteration: where they are nearest to each other."""
    measured, proved = (
        np.reshape(side, (len(found.k), -1)) for side in (found.measured, found.proved)
    )
    with np.errstate(all="ignore"):
        slack = np.abs(np.log(measured / proved))
    slack = np.where(np.isnan(slack), np.inf, slack)
    rows = np.arange(len(slack))
    nearest = slack.argmin(axis=1)
    return measured[rows, nearest], proved[rows, nearest]


def step_label(eta) -> str:
    """eta = ..., in mathtext."""
    digits, _, exponent = f"{eta:.2g}".partition("e")
    power = rf"\times 10^{{{int(exponent)}}}" if exponent else ""
    return rf"$\eta={digits}{power}$"


def main(claims, arguments=None):
    """Run claims from the command line; exit with status 1 if a theorem is violated.

    A figure is written as soon as its runs are done, so that an interruption leaves it.
    """
    options = _options(claims, arguments)
    rows, done = [], 0
    for claim in dict.fromkeys(claim for claim, _ in options.jobs):
        panels, mine = [], []
        for key in [key for other, key in options.jobs if other is claim]:
            progress(done, len(options.jobs), f"{claim.name} on {key}")
            drawn, runs = _panels(claim, key, options.quick)
            panels += drawn
            mine += [Row(claim.name, key, run, v) for run in runs for v in check(run)]
            done += 1
        _save(
            claim, [panel for _, panel in sorted(panels, key=lambda pair: pair[0])], mine, options
        )
        rows += mine
    progress(done, len(options.jobs), "done")
    table = verdict_table(rows)
    if len(claims) > 1 and not options.only:
        write_whole(options.out / "verdicts.md", table)
        write_whole(options.out / "verdicts.csv", verdict_csv(rows))
    failed = sum(row.verdict.holds is False for row in rows)
    print(table)
    print(f"{len(rows)} verdicts on {len({id(row.run) for row in rows})} runs, {failed} violated")
    print(f"results are in {options.out}")
    sys.exit(1 if failed else 0)


def _panels(claim, key, quick):
    """Pairs (number, panel) of a claim on an instance, and the runs."""
    mdp = claim.bandit() if key == "bandit" and claim.bandit else make(key)
    drawn, runs = claim.panel(mdp, quick)
    if any(run.status is Status.INTERRUPTED for run in runs):
        raise KeyboardInterrupt  # no figure of half a run
    drawn = [drawn] if isinstance(drawn, Panel) else drawn
    suffixes = [f"_{i + 1}" if len(drawn) > 1 else "" for i in range(len(drawn))]
    named = (replace(p, key=key + suffix) for p, suffix in zip(drawn, suffixes, strict=True))
    return list(enumerate(named)), runs


def _save(claim, panels, rows, options):
    record = {
        "statement": claim.statement,
        "quick": options.quick,
        "instances": {row.instance: INSTANCES[row.instance] for row in rows},
        "runs": run_records(rows),
    }
    name = claim.name.replace("-", "_")
    save_figure(name, panels, options.out, record, columns=not options.quick)


def quick_options(statement, quick, arguments):
    """``quick`` and ``out`` from the command line of a script that draws one figure."""
    parser = argparse.ArgumentParser(description=statement.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--out", type=Path, help="folder for the results; default figures/, or "
                        "figures/preview/ with --quick")  # fmt: skip
    options = parser.parse_args(arguments)
    options.out = options.out or (FIGURES / "preview" if options.quick else FIGURES)
    return options


def _options(claims, arguments):
    parser = argparse.ArgumentParser(description=claims[0].statement if len(claims) == 1 else None)
    names, keys = [claim.name for claim in claims], list(INSTANCES)
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer iterations and no single panels")
    add("--only", action="append", choices=names, help="this claim only (may be repeated)")
    add("--instance", action="append", choices=keys, help="on this MDP instead (may be repeated)")
    add("--out", type=Path, help="folder for the results; default figures/, or figures/preview/ "
        "with --quick or --instance")  # fmt: skip
    options = parser.parse_args(arguments)
    options.jobs = [
        (claim, key)
        for claim in claims
        if not options.only or claim.name in options.only
        for key in dict.fromkeys(claim.on if claim.fixed else options.instance or claim.on)
    ]
    if options.out is None:
        partial = options.quick or options.instance
        options.out = FIGURES / "preview" if partial else FIGURES
    return options
