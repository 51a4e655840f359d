"""Verdicts as tables: which theorem held where, and how tight it was."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

import numpy as np

from tabular_pg import Run, Verdict
from tabular_pg.theorem import sorted_theorems


class Row(NamedTuple):
    """One verdict and where it comes from."""

    claim: str
    instance: str
    run: Run
    verdict: Verdict


def markdown_table(heads, rows) -> str:
    """Rows of text under their heads, as Markdown."""
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def verdict_table(rows) -> str:
    """Theorems by instances, as Markdown: on how many runs each holds, the tightest slack, and the
    tightest at the last iteration that was compared."""
    keys = list(dict.fromkeys(row.instance for row in rows))
    lines = []
    for theorem in sorted_theorems():
        about = [r for r in rows if r.verdict.theorem is theorem and r.verdict.applies]
        if about:
            cells = [_cell([r.verdict for r in about if r.instance == key]) for key in keys]
            claim = theorem.claim.replace("|", "\\|")
            lines.append([theorem.id, claim, *cells])
    return markdown_table(["theorem", "claim", *keys], lines)


def _cell(verdicts) -> str:
    bad = [v for v in verdicts if not v.holds]
    if bad:
        k, measured, proved = bad[0].first_violation
        where = f"k = {k}: {measured:.4g} against {proved:.4g}"
        return f"VIOLATED in {len(bad)} of {len(verdicts)} ({where})"
    if not verdicts:
        return "-"
    slack, last = (_tightest([getattr(v, x) for v in verdicts]) for x in ("slack", "last_slack"))
    tightness = f", slack {slack:.3g}" if slack < np.inf else ""  # inf: both sides were 0
    moved = last < np.inf and f"{last:.3g}" != f"{slack:.3g}"
    return f"holds in {len(verdicts)}{tightness}" + (f", last {last:.3g}" if moved else "")


def _tightest(slacks):
    slacks = [slack for slack in slacks if not np.isnan(slack)]  # NaN: nothing was compared
    return min(slacks, key=lambda slack: abs(slack - 1), default=np.inf)


def verdict_csv(rows) -> str:
    """One line per verdict."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = "claim instance mdp rule tau iterations theorem outcome slack last_slack last_k why_not"
    writer.writerow(head.split())
    for claim, instance, run, v in rows:
        outcome = "n/a" if not v.applies else "holds" if v.holds else "violated"
        made = [claim, instance, run.mdp.name, run.rule, run.tau, run.k[-1]]
        slacks = [f"{v.slack:.5g}", f"{v.last_slack:.5g}", v.last_k]
        writer.writerow([*made, v.theorem.id, outcome, *slacks, v.why_not])
    return text.getvalue()


def run_records(rows) -> list[dict]:
    """What was run and what each theorem said of it, for the JSON record of a figure."""
    records = {}
    for _, instance, run, v in rows:
        if v.theorem.regularized not in (None, run.tau > 0):
            continue
        mdp = run.mdp
        record = records.setdefault(
            id(run),
            {
                "instance": instance, "mdp": mdp.name, "n_states": mdp.n_states,
                "n_actions": mdp.n_actions, "gamma": mdp.gamma, "rule": repr(run.rule),
                "tau": run.tau, "iterations": int(run.k[-1]), "status": run.status.name,
                "start": _start(run), "rho": _weights(mdp.rho), "mu": _weights(mdp.mu),
                "theorems": {},
            },
        )  # fmt: skip
        record["theorems"][v.theorem.id] = v.found
    return list(records.values())


def _start(run):
    uniform = np.allclose(run.policies[0], 1 / run.mdp.n_actions, rtol=1e-12)
    return "uniform" if uniform else run.policies[0].tolist()


def _weights(distribution):
    uniform = np.allclose(distribution, 1 / distribution.size, rtol=1e-12)
    return "uniform" if uniform else distribution.tolist()
