"""The session in the documentation prints what its page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from support.command_line import said

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "shell.md"
BLOCK = re.compile(
    r"^```(console|\{code-block\} python)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE
)


def session(text):
    """The commands of the page with what they print, and before them the files they read."""
    for kind, block in BLOCK.findall(text):
        if kind != "console":
            Path("study.py").write_text(block)
            continue
        for part in re.split(r"^\$ tabular-pg ", block, flags=re.MULTILINE)[1:]:
            line, _, printed = part.partition("\n")
            yield line, printed


def test_the_page_is_a_session_that_works():
    pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    Path("mine.npz").unlink()  # the page makes its own
    count = 0
    for line, printed in session(PAGE.read_text()):
        command, _, into = line.partition(" > ")
        done = said(*shlex.split(command))
        assert done.code == 0, (line, done.err)
        shown = "" if into else done.err + done.out
        assert printed.strip() == shown.strip(), line
        count += 1
    assert count == 10
