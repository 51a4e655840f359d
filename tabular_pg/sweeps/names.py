"""Functions and classes by name, for processes that import them, and fingerprints of their code."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
import sys
import threading
from importlib import import_module
from pathlib import Path

import tabular_pg
from tabular_pg.saved.values import READ_FROM_FILE

NUMBERS = ("_floats.py", "_jit.py", "checks", "engine", "gaps", "mdps", "methods", "numerics",
           "optima", "steps")  # fmt: skip  # what a run depends on
CLAIMS = ("theorem.py", "theorems", "verdicts")  # and what a verdict does
_LOCK, _READING = threading.RLock(), []


def reference(name, thing, files) -> str:
    """``module:name`` of a function or class, or ``script.py:name`` with its path in ``files``.

    Raises
    ------
    TypeError
        If other processes would not find it: lambdas, inner functions, what is typed in.
    """
    module, qualname = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "<")
    if module is None or "<" in qualname:
        raise TypeError(f"{name} is {thing!r}; expected one defined at the top of a module")
    if module != "__main__" and not module.startswith(READ_FROM_FILE):
        return f"{module}:{qualname}"
    path = getattr(sys.modules.get(module), "__file__", None)
    if path is None or not Path(path).is_file():
        raise TypeError(
            f"{name} is {qualname}, which was typed in; expected one in a file, which other "
            "processes can read"
        )
    path = Path(path).resolve()
    if files.setdefault(path.name, str(path)) != str(path):
        raise ValueError(f"{name} is in {path}, and another file is called {path.name} as well")
    return f"{path.name}:{qualname}"


def resolve(text, files):
    """What ``reference`` called so."""
    module, _, qualname = text.partition(":")
    with _LOCK:  # what is read registers its rules, once
        _READING.append(module)
        try:
            found = read_file(files[module]) if module in files else import_module(module)
        finally:
            _READING.pop()
    return functools.reduce(getattr, qualname.split("."), found)


def read_file(path):
    """A file of Python as a module, read once; its ``__name__`` is not ``__main__``."""
    path = Path(path).resolve()
    name = READ_FROM_FILE + hashlib.sha256(str(path).encode()).hexdigest()[:16]
    with _LOCK:
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, path)
            if spec is None or not path.is_file():
                raise ValueError(f"{str(path)!r} is not there, or no file of Python")
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            _READING.append(name)
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
            finally:
                _READING.pop()
        return sys.modules[name]


def refuse_while_reading():
    """Raise RuntimeError in a process that reads a script only to find a function there."""
    if _READING:
        raise RuntimeError(
            "sweep is called while a file is read for its functions; expected the call under "
            'if __name__ == "__main__":'
        )


def is_ours(thing) -> bool:
    """Whether it is of this package, whose code has a fingerprint of its own."""
    return thing.__module__.partition(".")[0] == tabular_pg.__name__


def fingerprint(*things) -> str:
    """Of the source of functions and classes themselves, not of what they call."""
    digest = hashlib.sha256()
    for thing in things:
        if thing is not None:
            digest.update(inspect.getsource(getattr(thing, "py_func", thing)).encode())
    return digest.hexdigest()


@functools.cache
def package_fingerprint(claims) -> str:
    """Of the package's code that runs depend on, and with ``claims`` that verdicts depend on."""
    package, digest = Path(tabular_pg.__file__).parent, hashlib.sha256()
    for place in NUMBERS + CLAIMS * claims:
        file = package / place
        for path in [file] if file.is_file() else sorted(file.rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def file_fingerprint(path) -> str:
    """Of what a file holds."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
