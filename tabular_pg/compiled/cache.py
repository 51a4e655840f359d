"""Compiled code that later processes find on disk, where there is a place for it.

A version of a function is one file in a folder named by what it was made from (``sources``): an
edit of that starts a fresh folder. A file is written under a temporary name and begins with the
hash of the rest, so that what is damaged, half there or gone is compiled anew. No lock is needed:
who compiles the same version writes the same file.

Code of others is named by what it was made from besides (``fingerprint``), and stays for a month.

Nothing here ends a run: without a place, or on a full disk, every process compiles for itself, and
one warning says so. What was made here carries a tag, and nothing else is ever removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import pickle
import sys
import time
import uuid
import warnings
from pathlib import Path

from numba.core import config
from numba.core.compiler import CompileResult
from numba.core.errors import NumbaWarning
from numba.core.serialize import dumps

from tabular_pg.compiled.fingerprint import Unknown, fingerprint
from tabular_pg.compiled.sources import NAME, digest, folder_name, sources

UNUSED_AFTER = 30 * 24 * 3600  # seconds
TAG, SUFFIX = "CACHEDIR.TAG", ".nbc"
OTHERS = "own-"  # how files of code outside the package begin
TAG_TEXT = b"""Signature: 8a477f597d28d172789f06886806bc55
# This folder holds compiled code of tabular_pg; it may be removed at any time.
# See https://bford.info/cachedir/
"""


class KernelCache:
    """The versions of one compiled function; numba's dispatcher asks it before it compiles.

    ``tag`` tells functions apart that share their code, made by one factory. ``root`` is the
    dispatcher, if it is of somebody else's code, or around it; where ``refuse`` raises TypeError
    nothing is kept, so that every process finds out.
    """

    form = "whole"

    def __init__(self, function, tag="", root=None, refuse=lambda: None):
        self._function, self.tag, self.root, self._refuse = function, tag, root, refuse
        self.cache_path = str(FOLDER or "")

    def load_overload(self, signature, target_context):
        """The version for ``signature``, or None."""
        if FOLDER is None:
            return None
        target_context.refresh()
        try:
            key = self._key(signature, target_context.codegen())
            content = self._path(key).read_bytes()
            if hashlib.sha256(content[32:]).digest() != content[:32]:
                return None
            known, parts = pickle.loads(content[32:])
            found = self.unpack(target_context, *parts) if known == key else None
        except Exception:  # not there, or of no use: unpickling may raise anything
            return None
        _mark_as_used(None if self.root is None else self._path(key))
        return found

    def save_overload(self, signature, compiled):
        """Keep a version, if that can be done."""
        if compiled.library.has_dynamic_globals or any(not f.can_cache for f in compiled.lifted):
            name = self._function.__qualname__
            warnings.warn(f"{name} depends on addresses and is not cached", NumbaWarning, 2)
            return
        try:
            self._refuse()
        except TypeError:  # which the run will raise
            return
        try:
            if FOLDER is None:
                raise OSError("there is no folder for it")
            key = self._key(signature, compiled.codegen)
            payload = dumps((key, self.pack(compiled)))
            _make_folder()
            _write(self._path(key), hashlib.sha256(payload).digest() + payload)
        except Unknown as why:
            logging.getLogger("tabular_pg").info("%s is not cached: %s", self._function, why)
        except Exception as error:  # a full disk, a quota, a folder that is gone, an odd object
            _say_once(error)
        else:
            _remove_unused()

    def pack(self, version):
        """What is kept of a version."""
        return version._reduce()

    def unpack(self, target_context, *parts):
        """The version again."""
        return CompileResult._rebuild(target_context, *parts)

    def enable(self):
        """Part of what numba asks for."""

    def disable(self):
        """Part of what numba asks for."""

    def flush(self):
        """Part of what numba asks for."""

    def _key(self, signature, codegen):
        function, code = self._function, self._function.__code__
        where = function.__module__, function.__qualname__, code.co_firstlineno
        made = self.root and fingerprint(self.root, signature)
        return (
            self.form,
            where,
            self.tag,
            code.co_code.hex(),
            signature,
            codegen.magic_tuple(),
            config.BOUNDSCHECK,
            made,
        )

    def _path(self, key) -> Path:
        digest = hashlib.sha256(repr(key).encode()).hexdigest()
        name = OTHERS if self.root else f"{self._function.__name__}-"
        return FOLDER / f"{name}{digest[:32]}{SUFFIX}"


def _write(path, content):
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}{SUFFIX}")
    try:
        draft.write_bytes(content)
        try:
            os.replace(draft, path)
        except PermissionError:  # on Windows: another process reads the same version
            if not path.is_file():
                raise
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _make_folder():
    """The folder with its tag, also where somebody has just removed it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in ((TAG, TAG_TEXT), (MARK, b"")):
        if not (FOLDER / name).is_file():
            _write(FOLDER / name, content)


