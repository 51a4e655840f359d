"""Kernels of a user's module are compiled once, and anew after every change that they can see."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tabular_pg._jit import njit
from tabular_pg.compiled import cache as _cache
from tabular_pg.compiled.sources import PACKAGE

pytestmark = pytest.mark.skipif(
    not hasattr(njit(lambda x: x), "_cache"), reason="NUMBA_DISABLE_JIT is set"
)
CONSTANTS = "SPEED = 1.0\n"
HELPERS = """
from numba import njit
FLOOR = 0.0
@njit
def sign(x):
    return 1.0 if x > FLOOR else 0.0
"""
MINE = """
from typing import NamedTuple
import constants
from helpers import sign
from tabular_pg import Space, method
from tabular_pg.engine.method import Regularization
from tabular_pg.steps import step_search, step_size
class SignAscent(NamedTuple):
    eta: float
class Falling(NamedTuple):
    first: float
@step_size(Falling, schedule=True)
def falling(step, k, problem, point):
    return step.first / (k + 1)
class Monotone(NamedTuple):
    first: float
    shrink: float = 0.5
def propose(step, k, last):
    return step.first
@step_search(Monotone, propose=propose)
def no_state_is_worse(step, problem, point, trial):
    return (trial.next_gap <= trial.gap).all()
