"""Every command does what it says, prints it, and its exit code says how it went."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import tabular_pg
from support.command_line import said
from tabular_pg import MDP, REGISTRY, NaturalPG, Run, Status, check, instances, optimize, optimum
from tabular_pg.references import ENTRIES
from tabular_pg.report import bibtex


def test_version_and_help():
    assert said("--version").out == f"tabular-pg, version {tabular_pg.__version__}\n"
    bare = said()
    assert bare.code == 2 and not bare.out and bare.err.startswith("Usage: tabular-pg [OPTIONS]")
    assert said("--help").code == 0


def test_theorems():
    listed = said("theorems").out
    assert all(f"{id:<4} {t.claim}" in listed for id, t in REGISTRY.items())
    told = said("theorems", "G4").out
    assert REGISTRY["G4"].statement in told and REGISTRY["G4"].reference in told
    assert said("theorems", "--markdown").out.startswith("| id | claim | rules |")


def test_theorems_as_json():
    found = {record["id"]: record for record in said("theorems", "--json").json}
    assert set(found) == set(REGISTRY)
    for id, record in found.items():
        t = REGISTRY[id]
        assert (record["claim"], record["statement"]) == (t.claim, t.statement)
        assert (record["source"], record["confidence"]) == (t.source, t.confidence.name.lower())
        assert len(record["assumptions"]) == len(t.assumes)
        assert all(x["name"] and x["says"] for x in record["assumptions"]), id
        assert "return" in record["formula"] and t.statement[:30] not in record["formula"]
    (one,) = said("theorems", "N1", "--json").json
    assert one == found["N1"]


def test_methods_and_instances():
    found = said("methods", "--json").json
    (natural,) = (x for x in found["methods"] if x["name"] == "NaturalPG")
    assert natural["arguments"] == [{"name": "eta", "required": True, "default": None}]
    assert natural["sources"] == ["kakade2001", "cen2022"]
    assert {"Armijo", "Geometric"} <= {x["name"] for x in found["steps"]}
    assert "NaturalPG(eta): Softmax natural" in said("methods").out
    names = {x["name"]: x for x in said("instances", "--json").json}
    assert set(names) == {x for x in instances.__all__ if x not in ("Lumped", "from_gymnasium")}
    assert "river_swim(n_states=6, gamma=0.95): RiverSwim" in said("instances").out


def test_run():
    done = said("run", "garnet(4, 2, branching=2, gamma=0.9)", "NaturalPG(1.0)", "-n", "30")
    assert done.code == 0 and not done.err
    run = optimize(instances.garnet(4, 2, 2, 0.9), NaturalPG(1.0), 30)
    lines = [line.split() for line in done.out.splitlines()]
    rows = {int(x[0]): x[1:] for x in lines if x and x[0].isdecimal()}
    assert list(rows) == [0, 1, 2, 5, 10, 20, 30]
    assert rows[30] == [f"{run.gap[30]:.3g}", f"{run.sup_gap[30]:.3g}"]
    found = said("run", "mine.npz", "NaturalPG", "--eta", "1", "-n", "30", "--json").json
    assert found["gap"] == run.gap.tolist() and found["k"] == run.k.tolist()
    assert found["status"] == "COMPLETED" and found["model"]["states"] == 4


def test_a_run_is_kept_and_gone_on_with():
    said("run", "mine.npz", "NaturalPG(1.0)", "--iterations", "10", "--out", "ten.npz")
    assert said("run", "mine.npz", "NaturalPG(1)", "-n", "20", "--start", "ten.npz",
                "--out", "more.npz").code == 0  # fmt: skip
    whole = optimize(MDP.load("mine.npz"), NaturalPG(1.0), 30)
    np.testing.assert_allclose(Run.load("more.npz").gap, whole.gap[10:], rtol=1e-10)
    np.save("policy.npy", whole.policies[3])
    found = said("run", "mine.npz", "NaturalPG(1)", "--start", "policy.npy", "-n", "0", "--json")
    assert found.json["gap"] == pytest.approx([whole.gap[3]], rel=1e-10)


def test_gaps_below_the_range_of_floats_are_json():
    found = said("run", "two_armed_bandit(0.5)", "NaturalPG(100)", "-n", "60", "--json")
    assert found.json["gap"][-1] == 0 and found.json["log_gap"][-1] < -2000
    best = said("run", "two_armed_bandit(0.5)", "PolicyIteration()", "-n", "3", "--json").json
    assert best["status"] == "OPTIMAL" and best["log_gap"][-1] is None
    assert "10^-" in said("run", "two_armed_bandit(0.5)", "NaturalPG(100)", "-n", "60").out


def test_a_run_that_fails_has_the_exit_code_1():
    failed = said("run", "two_armed_bandit(0.5)", "SPMA(1e9)", "-n", "3")
    assert failed.code == 1 and "NOT_FINITE" in failed.out
    (line,) = failed.err.splitlines()
    assert line.startswith("warning: the gap is nan at k = 3")


def test_interrupted_runs_are_kept(monkeypatch):
    def interrupted(mdp, rule, iterations, **options):
        run = optimize(mdp, rule, 3, **options)
        object.__setattr__(run, "status", Status.INTERRUPTED)
        return run

    monkeypatch.setattr("tabular_pg.commands.models.optimize", interrupted)
    ended = said("run", "mine.npz", "NaturalPG(1)", "--out", "part.npz")
    assert ended.code == 2 and ended.err == "interrupted at k = 3\n"
    assert Run.load("part.npz").k[-1] == 3


def test_optimum():
    best = optimum(MDP.load("mine.npz"))
    found = said("optimum", "mine.npz", "--json").json
    assert found["V"] == best.V.tolist() and found["Delta"] == best.Delta
    assert found["optimal"] == best.optimal.tolist()
    assert f"Delta = {best.Delta:.6g}" in said("optimum", "mine.npz").out
    soft = said("optimum", "two_armed_bandit(0.5)", "--tau", "1", "--json").json
    assert soft["Delta"] is None and sum(soft["policy"][0]) == pytest.approx(1)
    assert "and 2 states more" in said("optimum", "gridworld(4, 13, 0.9)").out


def test_check():
    run = Run.load("run.npz")
    told = said("check", "run.npz")
    verdicts = check(run)
    assert told.code == 0
    assert [str(v) for v in verdicts if v.applies] == [
        line for line in told.out.splitlines()[2:] if not line.startswith("(")
    ]
    assert all(str(v) in said("check", "run.npz", "--all").out for v in verdicts)
    rows = said("check", "mine.npz", "NaturalPG(1.0)", "-n", "30", "--json").json["verdicts"]
    assert [(x["theorem"], x["holds"]) for x in rows] == [(v.theorem.id, v.holds) for v in verdicts]
    two = said("check", "run.npz", "--theorem", "N1,N4", "--theorem", "N2a", "--json").json
    assert [x["theorem"] for x in two["verdicts"]] == ["N1", "N4", "N2a"]


def _falsify(monkeypatch):
    """Make N1 claim that the gap is at most half of itself."""
    t = REGISTRY["N1"]
    false = type(t)(**{**t.__dict__, "formula": lambda run: (run.gap, run.gap / 2)})
    monkeypatch.setitem(REGISTRY, "N1", false)


def test_a_violation_has_the_exit_code_1(monkeypatch):
    _falsify(monkeypatch)
    told = said("check", "run.npz", "--theorem", "N1")
    assert told.code == 1 and "VIOLATED at k = 0" in told.out
    row = said("check", "run.npz", "--theorem", "N1", "--json")
    assert row.code == 1 and row.json["verdicts"][0]["violation"]["k"] == 0


def test_certify():
    pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    told = said("certify", "run.npz", "--theorem", "N1", "--digits", "15")
    assert told.code == 0 and "30 holds" in told.out
    found = said("certify", "two_armed_bandit(0.5)", "NaturalPG(1.0)", "-n", "5", "--json").json
    run = optimize(instances.two_armed_bandit(0.5), NaturalPG(1.0), 5)
    for ball, gap in zip(found["gap"], run.gap, strict=True):
        assert float(ball.strip("[").split()[0]) == pytest.approx(gap, rel=1e-9)
    assert {x["outcome"] for x in found["verdicts"] if x["applies"]} <= {"HOLDS", "ATTAINED"}


def test_a_certain_violation_has_the_exit_code_1(monkeypatch):
    pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    _falsify(monkeypatch)
    asked = "two_armed_bandit(0.5)", "NaturalPG(1)", "-n", "3", "--theorem", "N1"
    told = said("certify", *asked)
    assert told.code == 1 and "VIOLATED at k = 0" in told.out
    row = said("certify", *asked, "--json")
    assert row.code == 1 and row.json["verdicts"][0]["violation"]["k"] == 0


def test_without_flint_certify_says_how_to_get_it():
    code = "import sys; sys.modules['flint'] = None; from tabular_pg.cli import main; main()"
    command = [sys.executable, "-c", code, "certify", "run.npz"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("error: tabular_pg.certified needs")
    assert "pip install 'tabular_pg[certified]'" in done.stderr


def test_convert_there_and_back():
    mdp = MDP.load("mine.npz")
    for name, to in (("a.csv", None), ("b.tra", None), ("c.tra", "storm"), ("d.txt", "csv")):
        done = said("convert", "mine.npz", name, *(["--to", to] if to else []))
        assert done.code == 0 and done.out.startswith(name) and "no place" in done.err
        source = ["--from", "csv"] if name == "d.txt" else []
        back = said("convert", name, "back.npz", "--gamma", "0.9", *source)
        assert back.code == 0 and back.out == "back.npz\n" and not back.err
        again = MDP.load("back.npz")
        assert (again.P == mdp.P).all() and (again.r == mdp.r).all() and again.gamma == 0.9
    said("convert", "run.npz", "of_run.npz")
    assert (MDP.load("of_run.npz").r == Run.load("run.npz").mdp.r).all()


def test_environments_of_gymnasium():
    pytest.importorskip("gymnasium", reason="needs Gymnasium: tabular_pg[gymnasium]")
    said("convert", "gymnasium:FrozenLake-v1", "lake.npz", "--gamma", "0.99")
    lake = instances.frozen_lake(4)
    assert (MDP.load("lake.npz").P == lake.P).all()
    assert MDP.load("lake.npz").sources == ("towers2024",)


def test_models_and_methods_of_a_user():
    done = said("run", "mine.py:corridor(4)", "mine.py:Copied(1.0)", "-n", "5", "--json").json
    run = optimize(instances.chain(4, 0.5), NaturalPG(1.0), 5)
    assert done["gap"] == pytest.approx(run.gap.tolist(), rel=1e-12)
    assert said("run", "tabular_pg.instances:chain(4, 0.5)", "NaturalPG(1)", "-n", "1").code == 0


def test_sweep():
    done = said("sweep", "study.py", "store", "--workers", "1", "--table", "runs.csv")
    assert (done.code, done.out) == (0, "Results(2 runs finished, 0 failed, 0 missing)\n")
    rows = said("sweep", "study.py", "store", "--collect", "--json").json
    assert [row["eta"] for row in rows] == [0.1, 1.0]
    assert {row["status"] for row in rows} == {"COMPLETED"}
    assert said("cite", "runs.csv").out == bibtex(rows) == bibtex(["NaturalPG", "chain"])


def test_cite():
    assert said("cite").out == bibtex() and said("cite").out.startswith("@misc{tabular_pg,")
    run = Run.load("run.npz")
    assert said("cite", "run.npz", "P7a", "SPMA").out == bibtex([run, "P7a", "SPMA"])
    assert said("cite", "mine.npz").out == bibtex(run.mdp)
    assert said("cite", "--all").out.count("\n@") == len(ENTRIES) - 1


def test_replot(monkeypatch):
    drawn = []

    class Picture:
        def save(self, path):
            return [f"{path}.pdf"]

    def replot(csv, *, width):
        drawn.append((csv, width))
        return Picture()

    monkeypatch.setattr("tabular_pg.plotting.replot", replot, raising=False)
    assert said("replot", "figure.csv", "small", "--width", "icml").out == "small.pdf\n"
    said("replot", "figure.csv", "small", "--width", "3.3")
    assert drawn == [("figure.csv", "icml"), ("figure.csv", 3.3)]


def test_what_is_below_all_floats_is_no_zero():
    done = said("run", "garnet(4, 2, 2, 0.9)", "NaturalPG(1.0)", "--tau", "0.1", "-n", "20000")
    assert done.code == 0 and "too small" in done.out.splitlines()[-3]
    assert "UNDERFLOW" in done.out
