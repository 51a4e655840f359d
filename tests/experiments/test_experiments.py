"""What experiments rest on: scripts that run from a clone, their one list, equal budgets."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import experiments.__main__ as scripts
from experiments.__main__ import SCRIPTS
from experiments.__main__ import main as run_scripts
from experiments.rates import CLAIMS
from experiments.reasoning.methods import METHODS, ROUNDS
from experiments.reasoning.problems import SUCCESS, problem, success

ROOT = Path(__file__).resolve().parents[2]


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


class Noted:
    """In the place of processes, which end at their third look with the ``codes``."""

    def __init__(self, codes):
        self.codes, self.run, self.alive, self.most = iter(codes), [], 0, 0

    def __call__(self, command, stdout, stderr):
        self.run.append([str(part) for part in command[1:]])
        self.alive += 1
        self.most = max(self.most, self.alive)
        looks, noted = iter([None, None]), self

        class Process:
            returncode = next(self.codes)

            def poll(self):
                if next(looks, "over") is None:
                    return None
                noted.alive -= 1
                return self.returncode

        return Process()


@pytest.fixture
def planned(monkeypatch):
    """planned(arguments, codes): its processes, noted, and how it exits."""
    monkeypatch.setattr(scripts.time, "sleep", lambda seconds: None)

    def run(arguments, codes=200 * (0,)):
        noted = Noted(codes)
        monkeypatch.setattr(subprocess, "Popen", noted)
        with pytest.raises(SystemExit) as ended:
            run_scripts(arguments)
        return noted, ended.value.code

    return run


def names(noted, folder):
    """The scripts of a folder in order, with their arguments."""
    paths = [(Path(path), *its) for path, *its in noted.run]
    return [(path.stem, *its) for path, *its in paths if path.parent.name == folder]


@pytest.mark.parametrize("jobs", [1, 2])
def test_scripts_of_the_list_are_run_until_one_fails(planned, jobs):
    noted, code = planned(["--quick", "--out", "there", "--jobs", str(jobs)], [0, 3, 0])
    assert code == 3 and noted.most == jobs
    assert noted.run == [
        [str(ROOT / "experiments" / script.path), "--quick", "--out", "there"]
        for script in list(SCRIPTS.values())[:2]
    ]


def test_a_name_may_be_that_of_several_scripts(planned, capsys):
    noted, _ = planned(["literature", "dapo_budget"])
    assert len(noted.run) == len(scripts.LITERATURE) + 1
    again, _ = planned(["literature_xiao2022", "literature"])
    assert len(again.run) == len(scripts.LITERATURE)  # none twice
    assert planned(["litera"])[1] == planned(["rates", "--jobs", "0"])[1] == 2
    said = capsys.readouterr().err
    assert "name is 'litera'; expected figures, or some of rates, " in said
    assert "--jobs is 0; expected a number >= 1" in said


def test_scripts_at_a_time_are_heard_one_after_the_other(tmp_path, monkeypatch, capfd):
    for name, seconds in (("slow", 0.4), ("fast", 0)):
        text = f"import time\nprint('{name}', flush=True)\ntime.sleep({seconds})\nprint('{name}')"
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(scripts, "HERE", tmp_path)
    monkeypatch.setattr(
        scripts, "SCRIPTS", {x: scripts.Script(f"{x}.py") for x in ("slow", "fast")}
    )
    with pytest.raises(SystemExit, match="0"):
        run_scripts(["slow", "fast", "--jobs", "2"])
    assert capfd.readouterr().out.split() == ["fast", "fast", "slow", "slow"]


@pytest.mark.parametrize("folder", ["reasoning", "preference"])
def test_claims_are_made_after_the_runs_that_they_are_about(planned, folder):
    *studies, full, quick = names(planned(["figures"])[0], folder)
    assert (full, quick) == (("claims",), ("claims", "--quick"))
    of_folder = {path.stem for path in SCRIPTS_HERE if path.parent.name == folder} - {"claims"}
    assert {name for name, *its in studies if its == ["--quick"]} == of_folder
    given = ["--quick", "--out", "there"]
    noted, _ = planned([*given, "--jobs", "2"])
    *studies, claims = names(noted, folder)
    assert claims == ("claims", *given) and {name for name, *_ in studies} == of_folder
    assert all(its == given for _, *its in studies)


@pytest.mark.parametrize(
    "wrong",
    [[], ["nothing"], ["figures", "rates"], ["figures", "--quick"]],
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
