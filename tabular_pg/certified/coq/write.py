"""Files that Coq checks by itself."""

from __future__ import annotations

from pathlib import Path

from tabular_pg._files import write_whole
from tabular_pg.certified.coq.library import CHECKERS, OURS, included
from tabular_pg.certified.coq.optimum import optimum_text
from tabular_pg.certified.rational import RationalMDP
from tabular_pg.checks.numbers import checked_flag

OPEN = """From Coq Require Import List ZArith QArith.
Import ListNotations.
Open Scope Z_scope.
Open Scope table_scope.

"""


def write_coq(path, subject, *, alone=True) -> Path:
    checked_flag("alone", alone)
    text = optimum_text(subject)
    head = included(CHECKERS) if alone else f"{OURS} {' '.join(CHECKERS)}.\n"
    return write_whole(path, f"{head}{OPEN}{text}")
