"""What a file holds, before it is read."""

from __future__ import annotations

import json
import zipfile

from tabular_pg.saved.archive import FORMAT, HEADER, WRONG

LONGEST = 10**8  # bytes of a header: labels are in it


def kind_of(path) -> str:
    """The kind that the header of a file names, unchecked; '' if it is no file of this package.

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as entries:
                entry = entries.getinfo(f"{HEADER}.npy")
                if entry.file_size > LONGEST:
                    return ""
                data = entries.read(entry)
            header = json.loads(data[data.index(b"{", data.index(b"\n")) :])
        except (*WRONG, OSError):
            return ""
    known = isinstance(header, dict) and header.get("format") == FORMAT
    return str(header.get("kind")) if known else ""
