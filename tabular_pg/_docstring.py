"""Docstrings that mean something at run time, also under ``python -OO``, which drops them."""

from __future__ import annotations

import ast
import functools
import linecache
import sys


def docstring(function) -> str:
    """What ``function`` says of itself; from its source where the interpreter has dropped it."""
    if function.__doc__ or sys.flags.optimize < 2:
        return function.__doc__ or ""
    code = function.__code__
    return _docstrings(code.co_filename).get((code.co_name, code.co_firstlineno), "")


@functools.cache
def _docstrings(path) -> dict:
    """By name and first line, decorators included."""
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):
        return {}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            first = min(part.lineno for part in (node, *node.decorator_list))
            found[node.name, first] = ast.get_docstring(node) or ""
    return found
