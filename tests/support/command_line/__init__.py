"""The command line, called in this process, in a folder with files that examples name."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path

from click.testing import CliRunner

from tabular_pg import NaturalPG, instances, optimize
from tabular_pg.cli import program

ROOT = Path(__file__).resolve().parents[3]
STATEMENTS, FIGURES = ROOT / "docs" / "examples" / "statements", ROOT / "figures"
STUDY = """
from tabular_pg.sweeps import Grid
grid = Grid(["chain(3, gamma=0.5)"], ["NaturalPG"], 5, eta=[0.1, 1.0])
"""
MINE = """
from typing import NamedTuple

from tabular_pg import Space, instances, method


def corridor(n, gamma=0.5):
    return instances.chain(n, gamma)


class Copied(NamedTuple):
    eta: float


@method(Copied, space=Space.SOFTMAX)
def copied(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.x[s, a] += rule.eta * point.A[s, a]
"""


class Said:
    """What a command printed, and its exit code."""

    def __init__(self, result):
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr
        unexpected = result.exception and not isinstance(result.exception, SystemExit)
        assert not unexpected, result.exception
        assert "Traceback" not in self.err

    @property
    def json(self):
        """The output as strict JSON."""
        return json.loads(self.out, parse_constant=_refuse)

    @property
    def error(self):
        """The one line that says what is wrong."""
        (line,) = self.err.splitlines()
        assert self.code == 2 and not self.out and line.startswith("error: ")
        return line


def said(*arguments) -> Said:
    """What ``tabular-pg`` with these arguments does."""
    return Said(CliRunner().invoke(program, [str(x) for x in arguments]))


@functools.cache
def _run():
    return optimize(instances.garnet(4, 2, 2, 0.9), NaturalPG(1.0), 30)


def furnish(folder):
    """Write the files that examples name."""
    _run().mdp.save(folder / "mine.npz")
    _run().save(folder / "run.npz")
    (folder / "study.py").write_text(STUDY)
    (folder / "mine.py").write_text(MINE)
    for end in ("csv", "json"):
        shutil.copy(FIGURES / f"natural_pg.{end}", folder / f"figure.{end}")
    statement = (STATEMENTS / "monotone_for_all_steps.py").read_text()
    (folder / "statement.py").write_text(statement)


def _refuse(constant):
    raise ValueError(f"{constant} is no JSON")
