"""The one way this package compiles a function.

Numba's disk cache does not notice when *another* file that a function depends on has changed, so
compiled code lives in a folder named by a hash of the package's sources (and of numba's version):
any edit starts a fresh folder, and folders that nobody has used for a month are removed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

import numba

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

PACKAGE = Path(__file__).parent
UNUSED_AFTER = 30 * 24 * 3600  # seconds


def njit(function, **options):
    """``function`` compiled without the interpreter lock and cached on disk."""
    previous = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = CACHE  # read while decorating; restored for the user's own functions
    try:
        options = {"cache": True, "nogil": True, "error_model": "numpy", **options}
        dispatcher = numba.njit(function, **options)
        _lock_saving(dispatcher)
        return dispatcher
    finally:
        numba.config.CACHE_DIR = previous


def njit_reordered(function, **options):
    """The same, with leave to reorder sums: harmless, where all terms are nonnegative."""
    return njit(function, fastmath={"reassoc", "contract"}, **options)


def njit_inlined(function):
    """The same, for a part of a compiled loop: a call that passes many arrays costs 200 ns."""
    return njit(function, forceinline=True)


def njit_reordered_inlined(function):
    """Both."""
    return njit_reordered(function, forceinline=True)


def njit_uncached(function):
    """``function`` compiled anew in every process: for code that lives outside the package."""
    return numba.njit(function, nogil=True, error_model="numpy")


def _lock_saving(dispatcher):
    """Let one process at a time add to the cache.

    Numba numbers the files of a function's versions without a lock: of two processes that start
    on an empty cache one could be given the code of another rule.
    """
    cache = getattr(dispatcher, "_cache", None)  # none under NUMBA_DISABLE_JIT
    if fcntl is None or not hasattr(cache, "save_overload") or not CACHE:
        return
    save = cache.save_overload

    def save_overload(*arguments):
        with open(Path(CACHE) / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed
            save(*arguments)

    cache.save_overload = save_overload


def _cache_root() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")
    return Path(os.environ.get("TABULAR_PG_CACHE", Path(base) / "tabular_pg"))


def _source_hash() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> str:
    root = _cache_root()
    folder = root / _source_hash()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        for other in root.iterdir():
            if time.time() - other.stat().st_mtime > UNUSED_AFTER:
                shutil.rmtree(other, ignore_errors=True)
    except OSError:
        return ""  # numba then falls back to __pycache__ or its own user folder
    return str(folder)


CACHE = _cache_folder()
