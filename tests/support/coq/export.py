"""Coq for the tests: the compiled library, MDPs to export, and what coqc says of files.

``python -m support.coq.export`` compiles the library and a file for each of ``SUBJECTS``, of
``RUNS``, of ``TD_RUNS`` and, where coq-interval is, of ``SOFTMAX_RUNS``: those of ``ALONE`` as they
are, the others beside the library.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from support.coq.models import all_optimal, table_mdp, tied
from support.coq.runs import RUNS, SOFTMAX_RUNS, TD_RUNS
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
ALONE = {"refutation", "tied", "frozen_lake", "howard", "spma", "td", "natural", "softmax"}


def exported(name, folder, alone=True) -> Path:
    """The file of one of ``SUBJECTS``, of ``RUNS``, of ``TD_RUNS`` or of ``SOFTMAX_RUNS``."""
    path, runs = Path(folder) / f"{name}.v", RUNS | TD_RUNS | SOFTMAX_RUNS
    if name in runs:
        subject, theorems = runs[name]()
        return write_coq(path, subject, alone=alone, theorems=theorems)
    subject = SUBJECTS[name]()
    if name != "refutation":
        subject = RationalMDP.of(subject)
    return write_coq(path, subject, alone=alone)


def judged(file, library):
    """What is wrong with an exported file, or nothing; and the seconds it took."""
    began = time.perf_counter()
    code, said = coqc(file, *([] if file.stem in ALONE else ["-R", library, "TabularPG"]))
    known = WITH_EXP if file.stem in SOFTMAX_RUNS else CLASSICAL_REALS
    wrong = said if code or not axioms(said) <= known else ""
    return wrong, time.perf_counter() - began


def main():
    """Compile everything, two files at a time; the exit code says whether Coq accepts it."""
    made = tempfile.TemporaryDirectory
    with made() as library, made() as folder, ThreadPoolExecutor(2) as pool:
        began = time.perf_counter()
        compiled_library(library)
        print(f"library {time.perf_counter() - began:.1f} s")
        softmax = SOFTMAX_RUNS if has_intervals() else ()
        if not softmax:
            print("coq-interval is not here: runs of softmax methods are skipped")
        answers = {}
        for name in (*SUBJECTS, *RUNS, *TD_RUNS, *softmax):
            try:
                file = exported(name, folder, alone=name in ALONE)
            except ImportError as error:
                print(f"{name} skipped: {error}")
                continue
            answers[name] = pool.submit(judged, file, library)
        for name, answer in answers.items():
            wrong, seconds = answer.result()
            if wrong:
                sys.exit(f"{name}: {wrong}")
            print(f"{name} {seconds:.1f} s")


if __name__ == "__main__":
    main()
