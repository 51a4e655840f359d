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
    latex_table,
    markdown_table,
    run_records,
    scientific,
    verdict_csv,
    verdict_latex,
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


@pytest.mark.parametrize("writer", [markdown_table, csv_table, latex_table])
def test_rows_that_do_not_fit_are_refused(writer):
    with pytest.raises(ValueError, match=r"rows\[1\] is \[3\] with 1 cells; expected 2"):
        writer(["a", "b"], [[1, 2], [3]])
    with pytest.raises(ValueError, match=r"heads\[0\] is 1; expected text"):
        writer([1], [])
    with pytest.raises(ValueError, match=r"rows\[0\] is 'ab'; expected a sequence of cells"):
        writer(["a", "b"], ["ab"])


@pytest.mark.parametrize(
    ("cell", "typeset"),
    [
        ("a_b & 50% #1 {x} ~^", r"a\_b \& 50\% \#1 \{x\} \textasciitilde{}\textasciicircum{}"),
        ("C:\\new", r"C:\textbackslash{}new"),
        ("[1, 2]", "{[}1, 2]"),
        (r"$\eta=0.1$, costs \$5", r"$\eta=0.1$, costs \textbackslash{}\$5"),
        ("costs $5", r"costs \$5"),
        ("slack 1.14e+144 <= 2", r"slack $1.14 \times 10^{144}$ $\le$ 2"),
        ("a->b>c", r"a$\to$b$>$c"),
        (1e-300, "$10^{-300}$"),
        (-2.5e-07, r"$-2.5 \times 10^{-7}$"),
        ("10^-4.69e+13", r"$10^{-4.69 \times 10^{13}}$"),
        ("10^-1234.5", "$10^{-1234.5}$"),
        (-3, "$-3$"),
        (float("inf"), r"$\infty$"),
        (float("-inf"), r"$-\infty$"),
        (None, ""),
        ("two\nlines", "two lines"),
        ("node1e5x", "node1e5x"),
    ],
)
def test_cells_are_typeset_and_escaped(cell, typeset):
    assert latex_table(["a"], [[cell]]).splitlines()[4] == typeset + r" \\"


def test_latex_is_a_tabular_with_rules():
    table = latex_table(["name", "gap", "note"], [["a", 1, "x"], ["b", "1e-400", None]])
    lines = table.splitlines()
    assert lines[0] == r"\begin{tabular}{lrl}" and lines[-1] == r"\end{tabular}"
    assert [lines[i] for i in (1, 3, 6)] == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert all(line.count(" & ") == 2 and line.endswith(r" \\") for line in lines[4:6])
    assert latex_table(["a", "b"], [], align="cr").startswith(r"\begin{tabular}{cr}")
    for wrong in ("l", "lx", 3):
        with pytest.raises(ValueError, match="align is .*; expected 2 letters l, c or r"):
            latex_table(["a", "b"], [], align=wrong)


def test_formulas_are_balanced_whatever_the_cell():
    for text in ("$", "$$", "$a", "a$b$c$", "\\$x$", "{}", "1e5$", "<$->"):
        made = latex_table(["a"], [[text]]).splitlines()[4].replace(r"\$", "")
        assert made.count("$") % 2 == 0, text


@pytest.mark.parametrize(
    ("log10", "text"),
    [
        (0.0, "1.00e+00"), (-399.9, "1.26e-400"), (2.9999, "1.00e+03"),
        (-1e6 - 0.5, "3.16e-1000001"),
        (-1.08e14, "10^-1.08e+14"), (float("-inf"), "0"), (-0.00001, "1.00e+00"),
    ],
)  # fmt: skip
def test_numbers_of_any_size_are_written_from_their_logarithms(log10, text):
    assert scientific(log10) == text
    with pytest.raises(ValueError, match="log10 is nan"):
        scientific(float("nan"))


def test_verdicts_for_latex_are_those_of_markdown():
    _, lines = cells(verdict_table(ROWS))
    made = verdict_latex(ROWS).splitlines()
    assert made[2] == r"theorem & bandit \\"
    assert [line.split(" & ")[0] for line in made[4:-2]] == list(lines)
    assert made[4 + list(lines).index("N1")].split(" & ")[1].startswith("holds in 1, slack")


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
