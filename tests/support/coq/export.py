"""Coq for the tests: the compiled library, MDPs to export, and what coqc says of files.

``python -m support.coq.export`` compiles the library and a file for each of ``SUBJECTS``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

from tabular_pg import instances
from tabular_pg.certified import COUNTEREXAMPLES, RationalMDP, coq_library, write_coq
from tabular_pg.certified.coq.library import library_files

CLASSICAL_REALS = {
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
}


def has_coq() -> bool:
    return shutil.which("coqc") is not None


def coqc(path, *options):
    """coqc on a file, in its folder: exit code, and what it printed."""
    path = Path(path)
    done = subprocess.run(
        ["coqc", *options, path.name], cwd=path.parent, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def compiled_library(folder) -> Path:
    """The library, compiled in ``folder``."""
    for name in library_files():
        file = shutil.copy(coq_library() / f"{name}.v", folder)
        code, said = coqc(file, "-R", ".", "TabularPG")
        assert code == 0, said
    return Path(folder)


def axioms(said) -> set:
    """The names of all assumptions that Print Assumptions has listed."""
    lines = [line for line in said.splitlines() if line and line[0] not in " \t"]
    return {line.partition(" ")[0] for line in lines if not line.startswith(("Axioms:", "Closed"))}


def table_mdp(n_states, n_actions, seed, denominator=10) -> RationalMDP:
    """Rows and rewards of tenths, by a recurrence: small numbers, in no order, some rows tied."""
    state = seed

    def draw(n):
        nonlocal state
        state = (1103515245 * state + 12345) % 2**31
        return (state >> 16) % n

    def row():
        counts = [0] * n_states
        for _ in range(denominator):
            counts[draw(n_states)] += 1
        return [Fraction(c, denominator) for c in counts]

    P = [[row() for _ in range(n_actions)] for _ in range(n_states)]
    r = [[Fraction(draw(11), 10) for _ in range(n_actions)] for _ in range(n_states)]
    return RationalMDP(P, r, Fraction(9, 10), name=f"tenths {seed}")


def tied() -> RationalMDP:
    """Two routes of the same worth: ties that no row shows."""
    P = [[[0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 1]]]
    return RationalMDP(P, [[0, Fraction(-1, 2)], [1, 1], [Fraction(14, 9), 0]], Fraction(9, 10))


def all_optimal() -> RationalMDP:
    """Nothing is lost by any action: there is no Delta."""
    return RationalMDP([[[1, 0], [0, 1]], [[0, 1], [1, 0]]], [[1, 1], [1, 1]], Fraction(1, 3))


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
    """The file of one of ``SUBJECTS``."""
    subject = SUBJECTS[name]()
    if name != "refutation":
        subject = RationalMDP.of(subject)
    return write_coq(Path(folder) / f"{name}.v", subject, alone=alone)


def main():
    """Compile everything; the exit code says whether Coq accepts it."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        compiled_library(folder)
        print(f"library {time.perf_counter() - began:.1f} s")
        for name in SUBJECTS:
            try:
                file = exported(name, folder)
            except ImportError as error:
                print(f"{name} skipped: {error}")
                continue
            began = time.perf_counter()
            code, said = coqc(file)
            if code or not axioms(said) <= CLASSICAL_REALS:
                sys.exit(f"{name}: {said}")
            print(f"{name} {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
