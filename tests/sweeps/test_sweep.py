"""A sweep does what ``optimize`` does, once, whoever works for it, and failures are rows."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from support.sweeping import own_models
from tabular_pg import MDP, NaturalPG, SoftmaxPG, SoftPolicyIteration, check, instances, optimize
from tabular_pg.steps import Geometric
from tabular_pg.sweeps import Grid, Workers, collect, estimate, sweep
from tabular_pg.sweeps import driver as driving
from tabular_pg.sweeps.estimate import Estimate, refuse_what_does_not_fit
from tabular_pg.sweeps.execution import execute
from tabular_pg.sweeps.store import Store

GARNET = ("garnet", {"n_states": 5, "n_actions": 3, "branching": 2, "gamma": 0.9})
GRID = {"instances": {"garnet": GARNET}, "rules": NaturalPG, "iterations": 50, "eta": [0.1, 1.0]}


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_rows_are_what_optimize_says(tmp_path, threads):
    grid = Grid(
        {"garnet": GARNET, "bandit": ("two_armed_bandit", {"gap": 0.5})},
        [NaturalPG, SoftmaxPG(0.3), SoftPolicyIteration],
        200, eta=[0.1, Geometric(0.1, 1.5)], tau=[0, 0.1], seeds=range(2), at=[0, 7, 100],
        level="all",
    )  # fmt: skip
    results = sweep(grid, tmp_path / "store", threads)
    rows = results.table()
    assert len(rows) == len(results) == 3 * (2 * 2 + 1 * 2 + 1)
    rules = {"NaturalPG": NaturalPG, "SoftmaxPG": SoftmaxPG}
    for i, row in enumerate(rows):
        if row["instance"] == "bandit":
            assert row["seed"] is None
            mdp = instances.two_armed_bandit(gap=0.5)
        else:
            mdp = instances.garnet(**GARNET[1], seed=row["seed"])
        if row["rule"] == "SoftPolicyIteration":
            assert row["eta"] is None and row["tau"] > 0
            rule = SoftPolicyIteration()
        else:
            assert (row["eta"] is None) == (row["step"] == "Geometric(eta=0.1, growth=1.5)")
            rule = rules[row["rule"]](row["eta"] or Geometric(0.1, 1.5))
        run = optimize(mdp, rule, 200, tau=row["tau"], at=[0, 7, 100, 200])
        assert (row["status"], row["k"]) == (run.status.name, run.k[-1])
        assert (row["log_gap"], row["log_sup_gap"]) == (run.log_gap[-1], run.log_sup_gap[-1])
        kept = results.arrays(i)
        for name in ("k", "log_gap", "log_policies", "A", "d", "scaled_gap", "iterates"):
            np.testing.assert_array_equal(kept[name], getattr(run, name))
        assert ("steps" in kept) == (run.steps is not None)
    curves = list(results.curves())
    assert [row["k"] for row in curves[:4]] == [0, 7, 100, 200]
    assert curves[3]["log_gap"] == rows[0]["log_gap"]


def test_every_executor_gives_the_same_bytes(tmp_path, threads):
    grid = GRID | {"seeds": range(3), "instances": {"ring": (own_models.ring, {"n_states": 4})}}
    found = {}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        for name, executor in (("own", None), ("threads", threads), ("processes", processes)):
            results = sweep(grid, tmp_path / name, executor)
            results.write_table(tmp_path / f"{name}.csv")
            results.write_curves(tmp_path / f"{name}.curves.csv")
            tables = [tmp_path / f"{name}{end}" for end in (".csv", ".curves.csv")]
            files = sorted((tmp_path / name).glob("??/*"))
            assert len(files) == 6
            found[name] = [path.read_bytes() for path in (*tables, *files)]
    assert found["own"] == found["threads"] == found["processes"]


def test_a_changed_grid_keeps_what_it_shares(tmp_path, threads, monkeypatch):
    done = []

    def counting(job, folder):
        done.append(json.loads(job)["key"])
        return execute(job, folder)

    monkeypatch.setattr(driving, "execute", counting)
    sweep(GRID, tmp_path / "store", threads)
    assert len(done) == 2
    wider = GRID | {"eta": [1.0, 10.0], "seeds": [0, 1]}
    assert len(sweep(wider, tmp_path / "store", threads)) == 4
    assert len(done) == len(set(done)) == 5
    renamed = GRID | {"instances": {"another name": GARNET}}
    assert sweep(renamed, tmp_path / "store", threads).table()[0]["instance"] == "another name"
    assert len(done) == 5
    sweep(GRID | {"iterations": 51}, tmp_path / "store", threads)
    assert len(done) == 7


def test_shards_share_a_store_and_make_a_whole(tmp_path, threads):
    grid = GRID | {"seeds": range(3)}
    parts = [sweep(grid, tmp_path / "store", threads, shard=(i, 4)) for i in range(4)]
    assert [len(part) for part in parts] == [2, 2, 1, 1]
    rows = collect(grid, tmp_path / "store").table()
    assert "MISSING" not in [row["status"] for row in rows]
    assert [row for i in range(4) for row in parts[i].table()] == [*rows[::4], *rows[1::4], *rows[2::4], *rows[3::4]]  # fmt: skip  # noqa: E501


def test_failures_are_rows_and_are_tried_again_if_asked(tmp_path, threads):
    there = tmp_path / "there"
    grid = {
        "instances": {
            "odd": own_models.broken,
            "late": (own_models.until_there_is, {"file": there}),
            "none": own_models.no_model,
        },
        "rules": NaturalPG(1.0), "iterations": 5, "seeds": range(2),
    }  # fmt: skip

    def said():
        return [(row["status"], row["error"], row["message"]) for row in results.table()]

    results = sweep(grid, tmp_path / "store", threads)
    fine, odd = ("COMPLETED", None, None), ("FAILED", "ZeroDivisionError", "seed 1 is odd")
    assert said()[:3] == [fine, odd, ("FAILED", "LookupError", "not yet")]
    assert said()[3][:2] == ("FAILED", "TypeError") and "expected an MDP" in said()[3][2]
    assert repr(results) == "Results(1 runs finished, 3 failed, 0 missing)"
    assert "own_models.py" in results.failures()[0]["traceback"]
    with pytest.raises(LookupError, match="run 1 failed: seed 1 is odd"):
        results.arrays(1)
    there.touch()
    results = sweep(grid, tmp_path / "store", threads)
    assert said()[2][0] == "FAILED"
    results = sweep(grid, tmp_path / "store", threads, retry_failed=True)
    assert said()[:3] == [fine, odd, fine]
    assert len(list((tmp_path / "store").glob("??/*"))) == 4


def test_a_task_that_kills_its_process_is_a_row(tmp_path):
    grid = {"instances": own_models.deadly, "rules": NaturalPG(1.0), "iterations": 5,
            "seeds": range(3)}  # fmt: skip
    rows = sweep(grid, tmp_path / "store", workers=1).table()
    assert [row["status"] for row in rows] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert rows[1]["error"] == "WorkerDied"
    assert rows[1]["message"] == "the process that ran it ended with exit status 9, 3 times"


def test_verdicts_are_those_of_check(tmp_path, threads):
    grid = Grid(GRID["instances"], [NaturalPG(0.5)], 100, theorems=True, at=[100])
    results = sweep(grid, tmp_path / "store", threads)
    run = optimize(instances.garnet(**GARNET[1]), NaturalPG(0.5), 100)
    expected = [(v.theorem.id, v.holds, v.slack) for v in check(run)]
    found = [(row["theorem"], row["holds"], row["slack"]) for row in results.verdicts()]
    assert [str(x) for x in found] == [str(x) for x in expected] and len(found) > 5
    assert results.arrays(0)["k"].tolist() == [100]
    chosen = Grid(GRID["instances"], [NaturalPG(0.5)], 100, theorems=["N1"])
    (row,) = sweep(chosen, tmp_path / "store", threads).verdicts()
    assert row["theorem"] == "N1" and row["holds"] is True
    results.write_verdicts(tmp_path / "verdicts.csv")
    with open(tmp_path / "verdicts.csv", newline="") as file:
        assert [row["theorem"] for row in csv.DictReader(file)] == [id for id, *_ in expected]


def test_damage_is_seen_and_done_again(tmp_path, threads):
    results = sweep(GRID, tmp_path / "store", threads)
    before = results.table()
    path = next((tmp_path / "store").glob("??/*.npz"))
    whole = path.read_bytes()
    for damaged in (b"", whole[:100], whole[:400] + b"?" + whole[401:], b"hostile"):
        path.write_bytes(damaged)
        assert collect(GRID, tmp_path / "store").table().count(before[0]) < 2
        assert "MISSING" in [row["status"] for row in results.table()]
        assert sweep(GRID, tmp_path / "store", threads).table() == before
        assert path.read_bytes() == whole


def test_what_does_not_fit_is_refused_before_it_starts(tmp_path, threads, monkeypatch):
    needed = estimate(GRID, workers=1)
    assert needed.runs == 2 and needed.unknown == 0 and needed.disk == 2 * 4096
    monkeypatch.setattr(driving, "estimated", lambda tasks, submit: Estimate(2, 10**18, 0, 0))
    with pytest.raises(OSError, match=r"2 runs need about .* MB on disk, and .* are free at"):
        sweep(GRID, tmp_path / "store", threads)
    assert not list((tmp_path / "store").glob("??"))
    with pytest.raises(MemoryError, match=r"3 workers of 1e\+06 GB for the largest runs"):
        refuse_what_does_not_fit(Estimate(2, 0, 10**15, 0), Store(tmp_path), 3)


def test_a_level_that_keeps_more_is_estimated_at_more(tmp_path, threads):
    found = [estimate(GRID | {"level": x}, workers=1).disk for x in ("gaps", "iterates", "all")]
    assert found[0] < found[1] < found[2]
    for level, expected in zip(("gaps", "iterates", "all"), found, strict=True):
        sweep(GRID | {"level": level}, tmp_path / level, threads)
        sizes = [path.stat().st_size for path in (tmp_path / level).glob("??/*")]
        assert sum(sizes) < expected < 1.5 * sum(sizes) + 2 * 4096


def test_workers_that_do_not_see_the_store_send_results_back(tmp_path, threads):
    class Elsewhere(ThreadPoolExecutor):
        def submit(self, function, *arguments):
            if function is execute:
                arguments = arguments[0], str(tmp_path / "not here")
            return super().submit(function, *arguments)

    with Elsewhere(1) as executor:
        there = sweep(GRID, tmp_path / "store", executor).table()
    assert there == sweep(GRID, tmp_path / "other", threads).table()
    assert not (tmp_path / "not here").exists()


def test_an_executor_of_others_may_lose_a_task_or_break(tmp_path):
    class Losing(ThreadPoolExecutor):
        def submit(self, function, *arguments):
            future = Future()
            future.set_exception(self.error)
            return future

    with Losing(1) as executor:
        executor.error = TimeoutError("the node went away")
        rows = sweep(GRID, tmp_path / "store", executor).table()
        assert {(row["error"], row["message"]) for row in rows} == {
            ("TimeoutError", "the node went away")
        }
    with ThreadPoolExecutor(1) as executor, pytest.raises(RuntimeError, match="after shutdown"):
        executor.shutdown()
        sweep(GRID, tmp_path / "another", executor)


def test_slurm_says_how_many_workers(monkeypatch):
    for given, expected in (("3", 3), ("", None), ("many", None)):
        monkeypatch.setenv("SLURM_CPUS_PER_TASK", given)
        pool = Workers()
        assert pool.count == (expected or Workers().count) and (expected is None or pool.count == 3)
        pool.shutdown()


@pytest.mark.skipif(not hasattr(MDP, "load"), reason="needs MDP.save and MDP.load")
def test_a_saved_model_is_known_by_its_content(tmp_path, threads):
    mdp = instances.garnet(4, 2, 2, 0.9, 7)
    mdp.save(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes((tmp_path / "a.npz").read_bytes())
    grid = {"rules": NaturalPG(1.0), "iterations": 5}
    (row,) = sweep(grid | {"instances": tmp_path / "a.npz"}, tmp_path / "store", threads).table()
    assert row["log_gap"] == optimize(mdp, NaturalPG(1.0), 5).log_gap[-1]
    moved = collect(grid | {"instances": {"b": str(tmp_path / "b.npz")}}, tmp_path / "store")
    assert [row["status"] for row in moved.table()] == ["COMPLETED"]


SCRIPT = """
from tabular_pg import NaturalPG, instances
from tabular_pg.sweeps import sweep

