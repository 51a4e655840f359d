"""Tables say what was found, in Markdown, as CSV and as records."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from tabular_pg import NaturalPG, check, instances, optimize
from tabular_pg.report import (
    VerdictRow,
    csv_table,
    markdown_table,
    run_records,
    verdict_csv,
    verdict_rows,
    verdict_table,
)
from tabular_pg.verdicts.verdict import Violation

RUN = optimize(instances.two_armed_bandit(gap=0.5), NaturalPG(1.0), 100)
ROWS = verdict_rows("rates", "bandit", [RUN])


def cells(table):
    """By the first cell of every row."""
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    return lines[0], {line[0]: line for line in lines[2:]}


def test_markdown():
    table = markdown_table(["a", "b"], [[1, "x|y"], (0.5, None)])
    assert table == "| a | b |\n|---|---|\n| 1 | x\\|y |\n| 0.5 | None |\n"
    assert markdown_table(["a"], []) == "| a |\n|---|\n"


def test_csv_is_read_back_as_it_was():
    table = csv_table(["a", "b"], ([i, text] for i, text in enumerate(['x,"y"', "z\nz"])))
    assert list(csv.reader(io.StringIO(table))) == [["a", "b"], ["0", 'x,"y"'], ["1", "z\nz"]]
    assert csv_table(["a"], [[0.1 + 0.2], [None]]) == 'a\n0.30000000000000004\n""\n'


@pytest.mark.parametrize("writer", [markdown_table, csv_table])
def test_rows_that_do_not_fit_are_refused(writer):
    with pytest.raises(ValueError, match=r"rows\[1\] is \[3\] with 1 cells; expected 2"):
        writer(["a", "b"], [[1, 2], [3]])
    with pytest.raises(ValueError, match=r"heads\[0\] is 1; expected text"):
        writer([1], [])
    with pytest.raises(ValueError, match=r"rows\[0\] is 'ab'; expected a sequence of cells"):
        writer(["a", "b"], ["ab"])


def test_every_theorem_that_applies_is_a_row_of_the_table():
    heads, lines = cells(verdict_table(ROWS))
    assert heads == ["theorem", "claim", "bandit"]
    applies = {v.theorem.id: v for v in check(RUN) if v.applies}
    assert lines.keys() == applies.keys() and len(lines) < len(ROWS)
    assert lines["N1"][2].startswith(f"holds in 1, slack {applies['N1'].slack:.3g}")


def test_a_violation_is_what_a_cell_says_first():
    (row,) = (row for row in ROWS if row.verdict.theorem.id == "N1")
    wrong = replace(row.verdict, holds=False, first_violation=Violation(7, 2.0, 1.0))
    rows = [row, VerdictRow("rates", "bandit", RUN, wrong), row._replace(instance="garnet")]
    heads, lines = cells(verdict_table(rows))
    assert heads[2:] == ["bandit", "garnet"]
    assert lines["N1"][2] == "VIOLATED in 1 of 2 (k = 7: 2 against 1)"
    assert lines["N1"][3].startswith("holds in 1")
    outcomes = [line["outcome"] for line in csv.DictReader(io.StringIO(verdict_csv(rows)))]
    assert outcomes == ["holds", "violated", "holds"]


def test_every_verdict_is_a_line_of_the_csv():
    lines = list(csv.DictReader(io.StringIO(verdict_csv(ROWS))))
    assert [line["theorem"] for line in lines] == [v.theorem.id for v in check(RUN)]
    silent = [line for line in lines if line["outcome"] == "n/a"]
    assert silent and all(line["why_not"] and line["slack"] == "nan" for line in silent)
    assert {line["rule"] for line in lines} == {repr(RUN.rule)}


def test_records_say_what_was_run():
    other = optimize(RUN.mdp, NaturalPG(1.0), 10, policy=[[0.3, 0.7]])
    first, second = run_records([*ROWS, *verdict_rows("rates", "bandit", [other])])
    assert (first["start"], first["iterations"], first["rho"]) == ("uniform", 100, "uniform")
    assert second["start"] == [[pytest.approx(0.3), pytest.approx(0.7)]]
    found = {v.theorem.id: v.found for v in check(RUN) if v.theorem.regularized is not True}
    assert first["theorems"] == found


def test_what_are_no_runs_is_refused():
    with pytest.raises(ValueError, match=r"runs\[0\] is .*; expected runs"):
        verdict_rows("rates", "bandit", [RUN.mdp])
    with pytest.raises(ValueError, match=r"rows\[0\] is .*; expected rows of verdicts"):
        verdict_table([RUN])
