"""The notebooks of docs/ run from top to bottom, and are kept without what they printed."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import nbclient
import nbformat
import pytest

from tabular_pg.compiled.sources import PACKAGE

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PROGRESS = """
import time
from tabular_pg import _progress
_progress.QUIET = 0.0
with _progress.Watch(10) as watched:
    for _ in range(10):
        watched.count(1)
        time.sleep(0.05)
"""


def name(path):
    return path.stem


def executed(notebook, folder):
    """The notebook with what its cells print; an error of a cell is raised."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=environment)
    return notebook


def streams(notebook, kind="stderr"):
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return "".join(output.text for output in outputs if output.get("name") == kind)


def test_they_are_there():
    assert {*map(name, NOTEBOOKS)} == {"first_run", "own_data", "own_method_and_theorem"}
    text = (ROOT / "README.md").read_text() + (ROOT / "docs/howto/notebooks.md").read_text()
    assert all(text.count(f"{path.stem}.ipynb") >= 2 for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_they_are_kept_without_outputs(path):
    text = path.read_text()
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    stem = path.stem.replace("_", "-")
    assert [cell.id for cell in notebook.cells] == [
        f"{stem}-{i:02}" for i in range(len(notebook.cells))
    ]
    for cell in notebook.cells:
        assert not cell.metadata
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_they_run_and_what_they_assert_is_true(path, tmp_path):
    if "certified" in path.read_text():
        pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    if "import gymnasium" in path.read_text():
        pytest.importorskip("gymnasium", reason="needs gymnasium: tabular_pg[gymnasium]")
    notebook = nbformat.read(path, as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(code))) >= 3
    executed(notebook, tmp_path)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert "Warning" not in streams(notebook) and streams(notebook, "stdout")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_their_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        assert (path.parent / target).is_file(), target


def test_progress_in_a_notebook_is_text_without_a_warning(tmp_path):
    cells = [nbformat.v4.new_code_cell(PROGRESS)]
    notebook = executed(nbformat.v4.new_notebook(cells=cells), tmp_path)
    shown = [x for x in notebook.cells[0].outputs if "widget" in str(x.get("data", ""))]
    assert shown or "iterations" in streams(notebook)
    assert "Warning" not in streams(notebook)
