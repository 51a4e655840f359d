"""What experiments rest on: runs that resume, equal budgets, and how outcomes are computed."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from experiments.__main__ import SCRIPTS
from experiments.__main__ import main as run_scripts
from experiments.preference import claims as reward_claims
from experiments.rates import CLAIMS
from experiments.reasoning import claims as dapo_claims
from experiments.reasoning.methods import METHODS, ROUNDS
from experiments.reasoning.problems import SUCCESS, problem, success
from experiments.shared import jobs

ROOT = Path(__file__).resolve().parents[2]

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


def test_results_may_be_numbers_of_numpy(tmp_path):
    partial = tmp_path / "partial.json"
    with pytest.raises(RuntimeError, match="stop here"), jobs.resumed(partial) as run:
        (first,) = run(counted, [(3,)])
        raise RuntimeError("stop here")
    assert first == {"n": 3, "squares": [0.0, 1.0, 4.0], "pair": [True, None]}
    with jobs.resumed(partial) as run:
        assert run(counted, [(3,)]) == [first]


def counted(n):
    return {"n": np.int64(n), "squares": np.arange(n) ** 2.0, "pair": (np.True_, None)}


LONG = """
import os, sys, time
sys.path.insert(0, {root!r})
from experiments.shared import jobs

def mark(done, total, text):
    open({partial!r} + f".{{done}}", "w").close()

jobs.progress = mark

def work(n):
    open(os.path.join({folder!r}, f"{{n}} {{os.getpid()}}"), "w").close()
    time.sleep(600.0 if n > 5 else 0.0)
    return n

if __name__ == "__main__":
    with jobs.resumed({partial!r}) as run:
        run(work, [(n,) for n in range(20)])
"""


def started(folder):
    """Names of jobs that have started, and the processes that work on them."""
    pairs = [name.split() for name in os.listdir(folder)]
    return {int(n) for n, _ in pairs}, {int(process) for _, process in pairs}


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def waited_for(condition, seconds=60.0):
    """Whether it comes true; the limit is only there so that a failure ends."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def as_in_a_terminal():
    """Signals act, also where the tests run in the background or under nohup."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_a_run_keeps_its_results_and_leaves_no_worker(tmp_path, number):
    folder, partial, script = tmp_path / "jobs", tmp_path / "partial.json", tmp_path / "long.py"
    folder.mkdir()
    script.write_text(LONG.format(root=str(ROOT), folder=str(folder), partial=str(partial)))
    run = subprocess.Popen(
        [sys.executable, script], stderr=subprocess.PIPE, text=True,
        preexec_fn=as_in_a_terminal,
    )  # fmt: skip
    try:
        assert waited_for(lambda: max(started(folder)[0], default=0) > 5)
        assert waited_for(Path(f"{partial}.6").exists)  # the results of the short jobs are known
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
    finally:
        run.kill()
    workers = started(folder)[1]
    assert waited_for(lambda: not any(map(alive, workers)))
    if number is not signal.SIGKILL:
        assert "the next call goes on from here" in said and run.returncode == 1
        assert sorted(json.loads(partial.read_text())["results"].values()) == list(range(6))


@pytest.mark.parametrize("script", ["rates.py", "policy_gradient/natural_pg.py"])
def test_scripts_run_from_a_clone_that_is_not_installed(tmp_path, script):
    """Where no other copy of the package is on the path, and from any folder."""
    script = ROOT / "experiments" / script
    code = (
        "import runpy, sys\n"
        f"sys.path[:] = [p for p in sys.path if 'tabular' not in p and p != {str(ROOT)!r}]\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f).lower()]\n"
        f"sys.path.insert(0, {str(script.parent)!r})\n"
        f"sys.argv = [{script.name!r}, '--help']\n"
        f"runpy.run_path({str(script)!r}, run_name='__main__')\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "--quick" in done.stdout


def test_what_a_clone_lacks_is_named():
    code = (
        "import sys\nfrom importlib import util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name: None if name in ('numba', 'tqdm') else find(name)\n"
        f"sys.path.insert(0, {str(ROOT / 'experiments')!r})\nimport clone\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "numba, tqdm: not installed for" in done.stderr and "pip install" in done.stderr


def is_script(path):
    return path.name != "__main__.py" and 'if __name__ == "__main__":' in path.read_text()


SCRIPTS_HERE = [path for path in sorted((ROOT / "experiments").rglob("*.py")) if is_script(path)]


@pytest.mark.parametrize("path", SCRIPTS_HERE, ids=lambda path: path.stem)
def test_every_script_finds_the_packages_first(path):
    statements = ast.parse(path.read_text()).body
    while not isinstance(statements[0], ast.If):  # a docstring, and what must come before all else
        first, *statements = statements
        assert isinstance(first, ast.Expr) or first.module == "__future__", ast.unparse(first)
    assert ast.unparse(statements[0]) == "if __name__ == '__main__':\n    import clone"


def test_the_list_of_scripts_is_whole():
    of_rates = {path for path in SCRIPTS_HERE if "\nCLAIM = " in path.read_text()}
    listed = {ROOT / "experiments" / script.path for script in SCRIPTS.values()}
    assert listed == set(SCRIPTS_HERE) - of_rates
    assert of_rates == {Path(sys.modules[claim.panel.__module__].__file__) for claim in CLAIMS}


def test_scripts_of_the_list_are_run_until_one_fails(monkeypatch):
    run, codes = [], iter([0, 3, 0])

    class Process:
        def __init__(self, command):
            run.append([str(part) for part in command[1:]])

        def wait(self):
            return next(codes)

    monkeypatch.setattr(subprocess, "Popen", Process)
    with pytest.raises(SystemExit, match="3"):
        run_scripts(["--quick", "--out", "there"])
    first, second = list(SCRIPTS.values())[:2]
    assert [its[1:] for its in run] == 2 * [["--quick", "--out", "there"]]
    assert [Path(its[0]) for its in run] == [
        ROOT / "experiments" / script.path for script in (first, second)
    ]


@pytest.mark.parametrize(
    "wrong",
    [[], ["nothing"], ["figures", "rates"], ["figures", "--quick"], ["dapo_claims", "--quick"]],
)
def test_scripts_that_nobody_can_mean_are_refused(wrong, capsys):
    with pytest.raises(SystemExit, match="2"):
        run_scripts(wrong)
    assert "expected" in (said := capsys.readouterr().err) or "alone" in said


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
