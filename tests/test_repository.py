"""The repository keeps its promises: import direction, README, registry, command line."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tabular_pg
from tabular_pg.cli import theorem_table
from tabular_pg.engine.method import METHODS
from tabular_pg.preference import DPO, AgreementFilter, KLControl
from tabular_pg.preference.fitting.losses import LOSSES
from tabular_pg.reasoning.dapo import DAPO
from tabular_pg.references import REFERENCES
from tabular_pg.theorem import REGISTRY, Kind, theorem

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
RULES = (
    DAPO,
    DPO,
    AgreementFilter,
    KLControl,
    *LOSSES,
)  # of runs on problems other than a discounted MDP

# Rooms by floors, the ground floor first: a file imports from its own room and from floors below.
LAYERS = [
    [
        "_docstring",
        "_floats",
        "_machine",
        "_progress",
        "_reprs",
        "checks",
        "compiled",
        "plotting.styles",
        "reasoning",
        "references",
        "theorems.proofs",
    ],
    ["_files", "_jit", "_notebook", "_tables", "preference.data"],
    ["mdps.exchange", "numerics.lanes", "saved"],
    ["mdps"],
    ["instances", "numerics", "preference.fitting", "preference.world"],
    ["numerics.systems"],
    ["gaps", "optima", "preference.control", "preference.curation", "reasoning.episodic"],
    ["batches"],
    ["engine", "reasoning.puzzles"],
    ["mirrors", "steps", "verdicts"],
    ["methods"],
    ["methods.gradients", "methods.iterations"],
    ["theorem"],
    [
        "preference.theorems",
        "reasoning.dapo",
        "theorems",
        "theorems.entropy",
        "theorems.hadamard_pg",
        "theorems.mirror_descent",
        "theorems.natural_pg",
        "theorems.projected_pg",
        "theorems.softmax_pg",
    ],
    ["theorems.undiscounted"],
    ["certified.arithmetic"],
    ["certified.coq", "certified.regularized"],
    ["certified", "preference", "reasoning.baselines", "search.candidates", "sweeps"],
    ["citing", "plotting", "search"],
    ["report"],
    ["commands", "testing"],
    ["cli"],
]
UPSTAIRS = {("engine", "plotting")}  # run.plot, which imports it as it is called


def imports(path):
    """The modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def rooms():
    """{module: (room, file)}: a room is a folder, without those in it, or a module beside them."""
    package, found = ROOT / "tabular_pg", {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        module = ".".join(("tabular_pg", *parts)).removesuffix(".__init__")
        if parts[-1] == "__main__":  # a way to call the command line
            found[module] = "__main__", path
            continue
        found[module] = ".".join(parts[:-1]) or parts[0], path
    return found


def test_imports_point_one_way():
    level = {room: i for i, layer in enumerate(LAYERS) for room in layer}
    modules = rooms()
    outside = {"__init__", "__main__"}  # above everything
    assert {room for room, _ in modules.values()} - outside == set(level)
    for own, path in modules.values():
        for name in imports(path):
            there, _ = modules.get(name, (own, path))
            if {own, there} <= set(level) and there != own and (own, there) not in UPSTAIRS:
                assert level[there] < level[own], f"{path} imports {name}"
            assert not name.startswith("matplotlib") or own == "plotting", path


def test_no_test_imports_a_test():
    for path in (ROOT / "tests").rglob("*.py"):
        assert not any(name.split(".")[-1].startswith("test_") for name in imports(path)), path


def test_no_folder_is_a_hall_of_many_doors():
    for top in ("tabular_pg", "experiments", "tests", "benchmarks"):
        for folder in (ROOT / top, *(ROOT / top).rglob("*/")):
            assert len(list(folder.glob("*.py"))) <= 16, folder


def python_blocks():
    pattern = r"```python\n(.*?)```\n\n```text\n(.*?)```"
    return re.findall(pattern, README, flags=re.DOTALL)


def test_readme_code_prints_what_it_says(tmp_path):
    ((code, expected),) = python_blocks()
    script = tmp_path / "block.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "error", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


def test_every_python_block_of_the_readme_has_output():
    assert README.count("```python") == len(python_blocks())


def test_the_readme_is_read_in_five_minutes():
    assert len(README.splitlines()) <= 150


def test_readme_pictures_exist():
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert len(pictures) == 4
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_every_theorem_is_documented():
    for id, t in REGISTRY.items():
        assert t.id == id
        assert t.source in REFERENCES, id
        assert len(t.statement) > 40, id
        assert len(t.claim) < 110, id
        assert t.rules, id
        assert all(rule in METHODS or rule in RULES for rule in t.rules), id
        assert isinstance(t.kind, Kind), id


def test_ids_are_unique():
    with pytest.raises(ValueError, match="id is 'N1', which sublinear already has"):
        theorem("N1", "again", rules=())(imports)


def test_rules_are_exported_and_documented():
    for rule in METHODS:
        if rule.__module__.startswith("tabular_pg."):
            assert getattr(tabular_pg, rule.__name__) is rule
            assert rule.__doc__, rule
            assert not rule.__doc__.startswith(rule.__name__ + "("), f"{rule} has no docstring"


def test_command_line():
    def run(*arguments):
        command = [sys.executable, "-m", "tabular_pg", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run("theorems", "--markdown").stdout.strip() == theorem_table()
    assert "quadratic rate claimed by Liu, Li and Wei" in run("theorems", "G4").stdout
    wrong = run("theorems", "G99")
    assert wrong.returncode == 2
    assert "id is 'G99'; expected one of" in wrong.stderr


def test_import_is_light():
    code = "import sys, tabular_pg; print('matplotlib' in sys.modules, 'gymnasium' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
