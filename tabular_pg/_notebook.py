"""What a notebook shows of MDPs, runs and verdicts: small tables, in which all text is escaped."""

from __future__ import annotations

from html import escape

from tabular_pg._floats import shown_gap
from tabular_pg._reprs import cut, html_table

LONG = 300  # characters of a rule, which may hold tables


def run_text(run) -> str:
    """A run in one line."""
    return (
        f"Run({cut(str(run.rule), LONG)}, tau={run.tau}, k={run.k[0]}..{run.k[-1]}, "
        f"gap={shown_gap(run.gap[-1], run.log_gap[-1])}, {run.status.name})"
    )


def run_html(run) -> str:
    """A run as a table."""
    first, last = (shown_gap(run.gap[i], run.log_gap[i]) for i in (0, -1))
    rows = [
        ("MDP", _said(run.mdp)),
        ("rule", run.rule),
        ("tau", run.tau),
        ("iterations", f"{run.k[0]} to {run.k[-1]}, {len(run.k)} recorded"),
        ("gap", f"{first} to {last}"),
        ("status", f"{run.status.name}: {run.status.value}"),
    ]
    return html_table("Run", rows)


def mdp_html(mdp) -> str:
    """An MDP as a table."""
    kind = "sparse" if mdp.sparse else "dense"
    rows = [
        ("states", mdp.n_states),
        ("actions", f"{mdp.n_actions}{'' if mdp.actions is None else ', not all everywhere'}"),
        ("gamma", mdp.gamma),
        ("transitions", f"{kind}, {mdp.n_nonzeros} of {mdp.n_states**2 * mdp.n_actions}"),
        ("rewards", f"{mdp.r.min():.6g} to {mdp.r.max():.6g}"),
    ]
    return html_table(f"MDP {mdp.name}", rows)


def verdict_html(verdict) -> str:
    """What a theorem says of a run, as a table."""
    theorem = verdict.theorem
    rows = [("claim", theorem.claim), ("source", theorem.source), ("found", verdict.found)]
    return html_table(f"Theorem {theorem.id}", rows)


def verdicts_html(verdicts) -> str:
    """Verdicts as a table, those that apply first."""
    ordered = sorted(verdicts, key=lambda verdict: not verdict.applies)
    cells = ([v.theorem.id, v.theorem.claim, v.found] for v in ordered)
    lines = ("".join(f"<td>{escape(cut(text, 200))}</td>" for text in row) for row in cells)
    body = "".join(f"<tr style='text-align:left'>{line}</tr>" for line in lines)
    heads = "".join(f"<th>{head}</th>" for head in ("theorem", "claim", "found"))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _said(mdp) -> str:
    return f"{mdp.name}, {mdp.n_states} states, {mdp.n_actions} actions, gamma = {mdp.gamma}"
