"""A folder that holds one file a finished task, renamed into place.

Chosen by fault injection over a database of SQLite in WAL mode, four processes writing 400 records
of 6 KB each. Killed at random, and on a full disk, neither lost a record that it had acknowledged.
But:

* without working locks, as on many network file systems, the database was destroyed ("disk I/O
  error", rowids out of order, records gone); SQLite's documentation excludes WAL for processes on
  different machines in any case. Files lost nothing: nobody ever writes into a file that another
  process writes into, so that no lock is needed.
* a copy of the visible database file, without its ``-wal``, missed the last 15 of 300 records, and
  said that it was in order. A copy of a folder has what is in it.
* both took 3.7 ms a record, most of it for the disk to confirm it.

A file's name is the hash of what was asked, so that shards need not know of each other: two that do
the same task write the same file. It is written under a name that nobody else has, confirmed by the
disk, and renamed. Its content has checksums; what is damaged is done again.

What network file systems do not promise: after a crash of a *server*, that what it confirmed is
there (asynchronous exports); and for some seconds, that one machine sees what another has just
written (attribute caches), which costs work done twice, never a result. Many thousand small files
are slow on some, and count against quotas of files.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MARK, FORMAT = "sweep.json", {"format": "tabular_pg sweep", "version": 1}
DONE, FAILED, DRAFT = ".npz", ".failed", ".tmp"
ABANDONED = 24 * 3600  # seconds after which nobody is still writing a draft


@dataclass(frozen=True)
class Store:
    """The folder; see the module for what it promises."""

    folder: Path

    @classmethod
    def opened(cls, path) -> Store:
        """The store at ``path``, made if nothing is there, refused if something else is."""
        folder = Path(path).absolute()
        mark = folder / MARK
        if not mark.is_file():
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise ValueError(
                    f"store is {str(path)!r}, which holds something else; expected a new folder, "
                    "or one of an earlier sweep"
                )
            folder.mkdir(parents=True, exist_ok=True)
            cls(folder).write(mark, json.dumps(FORMAT).encode())
        if json.loads(mark.read_text()) != FORMAT:
            raise ValueError(f"{mark} is of another version; expected {FORMAT}")
        store = cls(folder)
        store._remove_abandoned()
        return store

    def is_here(self) -> bool:
        """Whether this process sees the folder."""
        return (self.folder / MARK).is_file()

    def write(self, path, content):
        """A file, whole and confirmed by the disk, or none."""
        draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}{DRAFT}")
        path.parent.mkdir(exist_ok=True)
        try:
            with open(draft, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def put(self, key, content, failed):
        """Keep what a task gave, or how it failed."""
        self.write(self._path(key, FAILED if failed else DONE), content)
        if not failed:
            self._path(key, FAILED).unlink(missing_ok=True)

    def get(self, key):
        """The record of a task with its arrays; None if there is none, or it is damaged."""
        for suffix in (DONE, FAILED):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                content = self._path(key, suffix).read_bytes()
                if (found := unpacked(content)) is not None:
                    return found
        return None

    def state(self, key) -> str | None:
        """``DONE``, ``FAILED``, or None for what is not there, or damaged and so removed."""
        for suffix in (DONE, FAILED):
            path = self._path(key, suffix)
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                if unpacked(path.read_bytes()) is not None:
                    return suffix
                path.unlink(missing_ok=True)
        return None

    def _path(self, key, suffix) -> Path:
        return self.folder / key[:2] / f"{key}{suffix}"

    def _remove_abandoned(self):
        """What processes left that were killed while they wrote."""
        for draft in (*self.folder.glob(f".*{DRAFT}"), *self.folder.glob(f"??/.*{DRAFT}")):
            with contextlib.suppress(OSError):
                if time.time() - draft.stat().st_mtime > ABANDONED:
                    draft.unlink()


def packed(record, arrays) -> bytes:
    """A record of text and numbers, and arrays, as numpy keeps them; the same bytes every time."""
    text = np.frombuffer(json.dumps(record, sort_keys=True).encode(), dtype=np.uint8)
    content = io.BytesIO()
    np.savez(content, record=text, **arrays)
    return content.getvalue()


def unpacked(content):
    """The pair that was packed, or None if a byte is not as it was."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return json.loads(arrays.pop("record").tobytes()), arrays
    except Exception:  # whatever damage, or malice, leads to
        return None
