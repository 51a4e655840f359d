"""What may be edited without compiling anything anew, and that it cannot change compiled code."""

from __future__ import annotations

import ast
import functools
import gc
import importlib
import pkgutil
import shutil
import types
from pathlib import Path

import pytest
from numba.core.typing.templates import builtin_registry

import tabular_pg
from tabular_pg.compiled.kernel import Kernel
from tabular_pg.compiled.sources import PACKAGE, ROOMS, folder_name, sources

MARK = "sources-0.nbc"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package to edit."""
    copy = tmp_path_factory.mktemp("copy") / "tabular_pg"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def name_after(package, path, edit):
    """The name of the folder before and after an edit, which is undone."""
    root, file = package.parent, package / path
    text = file.read_text()
    before = folder_name(sources(package), root, MARK)
    file.write_text(edit(text))
    assert file.read_text() != text
    after = folder_name(sources(package), root, MARK)
    file.write_text(text)
    return before, after


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("numerics/simplex.py", '"""', '"""An edited docstring. '),
        ("numerics/simplex.py", "from __future__", "# a comment\n\n\nfrom __future__"),
        ("methods/natural_pg.py", "eta: float", "eta: float  # of any size"),
        ("plotting/labels.py", "from __future__ import annotations", "import math"),
        ("commands/listing.py", '"any"', '"whatever"'),
    ],
)
def test_what_no_compiled_code_can_see_leaves_the_folder(package, path, old, new):
    before, after = name_after(package, path, lambda text: text.replace(old, new, 1))
    assert before == after


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("gaps/evaluation.py", "LOST = 1e-288", "LOST = 1e-287"),  # of the module itself
        ("gaps/bookkeeping.py", "MEASURABLE = 1e-270", "MEASURABLE = 1e-271"),  # of another one
        ("engine/step_size.py", "LARGEST_STEP = 1e250", "LARGEST_STEP = 1e251"),
        ("gaps/evaluation.py", "kappa[s] -= smallest", "kappa[s] += smallest"),  # a kernel
        ("steps/armijo.py", "step.grow * last", "step.grow + last"),  # of a step size
        ("compiled/parts.py", "no_compile = True", "no_compile = False"),  # how it is compiled
    ],
)
def test_what_compiled_code_consists_of_names_the_folder(package, path, old, new):
    before, after = name_after(package, path, lambda text: text.replace(old, new, 1))
    assert before != after


def test_a_new_file_in_these_rooms_names_the_folder(package):
    before = folder_name(sources(package), package.parent, MARK)
    file = package / "methods" / "another.py"
    file.write_text("ANSWER = 42\n")
    assert folder_name(sources(package), package.parent, MARK) != before
    file.unlink()


def test_a_folder_that_the_same_sources_led_to_is_found_without_reading_them(tmp_path):
    (tmp_path / ("a" * 16)).mkdir()
    (tmp_path / ("a" * 16) / MARK).touch()
    assert folder_name({"no Python": b"("}, tmp_path, MARK) == "a" * 16


def test_nothing_that_is_read_by_compiled_code_is_defined_elsewhere():
    for module in pkgutil.walk_packages(tabular_pg.__path__, "tabular_pg."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    functions = [x.py_func for x in gc.get_objects() if type(x) is Kernel]
    for template in builtin_registry.functions + builtin_registry.attributes:
        function = getattr(template, "_overload_func", None)
        if (getattr(function, "__module__", None) or "").startswith("tabular_pg."):
            functions.append(function)
    functions = [x for x in functions if x.__module__.startswith("tabular_pg.")]
    assert len(functions) > 150
    elsewhere = {
        module: names_from_elsewhere(module) for module in {x.__module__ for x in functions}
    }
    for function in functions:
        assert function.__module__.split(".")[1] in ROOMS, function
        names = elsewhere[function.__module__]
        assert not set(names_in(function.__code__)) & names, (function, names)


def names_in(code):
    """The global names, and others, that a function uses, or a function inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_in(constant)


@functools.cache
def statements(module):
    """Those of a module."""
    return ast.parse(Path(importlib.import_module(module).__file__).read_text()).body


def names_from_elsewhere(module, found=None):
    """The names that a module of these rooms has from others, or has computed from them."""
    found = {} if found is None else found
    if module in found:
        return found[module]
    found[module] = names = set()
    for node in statements(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tabular_pg"):
            room = (node.module.split(".") + [""])[1]
            theirs = None if room not in ROOMS else names_from_elsewhere(node.module, found)
            for alias in node.names:
                if theirs is None or alias.name in theirs:
                    names.add(alias.asname or alias.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            used = {x.id for x in ast.walk(node.value) if isinstance(x, ast.Name)}
            if used & names:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names.update(x.id for t in targets for x in ast.walk(t) if isinstance(x, ast.Name))
    return names
