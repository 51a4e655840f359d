"""Verdicts as tables: which theorem held where, and how tight it was."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg._tables import csv_table, latex_table, markdown_table
from tabular_pg.checks.numbers import check_text, checked_list
from tabular_pg.engine.run import Run
from tabular_pg.theorem import check, sorted_theorems
from tabular_pg.verdicts.verdict import Verdict

HEADS = "claim instance mdp rule tau iterations theorem outcome slack last_slack last_k why_not"


class VerdictRow(NamedTuple):
    """One verdict and where it comes from.

    Attributes
    ----------
    claim : str
        What the run is part of: a figure, say, or a section.
    instance : str
        A short name of its MDP, which is a column of the table.
    run : Run
    verdict : Verdict
    """

    claim: str
    instance: str
    run: Run
    verdict: Verdict

    __repr__ = compact


def verdict_rows(claim, instance, runs) -> list[VerdictRow]:
    """Every verdict on these runs.

    Parameters
    ----------
    claim, instance : str
        What the runs are part of, and a short name of their MDP.
    runs : sequence of Run

    Returns
    -------
    list of VerdictRow
    """
    check_text("claim", claim)
    check_text("instance", instance)
    runs = checked_list("runs", runs, "runs", Run)
    return [VerdictRow(claim, instance, run, v) for run in runs for v in check(run)]


def verdict_table(rows) -> str:
    """Theorems by instances, as Markdown.

    A cell says on how many runs the theorem holds, the tightest slack, and the tightest at the last
    iteration that was compared; or where it is violated. Theorems that apply nowhere are left out.

    Parameters
    ----------
    rows : sequence of VerdictRow

    Returns
    -------
    str
    """
    keys, lines = _grid(rows)
    return markdown_table(["theorem", "claim", *keys], lines)


def verdict_latex(rows) -> str:
    """The same table for LaTeX with booktabs, without the claims.

    Parameters
    ----------
    rows : sequence of VerdictRow

    Returns
    -------
    str
    """
    keys, lines = _grid(rows)
    return latex_table(["theorem", *keys], [[id, *cells] for id, _, *cells in lines])


def _grid(rows):
    """Instances, and a line for every theorem that applies to one of the runs."""
    rows = checked_list("rows", rows, "rows of verdicts", VerdictRow)
    keys = list(dict.fromkeys(row.instance for row in rows))
    lines = []
    for theorem in sorted_theorems():
        about = [r for r in rows if r.verdict.theorem is theorem and r.verdict.applies]
        if about:
            cells = [_cell([r.verdict for r in about if r.instance == key]) for key in keys]
            lines.append([theorem.id, theorem.claim, *cells])
    return keys, lines


def _cell(verdicts) -> str:
    bad = [v for v in verdicts if not v.holds]
    if bad:
        k, measured, proved = bad[0].first_violation
        where = f"k = {k}: {measured:.4g} against {proved:.4g}"
        return f"VIOLATED in {len(bad)} of {len(verdicts)} ({where})"
    if not verdicts:
        return "-"
    slack, last = (tightest([getattr(v, x) for v in verdicts]) for x in ("slack", "last_slack"))
    tightness = f", slack {slack:.3g}" if slack < np.inf else ""  # inf: both sides were 0
    moved = last < np.inf and f"{last:.3g}" != f"{slack:.3g}"
    return f"holds in {len(verdicts)}{tightness}" + (f", last {last:.3g}" if moved else "")


def tightest(slacks) -> float:
    """The one that is nearest to 1; inf if there is none."""
    slacks = [slack for slack in slacks if not np.isnan(slack)]  # NaN: nothing was compared
    return min(slacks, key=lambda slack: abs(slack - 1), default=np.inf)


def verdict_csv(rows) -> str:
    """One line per verdict, as comma-separated values.

    Parameters
    ----------
    rows : sequence of VerdictRow

    Returns
    -------
    str
    """
    lines = []
    for claim, instance, run, v in checked_list("rows", rows, "rows of verdicts", VerdictRow):
        outcome = "n/a" if not v.applies else "holds" if v.holds else "violated"
        made = [claim, instance, run.mdp.name, run.rule, run.tau, run.k[-1]]
        slacks = [f"{v.slack:.5g}", f"{v.last_slack:.5g}", v.last_k]
        lines.append([*made, v.theorem.id, outcome, *slacks, v.why_not])
    return csv_table(HEADS.split(), lines)


def run_records(rows) -> list[dict]:
    """What was run and what each theorem said of it, for the JSON record of a figure.

    Parameters
    ----------
    rows : sequence of VerdictRow

    Returns
    -------
    list of dict
        One for every run: its MDP, rule, start, distributions, status, and ``theorems``, a dict
        from ids to what was found.
    """
    records = {}
    for _, instance, run, v in checked_list("rows", rows, "rows of verdicts", VerdictRow):
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
