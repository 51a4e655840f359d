"""What a function does, as Python has compiled it, wherever it stands."""

from __future__ import annotations

import types

CODE = (
    "co_code", "co_exceptiontable", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount",
    "co_flags", "co_names", "co_varnames", "co_freevars", "co_cellvars",
)  # fmt: skip


def instructions(code) -> tuple:
    """What a function does, but for the values of its global names."""
    constants = []
    for x in code.co_consts:
        if isinstance(x, types.CodeType):
            constants.append(instructions(x))
        elif isinstance(x, frozenset):  # whose order differs between processes
            constants.append(sorted(map(repr, x)))
        else:
            constants.append(repr(x))
    return tuple(getattr(code, field) for field in CODE), tuple(constants)
