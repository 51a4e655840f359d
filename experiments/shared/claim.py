"""A claim as a script: the command line, its figures, the verdict table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.shared.command_line import FIGURES
from experiments.shared.instances import DEFAULT, INSTANCES, expression, make
from experiments.shared.proofs import proofs
from tabular_pg import MDP, REGISTRY, Status, report
from tabular_pg._files import write_whole
from tabular_pg._progress import progress
from tabular_pg.plotting import Panel, save_figure
from tabular_pg.report import (
    run_records,
    verdict_csv,
    verdict_rows,
    verdict_table,
    write_report,
)
from tabular_pg.theorem import verdict


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


def bound_curve(id, run, label, **options):
    """What theorem ``id`` measures on a run and what it proves about that."""
    return report.bound_curve(verdict(REGISTRY[id], run), label, run=run, **options)


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
            mine += verdict_rows(claim.name, key, runs)
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
    if options.report:
        write_report(
            options.report, rows, title="Policy gradient methods, measured and proved",
            statement="Every theorem that is about a method, on every instance.", made=made_by,
            proofs=proofs(options.report), tightness=options.tightness,
        )  # fmt: skip
        print(options.report)
    failed = sum(row.verdict.holds is False for row in rows)
    print(table)
    print(f"{len(rows)} verdicts on {len({id(row.run) for row in rows})} runs, {failed} violated")
    print(f"results are in {options.out}")
    sys.exit(1 if failed else 0)


def made_by(run) -> str:
    """How to make the MDP of a run, if it is one of the instances."""
    return next((expression(key) for key in INSTANCES if make(key) is run.mdp), "")


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


def _options(claims, arguments):
    parser = argparse.ArgumentParser(description=claims[0].statement if len(claims) == 1 else None)
    names, keys = [claim.name for claim in claims], list(INSTANCES)
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer iterations and no single panels")
    add("--only", action="append", choices=names, help="this claim only (may be repeated)")
    add("--instance", action="append", choices=keys, help="on this MDP instead (may be repeated)")
    add("--out", type=Path, help="folder for the results; default figures/, or figures/preview/ "
        "with --quick or --instance")  # fmt: skip
    add("--report", type=Path, metavar="FILE", help="write all verdicts as one page of HTML, too")
    add("--tightness", type=Path, default=FIGURES / "tightness.json", metavar="FILE",
        help="for that page, what tightness.py has found")  # fmt: skip
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
