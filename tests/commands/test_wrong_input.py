"""What is wrong is said in one line, and the exit code is 2: 1 is for claims and for runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from support.command_line import said

COMMAND = [sys.executable, "-m", "tabular_pg"]
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")


@pytest.fixture(autouse=True)
def _wrong_files(tmp_path):
    (tmp_path / "mine.json").write_text("{}")
    (tmp_path / "broken.csv").write_text("idstatefrom,idaction\n0,0\n")
    data = bytearray((tmp_path / "run.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "damaged.npz").write_bytes(data)
    (tmp_path / "garbage.npz").write_bytes(b"garbage")
    np.save(tmp_path / "shape.npy", np.ones((1, 1)))


N1 = ("NaturalPG(1)",)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "missing.npz", *N1), "model is 'missing.npz', which is no file"),
        (("run", "missing.csv", *N1, "--gamma", "0.9"), "model is 'missing.csv', which is no file"),
        (("run", "mine.json", *N1), "expected a name that ends in .npz, .csv, .tra, or --from"),
        (("run", "damaged.npz", *N1), "damaged.npz is not a file of a saved"),
        (
            ("run", "garbage.npz", *N1),
            "garbage.npz is not a file of a saved MDP",
        ),
        (("check", "garbage.npz"), "garbage.npz is not a file of a saved Run"),
        (("run", "broken.csv", *N1, "--gamma", "0.9"), "expected idstateto, too"),
        (("run", "garnett(5)", *N1), "model is 'garnett(5)'; expected a file (.npz, .csv, .tra)"),
        (("run", "garnett(5)", *N1), "or one of garnet, bandit"),
        (("run", "chain(5)", *N1), "model is 'chain(5)': chain() missing 1 required"),
        (("run", "chain(5, 0.9, slop=1)", *N1), "got an unexpected keyword argument 'slop'"),
        (("run", "chain(5, 1.5)", *N1), "gamma is 1.5; expected a number in [0, 1]"),
        (
            ("run", "chain(5, __import__('os'))", *N1),
            "a step size or mirror map in model is '__import__'",
        ),
        (("run", "li_wei_chi_chen_lumped()", *N1), "expected an MDP"),
        (("run", "mine.npz", *N1, "--gamma", "0.9"), "gamma is 0.9 beside mine.npz, which has its"),
        (("run", "mine.py:nothing()", *N1), "has no attribute 'nothing'"),
        (("run", "nothing.py:corridor(3)", *N1), "is not there, or no file of Python"),
        (("run", "no.module:f()", *N1), "No module named 'no'"),
        (("run", "gymnasium:FrozenLake-v1", *N1), "gamma is missing"),
        (("run", "mine.npz", "NatralPG(1)"), "method is 'NatralPG'; expected one of NaturalPG, "),
        (("run", "mine.npz", "NaturalPG"), "expected NaturalPG(eta), or --eta"),
        (("run", "mine.npz", "NaturalPG("), "method is 'NaturalPG('; expected name, or"),
        (("run", "mine.npz", "NaturalPG(-1)"), "eta is -1"),
        (
            ("run", "mine.npz", "NaturalPG(nu=1)"),
            "unexpected keyword argument 'nu'; its fields are",
        ),
        (
            ("run", "mine.npz", "NaturalPG(1)", "--eta", "2"),
            "beside NaturalPG(1); expected a method",
        ),
        (("run", "mine.npz", "PolicyIteration", "--eta", "2"), "eta is 2.0 beside PolicyIteration"),
        (("run", "mine.npz", "NaturalPG", "--eta", "fast"), "eta is 'step(fast)'; expected name"),
        (("run", "mine.npz", "NaturalPG", "--eta", "Geometrik(1, 2)"), "expected one of Geometric"),
        (("run", "mine.npz", "NaturalPG", "--eta", "1, 2"), "expected a number or a step size"),
        (("run", "mine.npz", *N1, "-n", "-3"), "iterations is -3; expected an integer >= 0"),
        (("run", "mine.npz", *N1, "-n", "many"), "'many' is not a valid integer"),
        (("run", "mine.npz", *N1, "--tau", "-1"), "tau is -1.0; expected"),
        (
            ("run", "mine.npz", "SoftPolicyIteration"),
            "SoftPolicyIteration is defined for tau > 0 only",
        ),
        (("run", "mine.npz", *N1, "--start", "no.npz"), "start is 'no.npz', which is no file"),
        (("run", "mine.npz", *N1, "--start", "shape.npy"), "policy has shape (1, 1)"),
        (("run", "mine.npz", *N1, "--start", "mine.npz"), "it holds a MDP; expected a Run"),
        (("run", "mine.npz", *N1, "--out", "/proc/no/run.npz"), "/proc/no"),
        (("run", "mine.npz", *N1, "--max-states", "5"), "max_states is 5; expected none but for"),
        (("run", "mine.npz"), "Missing argument 'METHOD'. (see tabular-pg run --help)"),
        (("walk", "mine.npz"), "No such command 'walk'"),
        (("check", "run.npz", "--theorem", "N44"), "id is 'N44'; expected one of those that"),
        (("check", "run.npz", "--theorem", "N44"), "such as N4"),
        (("check", "run.npz", "--theorem", "P1"), "theorem is P1, about ProjectedPG"),
        (("check", "run.npz", "--tau", "1"), "tau is given beside run.npz, which was run"),
        (
            ("check", "mine.npz"),
            "method is missing; expected one, unless 'mine.npz' is a saved run",
        ),
        (("theorems", "G99"), "id is 'G99'; expected one of those that tabular-pg theorems lists"),
        (("certify", "run.npz", "--digits", "0"), "digits is 0"),
        (("sweep", "missing.py", "store"), "missing.py' is not there, or no file of Python"),
        (
            ("sweep", "mine.py", "store"),
            "mine.py has no grid; expected grid = Grid(...) at its top",
        ),
        (("sweep", "study.py", "store", "--shard", "5/5"), "'5/5'; expected i/n with 0 <= i < n"),
        (("sweep", "study.py", "store", "--shard", "x"), "'x'; expected i/n with 0 <= i < n"),
        (("refute", "missing.py"), "file is 'missing.py'; expected a file of Python"),
        (("refute", "study.py"), "study.py registers none; expected one function under"),
        (("convert", "mine.npz", "mine.xml"), "out is 'mine.xml'; expected a name that ends in"),
        (("convert", "mine.npz", "b.tra", "--to", "xml"), "'xml' is not one of 'npz', 'csv'"),
        (("cite", "garnett"), "what is 'garnett'; expected the id of a theorem"),
        (("cite", "missing.csv"), "missing.csv: No such file or directory"),
        (("cite", "broken.csv"), "broken.csv has no column theorem, rule or instance"),
        (("replot", "missing.csv", "out"), ""),
    ],
)
def test_one_line(arguments, expected):
    if arguments[0] == "certify":
        pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    if "gymnasium:" in str(arguments):
        pytest.importorskip("gymnasium", reason="needs Gymnasium: tabular_pg[gymnasium]")
    assert expected in said(*arguments).error


def test_nothing_is_written_where_something_is_wrong(tmp_path):
    before = sorted(tmp_path.iterdir())
    said("run", "mine.npz", "SoftPolicyIteration", "--out", "new.npz")
    said("convert", "mine.csv", "new.npz")
    said("convert", "river_swim(4)", "new.tra", "--to", "xml")
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_exits_is_an_error(tmp_path):
    (tmp_path / "ends.py").write_text("raise SystemExit(0)")
    assert said("sweep", "ends.py", "store").error == "error: SystemExit: 0"
    assert said("run", "ends.py:f()", *N1).error == "error: SystemExit: 0"


def test_debug_shows_where_it_was_raised():
    command = [*COMMAND, "--debug", "run", "missing.npz", *N1]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" in done.stderr and "model_of" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: model is 'missing.npz'")


@POSIX
@pytest.mark.parametrize("arguments", [["theorems"], ["--help"], ["cite", "--all"]])
def test_the_reader_of_a_pipe_may_stop_reading(arguments):
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == ""


@POSIX
def test_control_c_keeps_what_was_run(tmp_path):
    command = [*COMMAND, "run", "chain(4, 0.9)", "NaturalPG(1e-9)", "-n", str(10**12),
               "--out", "part.npz", "--json"]  # fmt: skip
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        status, end = Path(f"/proc/{run.pid}/status"), time.monotonic() + 60
        time.sleep(10 if not status.exists() else 6)
        run.send_signal(signal.SIGINT)
        out, said_besides = run.communicate(timeout=max(end - time.monotonic(), 10))
    finally:
        run.kill()
    assert run.returncode == 2 and "Traceback" not in said_besides
    found = json.loads(out)
    assert found["status"] == "INTERRUPTED" and (tmp_path / "part.npz").is_file()
    assert said_besides.splitlines()[-1] == f"interrupted at k = {found['k'][-1]}"


def test_control_c_before_there_is_anything(monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("tabular_pg.commands.models.optimize", interrupted)
    ended = said("run", "mine.npz", *N1)
    assert (ended.code, ended.out, ended.err.strip()) == (2, "", "interrupted")


def test_errors_that_say_nothing_are_named(monkeypatch):
    def broken(*arguments, **options):
        raise KeyError("x")

    monkeypatch.setattr("tabular_pg.commands.models.optimize", broken)
    assert said("run", "mine.npz", *N1).error == "error: KeyError: 'x'"
