"""A study as one page of HTML: every theorem on every instance, and what is behind every cell."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

import tabular_pg
from tabular_pg._files import write_whole
from tabular_pg.checks.numbers import check_path, check_text, checked_list
from tabular_pg.citing import bibtex
from tabular_pg.plotting import plot
from tabular_pg.report.reproduction import code_for
from tabular_pg.report.tightness import Tightness
from tabular_pg.report.typesetting import KINDS, TAU, as_html, claim_and_proof, source
from tabular_pg.report.verdicts import VerdictRow, tightest
from tabular_pg.theorem import sorted_theorems

WIDTH = 6.0  # inches of a figure
LARGEST, NOTHING = 1e299, 1e300  # where nothing is compared: last, however a column is sorted
DRAWN = 4  # runs in a figure, the tightest
FLOAT = re.compile(r"\b\d+\.\d+(e[+-]?\d+)?")


class Cell(NamedTuple):
    """What the overview says of a theorem on an instance."""

    text: str
    order: float  # what a column is sorted by
    title: str
    outcome: str  # "holds", "violated" or "none"


def write_report(path, rows, *, title, statement="", made=None, proofs=None, tightness=None):
    """Write a study as one static page, which needs no network: ``rows`` of verdicts on runs.

    An overview of theorems by instances, which can be sorted and filtered; for every theorem its
    statement, a figure, all verdicts, how tight it is, code that reproduces one of them, BibTeX.

    Parameters
    ----------
    path : path
        Of the page, which is written completely or not at all.
    rows : sequence of VerdictRow
        As :func:`verdict_rows` returns them.
    title, statement : str
        The head of the page, and what the study is about.
    made : function, optional
        From a run to an expression for its MDP, such as ``instances.garnet(5, 3, 2, 0.9)``, or "";
        without one the code writes small MDPs out.
    proofs : dict, optional
        From ids of theorems to addresses of their proofs.
    tightness : path, optional
        The record of ``experiments/tightness.py``, ``figures/tightness.json``.

    Returns
    -------
    Path

    Raises
    ------
    TypeError, ValueError
        Names what is no row of a verdict, or no such record; if there are no rows.
    ImportError
        Without the extra ``report``.
    """
    check_path("path", path)
    check_text("title", title)
    check_text("statement", statement)
    rows = checked_list("rows", rows, "rows of verdicts", VerdictRow)
    if not rows:
        raise ValueError("rows are empty; expected verdicts, as verdict_rows returns them")
    found = None if tightness is None else Tightness(tightness)
    content = _content(rows, made or (lambda run: ""), proofs or {}, found)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, _rendered(title=title, statement=statement, **content))


def _rendered(**content) -> str:
    try:
        from jinja2 import DictLoader, Environment
    except ImportError:
        raise ImportError(
            "a report needs jinja2: install tabular_pg with its extra, tabular_pg[report]"
        ) from None
    folder = files("tabular_pg.report").joinpath("templates")
    names = "page.html", "theorem.html", "page.css", "page.js"
    texts = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}
    environment = Environment(
        loader=DictLoader(texts), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html").render(**content)


def _content(rows, made, proofs, tightness) -> dict:
    """What the templates print."""
    instances = list(dict.fromkeys(row.instance for row in rows))
    parts = []
    for theorem in sorted_theorems():
        mine = [row for row in rows if row.verdict.theorem is theorem]
        if any(row.verdict.applies for row in mine):
            parts.append(_part(theorem, mine, instances, made, proofs, tightness))
    runs = {id(row.run): row.run for row in rows}
    applied = [row.verdict for row in rows if row.verdict.applies]
    return {
        "instances": instances,
        "parts": parts,
        "methods": sorted({method for part in parts for method in part["methods"]}),
        "n_runs": len(runs),
        "n_verdicts": len(applied),
        "n_violated": sum(verdict.holds is False for verdict in applied),
        "bibtex": bibtex([*runs.values(), *applied]),
        "version": tabular_pg.__version__,
    }


def _part(theorem, rows, instances, made, proofs, tightness) -> dict:
    claim, proof = claim_and_proof(theorem)
    about = [row for row in rows if row.verdict.applies]
    about.sort(key=_nearness)
    svg, caption = _figure(theorem, about)
    reasons = dict.fromkeys(row.verdict.why_not for row in rows if not row.verdict.applies)
    return {
        "id": theorem.id,
        "claim": as_html(theorem.claim),
        "plain": theorem.claim,
        "statement": as_html(claim),
        "sketch": as_html(proof),
        "kind": KINDS[theorem.kind],
        "tau": TAU[theorem.regularized],
        "methods": sorted({type(row.run.rule).__name__ for row in about}),
        "confidence": theorem.confidence.value,
        "source": source(theorem),
        "proof": proofs.get(theorem.id, ""),
        "cells": [_cell([r.verdict for r in about if r.instance == key]) for key in instances],
        "svg": svg,
        "caption": caption,
        "rows": [_row(row) for row in about],
        "not_applicable": len(rows) - len(about),
        "reasons": list(reasons),
        "worst": None if tightness is None else tightness.of(theorem),
        "code": code_for(about[0].run, [theorem.id], made(about[0].run)),
        "bibtex": bibtex([theorem, about[0].run]),
    }


def _nearness(row) -> tuple:
    """What is violated first, then what is tightest at its end."""
    verdict = row.verdict
    slack = verdict.last_slack
    return verdict.holds is not False, abs(slack - 1) if np.isfinite(slack) else np.inf


def _figure(theorem, rows) -> tuple[str, str]:
    """A picture of the runs, and its caption: of every instance the nearest, the nearest of these;
    no picture of what logarithms cannot show."""
    nearest = {}
    for row in rows:
        nearest.setdefault(row.instance, row.run)
    drawn = dict(list(nearest.items())[:DRAWN])
    try:
        svg = plot(drawn, theorem, width=WIDTH).svg(prefix=f"{theorem.id}-")
    except ValueError as error:  # of numbers below 0, or nothing but zeros
        return "", f"No figure: {error}."
    return svg, f"Measured solid, proved dashed, of {', '.join(drawn)}."


def _cell(verdicts) -> Cell:
    if not verdicts:
        return Cell("–", NOTHING, "applies to no run", "none")
    bad = [verdict for verdict in verdicts if verdict.holds is False]
    if bad:
        return Cell("violated", -1.0, bad[0].found, "violated")
    last = tightest(v.last_slack for v in verdicts)
    text = _short(last) if last < np.inf else "holds"
    said = f"holds on {_runs(len(verdicts))}; slack {text} at the end"
    return Cell(text, min(float(last), LARGEST), said, "holds")


def _short(slack) -> str:
    """Three digits, without a plus sign or zeros in an exponent."""
    if 1000 <= slack < 1e5:
        return f"{slack:.0f}"
    digits, _, exponent = f"{slack:.3g}".partition("e")
    return f"{digits}e{int(exponent)}" if exponent else digits


def _runs(count) -> str:
    return f"{count} run" + "s" * (count != 1)


def _digits(number) -> str:
    return f"{float(number[0]):.6g}"


def _row(row) -> dict:
    run, verdict = row.run, row.verdict
    return {
        "instance": row.instance, "claim": row.claim, "mdp": run.mdp.name,
        "rule": FLOAT.sub(_digits, repr(run.rule)),
        "tau": f"{run.tau:g}", "iterations": int(run.k[-1]), "found": verdict.found,
        "outcome": "holds" if verdict.holds else "violated",
    }  # fmt: skip
