"""What compiled code of this package is made from, as a name for the folder that keeps it.

That is the sources of the rooms in which something is compiled, without comments and docstrings,
and what compiles them: a figure's label can be edited without compiling anything anew. Nothing that
compiled code reads is defined in other rooms (a test goes through all of it). Reading them
takes a while, so that a folder also keeps the hashes of the sources, as they are, that led to it.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import llvmlite
import numba
import numpy

from tabular_pg.compiled.instructions import instructions

PACKAGE = Path(__file__).parent.parent
ROOMS = (
    "_floats", "_jit", "batches", "compiled", "engine", "gaps", "methods", "mirrors", "numerics",
    "optima", "preference", "reasoning", "search", "steps",
)  # fmt: skip
NAME = re.compile(r"[0-9a-f]{16}")


def sources(package=PACKAGE) -> dict[str, bytes]:
    """The files that count, by name."""
    found = {}
    for room in ROOMS:
        for path in sorted([package / f"{room}.py", *(package / room).rglob("*.py")]):
            if path.is_file():
                found[path.relative_to(package).as_posix()] = path.read_bytes()
    return found


def folder_name(files, root, mark) -> str:
    """The name for these sources; ``mark`` names the file that stands for their hash, in a folder
    in ``root`` that they have led to before."""
    for path in root.glob(f"*/{mark}"):
        if NAME.fullmatch(path.parent.name):
            return path.parent.name
    return digest(sorted((name, _meaning(text)) for name, text in files.items()))[:16]


def digest(content) -> str:
    """Of what repr tells, and of what compiles."""
    versions = (module.__version__ for module in (numba, llvmlite, numpy))
    made_by = (*versions, sys.implementation.cache_tag)
    return hashlib.sha256(repr((made_by, content)).encode()).hexdigest()


def _meaning(text) -> tuple:
    """A source without comments, docstrings and the numbers of its lines (and without assertions,
    of which these rooms have none)."""
    return instructions(compile(text, "", "exec", dont_inherit=True, optimize=2))
