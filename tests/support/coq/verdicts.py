"""What Coq says of many changed files at once."""

from __future__ import annotations

import random
import re
import subprocess
from typing import NamedTuple

from tabular_pg.certified.coq.library import RUNS, SOFTMAX_RUNS, TD_RUNS

OPEN = (
    "From Coq Require Import List ZArith QArith. Import ListNotations.\n"
    "Open Scope Z_scope. Open Scope table_scope.\n"
)
HEAD = f"From TabularPG Require Import {' '.join(RUNS)}.\n{OPEN}"


class Kind(NamedTuple):
    """What files of a kind are checked with: their sums, their claims, what comes before."""

    sums: str
    check: str
    head: str = HEAD


OF_OPTIMA = Kind("checksum M =? expected", "checks_optimum M claim")
OF_RUNS = Kind(
    "(checksum M =? fst expected) && (run_checksum claim =? snd expected)", "checks_run M claim"
)
OF_TD_RUNS = Kind(
    "(checksum M =? fst expected) && (td_checksum claim =? snd expected)",
    "checks_td M claim greedy",
    f"From TabularPG Require Import {' '.join(TD_RUNS)}.\n{OPEN}",
)
OF_SOFTMAX_RUNS = Kind(
    "(checksum M =? fst expected) && (softmax_checksum claim =? snd expected)",
    "checks_softmax bits M claim guesses",
    f"From TabularPG Require Import {' '.join(SOFTMAX_RUNS)}.\n{OPEN}",
)


def statement(text):
    """The definitions of a file, and the sums that its numbers must have."""
    end = re.search(r"\(\* T(?:he table|able and claim)", text).start()
    body = re.sub(r"\(\*.*?\*\)", "", text[text.index("Definition M") : end], flags=re.DOTALL)
    sums = re.search(r"Lemma transcribed :\s.* = (.*)\.\n", text)[1]
    return f"{body}Definition expected := {sums}.\n"


def guesses(text):
    """What a file of a softmax run guesses, and with how many bits it is checked."""
    found = re.search(r"Definition guesses.*?\]\.\n", text, flags=re.DOTALL)[0]
    bits = re.search(r"checks_softmax (\d+)", text)[1]
    return f"{found}Definition bits := {bits}%positive.\n"


def greedy(text):
    """The policy that a file of a run of TD-PMD guesses."""
    return re.search(r"Definition greedy.*?\]\.\n", text, flags=re.DOTALL)[0]


def mutants(file, mutations, count):
    """The statement of a file, and ``count`` that differ from it in one place each."""
    text = statement(file.read_text())
    draw, found = random.Random(file.stem), set()
    for tries in range(40 * count):
        if len(found) < count:
            found.add(mutations[tries % len(mutations)](text, draw))
    assert len(found) == count and text not in found
    return text, sorted(found)


def verdicts(library, texts, kind=OF_OPTIMA, more=""):
    """For every text, with ``more`` after it, whether Coq takes its numbers, and its claim; an
    error is a refusal, too."""
    asked = [
        f"Module m{i}.\n{text}{more}Definition table_verdict := ({kind.sums})%Z.\n"
        f"Definition claim_verdict := {kind.check}.\n"
        f"End m{i}.\nEval vm_compute in ({i}, m{i}.table_verdict, m{i}.claim_verdict).\n"
        for i, text in enumerate(texts)
    ]
    # coqtop goes on after an error, such as a denominator of 0, where coqc stops
    done = subprocess.run(
        ["coqtop", "-q", "-R", ".", "TabularPG"], input=kind.head + "".join(asked), cwd=library,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = re.findall(r"= \((\d+), (true|false), (true|false)\)", done.stdout)
    return {int(i): (table == "true", claim == "true") for i, table, claim in said}
