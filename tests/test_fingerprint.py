"""What compiled code of a user's depends on: any change is seen, or nothing is known."""

from __future__ import annotations

import importlib.util
import sys

import numba
import pytest
from numba import float64

from tabular_pg._jit import njit_foreign
from tabular_pg.compiled.fingerprint import Unknown, fingerprint

pytestmark = pytest.mark.skipif(
    not hasattr(njit_foreign(lambda x: x), "_cache"), reason="NUMBA_DISABLE_JIT is set"
)
CONSTANTS = "A = 1.0\nB = 2.0\nUNUSED = 1\n"
MINE = """
from typing import NamedTuple
import numpy as np
from numba import njit, prange
import constants_of_mine as constants
from constants_of_mine import A
W = np.array([1.0, 2.0])
SIZES = (1, 2.0, ("x",))
class Pair(NamedTuple):
    first: float
    second: float
def scaled(factor):
    @njit
    def inner(x):
        return factor * x
    return inner
half = scaled(0.5)
@njit
def helper(x):
    return half(x) + constants.B
def kernel(x, more=1.0):
    total = 0.0
    for i in prange(len(W)):
        total += W[i] * SIZES[0] * A * np.log(x) + abs(helper(x))
    def last(y):
        return y + Pair(y, 1.0).first
    return last(total + more)
"""
RECURSIVE = MINE.replace("return half(x)", "return half(x) if x > 1.0 else helper(x + 1.0)")
CHANGES = [
    (MINE, CONSTANTS.replace("A = 1.0", "A = 1")),
    (MINE, CONSTANTS.replace("B = 2.0", "B = 2.0000000000000004")),
    *((MINE.replace(*change), CONSTANTS) for change in (
        ("W = np.array([1.0, 2.0])", "W = np.array([1.0, 2.5])"),
        ("W = np.array([1.0, 2.0])", "W = np.array([1, 2])"),
        ('("x",)', '("y",)'),
        ("scaled(0.5)", "scaled(-0.5)"),
        ("factor * x", "factor / x"),
        ("@njit\ndef helper", "@njit(fastmath=True)\ndef helper"),
        ("more=1.0", "more=2.0"),
        ("np.log(x)", "np.exp(x)"),
        ("y + Pair", "y - Pair"),
        ("total = 0.0", "total = -0.0"),
        ("total += W", "total -= W"),
        ("    first: float\n    second: float", "    second: float\n    first: float"),
        ("import njit, prange", "import njit\nprange = range"),
    )),
]  # fmt: skip
UNKNOWN = {
    "kept on disk by numba": ("@njit\ndef helper", "@njit(cache=True)\ndef helper"),
    "compiled before": ("def kernel", "helper(1.0)\ndef kernel"),
    "neither a number": ("@njit\ndef helper", "def helper"),
    "neither a number nor a compiled": (
        "@njit\ndef helper",
        "from numba import vectorize\n@vectorize\ndef helper",
    ),
    "teaches numba": (
        "def kernel",
        "from numba.extending import overload\n@overload(scaled)\ndef f(x):\n    pass\ndef kernel",
    ),
    "is no NamedTuple": ("class Pair(NamedTuple)", "class Pair(object)"),
    "a way of its own": ("@njit\ndef helper", "@njit(locals={'y': 'int64'})\ndef helper"),
}


def loaded(monkeypatch, folder, name, text):
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    exec(
        compile(text, str(path), "exec"), vars(module)
    )  # whatever Python has kept of an earlier one
    return module


@pytest.fixture
def found(monkeypatch, tmp_path):
    """The module of a text, and a fingerprint of its kernel."""

    def find(text, constants=CONSTANTS):
        loaded(monkeypatch, tmp_path, "constants_of_mine", constants)
        module = loaded(monkeypatch, tmp_path, "kernels_of_mine", text)
        module.compiled = njit_foreign(module.kernel)
        return module, fingerprint(module.compiled, (float64,))

    return find


def test_the_same_sources_have_the_same_fingerprint(found):
    assert found(MINE)[1] == found(MINE)[1] == found(MINE + "\nOTHER = 3\n")[1]
    assert found(MINE, CONSTANTS.replace("UNUSED = 1", "UNUSED = 2"))[1] == found(MINE)[1]
    assert found(RECURSIVE)[1] == found(RECURSIVE)[1] != found(MINE)[1]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_every_change_of_what_it_reads_is_seen(found, number):
    assert CHANGES[number] != (MINE, CONSTANTS)
    assert found(*CHANGES[number])[1] != found(MINE)[1]


def test_fields_of_a_record_in_the_signature_count(found):
    prints = []
    for text in (MINE, CHANGES[-2][0].replace("Pair(y, 1.0).first", "y")):
        module, _ = found(text.replace("Pair(y, 1.0).first", "y"))
        kind = numba.typeof(module.Pair(1.0, 2.0))
        prints.append(fingerprint(module.compiled, (kind,)))
    assert prints[0] != prints[1]


@pytest.mark.parametrize("reason", UNKNOWN)
def test_what_cannot_be_known_is_refused(found, monkeypatch, reason):
    from numba.core.typing.templates import builtin_registry

    monkeypatch.setattr(builtin_registry, "functions", list(builtin_registry.functions))
    with pytest.raises(Unknown, match=reason):
        found(MINE.replace(*UNKNOWN[reason]))


def test_a_value_that_changed_is_never_known_again(found):
    module, before = found(MINE)
    assert fingerprint(module.compiled, (float64,)) == before
    module.A = 2.0
    for _ in range(2):
        with pytest.raises(Unknown, match="has changed"):
            fingerprint(module.compiled, (float64,))
        module.A = 1.0


def test_functions_that_others_cannot_import_are_refused(found):
    def inner(x):
        return x

    inner.__module__ = "__main__"
    with pytest.raises(Unknown, match="in no module"):
        fingerprint(njit_foreign(inner), (float64,))
    module, _ = found(MINE)
    del sys.modules["kernels_of_mine"]
    with pytest.raises(Unknown, match="in no module"):
        fingerprint(njit_foreign(module.kernel), (float64,))


def test_a_constant_of_a_room_that_names_no_folder_counts(found, monkeypatch):
    """Nothing of this package is compiled there, but a kernel of somebody else may read it."""
    from tabular_pg.plotting import labels

    monkeypatch.setattr(labels, "WIDTH_OF_MINE", 1.0, raising=False)
    code = MINE.replace(
        "import numpy as np", "import numpy as np\nfrom tabular_pg.plotting import labels"
    )
    code = code.replace("total = 0.0", "total = labels.WIDTH_OF_MINE")
    before = found(code, CONSTANTS)[1]
    monkeypatch.setattr(labels, "WIDTH_OF_MINE", 2.0)
    assert found(code, CONSTANTS)[1] != before
