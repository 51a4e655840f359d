"""The documentation keeps its promises: its code prints what it says, and its pictures exist."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tabular_pg.theorem import REGISTRY

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
MADE = {"_build", "auto_examples", "generated"}
PAGES = sorted(p for p in DOCS.rglob("*.md") if not MADE & set(p.parts))
ROOMS = (
    "tabular_pg",
    "tabular_pg.certified",
    "tabular_pg.instances",
    "tabular_pg.mirrors",
    "tabular_pg.plotting",
    "tabular_pg.preference",
    "tabular_pg.reasoning.baselines",
    "tabular_pg.reasoning.dapo",
    "tabular_pg.reasoning.episodic",
    "tabular_pg.reasoning.puzzles",
    "tabular_pg.report",
    "tabular_pg.steps",
    "tabular_pg.sweeps",
)
ELSEWHERE = {
    "COUNTEREXAMPLES",
    "REGISTRY",
    "instances",
    "mirrors",
    "steps",
}  # in the text, or a page of its own
BLOCK = re.compile(
    r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", flags=re.DOTALL | re.MULTILINE
)
RUNNER = """
import runpy, sys
for path in sys.argv[1:]:
    runpy.run_path(path, run_name="__main__")
    print("<end>", flush=True)
"""


def name(page):
    return str(page.relative_to(DOCS))


def blocks(page):
    """The pairs of code and output of a page; the output is None where it is not shown."""
    return [found.groups() for found in BLOCK.finditer(page.read_text())]


def printed(code, folder):
    """What every block prints, run in one process, each in a name space of its own."""
    scripts = [folder / f"block{i}.py" for i in range(len(code))]
    for script, text in zip(scripts, code, strict=True):
        script.write_text(text)
    command = [sys.executable, "-W", "error", "-c", RUNNER, *map(str, scripts)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("<end>\n")[:-1]


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=name)
def test_code_prints_what_the_page_says(page, tmp_path):
    code, expected = zip(*blocks(page), strict=True)
    if any("tabular_pg.certified" in text for text in code):
        pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    for found, shown in zip(printed(code, tmp_path), expected, strict=True):
        assert shown is None or found == shown


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pictures_and_pages_exist(page):
    for target in re.findall(r"\]\(((?!https?:|#)[^)\s]+)\)", page.read_text()):
        path = (page.parent / target.partition("#")[0]).resolve()
        if "auto_examples" in path.parts:  # made by the gallery
            made = re.fullmatch(r"sphx_glr_(\w+?)_\d{3}(_2_00x)?\.png", path.name)
            path = DOCS / "examples" / (f"{made[1]}.py" if made else "GALLERY_HEADER.rst")
        assert path.exists(), f"{name(page)} links to {target}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_in_the_reference(room):
    if room.endswith("certified"):
        pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    text = "\n".join(page.read_text() for page in (DOCS / "api").glob("*.rst"))
    listed = set(re.findall(r"^   (\w+)$", text, flags=re.MULTILINE))
    assert set(import_module(room).__all__) - ELSEWHERE <= listed


def test_every_theorem_has_one_place_and_every_method_a_page():
    for room in ("tabular_pg.preference", "tabular_pg.reasoning.dapo"):
        import_module(room)  # registers its theorems
    text = "\n".join(page.read_text() for page in (DOCS / "theorems").glob("*.md"))
    placed = re.findall(r"^```\{theorem\} (\w+)$", text, flags=re.MULTILINE)
    assert sorted(placed) == sorted(
        id for id, t in REGISTRY.items() if t.formula.__module__.startswith("tabular_pg.")
    )
    text = "\n".join(page.read_text() for page in (DOCS / "methods").glob("*.md"))
    described = set(re.findall(r"^```\{guarantees\} (\w+)$", text, flags=re.MULTILINE))
    assert described == set(import_module("tabular_pg.methods").__all__)
