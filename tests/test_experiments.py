"""What experiments rest on: runs that resume, equal budgets, and how outcomes are computed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "experiments"))

import dapo_claims  # noqa: E402
import jobs  # noqa: E402
import reward_claims  # noqa: E402
from dapo_methods import METHODS, ROUNDS  # noqa: E402
from dapo_problems import SUCCESS, problem, success  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12


def noted(folder, number):
    """A job that leaves a trace of every time it is run."""
    with open(Path(folder) / "calls", "a") as calls:
        calls.write(f"{number}\n")
    if number < 0:
        raise RuntimeError("a job failed")
    return number**2


def calls(folder):
    return sorted(int(line) for line in (folder / "calls").read_text().split())


def test_a_failed_run_goes_on_where_it_was(tmp_path):
    partial = tmp_path / "partial.json"
    with pytest.raises(RuntimeError, match="a job failed"), jobs.resumed(partial) as run:
        assert run(noted, [(str(tmp_path), n) for n in (2, 3, 2)]) == [4, 9, 4]
        run(noted, [(str(tmp_path), -1)])
    assert calls(tmp_path) == [-1, 2, 3] and partial.exists()
    with jobs.resumed(partial) as run:
        assert run(noted, [(str(tmp_path), n) for n in (2, 3, 4)]) == [4, 9, 16]
    assert calls(tmp_path) == [-1, 2, 3, 4] and not partial.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["calls"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("garbage{", "no record"),
        ("", "no record"),
        ("[]", "no record"),
        ('{"a": 1}', "no record"),
        (json.dumps({"code": "of yesterday", "results": {}}), "the code has changed"),
    ],
)
def test_what_cannot_be_used_is_said_and_done_again(tmp_path, capsys, content, why):
    partial = tmp_path / "partial.json"
    partial.write_text(content)
    with jobs.resumed(partial) as run:
        assert run(noted, [(str(tmp_path), 5)]) == [25]
    assert f"{partial} is not used: " in capsys.readouterr().err
    assert not partial.exists()


def test_an_interruption_keeps_what_was_done(tmp_path):
    partial = tmp_path / "partial.json"
    with pytest.raises(SystemExit, match="the next call goes on"), jobs.resumed(partial) as run:
        run(noted, [(str(tmp_path), 3)])
        raise KeyboardInterrupt
    assert list(json.loads(partial.read_text())["results"].values()) == [9]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("tree", [False, True])
def test_every_method_uses_the_steps_it_may(name, tree):
    mdp, policy = problem(6, tree, "uniform")
    method, grid = METHODS[name]
    allowed = ROUNDS * 24 * mdp.horizon * mdp.n_roots
    trained, steps = method(mdp, policy, 24, grid[-1], 0)
    assert trained.shape == policy.shape
    if name.startswith("Algorithm 1"):  # whole completions of all states, or none
        assert 0.85 * allowed < steps <= allowed
    else:
        assert steps == allowed
    assert method(mdp, policy, 24, grid[-1], 0)[1] == steps


@pytest.mark.parametrize("base", SUCCESS)
def test_base_policies_have_the_success_they_are_named_for(base):
    merged, tree = problem(6, False, base), problem(6, True, base)
    assert success(*merged) == pytest.approx(success(*tree), rel=1e-12)
    if SUCCESS[base] is not None:
        assert success(*merged) == pytest.approx(SUCCESS[base], rel=1e-9)


def test_outcomes_of_claims():
    cell = dapo_claims.Cell
    pairs = [(cell(9, 0.9, 0.05), cell(9, 0.5, 0.1)), (cell(9, 0.5, 0.1), cell(9, 0.6, 0.1))]
    better, even = pairs[:1], pairs[1:]
    worse = [(b, a) for a, b in better]
    assert dapo_claims.counted(pairs + worse) == (1, 1, 1)
    for chosen, outcome in (
        (better, "reproduced"),
        (better + even, "reproduced"),
        (better + 2 * even, "depends"),
        (better + worse, "depends"),
        (even, "not reproduced"),
        (worse, "not reproduced"),
    ):
        assert dapo_claims.counted(chosen).outcome == outcome
    assert dapo_claims.together(["depends", "depends"]) == "depends"
    assert dapo_claims.together(["reproduced", "not reproduced"]) == "depends"


def test_paired_differences_count_beyond_their_intervals():
    noise = np.array([-1.0, 0.5, 1.5, -0.5, -0.5])
    assert reward_claims.counted([3 + noise, noise, -3 + noise, 4 + noise]) == (2, 1, 1)


@pytest.mark.parametrize(("mark", "name"), [("claims", "dapo"), ("reward claims", "reward")])
def test_the_readme_has_the_present_tables_of_claims(mark, name):
    readme = (ROOT / "README.md").read_text()
    table = readme.split(f"<!-- {mark} -->\n")[1].split(f"<!-- /{mark} -->")[0]
    assert table == (ROOT / "figures" / f"{name}_claims.md").read_text()
