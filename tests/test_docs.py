"""The documentation keeps its promises: its code prints what it says, and its pictures exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(p for p in DOCS.rglob("*.md") if not {"_build", "auto_examples"} & set(p.parts))
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
    """The pairs of code and output of a page; without a block of output it prints nothing."""
    return BLOCK.findall(page.read_text())


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
    assert printed(code, tmp_path) == list(expected)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pictures_and_pages_exist(page):
    for target in re.findall(r"\]\(((?!https?:|#)[^)\s]+)\)", page.read_text()):
        path = (page.parent / target.partition("#")[0]).resolve()
        if "auto_examples" in path.parts:  # made by the gallery
            stem = re.fullmatch(r"sphx_glr_(\w+?)_\d{3}(_2_00x)?\.png|(\w+)\.rst", path.name)
            path = DOCS / "examples" / f"{stem[1] or stem[3]}.py"
        assert path.exists(), f"{name(page)} links to {target}"


def test_examples_are_quick_to_find():
    assert 4 <= len(list((DOCS / "examples").glob("plot_*.py"))) <= 8
