"""Results are named numbers: figures, tables and claims are made from what was just recorded."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from experiments.preference import claims as reward_claims
from experiments.reasoning import claims as dapo_claims
from experiments.shared import paper_claims
from experiments.shared.command_line import FIGURES
from experiments.shared.estimates import (
    Estimate,
    Score,
    as_kept,
    counted,
    curve,
    estimate,
    estimates,
    log_curve,
    only,
    read,
    select,
    table,
)
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import Panel

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12
NOISE = np.array([-1.0, 0.5, 1.5, -0.5, -0.5])
CLAIMS = {"dapo_claims": dapo_claims, "reward_claims": reward_claims}


def test_an_estimate_is_students_interval():
    found = estimate([1.0, 2.0, 3.0])
    assert found == {"mean": 2.0, "half_width": pytest.approx(4.302653 / 3**0.5), "n": 3}
    assert estimate([1.0, None]) is None and estimate([np.nan, 1.0]) is None
    both = estimates([{"a": 1.0, "b": None}, {"a": 3.0, "b": 2.0}])
    assert both["a"].mean == 2.0 and both["b"] is None


def test_estimates_are_formatted_like_numbers():
    found = Estimate(mean=0.98765, half_width=0.0123, n=5)
    assert f"{found:.3f}" == "0.988 +- 0.012"
    assert f"{found:+.2f}" == "+0.99 +- 0.01"
    assert f"{found:p1}" == "98.8 +- 1.2" and f"{found:+p2}" == "+98.77 +- 1.23"
    assert f"{found:.3g}" == "0.988 +- 0.01"
    assert f"{Estimate(found, mean=0.9635):p1}" == f"{96.35:.1f} +- 1.2"  # 100 * 0.9635 is above


def test_records_come_back_from_files_as_they_were():
    record = {"quick": False, "results": {"a b": [estimate([1.0, 2.0]), None, np.float64(3.0)]}}
    kept = as_kept(record)
    assert kept == record and isinstance(kept["results"]["a b"][0], Estimate)
    assert read(json.dumps(kept)) == kept


def test_tables_are_made_from_rows():
    rows = [{"a b": 0.5, "c": estimate([1.0, 3.0]), "d": {"e": [None, 7]}, "f": "text"}]
    columns = {"A": "{a b:.2f}", "C": "{c.mean:g}", "E": "{d[e][0]:.1f}{d[e][1]}", "F": "{f:p1}"}
    assert table(columns, rows).splitlines()[-1] == "| 0.50 | 2 | -7 | text |"


def test_rows_are_found_by_their_entries():
    rows = [{"a": 1, "b": 2}, {"a": 1, "b": 3}]
    assert select(rows, a=1) == rows and only(rows, a=1, b=3) == rows[1]
    with pytest.raises(ValueError, match="unpack"):
        only(rows, a=1)


def test_curves_have_intervals_where_something_is_known():
    found = [Estimate(mean=0.9, half_width=0.2, n=5), None]
    drawn = curve("a", [0.0, 1.0], found, (0, 1))
    np.testing.assert_allclose(drawn.band[0], [0.7, np.nan])
    np.testing.assert_allclose(drawn.band[1], [1.0, np.nan])
    drawn = log_curve("a", [0.0, 1.0], [Estimate(mean=1.0, half_width=2.0, n=5), None], 0.1)
    np.testing.assert_allclose(drawn.band[0], [-1.0, np.nan])
    np.testing.assert_allclose(drawn.measured, [0.0, np.nan])


def test_paired_differences_count_beyond_their_intervals():
    score = counted(map(estimate, (3 + NOISE, NOISE, -3 + NOISE, 4 + NOISE)))
    assert score == (2, 1, 1) and score.other_way == (1, 1, 2)


def test_outcomes_of_claims():
    def of(mean, half):
        return Estimate(mean=mean, half_width=half, n=5)

    pairs = [(of(0.9, 0.05), of(0.5, 0.1)), (of(0.5, 0.1), of(0.6, 0.1))]
    better, even = pairs[:1], pairs[1:]
    worse = [(b, a) for a, b in better]
    assert dapo_claims.apart(pairs + worse) == (1, 1, 1)
    for chosen, outcome in (
        (better, "reproduced"),
        (better + even, "reproduced"),
        (better + 2 * even, "depends"),
        (better + worse, "depends"),
        (even, "not reproduced"),
        (worse, "not reproduced"),
    ):
        assert dapo_claims.apart(chosen).outcome == outcome
    assert paper_claims.together(["depends", "depends"]) == "depends"
    assert paper_claims.together(["reproduced", "not reproduced"]) == "depends"
    assert Score(0, 1, 0).outcome == "not reproduced"


def squared(number, seed):
    return {"square": number**2 + seed}


def results(run, numbers, seeds):
    found = over_seeds(run, squared, [(n,) for n in numbers], seeds)
    return {
        "squares": [
            {"number": n} | estimates(of_seeds) for n, of_seeds in zip(numbers, found, strict=True)
        ]
    }


def panels(found):
    x = [row["number"] for row in found["squares"]]
    drawn = curve("squares", x, [row["square"] for row in found["squares"]])
    yield Panel("squares", "number", "square", (drawn,), y_log=False)


STUDY = Study(
    "study",
    "Are squares above their numbers?",
    full={"numbers": (1, 2, 3), "seeds": range(3)},
    quick={"numbers": (1, 2), "seeds": range(2)},
    results=results,
    tables=lambda found: [table({"n": "{number}", "square": "{square:.1f}"}, found["squares"])],
    figures={"study": panels, "study_again": panels},
    constants={"power": 2},
    violated=lambda found: [f"{r['number']}" for r in found["squares"] if r["number"] == 3],
)


def test_a_study_keeps_one_record_and_makes_everything_of_it(tmp_path, capsys):
    with pytest.raises(SystemExit, match="0"):
        STUDY.main(["--quick", "--out", str(tmp_path)])
    made = {path.name for path in tmp_path.iterdir()}
    kinds = ("csv", "json", "pdf", "png")
    assert made == {"study.md", *(f"{n}.{k}" for n in STUDY.figures for k in kinds)}
    record = read((tmp_path / "study.json").read_text())
    assert record["quick"] is True and record["settings"]["seeds"] == [0, 1]
    assert record["settings"]["power"] == 2
    assert only(record["results"]["squares"], number=2)["square"] == estimate([4, 5])
    other = json.loads((tmp_path / "study_again.json").read_text())
    assert other["results"] == "in study.json"
    assert (tmp_path / "study.md").read_text().splitlines()[-1].startswith("| 2 | 4.5 +- ")
    assert "results are in" in capsys.readouterr().out


def test_a_study_in_which_something_is_violated_fails(tmp_path):
    with pytest.raises(SystemExit, match="1"):
        STUDY.main(["--out", str(tmp_path)])
    assert json.loads((tmp_path / "study.json").read_text())["quick"] is False


def claim(results):
    found = only(results("study")["squares"], number=1)["square"]
    return [paper_claims.Claim("squares are above", f"{found:.1f}", paper_claims.outcome(True))]


@pytest.mark.parametrize("quick", [True, False])
def test_claims_are_about_the_run_that_was_just_made(tmp_path, quick):
    record = {"quick": quick, "results": {"squares": [{"number": 1, "square": estimate([5, 5])}]}}
    (tmp_path / "study.json").write_text(json.dumps(record))
    paper_claims.main("claims", "Squares.", claim, ["--out", str(tmp_path)])
    text = (tmp_path / "claims.md").read_text()
    assert "| squares are above | 5.0 +- 0.0 | reproduced |  |" in text
    assert text.startswith("**Of quick runs (study)") is quick
    assert ("outcome of quick runs" in text) is quick


def test_claims_without_a_run_are_refused(tmp_path):
    with pytest.raises(SystemExit, match="study.json is not there; python -m experiments study"):
        paper_claims.main("claims", "Squares.", claim, ["--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", CLAIMS)
def test_the_tables_of_claims_are_those_of_the_records(name, tmp_path):
    """Decided on numbers that are not rounded, whatever the tables of the studies show."""
    for path in FIGURES.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    module = CLAIMS[name]
    paper_claims.main(name, module.__doc__, module.claims, ["--out", str(tmp_path)])
    kept = f"{name}.md"
    assert (tmp_path / kept).read_text() == (FIGURES / kept).read_text()


def texts(found):
    """Every entry that is text."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict | list):
        for value in found.values() if isinstance(found, dict) else found:
            yield from texts(value)


@pytest.mark.parametrize("path", sorted(FIGURES.glob("*.json")), ids=lambda path: path.stem)
def test_no_record_holds_numbers_as_text(path):
    results = json.loads(path.read_text()).get("results", {})
    assert not [text for text in texts(results) if re.fullmatch(r"[-+.%\d ]+", text)]
