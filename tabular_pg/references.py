"""The literature that theorems, methods and models are from, by key, as ``references.bib`` has it.

That file is the only place of its facts. BibTeX's own syntax allows more than is read here: see the
head of the file.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

OWN, PACKAGE = "own", "tabular_pg"  # the source of what is proved here, and the entry to cite it by
ENTRY = re.compile(r"^@(\w+)\{(\w+),\n(.*?)^\}$", flags=re.DOTALL | re.MULTILINE)
FIELD = re.compile(r"^  (\w+) = \{(.*?)\},$", flags=re.DOTALL | re.MULTILINE)
ACCENT = re.compile(r"""\{\\(["'`~])(\w)\}""")
COMBINING = {'"': "\u0308", "'": "\u0301", "`": "\u0300", "~": "\u0303"}
VENUES = "short", "journal", "booktitle", "publisher"  # the first that there is
MOST_NAMES = 6


class Entry(NamedTuple):
    """One publication: its kind and fields, as BibTeX has them, and the whole as it stands."""

    kind: str
    fields: dict
    text: str


def _read(text) -> dict[str, Entry]:
    found = {}
    for entry in ENTRY.finditer(text):
        fields = {name: " ".join(value.split()) for name, value in FIELD.findall(entry[3])}
        found[entry[2]] = Entry(entry[1], fields, entry[0])
    return found


def short(entry) -> str:
    """The entry in a line: names, title, and where and when it appeared."""
    fields = {name: _plain(value) for name, value in entry.fields.items()}
    names = [name.split(",")[0] for name in fields["author"].split(" and ")]
    names = names if len(names) <= MOST_NAMES else [f"{names[0]} et al"]
    year, eprint = fields["year"], fields.get("eprint")
    venue = next(
        (fields[x] for x in ("short", "journal", "booktitle", "publisher") if x in fields), ""
    )
    venue = venue or (f"arXiv {eprint}" if eprint else "")
    if entry.kind == "article":
        venue += f" {fields['volume']}"
    if entry.kind == "unpublished":
        where = fields["note"]
    elif entry.kind == "inproceedings":
        where = f"{venue} {year}"
    else:
        where = f"{venue}, {year}".removeprefix(", ")
    return f"{', '.join(names)}. {fields['title']}. {where}."


def _plain(text) -> str:
    """What LaTeX would print."""
    text = ACCENT.sub(
        lambda found: unicodedata.normalize("NFC", found[2] + COMBINING[found[1]]), text
    )
    return re.sub(r"[{}]", "", text.replace("\\&", "&").replace("\\_", "_"))


ENTRIES = _read(Path(__file__).with_suffix(".bib").read_text(encoding="utf-8"))
REFERENCES = {
    OWN: "Derived and proved in this package; the proof sketch is in the theorem's docstring.",
    **{key: short(entry) for key, entry in ENTRIES.items()},
}


class Sources(NamedTuple):
    """Keys of what something is from, and of what else it is from where tau > 0."""

    keys: tuple
    regularized: tuple


def cited(*keys, regularized=()):
    """Say of the decorated class or function which ``REFERENCES`` it is from.

    Parameters
    ----------
    *keys : str
    regularized : sequence of str
        What it is from where tau > 0, instead.

    Raises
    ------
    ValueError
        For a key that ``REFERENCES`` does not have.
    """
    for key in (*keys, *regularized):
        if key not in ENTRIES:
            raise ValueError(f"key is {key!r}; expected one of {', '.join(ENTRIES)}")

    def remember(thing):
        thing._sources = Sources(keys, tuple(regularized))  # no field of a record begins so
        return thing

    return remember


def sources_of(thing, tau=None) -> tuple:
    """The keys that :func:`cited` left on a class or function; () if there are none."""
    keys, regularized = getattr(thing, "_sources", Sources((), ()))
    if tau is None:
        return (*keys, *regularized)
    return regularized if tau > 0 and regularized else keys


def add_sources(mdp, keys):
    """Keep these keys in an MDP, besides those that it has."""
    if keys:
        object.__setattr__(mdp, "sources", tuple(dict.fromkeys((*mdp.sources, *keys))))
