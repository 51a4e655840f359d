"""What Coq says of many changed files at once."""

from __future__ import annotations

import random
import re
import subprocess

from tabular_pg.certified.coq.library import RUNS

HEAD = (
    f"From TabularPG Require Import {' '.join(RUNS)}.\n"
    "From Coq Require Import List ZArith QArith. Import ListNotations.\n"
    "Open Scope Z_scope. Open Scope table_scope.\n"
)


def statement(text):
    """The definitions of a file, and the sums that its numbers must have."""
    end = re.search(r"\(\* T(?:he table|able and claim)", text).start()
    body = re.sub(r"\(\*.*?\*\)", "", text[text.index("Definition M") : end], flags=re.DOTALL)
    sums = re.search(r"Lemma transcribed : .* = (.*)\.\n", text)[1]
    return f"{body}Definition expected := {sums}.\n"


def mutants(file, mutations, count):
    """The statement of a file, and ``count`` that differ from it in one place each."""
    text = statement(file.read_text())
    draw, found = random.Random(file.stem), set()
    for tries in range(40 * count):
        if len(found) < count:
            found.add(mutations[tries % len(mutations)](text, draw))
    assert len(found) == count and text not in found
    return text, sorted(found)


def verdicts(library, texts, of_runs=False):
    """For every text whether Coq takes its numbers, and its claim; an error is a refusal, too."""
    sums, check = "checksum M =? expected", "checks_optimum"
    if of_runs:
        sums = "(checksum M =? fst expected) && (run_checksum claim =? snd expected)"
        check = "checks_run"
    asked = [
        f"Module m{i}.\n{text}Definition table_verdict := ({sums})%Z.\n"
        f"Definition claim_verdict := {check} M claim.\n"
        f"End m{i}.\nEval vm_compute in ({i}, m{i}.table_verdict, m{i}.claim_verdict).\n"
        for i, text in enumerate(texts)
    ]
    # coqtop goes on after an error, such as a denominator of 0, where coqc stops
    done = subprocess.run(
        ["coqtop", "-q", "-R", ".", "TabularPG"], input=HEAD + "".join(asked), cwd=library,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = re.findall(r"= \((\d+), (true|false), (true|false)\)", done.stdout)
    return {int(i): (table == "true", claim == "true") for i, table, claim in said}
