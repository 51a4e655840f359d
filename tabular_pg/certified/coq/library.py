"""The Coq files of the package, and what an exported file takes from them."""

from __future__ import annotations

from pathlib import Path

CHECKERS = ("sums", "mdp", "table", "values", "optimum")  # what exported files rest on
RUNS = (
    *CHECKERS, "improvement", "policy_iteration", "multiplicative", "projected", "projected_rates",
    "steps", "rows", "row_soundness", "run", "run_soundness", "uniqueness",
)  # fmt: skip
TD_RUNS = (
    *RUNS, "existence", "charged", "quadratic", "td_pmd", "td_pmd_soundness", "td_pmd_runs",
)  # fmt: skip
SOFTMAX_RUNS = (
    *RUNS, "existence", "charged", "softmax", "entropy", "balls", "enclosures", "policies_enclosed",
    "values_enclosed", "iterates_enclosed", "softmax_gaps", "enclosures_soundness",
)  # fmt: skip
REFUTATION = (
    "sums", "mdp", "improvement", "policy_iteration", "projected", "projected_rates", "printed",
)  # fmt: skip
OURS, STANDARD = "From TabularPG Require Import", "From Coq Require Import"
INTERVALS = "From Interval Require Import"
ALL_OF_IT = "From Coq Require Reals Lra Lia Arith List ZArith QArith Qreals.\n"
OF_INTERVALS = (
    "From Interval Require Float.Basic Float.Specific_stdz Float.Specific_ops Real.Xreal.\n"
    "From Interval Require Interval.Interval Interval.Float_full.\n"
)
PROJECTS = ("_CoqProject", "_CoqProject.interval")  # files of the second one need coq-interval


def coq_library() -> Path:
    """The folder of the Coq files, which coqc compiles in the order of its _CoqProject; those of
    _CoqProject.interval come after them and need coq-interval.

    An exported file needs none of it compiled, unless it was written with ``alone=False``.
    """
    return Path(__file__).parent


def library_files(intervals=True) -> list:
    """The names of all its files, in this order, without their ending; perhaps without those that
    need coq-interval."""
    lines = [
        line
        for project in PROJECTS[: 1 + intervals]
        for line in (coq_library() / project).read_text().split()
    ]
    return [name.removesuffix(".v") for name in lines if name.endswith(".v")]


def source(name) -> str:
    """The text of the library's file ``name``."""
    return (coq_library() / f"{name}.v").read_text()


def included(names) -> str:
    """These files as one text, a module each, that coqc reads without any folder."""
    texts = {name: source(name) for name in names}
    modules = [f"Module {name}.\n{_imports(text)}End {name}.\n" for name, text in texts.items()]
    head = ALL_OF_IT
    if any(INTERVALS in text for text in texts.values()):
        head += OF_INTERVALS
    return "\n".join([head, *modules, f"Import {' '.join(names)}.\n"])


def _imports(text) -> str:
    for required in (OURS, STANDARD, INTERVALS):
        text = text.replace(required, "Import")
    return text
