"""The Coq files of the package, and what an exported file takes from them."""

from __future__ import annotations

from pathlib import Path

CHECKERS = ("sums", "mdp", "table", "values", "optimum")  # what exported files rest on
RUNS = (
    *CHECKERS, "improvement", "policy_iteration", "multiplicative", "projected", "projected_rates",
    "steps", "rows", "row_soundness", "run", "run_soundness", "uniqueness",
)  # fmt: skip
REFUTATION = (
    "sums", "mdp", "improvement", "policy_iteration", "projected", "projected_rates", "printed",
)  # fmt: skip
OURS, STANDARD = "From TabularPG Require Import", "From Coq Require Import"
ALL_OF_IT = "From Coq Require Reals Lra Lia Arith List ZArith QArith Qreals.\n"


def coq_library() -> Path:
    """The folder of the Coq files, which coqc compiles in the order of its _CoqProject.

    An exported file needs none of it compiled, unless it was written with ``alone=False``.
    """
    return Path(__file__).parent


def library_files() -> list:
    """The names of all its files, in this order, without their ending."""
    lines = (coq_library() / "_CoqProject").read_text().split()
    return [name.removesuffix(".v") for name in lines if name.endswith(".v")]


def source(name) -> str:
    """The text of the library's file ``name``."""
    return (coq_library() / f"{name}.v").read_text()


def included(names) -> str:
    """These files as one text, a module each, that coqc reads without any folder."""
    texts = (source(name).replace(OURS, "Import").replace(STANDARD, "Import") for name in names)
    modules = (
        f"Module {name}.\n{text}End {name}.\n" for name, text in zip(names, texts, strict=True)
    )
    return "\n".join([ALL_OF_IT, *modules, f"Import {' '.join(names)}.\n"])
