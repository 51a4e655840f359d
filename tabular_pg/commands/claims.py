"""``check`` and ``certify``: what theorems say of a run, in floats and in ball arithmetic."""

from __future__ import annotations

import click

from tabular_pg.commands.answers import ERROR, FINE, WRONG, Answer, columns, json_text
from tabular_pg.commands.arguments import (
    as_json,
    command,
    of_model,
    of_run,
    optional_rule,
    theorem_ids,
)
from tabular_pg.commands.arguments import model as model_argument
from tabular_pg.commands.models import loaded_or_run, parted, theorems_of
from tabular_pg.commands.runs import model_record, title
from tabular_pg.theorem import check as every_verdict
from tabular_pg.theorem import is_about, verdict

DIGITS = 12  # of what is printed


@command(
    "check run.npz",
    "check 'garnet(20, 4, 5, 0.9)' 'NaturalPG(1.0)' --theorem N1,N4 --json",
    code="0 if no theorem is violated, 1 if one is, 2 on an error",
)
@model_argument
@optional_rule
@theorem_ids
@click.option("--all", "every", is_flag=True, help="Those, too, that do not apply, and why not.")
@of_run
@of_model
@as_json
def check(model, method, ids, every, as_json, **asked):
    """Check the theorems about a run.

    MODEL is a saved run, or with METHOD what is run, as for run.
    """
    run = loaded_or_run(model, method, *parted(asked))
    about = theorems_of(ids)
    verdicts = [verdict(t, run) for t in _about(about, run)] if about else every_verdict(run)
    code = WRONG if any(v.holds is False for v in verdicts) else FINE
    if as_json:
        return Answer(json_text(_record(run) | {"verdicts": [_row(v) for v in verdicts]}), code)
    shown = verdicts if every or about else [v for v in verdicts if v.applies]
    rest = len(verdicts) - len(shown)
    more = [f"({rest} more do not apply: --all says why)"] if rest else []
    return Answer("\n".join([title(run), "", *map(str, shown), *more]), code)


@command(
    "certify 'two_armed_bandit(0.5)' 'NaturalPG(1.0)' --iterations 20 --theorem N1",
    "certify run.npz --digits 15 --json",
    code="0 if nothing is violated, 1 if a theorem is, with certainty, 2 on an error or where a "
    "theorem is open",
)
@model_argument
@optional_rule
@theorem_ids
@click.option("--digits", type=int, default=30, help="Of every gap; 30 by default.")
@of_run
@of_model
@as_json
def certify(model, method, ids, digits, as_json, **asked):
    """Prove it: gaps and theorems in ball arithmetic.

    The run is done again, its gaps are enclosed and theorems decided. MODEL and METHOD are as for
    run. Needs python-flint: pip install 'tabular_pg[certified]'.
    """
    from tabular_pg.certified import Outcome, certified_check
    from tabular_pg.certified import certify as enclosed

    run = loaded_or_run(model, method, *parted(asked))
    about = _about(theorems_of(ids), run)
    certificate = enclosed(run, digits)
    verdicts = certified_check(run, theorems=about or None, digits=digits)
    outcomes = {v.outcome for v in verdicts if v.applies}
    open_ = ERROR if Outcome.UNDECIDED in outcomes else FINE
    code = WRONG if Outcome.VIOLATED in outcomes else open_
    if as_json:
        record = _record(run) | _enclosures(certificate)
        return Answer(json_text(record | {"verdicts": list(map(_certified_row, verdicts))}), code)
    rows = [[k, gap.str(DIGITS)] for k, gap in zip(certificate.k, certificate.gap, strict=True)]
    left_out = [["...", ""]] if len(rows) > 2 * DIGITS else []
    rows = [*rows[:DIGITS], *left_out, *rows[-DIGITS:]] if left_out else rows
    said = map(str, (v for v in verdicts if v.applies or v.not_computable or ids))
    table = columns(["k", "gap under rho"], rows)
    return Answer("\n".join([title(run), "", table, "", *said]), code)


def _about(theorems, run) -> list:
    for t in theorems:
        if not is_about(t, run.rule):
            rules = ", ".join(rule.__name__ for rule in t.rules)
            raise ValueError(f"theorem is {t.id}, about {rules}; expected one about {run.rule}")
    return theorems


def _record(run) -> dict:
    return {"model": model_record(run.mdp), "method": repr(run.rule), "tau": run.tau,
            "status": run.status.name, "iterations": int(run.k[-1])}  # fmt: skip


def _row(v) -> dict:
    return {
        "theorem": v.theorem.id, "claim": v.theorem.claim, "applies": v.applies,
        "why_not": v.why_not, "holds": v.holds,
        "violation": v.first_violation and v.first_violation._asdict(), "slack": v.slack,
        "last_slack": v.last_slack, "last_k": v.last_k, "not_compared": v.not_compared,
    }  # fmt: skip


def _certified_row(v) -> dict:
    found = v.first_violation
    violation = found and {"k": found.k, "measured": found.measured.str(DIGITS),
                           "proved": found.proved.str(DIGITS)}  # fmt: skip
    return {
        "theorem": v.theorem.id, "claim": v.theorem.claim, "applies": v.applies,
        "why_not": v.why_not or v.not_computable, "holds": v.holds,
        "outcome": v.outcome.name, "violation": violation, "bits": v.bits,
    }  # fmt: skip


def _enclosures(certificate) -> dict:
    digits = max(DIGITS, int(min(certificate.digits, 1000)))
    return {
        "k": certificate.k, "gap": [ball.str(digits) for ball in certificate.gap],
        "digits": float(certificate.digits), "bits": certificate.bits,
        "relative_error_of_floats": certificate.relative_error,
    }  # fmt: skip
