"""What compiled code of somebody else's functions was made from, as a hash: the instructions of a
function, the values that its global names and its closure have, and the same of what it calls.

Where that cannot be known ``Unknown`` is raised, with the reason: better compiled anew than stale.
Numba reads these values whenever it compiles another version of a function. What is seen for the
first time must have no version yet; what has changed since then is never known again.
"""

from __future__ import annotations

import dis
import hashlib
import os
import sys
import sysconfig
import types
import weakref
from pathlib import Path

import numba
import numpy as np
from numba.core.compiler import Compiler
from numba.core.dispatcher import Dispatcher
from numba.core.typing.templates import builtin_registry

from tabular_pg.compiled.instructions import CODE
from tabular_pg.compiled.parts import PartCompiler

OWN = __name__.partition(".")[0]
FIXED = {OWN, "builtins", "cmath", "math", "numba", "numpy"}  # their versions name the folder
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), np.generic)
GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")
OURS = tuple(str(x) + os.sep for x in (Path(__file__).parent.parent, Path(numba.__file__).parent))
INSTALLED = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib"))
_SEEN = weakref.WeakKeyDictionary()


class Unknown(Exception):
    """What a function depends on cannot be known."""


def fingerprint(dispatcher, signature) -> str:
    """A hash of what a version of ``dispatcher``, for a signature, is made from."""
    digest = hashlib.sha256(repr(_extensions()).encode())
    for kind in signature:
        if hasattr(kind, "instance_class"):  # whose fields the name of the type does not tell
            digest.update(repr(_class(kind.instance_class)).encode())
    met, waiting = {dispatcher: 0}, [dispatcher]
    for function in waiting:  # which grows
        facts, called = _as_at_first(function)
        for other in called:
            if other not in met:
                met[other] = len(met)
                waiting.append(other)
        digest.update(repr((facts, [met[other] for other in called])).encode())
    return digest.hexdigest()


def is_native(function) -> bool:
    """Whether a compiled function is of this package, and made of nothing else."""
    root = getattr(getattr(function, "_cache", None), "root", function)
    return root is None and function.py_func.__module__.partition(".")[0] == OWN


def _as_at_first(function):
    """The facts about one function, and what it calls."""
    new = function not in _SEEN
    try:
        try:
            found = _facts(function)
        except (AttributeError, RecursionError, TypeError, ValueError) as error:
            raise Unknown(f"{function.__name__}: {error}") from error
        if new and function.overloads and not is_native(function):
            raise Unknown(f"{function.__name__} was compiled before")
        if not new and _SEEN[function] != found:
            raise Unknown(f"{function.__name__}, or a value that it reads, has changed")
    except Unknown:
        _SEEN[function] = None
        raise
    _SEEN[function] = found
    return found


def _facts(function):
    python, called = function.py_func, []
    name = python.__module__, python.__qualname__
    if is_native(function):
        return [name, function._cache.tag], called
    module, ours = sys.modules.get(name[0]), name[0].partition(".")[0] == OWN
    if name[0] == "__main__" or getattr(module, "__dict__", None) is not python.__globals__:
        raise Unknown(f"{name[1]} is in no module that other processes import")
    cache = getattr(function, "_cache", None)
    if getattr(cache, "root", None) is not function and type(cache).__name__ != "NullCache":
        raise Unknown(f"{name[1]} is kept on disk by numba, which looks at one file alone")
    compiler = function._compiler
    if compiler.pipeline_class not in (Compiler, PartCompiler) or compiler.locals:
        raise Unknown(f"{name[1]} is compiled in a way of its own")
    values = {"options": function.targetoptions, "defaults": python.__defaults__}
    for free, cell in zip(python.__code__.co_freevars, python.__closure__ or (), strict=True):
        values[free] = cell.cell_contents
    facts = [name, [(key, _value(x, called, ())) for key, x in values.items()]]
    if not ours:  # the package's own code names the folder
        names = set(_names(python.__code__))
        facts.append(_code(python.__code__, python.__globals__, names, called))
    return facts, called


def _names(code):
    """All names in a function, and in those inside it; literal ones, too, for ``getattr``."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
        elif isinstance(constant, str):
            yield constant


def _code(code, values, names, called):
    """The instructions of a function, its constants and the values of its global names."""
    facts = [getattr(code, field) for field in CODE]
    for constant in code.co_consts:
        inner = isinstance(constant, types.CodeType)
        known = _code(constant, values, names, called) if inner else _value(constant, called, ())
        facts.append(known)
    read = {x.argval for x in dis.get_instructions(code) if x.opname in GLOBAL}
    for name in sorted(read & values.keys()):  # others are names of builtins
        facts.append((name, _value(values[name], called, names)))
    return facts


def _value(value, called, attributes):
    """What stands for a value; what it may ``call`` is appended."""
    kind = type(value)
    if kind in PLAIN or isinstance(value, np.generic):
        return kind.__name__, repr(value)
    if kind is types.FunctionType:  # perhaps the call of what is compiled apart
        value = getattr(value, "kernel", value)
    if isinstance(value, Dispatcher):
        called.append(value)
        return "function"
    if isinstance(value, tuple | list):
        name = _class(kind) if hasattr(value, "_fields") else kind.__name__
        return name, [_value(x, called, attributes) for x in value]
    if isinstance(value, set | frozenset):
        return kind.__name__, sorted(repr(_value(x, called, ())) for x in value)
    if kind is dict:
        return "dict", [(repr(key), _value(x, called, ())) for key, x in sorted(value.items())]
    if kind is np.ndarray and not value.dtype.hasobject:
        content = hashlib.sha256(value.tobytes()).hexdigest()
        return "array", str(value.dtype), value.shape, value.strides, value.flags.num, content
    if isinstance(value, types.ModuleType):
        return _module(value, called, attributes)
    if isinstance(value, type):
        return _class(value)
    name = getattr(value, "__name__", "")
    module = getattr(value, "__module__", None) or ("numpy" if kind is np.ufunc else "")
    if module.partition(".")[0] in FIXED - {OWN} and _found(module, name) is value:
        return module, name
    raise Unknown(f"{name or kind.__name__} is neither a number nor a compiled function")


def _module(module, called, attributes):
    """The name of a module, and what a function with such ``attributes`` may read of it."""
    name = module.__name__
    if name.partition(".")[0] in FIXED - {OWN}:  # not all rooms of ours name the folder
        return "module", name
    found = [attribute for attribute in sorted(attributes) if attribute in vars(module)]
    return "module", name, [(x, _value(vars(module)[x], called, attributes)) for x in found]


def _class(kind):
    """The name of a class that others find there, and its fields."""
    name = kind.__module__, kind.__qualname__
    if kind.__module__ == "__main__" or _found(*name) is not kind:
        raise Unknown(f"{kind.__qualname__} is in no module that other processes import")
    if not hasattr(kind, "_fields") and name[0].partition(".")[0] not in FIXED:
        raise Unknown(f"{kind.__qualname__} is no NamedTuple")
    return *name, getattr(kind, "_fields", ())


def _found(module, qualname):
    found = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _extensions():
    """Files of others in which numba is taught more functions."""
    files = set()
    for template in builtin_registry.functions + builtin_registry.attributes:
        function = getattr(template, "_overload_func", None)
        if function is not None:
            files.add(function.__code__.co_filename)
    return [(file, _installed(file)) for file in sorted(files) if not file.startswith(OURS)]


def _installed(file):
    """A hash of a file of installed software, which calls nothing that is edited."""
    if not file.startswith(INSTALLED):
        raise Unknown(f"{file} teaches numba more functions")
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
