"""The Coq files of the package, in the order in which coqc reads them."""

from __future__ import annotations

from pathlib import Path

CHECKERS = ("sums", "mdp", "table", "values", "optimum")
LIBRARY = ("sums", "mdp", "existence", "table", "values", "optimum")
OURS = "From TabularPG Require Import"
STANDARD = "From Coq Require Import"  # what comes with coqc
ALL_OF_IT = "From Coq Require Reals Lra Lia Arith List ZArith QArith Qreals.\n"


def coq_library() -> Path:
    """The folder of the Coq files, for ``coqc -R FOLDER TabularPG``.

    They are compiled once, in a copy of it, in the order of ``_CoqProject``:
    ``for f in $(grep v$ _CoqProject); do coqc -R . TabularPG $f; done``.
    """
    return Path(__file__).parent


def source(name) -> str:
    """The text of the library's file ``name``."""
    return (coq_library() / f"{name}.v").read_text()


def included(names) -> str:
    """These files as one text, a module each, for coqc without any folder."""
    texts = (source(name).replace(OURS, "Import").replace(STANDARD, "Import") for name in names)
    modules = (
        f"Module {name}.\n{text}End {name}.\n" for name, text in zip(names, texts, strict=True)
    )
    return "\n".join([ALL_OF_IT, *modules, f"Import {' '.join(names)}.\n"])