@method(SignAscent, space=Space.SOFTMAX, regularization=Regularization.ANY)
def sign_ascent(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.x[s, a] += rule.eta * constants.SPEED * sign(point.A[s, a])
"""
USE = """
import sys
import numba.core.event as event
from tabular_pg import NaturalPG, instances, optimize
class Count(event.Listener):
    names = []
    def on_start(self, found):
        self.names.append(str(found.data["dispatcher"]))
    def on_end(self, found):
        pass
event.register("numba:compile", Count())
mdp = instances.garnet(3, 2, 2, 0.9, seed=0)
optimize(mdp, NaturalPG(1.0), 20)
Count.names.clear()
"""
IMPORTED = """
from mine import Falling, SignAscent
run = optimize(mdp, SignAscent(0.25), 20)
print(len(Count.names), run.gap[-1].hex())
"""
SIZED = """
Count.names.clear()
run = optimize(mdp, SignAscent(Falling(0.25)), 20)
print(len(Count.names), run.gap[-1].hex())
"""
SEARCHED = """
from mine import Monotone
from tabular_pg import steps
for rule in (SignAscent(steps.Armijo(first=1.0)), NaturalPG(Monotone(10.0))):
    Count.names.clear()
    run = optimize(mdp, rule, 20)
    print(len(Count.names), run.gap[-1].hex())
"""
RUN = USE + IMPORTED
CODE = {"constants": CONSTANTS, "helpers": HELPERS, "mine": MINE}


def seen(folder, cache, code=RUN, name=None, **changed):
    """(how many functions a fresh process compiles, its number), a pair for each printed line."""
    folder.mkdir(exist_ok=True)
    for module, text in {**CODE, **changed}.items():
        (folder / f"{module}.py").write_text(text)
    environment = {**os.environ, "TABULAR_PG_CACHE": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), str(PACKAGE.parent)])
    arguments = ["-c", code]
    if name:
        (folder / name).write_text(code)
        arguments = [name]
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments], capture_output=True, text=True,
        env=environment, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return [(int(count), number) for count, number in lines]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder with what was compiled of the package, and of the module above."""
    folder = tmp_path_factory.mktemp("cache")
    if _cache.FOLDER is not None and _cache.FOLDER.is_dir():
        (folder / _cache.FOLDER.name).mkdir()
        for file in _cache.FOLDER.glob("*.nbc"):
            if not file.name.startswith(_cache.OTHERS):
                (folder / _cache.FOLDER.name / file.name).write_bytes(file.read_bytes())
    ((count, number),) = seen(folder / "code", folder)
    assert count >= 3  # the kernel, the helper and a loop
    return folder, number


def test_a_second_process_compiles_nothing(cache, tmp_path):
    folder, number = cache
    assert seen(tmp_path, folder) == [(0, number)]
    assert any(file.name.startswith(_cache.OTHERS) for file in folder.rglob("*.nbc"))


@pytest.mark.parametrize(
    "changed",
    [
        {"mine": MINE.replace("rule.eta *", "2.0 * rule.eta *")},
        {"constants": CONSTANTS.replace("1.0", "2.0")},
        {"helpers": HELPERS.replace("return 1.0", "return 2.0")},
        {"helpers": HELPERS.replace("FLOOR = 0.0", "FLOOR = 0.1")},
    ],
    ids=["kernel", "constant", "helper", "constant of the helper"],
)
def test_every_edit_is_compiled_once(cache, tmp_path, changed):
    folder, before = cache
    ((count, number),) = seen(tmp_path, folder, **changed)
    assert count > 0 and number != before
    assert seen(tmp_path, folder, **changed) == [(0, number)]
    assert seen(tmp_path, folder) == [(0, before)]


def test_step_sizes_are_kept_too(cache, tmp_path):
    folder, before = cache
    first, sized = seen(tmp_path, folder, RUN + SIZED)
    assert first == (0, before) and sized[0] > 0
    assert seen(tmp_path, folder, RUN + SIZED) == [first, (0, sized[1])]
    edited = MINE.replace("step.first / (k + 1)", "step.first / (k + 2)")
    first, other = seen(tmp_path, folder, RUN + SIZED, mine=edited)
    assert first == (0, before) and other[0] > 0 and other[1] != sized[1]


def test_searches_around_own_code_are_kept_too(cache, tmp_path):
    folder, before = cache
    found = seen(tmp_path, folder, RUN + SEARCHED)
    assert all(count > 0 for count, _ in found[1:])
    assert seen(tmp_path, folder, RUN + SEARCHED) == [(0, number) for _, number in found]
    edited = MINE.replace("return step.first\n", "return 0.5 * step.first\n")
    first, armijo, own = seen(tmp_path, folder, RUN + SEARCHED, mine=edited)
    assert (first, armijo) == ((0, before), (0, found[1][1]))
    assert own[0] > 0 and own[1] != found[2][1]


def test_what_a_process_compiled_with_another_constant_is_not_kept(cache, tmp_path):
    folder, before = cache
    again = "run = optimize(mdp, SignAscent(0.25), 20, tau=0.1)\n"
    shown = "Count.names.clear()\n" + again + "print(len(Count.names), run.gap[-1].hex())\n"
    change, restore = (f"import constants\nconstants.SPEED = {x}\n" for x in (3.0, 1.0))
    first, mixed = seen(tmp_path, folder, RUN + change + shown + restore + again)
    fresh = seen(tmp_path, folder, RUN + shown)
    assert first == fresh[0] == (0, before)
    assert fresh[1][0] > 0 and fresh[1][1] != mixed[1]  # nothing of the first process is served


def test_a_kernel_that_returns_something_is_refused_by_every_process(cache, tmp_path):
    folder, _ = cache
    caught = """
try:
    optimize(mdp, SignAscent(0.25), 20)
except TypeError as error:
    print(len(Count.names), "refused" if "returns" in str(error) else error)
"""
    wrong = MINE + "    return 1.0\n"
    for _ in range(2):
        code = USE + "from mine import SignAscent" + caught
        ((_, said),) = seen(tmp_path, folder, code, mine=wrong)
        assert said == "refused"


def test_scripts_compile_for_themselves(cache, tmp_path):
    folder, before = cache
    script = USE + MINE + IMPORTED.replace("from mine import Falling, SignAscent", "")
    for _ in range(2):
        ((count, number),) = seen(tmp_path, folder, script, "script.py")
        assert count > 0 and number == before


def test_a_folder_that_cannot_be_written_ends_no_run(cache, tmp_path):
    folder, _ = cache
    refuse = """
import errno, warnings
from tabular_pg.compiled import cache as _cache
def refuse(*arguments):
    raise OSError(errno.EROFS, "Read-only file system")
_cache._write = _cache._make_folder = refuse
warnings.simplefilter("ignore")
"""
    changed = {"constants": CONSTANTS.replace("1.0", "4.0")}
    first, second = (seen(tmp_path, folder, refuse + RUN, **changed) for _ in range(2))
    assert first == second and first[0][0] > 0


def test_what_nobody_has_used_for_a_month_is_removed(cache, tmp_path):
    folder, before = cache
    old = folder / next(folder.glob("*/*.nbc")).parent / f"{_cache.OTHERS}{'0' * 32}.nbc"
    old.write_bytes(b"x")
    os.utime(old, (0, 0))
    seen(tmp_path, folder)
    assert old.exists()  # nothing was compiled, nothing is looked for
    seen(tmp_path, folder, constants=CONSTANTS.replace("1.0", "5.0"))
    assert not old.exists() and seen(tmp_path, folder) == [(0, before)]
