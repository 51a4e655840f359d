"""What the experiments share: the instances, the command line, figures, the verdict table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tabular_pg import MDP, REGISTRY, check, instances
from tabular_pg.plotting import Curve, Panel, log10, save_figure, write_whole
from tabular_pg.theorem import verdict

FIGURES = Path(__file__).resolve().parent.parent / "figures"

INSTANCES = {
    "garnet": lambda: instances.garnet(20, 4, 5, gamma=0.9, seed=0),
    "bandit": lambda: instances.two_armed_bandit(gap=0.5),
    "frozenlake8x8": lambda: instances.frozen_lake(size=8, gamma=0.99),
    "frozenlake4x4": lambda: instances.frozen_lake(size=4, gamma=0.99),
    "taxi": lambda: instances.taxi(gamma=0.9),
    "cliffwalking": lambda: instances.cliff_walking(gamma=0.9),
    "riverswim": lambda: instances.river_swim(6, gamma=0.95),
    "gridworld": lambda: instances.gridworld(5, 5, gamma=0.95),
    "li-wei-chi-chen": lambda: instances.li_wei_chi_chen_lumped(0.97, 9, 10**6).mdp,
}
DEFAULT = ("garnet", "bandit", "frozenlake8x8")


@dataclass(frozen=True)
class Claim:
    """One claim: how it is drawn on an MDP and the runs that it is checked on.

    ``panel(mdp, quick)`` returns the panel (or several) and the runs; ``bandit`` replaces the default bandit
    by the one on which this claim is attained; ``on`` names the instances it is drawn on.
    """

    name: str
    statement: str
    panel: Callable
    bandit: Callable[[], MDP] | None = None
    on: tuple = DEFAULT


def bound_curve(id, run, label, x=None, log_x=False) -> Curve:
    """The sup-norm error of a run and what theorem ``id`` proves about it, as logarithms; without
    the latter where the theorem does not apply."""
    x = run.k if x is None else x
    kept = np.asarray(x) > 0 if log_x else np.ones(len(x), dtype=bool)
    found = verdict(REGISTRY[id], run)
    proved = log10(found.proved[kept]) if found.applies else None
    x = log10(x[kept]) if log_x else x[kept]
    return Curve(label, x, run.log_sup_gap[kept] / np.log(10), proved)


def step_label(eta) -> str:
    """eta = ..., in mathtext."""
    digits, _, exponent = f"{eta:.2g}".partition("e")
    power = rf"\times 10^{{{int(exponent)}}}" if exponent else ""
    return rf"$\eta={digits}{power}$"


def main(claims, arguments=None):
    """Run claims from the command line; exit with status 1 if a theorem is violated."""
    options = _options(claims, arguments)
    rows, failed = [], 0
    jobs = [
        (claim, key)
        for claim in claims
        if not options.only or claim.name in options.only
        for key in options.instance or claim.on
        if claim.on is DEFAULT or key in claim.on
    ]
    panels = {}
    for done, (claim, key) in enumerate(jobs):
        _progress(done, len(jobs), f"{claim.name} on {key}")
        mdp = claim.bandit() if key == "bandit" and claim.bandit else INSTANCES[key]()
        drawn, runs = claim.panel(mdp, options.quick)
        drawn = [drawn] if isinstance(drawn, Panel) else drawn
        for number, panel in enumerate(drawn):
            suffix = f"_{number + 1}" if len(drawn) > 1 else ""
            panels.setdefault(claim, []).append(replace(panel, key=key + suffix))
        for result in runs:
            rows += [(claim.name, key, result, v) for v in check(result)]
    _progress(len(jobs), len(jobs), "done")
    for claim, drawn in panels.items():
        mine = [row for row in rows if row[0] == claim.name]
        save_figure(claim.name.replace("-", "_"), drawn, options.out, _record(claim, options, mine))
    table, failed = _verdict_table(rows)
    write_whole(Path(options.out) / "verdicts.md", table)
    write_whole(Path(options.out) / "verdicts.csv", _verdict_csv(rows))
    print(table)
    print(f"{len(rows)} verdicts on {len({id(r[2]) for r in rows})} runs, {failed} violated")
    sys.exit(1 if failed else 0)


def _options(claims, arguments):
    parser = argparse.ArgumentParser(description=claims[0].statement if len(claims) == 1 else None)
    names = [claim.name for claim in claims]
    parser.add_argument("--quick", action="store_true", help="fewer iterations, under 20 s warm")
    parser.add_argument("--out", default=FIGURES, type=Path, help="folder for the results")
    parser.add_argument("--only", action="append", choices=names, help="run this claim only")
    parser.add_argument("--instance", action="append", choices=list(INSTANCES), help="on this MDP instead")
    return parser.parse_args(arguments)


def _progress(done, total, text):
    if sys.stderr.isatty():
        bar = "#" * (30 * done // total)
        end = "\n" if done == total else ""
        print(f"\r[{bar:<30}] {done}/{total} {text:<45}", end=end, file=sys.stderr, flush=True)


def _record(claim, options, rows) -> dict:
    runs = {}
    for _, key, result, v in rows:
        mdp = result.mdp
        entry = runs.setdefault(
            id(result),
            {
                "instance": key, "mdp": mdp.name, "n_states": mdp.n_states,
                "n_actions": mdp.n_actions, "gamma": mdp.gamma, "rule": repr(result.rule),
                "tau": result.tau, "iterations": int(result.k[-1]), "theorems": {},
            },
        )  # fmt: skip
        entry["theorems"][v.theorem.id] = _outcome(v)
    return {"statement": claim.statement, "quick": options.quick, "runs": list(runs.values())}


def _outcome(v) -> str:
    if not v.applies:
        return f"n/a: {v.why_not}"
    return f"holds, slack {v.slack:.6g}" if v.holds else f"violated at k = {v.first_violation.k}"


def _verdict_table(rows) -> tuple[str, int]:
    """Theorems by instances: over how many runs each holds, and the smallest slack."""
    keys = [key for key in INSTANCES if any(row[1] == key for row in rows)]
    lines = [
        "| theorem | claim | " + " | ".join(keys) + " |",
        "|---|---" + "|---" * len(keys) + "|",
    ]
    failed = 0
    for id, theorem in REGISTRY.items():
        cells = []
        for key in keys:
            found = [v for _, k, _, v in rows if k == key and v.theorem.id == id and v.applies]
            bad = [v for v in found if not v.holds]
            failed += len(bad)
            if bad:
                k, measured, proved = bad[0].first_violation
                cells.append(
                    f"VIOLATED in {len(bad)} of {len(found)} (k = {k}: {measured:.4g}, {proved:.4g})"
                )
            elif found:
                slack = min((v.slack for v in found), key=lambda s: abs(s - 1))
                cells.append(f"holds in {len(found)}, slack {slack:.4g}")
            else:
                cells.append("-")
        if any(cell != "-" for cell in cells):
            lines.append(
                f"| {id} | {theorem.claim.replace('|', chr(92) + '|')} | "
                + " | ".join(cells)
                + " |"
            )
    return "\n".join(lines) + "\n", failed


def _verdict_csv(rows) -> str:
    lines = ["claim,instance,rule,tau,iterations,theorem,outcome,slack"]
    for name, key, result, v in rows:
        outcome = "n/a" if not v.applies else "holds" if v.holds else "violated"
        rule = f'"{result.rule}"'
        lines.append(
            f"{name},{key},{rule},{result.tau!r},{result.k[-1]},{v.theorem.id},{outcome},{v.slack:.17g}"
        )
    return "\n".join(lines) + "\n"


__all__ = ["Claim", "Curve", "Panel", "bound_curve", "log10", "main", "step_label"]
