"""The command line does a sweep, or shards of it, and its exit status says how it went."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

STUDY = """
from tabular_pg import NaturalPG, instances
from tabular_pg.sweeps import Grid

def mine(seed):
    if seed == 3:
        raise ValueError("seed is 3")
    return instances.garnet(4, 2, 2, 0.9, seed)

grid = Grid(mine, NaturalPG, 20, eta=[0.1, 1.0], seeds=range(SEEDS), theorems=["N1"])
"""


@pytest.fixture
def run(tmp_path):
    def run(*arguments, seeds=3):
        (tmp_path / "study.py").write_text(STUDY.replace("SEEDS", str(seeds)))
        command = [sys.executable, "-m", "tabular_pg.sweeps", "study.py", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


def test_shards_then_the_whole(run, tmp_path):
    first = run("store", "--shard", "0/2", "--workers", "1")
    assert (first.returncode, first.stdout) == (
        0,
        "Results(3 runs finished, 0 failed, 0 missing)\n",
    )
    part = run("store", "--collect", "--table", "runs.csv")
    assert part.stdout == "Results(3 runs finished, 0 failed, 3 missing)\n"
    assert part.returncode == 1
    assert (tmp_path / "runs.csv").read_text().count("MISSING") == 3
    tables = ["--table", "runs.csv", "--curves", "curves.csv", "--verdicts", "verdicts.csv"]
    whole = run("store", "--workers", "1", *tables, seeds=4)
    assert whole.returncode == 1
    assert whole.stdout == "Results(6 runs finished, 2 failed, 0 missing)\n"
    for name, rows in (("runs", 8), ("curves", 6 * 20), ("verdicts", 6)):
        assert len((tmp_path / f"{name}.csv").read_text().splitlines()) == 1 + rows


def test_what_is_wrong_is_one_line(run, tmp_path):
    assert "'2/2'; expected i/n with 0 <= i < n" in run("store", "--shard", "2/2").stderr
    assert run("store", "--shard", "2/2").returncode == 2
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "thesis.tex").touch()
    wrong = run("store")
    assert wrong.returncode == 2 and len(wrong.stderr.splitlines()) == 1
    assert wrong.stderr.startswith("error: store is 'store', which holds something else")
    (tmp_path / "empty.py").touch()
    command = [sys.executable, "-m", "tabular_pg.sweeps", "empty.py", "another"]
    wrong = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert wrong.returncode == 2 and "empty.py has no grid; expected grid = Grid" in wrong.stderr


def test_an_estimate_runs_nothing(run, tmp_path):
    (said,) = run("nowhere", "--estimate", "--workers", "1").stdout.splitlines()
    assert said.startswith("6 runs: 0.0 MB on disk, 300 MB of memory a worker")
    absent = run("nowhere", "--collect")
    assert absent.returncode == 2 and "which is not there" in absent.stderr
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_control_c_in_a_terminal_is_one_line(run, tmp_path):
    run("store", "--collect", seeds=5000)
    command = [sys.executable, "-m", "tabular_pg.sweeps", "study.py", "store", "--workers", "1"]
    sweep = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while not list((tmp_path / "store").glob("??/*.npz")) and time.monotonic() < end:
            time.sleep(0.05)
        sweep.send_signal(signal.SIGINT)
        _, said = sweep.communicate(timeout=60)
    finally:
        sweep.kill()
    assert sweep.returncode == 2 and "Traceback" not in said
    assert said.endswith("interrupted: what was done is kept; the same command goes on\n")
    assert list((tmp_path / "store").glob("??/*.npz"))