def mine(seed):
    return instances.garnet(4, 2, 2, 0.9, seed)

grid = {"instances": mine, "rules": NaturalPG(1.0), "iterations": 5, "seeds": range(2)}
GUARD
print(sweep(grid, "store", workers=1).table()[-1]["message"])
"""


@pytest.mark.parametrize("guarded", [True, False])
def test_a_function_of_a_script_is_found_without_running_the_script(tmp_path, guarded):
    text = SCRIPT.replace("GUARD", "if __name__ == '__main__':" if guarded else "")
    text = text.replace("\nprint", "\n    print") if guarded else text
    (tmp_path / "mine.py").write_text(text)
    done = subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if guarded:
        assert done.stdout == "None\n"
    else:
        assert 'expected the call under if __name__ == "__main__":' in done.stdout


def test_parquet_has_the_same_table(tmp_path, threads):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
    grid = {"instances": own_models.broken, "rules": NaturalPG(1.0), "iterations": 5,
            "seeds": range(2)}  # fmt: skip
    results = sweep(grid, tmp_path / "store", threads)
    results.write_table(tmp_path / "runs.parquet")
    assert parquet.read_table(tmp_path / "runs.parquet").to_pylist() == results.table()
    results.write_curves(tmp_path / "curves.parquet")
    assert parquet.read_table(tmp_path / "curves.parquet").to_pylist() == list(results.curves())
    with pytest.raises(ValueError, match="a name that ends in .csv or .parquet"):
        results.write_table(tmp_path / "runs.xls")
