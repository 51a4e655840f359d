"""The exit status is a verdict: 1 says certified, 0 says survived, and nothing else may."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tabular_pg import MDP, REGISTRY, Space, method, optimum, theorem
from tabular_pg.cli import main
from tabular_pg.search import worst_case
from tabular_pg.search.candidates.optimum import plain_optimum

STATEMENTS = Path(__file__).resolve().parents[2] / "docs" / "examples" / "statements"
SMALL = ["--budget", "1500", "--iterations", "10"]
HEAD = "from tabular_pg import NaturalPG, theorem\n\n\n"
ONE = HEAD + '@theorem("XR", "one", rules=(NaturalPG,))\ndef one(run):\n    """One."""\n    return '


@pytest.fixture(autouse=True)
def _as_it_was():
    """What statements register is gone after a test."""
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)


def status(capsys, *arguments):
    try:
        main(["refute", *map(str, arguments)])
        code = 0
    except SystemExit as ended:
        code = ended.code
    return code, *capsys.readouterr()


def test_a_false_statement_is_refuted(capsys):
    code, out, _ = status(capsys, STATEMENTS / "monotone_up_to_five.py", *SMALL, "--json")
    found = json.loads(out)
    assert code == 1 and found["refuted"] and found["instance"]["ratio"] > 1


def test_a_true_statement_survives(capsys):
    code, out, _ = status(capsys, STATEMENTS / "monotone_for_all_steps.py", *SMALL)
    assert code == 0 and "survives" in out and "NaturalPG" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise SystemExit(0)", "raised SystemExit"),
        ("import sys; sys.exit(1)", "raised SystemExit"),
        ("1 / 0", "raised ZeroDivisionError"),
        ("x = 1", "registers none"),
        (ONE + "undefined", "its formula raised NameError"),
    ],
)
def test_errors_are_no_verdicts(text, said, tmp_path, capsys):
    (tmp_path / "mine.py").write_text(text + "\n")
    code, out, error = status(capsys, tmp_path / "mine.py", "--budget", "100")
    assert code == 2 and said in error and not out


def test_an_error_that_nobody_expects_is_no_refutation(tmp_path, monkeypatch, capsys):
    def broken(*arguments, **options):
        raise ImportError("python-flint is missing")

    monkeypatch.setattr("tabular_pg.search.conjecture.worst_case", broken)
    code, _, error = status(capsys, STATEMENTS / "monotone_up_to_five.py")
    assert code == 2 and "python-flint is missing" in error


def test_a_reader_who_stops_reading_changes_no_verdict():
    command = [sys.executable, "-m", "tabular_pg", "refute"]
    command += [str(STATEMENTS / "monotone_up_to_five.py"), *SMALL]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.wait() == 1


class Unproved(NamedTuple):
    eta: float


@method(Unproved, space=Space.SOFTMAX)
def unproved(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.x[s, a] += rule.eta * point.A[s, a]


def test_a_violation_of_a_method_without_an_exact_update_says_so():
    @theorem("XU", "the error is halved", rules=(Unproved,))
    def halved(run):
        """e_{k+1} <= e_k / 2."""
        return run.value_gap[1:], run.value_gap[:-1] / 2

    with pytest.raises(ValueError, match=r"violate XU .*tabular_pg\.certified\.update"):
        worst_case(halved, Unproved, n_states=1, n_actions=2, gamma=0.5, iterations=5, budget=200)


@pytest.mark.parametrize("small", [1e-15, 1e-9, 3e-17])
def test_small_rewards_beside_large_ones_are_no_ties(small):
    P = np.zeros((2, 2, 2))
    P[0, :, 0] = P[1, :, 1] = 1.0
    r = np.array([[1.0, 0.0], [small, 0.0]])
    assert (plain_optimum(P, r, 0.9)[3] == optimum(MDP(P, r, 0.9)).optimal).all()