def _remove_unused():
    """Once per process: remove what older versions have left and nobody has used for a month."""
    if _DONE.setdefault("removed", False):
        return
    _DONE["removed"] = True
    with contextlib.suppress(OSError):
        for file in FOLDER.glob(f"{OTHERS}*{SUFFIX}"):
            if time.time() - file.stat().st_mtime > UNUSED_AFTER:
                file.unlink()
        for other in FOLDER.parent.iterdir():
            if other != FOLDER and NAME.fullmatch(other.name) and not other.is_symlink():
                with contextlib.suppress(OSError):
                    _remove_if_unused(other)


def _remove_if_unused(folder):
    """Compiled code of ours and its tag; then the folder, unless somebody keeps more in it."""
    tag = folder / TAG
    if time.time() - folder.stat().st_mtime < UNUSED_AFTER or tag.read_bytes() != TAG_TEXT:
        return
    for file in folder.glob(f"*{SUFFIX}"):
        file.unlink()
    if [file.name for file in folder.iterdir()] == [TAG]:
        tag.unlink()
        folder.rmdir()


def _mark_as_used(file=None):
    if file is not None:
        with contextlib.suppress(OSError):
            os.utime(file)
    if not _DONE.setdefault("used", False):
        _DONE["used"] = True
        with contextlib.suppress(OSError):
            os.utime(FOLDER)
            _make_folder()


def _say_once(error):
    """A warning, or a line in the log where warnings are errors: a cache is no condition."""
    if _DONE.setdefault("said", False):
        return
    _DONE["said"] = True
    text = (
        f"compiled code is not kept on disk, so that every process compiles anew: {error} "
        "(the environment variable TABULAR_PG_CACHE may name a folder for it)"
    )
    try:
        warnings.warn(text, UserWarning, stacklevel=2)
    except UserWarning:
        logging.getLogger("tabular_pg").warning(text)


def _root() -> Path | None:
    """Where the user keeps such things; an empty variable is an unset one."""
    named, numbas = os.environ.get("TABULAR_PG_CACHE"), os.environ.get("NUMBA_CACHE_DIR")
    if named or numbas:
        return Path(named).absolute() if named else Path(numbas).absolute() / "tabular_pg"
    if sys.platform == "win32":
        base = _absolute("LOCALAPPDATA") or _home("AppData", "Local")
    elif sys.platform == "darwin":
        base = _home("Library", "Caches")
    else:
        base = _absolute("XDG_CACHE_HOME") or _home(".cache")
    return base and base / "tabular_pg"


def _absolute(variable) -> Path | None:
    """The folder that a variable names; the XDG standard says to ignore relative ones."""
    path = Path(os.environ.get(variable, ""))
    return path if path.is_absolute() else None


def _home(*parts) -> Path | None:
    try:
        home = Path.home() if os.environ.get("HOME") != "" else Path()
    except RuntimeError:  # no HOME, and a user without an entry
        return None
    return home.joinpath(*parts) if home.is_absolute() else None


def _folder() -> Path | None:
    """Where compiled code goes; it is made when there is something to keep."""
    try:
        root = _root()
        return root / folder_name(FILES, root, MARK) if root and FILES else None
    except (OSError, ValueError):
        return None


_DONE: dict[str, bool] = {}
FILES = sources()
MARK = f"sources-{digest(FILES)[:32]}{SUFFIX}"
FOLDER = _folder()
