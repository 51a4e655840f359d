"""Coq for the tests: the compiled library, MDPs to export, and what coqc says of files.

``python -m support.coq.export`` compiles the library and a file for each of ``SUBJECTS``, of
``RUNS`` and, where coq-interval is, of ``SOFTMAX_RUNS``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

from support.coq.models import all_optimal, table_mdp, tied
from support.coq.runs import RUNS, SOFTMAX_RUNS
from tabular_pg import instances
from tabular_pg.certified import COUNTEREXAMPLES, RationalMDP, coq_library, write_coq
from tabular_pg.certified.coq.library import library_files

CLASSICAL_REALS = {
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
}
WITH_EXP = CLASSICAL_REALS | {"Classical_Prop.classic"}  # Coq's exp assumes excluded middle


def has_coq() -> bool:
    return shutil.which("coqc") is not None


def coqc(path, *options):
    """coqc on a file, in its folder: exit code, and what it printed."""
    path = Path(path)
    done = subprocess.run(
        ["coqc", *options, path.name], cwd=path.parent, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def has_intervals() -> bool:
    """Whether coq-interval is there."""
    if not has_coq():
        return False
    done = subprocess.run(["coqc", "-where"], capture_output=True, text=True, check=True)
    return (Path(done.stdout.strip()) / "user-contrib" / "Interval").is_dir()


def compiled_library(folder) -> Path:
    """The library, compiled in ``folder``; without coq-interval, what does not need it."""
    for name in library_files(intervals=has_intervals()):
        file = shutil.copy(coq_library() / f"{name}.v", folder)
        code, said = coqc(file, "-R", ".", "TabularPG")
        assert code == 0, said
    return Path(folder)


def axioms(said) -> set:
    """The names of all assumptions that Print Assumptions has listed."""
    lines = [line for line in said.splitlines() if line and line[0] not in " \t"]
    return {line.partition(" ")[0] for line in lines if not line.startswith(("Axioms:", "Closed"))}


SUBJECTS = {
    "refutation": lambda: COUNTEREXAMPLES["P7a"],
    "two_arms": lambda: RationalMDP([[[1], [1]]], [[1, 0]], Fraction(1, 1000)),
    "three_arms": lambda: RationalMDP([[[1]] * 3], [[Fraction(1, 3), Fraction(1, 9), 0]], 0),
    "tied": tied,
    "all_optimal": all_optimal,
    **{f"tenths_{n}": lambda n=n: table_mdp(n, 3, n) for n in (2, 4, 8, 16, 32)},
    **{
        f"garnet_{n}": lambda n=n: instances.garnet(n, 4, 3, gamma=0.9, seed=n)
        for n in (3, 5, 8, 12, 20)
    },
    "chain": lambda: instances.chain(8, 0.9),
    "river_swim": lambda: instances.river_swim(),
    "gridworld": lambda: instances.gridworld(3, 4, 0.9),
    "gamma_chain": lambda: instances.gamma_chain(6, 0.5),
    "gamma_chain_long": lambda: instances.gamma_chain(12, 0.9),
    "binary_counter": lambda: instances.binary_counter(5),
    "frozen_lake": lambda: instances.frozen_lake(4),
}


def exported(name, folder, alone=True) -> Path:
    """The file of one of ``SUBJECTS``, of ``RUNS`` or of ``SOFTMAX_RUNS``."""
    path, runs = Path(folder) / f"{name}.v", RUNS | SOFTMAX_RUNS
    if name in runs:
        subject, theorems = runs[name]()
        return write_coq(path, subject, alone=alone, theorems=theorems)
    subject = SUBJECTS[name]()
    if name != "refutation":
        subject = RationalMDP.of(subject)
    return write_coq(path, subject, alone=alone)


def main():
    """Compile everything; the exit code says whether Coq accepts it."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        compiled_library(folder)
        print(f"library {time.perf_counter() - began:.1f} s")
        softmax = SOFTMAX_RUNS if has_intervals() else ()
        if not softmax:
            print("coq-interval is not here: runs of softmax methods are skipped")
        for name in (*SUBJECTS, *RUNS, *softmax):
            try:
                file = exported(name, folder)
            except ImportError as error:
                print(f"{name} skipped: {error}")
                continue
            began = time.perf_counter()
            code, said = coqc(file)
            if code or not axioms(said) <= (WITH_EXP if name in softmax else CLASSICAL_REALS):
                sys.exit(f"{name}: {said}")
            print(f"{name} {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
