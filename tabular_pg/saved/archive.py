"""One file format for everything that is saved: an ``.npz`` of plain arrays and a JSON header.

``numpy.load`` reads it without this package: every array is an entry, and ``bytes(file["header"])``
is the JSON text. Nothing is compressed, so that no entry is larger than the file says, and nothing
is pickled. The hash is of the content, not of the file: it finds damage, and is no signature.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tabular_pg._files import write_whole
from tabular_pg.checks.numbers import check_path, shown

FORMAT, VERSION = "tabular_pg", 1
HEADER = "header"
MOST_ARRAYS = 1000
TYPES = ("<f8", "<i8", "<i4", "|b1", "|u1")
SAME_DAY = (1980, 1, 1, 0, 0, 0)  # so that equal contents are equal files
WRONG = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError,
    EOFError, RecursionError, NotImplementedError, zipfile.BadZipFile, RuntimeError,
)  # fmt: skip


class Content(NamedTuple):
    """What a file holds: facts that JSON can write, and arrays by name."""

    facts: dict
    arrays: dict

    def part(self, prefix) -> Content:
        """The facts under this key, and the arrays whose names begin with it and a dot."""
        start = prefix + "."
        arrays = {k.removeprefix(start): v for k, v in self.arrays.items() if k.startswith(start)}
        return Content(self.facts[prefix], arrays)

    def array(self, name, shape, kind="f", optional=False):
        """One array of this shape and kind of entries, else ValueError; None if it is optional."""
        if optional and name not in self.arrays:
            return None
        found = self.arrays.get(name)
        if found is None:
            raise ValueError(f"the array {name} is missing")
        if found.shape != shape or found.dtype.kind != kind:
            raise ValueError(
                f"{name} has shape {found.shape} and type {found.dtype}; expected shape {shape} "
                f"and kind {kind!r}"
            )
        return found


def joined(parts, own) -> Content:
    """One content made of those of the parts, given by prefix, and of its own."""
    facts = {prefix: part.facts for prefix, part in parts.items()}
    arrays = {f"{p}.{name}": x for p, part in parts.items() for name, x in part.arrays.items()}
    return Content(own.facts | facts, own.arrays | arrays)


def write_archive(path, kind, content) -> Path:
    """Write the content of a record of this kind, completely or not at all."""
    check_path("path", path)
    arrays = {name: _plain(x) for name, x in content.arrays.items() if x is not None}
    header = {"format": FORMAT, "version": VERSION, "kind": kind, "facts": content.facts}
    header["sha256"] = _digest(header, arrays)
    text = np.frombuffer(_text(header), dtype=np.uint8)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED, allowZip64=True) as file:
        for name, array in {HEADER: text, **arrays}.items():
            entry = zipfile.ZipInfo(f"{name}.npy", SAME_DAY)
            with file.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
    return write_whole(path, made.getvalue())


@contextlib.contextmanager
def reading(path, kind):
    """The content of a file of this kind; what is wrong with it, also later on, is a ValueError.

    Raises
    ------
    ValueError
        If the file is damaged, of another kind, or of a later version; it names the file.
    OSError
        If there is no such file, or it may not be read.
    """
    check_path("path", path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            content = _content(file, size, kind)
        except (OSError, *WRONG) as error:  # of a place in the file that it does not have
            _refuse(path, kind, error)
    try:
        yield content
    except WRONG as error:
        _refuse(path, kind, error)


def _refuse(path, kind, error):
    reason = f"no {error}" if isinstance(error, KeyError) else str(error)
    raise ValueError(f"{path} is not a file of a saved {kind}: {reason}") from error


def _content(file, size, kind) -> Content:
    with zipfile.ZipFile(file) as entries:
        arrays = _arrays(entries, size)
    text = arrays.pop(HEADER, None)
    if text is None or text.dtype != np.uint8:
        raise ValueError("it has no header")
    header = json.loads(text.tobytes().decode(), parse_constant=_refuse_constant)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"its header does not say that its format is {FORMAT}")
    version = header.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise ValueError(
            f"its version is {shown(version)}; this release reads versions up to {VERSION}"
        )
    if header.get("kind") != kind:
        raise ValueError(f"it holds a {header.get('kind')}; expected a {kind}")
    if header.pop("sha256", None) != _digest(header, arrays):
        raise ValueError("its content does not have the hash in its header: it has been changed")
    return Content(header["facts"], arrays)


def _arrays(file, size) -> dict:
    entries = file.infolist()
    if len(entries) > MOST_ARRAYS:
        raise ValueError(f"it has {len(entries)} entries; expected at most {MOST_ARRAYS}")
    for entry in entries:
        stored = entry.compress_type == zipfile.ZIP_STORED
        if not stored or entry.file_size != entry.compress_size or entry.flag_bits & 1:
            raise ValueError(f"its entry {shown(entry.filename)} is compressed or encrypted")
    if sum(entry.file_size for entry in entries) > size:
        raise ValueError("its entries claim to be larger than the file")
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names) or not all(name.endswith(".npy") for name in names):
        raise ValueError("its entries are not arrays with different names")
    return {entry.filename.removesuffix(".npy"): _array(file, entry) for entry in entries}


def _array(file, entry) -> np.ndarray:
    with file.open(entry) as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise ValueError(f"{entry.filename} is not an array of version 1.0")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
        if fortran or dtype.str not in TYPES or min(shape, default=0) < 0:
            raise ValueError(f"{entry.filename} has type {dtype}; expected one of {TYPES}")
        data = member.read()
    if math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"{entry.filename} has {len(data)} bytes, which its shape {shape} belies")
    array = np.empty(shape, dtype)
    array.reshape(-1).view(np.uint8)[:] = np.frombuffer(data, np.uint8)
    if dtype.kind == "b" and not (array.view(np.uint8) <= 1).all():
        raise ValueError(f"{entry.filename} has entries that are neither true nor false")
    array.setflags(write=False)
    return array


def _plain(array) -> np.ndarray:
    """The array in the byte order and layout of files."""
    array = np.asarray(array)
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
    if array.dtype.str not in TYPES:
        raise TypeError(f"an array of {array.dtype} cannot be saved; expected one of {TYPES}")
    return array


def _text(header) -> bytes:
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def _digest(header, arrays) -> str:
    """SHA-256 of the header without its hash, and of every array, by name."""
    found = hashlib.sha256(_text(header))
    for name in sorted(arrays):
        x = arrays[name]
        found.update(f"\n{name} {x.dtype.str} {x.shape}\n".encode())
        found.update(x.reshape(-1).view(np.uint8))
    return found.hexdigest()


def _refuse_constant(text):
    raise ValueError(f"its header has the number {text}")
