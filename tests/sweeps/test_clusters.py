"""Dask's and MPI's executors, the real ones where they are installed, give what ours gives."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from tabular_pg import NaturalPG, SoftmaxPG, instances
from tabular_pg.sweeps import Grid, sweep

def mine(n_states, seed):
    if seed == 1:
        raise ValueError("seed is 1")
    return instances.garnet(n_states, 2, 2, 0.9, seed)

def grid():
    return Grid((mine, {"n_states": 4}), [NaturalPG, SoftmaxPG], 30, eta=[0.1, 1.0], seeds=range(3))

def done(executor):
    results = sweep(grid(), sys.argv[1], executor)
    results.write_table(sys.argv[1] + ".csv")
    print(results)

if __name__ == "__main__":
"""
OURS = "    done(None)\n"
DASK = """    from distributed import Client
    with Client(n_workers=1, threads_per_worker=2, dashboard_address=None) as client:
        done(client.get_executor())
"""
MPI = """    from mpi4py.futures import MPIPoolExecutor
    with MPIPoolExecutor() as executor:
        done(executor)
"""


def table_of(folder, name, end, before=(), module=()):
    """The table of a sweep by a script that ends so, run by this command."""
    (folder / "study.py").write_text(SCRIPT + end)
    command = [*before, sys.executable, *module, "study.py", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert "Results(8 runs finished, 4 failed, 0 missing)" in done.stdout, done.stderr
    return (folder / f"{name}.csv").read_bytes()


def kept(folder, name):
    return {path.name: path.read_bytes() for path in (folder / name).glob("??/*.npz")}


def test_dask(tmp_path):
    pytest.importorskip("distributed", reason="needs distributed")
    assert table_of(tmp_path, "dask", DASK) == table_of(tmp_path, "ours", OURS)
    assert kept(tmp_path, "dask") == kept(tmp_path, "ours") and len(kept(tmp_path, "ours")) == 8


def test_mpi(tmp_path):
    mpi4py = pytest.importorskip("mpi4py", reason="needs mpi4py and an MPI such as mpich")
    beside = Path(mpi4py.__file__).parents[1] / "bin" / "mpiexec"
    mpiexec = shutil.which("mpiexec") or (beside if beside.exists() else None)
    if mpiexec is None:
        pytest.skip("needs mpiexec")
    before, module = [str(mpiexec), "-n", "3"], ["-m", "mpi4py.futures"]
    assert table_of(tmp_path, "mpi", MPI, before, module) == table_of(tmp_path, "ours", OURS)
    assert kept(tmp_path, "mpi") == kept(tmp_path, "ours") and len(kept(tmp_path, "ours")) == 8


def test_nothing_of_this_is_imported():
    code = "import sys, tabular_pg.sweeps; print({'dask', 'mpi4py', 'pandas', 'pyarrow'} & set(sys.modules))"  # fmt: skip  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
