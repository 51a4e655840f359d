"""Reports from the shell, and what is read before a command."""

from __future__ import annotations

import sys

import pytest

from support.command_line import said
from tabular_pg import instances
from tabular_pg.engine.method import METHODS

OWN = """
from typing import NamedTuple
from tabular_pg import Space, method

class Halved(NamedTuple):
    eta: float

@method(Halved, space=Space.SOFTMAX)
def halved(rule, k, problem, point):
    point.x[:] = point.x + rule.eta / 2 * point.A
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    pytest.importorskip("jinja2")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_models_of_one_name_are_two_columns(folder):
    models = "garnet(4, 2, 2, 0.9, seed=0)", "garnet(4, 2, 2, 0.9, seed=1)"
    done = said("report", *models, "--method", "NaturalPG(1.0)", "-n", "20", "--out", "page.html")
    assert (done.code, done.out) == (0, "page.html\n")
    page = (folder / "page.html").read_text()
    assert all(f'<button type="button">{model}</button>' in page for model in models)
    assert f"mdp = instances.{models[0]}" in page or f"mdp = instances.{models[1]}" in page


def test_a_saved_run_is_named_in_the_code(folder):
    said("run", "garnet(20, 4, 5, 0.9)", "NaturalPG(1.0)", "-n", "5", "--out", "run.npz")
    assert said("report", "run.npz", "--out", "page.html").code == 0
    page = (folder / "page.html").read_text()
    assert "from tabular_pg import NaturalPG, Run, check, optimize" in page
    assert "mdp = Run.load(&#39;run.npz&#39;).mdp" in page


def test_the_same_model_twice_is_refused(folder):
    instances.garnet(4, 2, 2, 0.9).save("a.npz")
    done = said("report", "a.npz", "a.npz", "--method", "NaturalPG(1)", "--out", "page.html")
    assert done.code == 2 and "models[1] is 'a.npz', as one before it" in done.err
    assert not (folder / "page.html").exists()


def test_a_method_of_ones_own_is_read_before(folder):
    (folder / "mine.py").write_text(OWN)
    made = said("run", "river_swim()", "mine.py:Halved(0.5)", "-n", "5", "--out", "own.npz")
    assert made.code == 0, made.err
    for name in [name for name in sys.modules if name.startswith("_tabular_pg_file_")]:
        sys.modules.pop(name)  # as in another process
    for rule in [rule for rule in METHODS if rule.__name__ == "Halved"]:
        METHODS.pop(rule)
    lost = said("check", "own.npz")
    assert lost.code == 2 and "'Halved' of the module 'mine'" in lost.err
    assert "--load FILE.py" in lost.err
    found = said("--load", "mine.py", "check", "own.npz")
    assert found.code == 0 and "Halved(eta=0.5)" in found.out
    assert said("--load", "none.py", "check", "own.npz").code == 2


def test_what_is_absent_or_damaged_is_said(folder):
    assert said("check", "absent.npz").err == "error: absent.npz: No such file or directory\n"
    (folder / "text.npz").write_text("hello")
    assert "text.npz is not a file of a saved Run" in said("check", "text.npz").err
