"""Files that Coq checks by itself: optima of rational MDPs, and a false theorem in print."""

from __future__ import annotations

import math
from pathlib import Path

from tabular_pg._files import write_whole
from tabular_pg.certified.coq.library import CHECKERS, OURS, REFUTATION, RUNS, included
from tabular_pg.certified.coq.optimum import claim_of, optimum_text
from tabular_pg.certified.counterexamples import COUNTEREXAMPLES, Counterexample
from tabular_pg.certified.rational import RationalMDP
from tabular_pg.checks.numbers import check_path, checked_flag
from tabular_pg.mdps.mdp import MDP

MOST_STATES = 256  # beyond, exact values take long to find, and lists long to go through
MOST_WORK = 6e8  # products of bits, about 30 ns each in Coq's virtual machine: 20 s
SECONDS = 3e-8  # for one of them
OPEN = """
From Coq Require Import List ZArith QArith.
Import ListNotations.
Open Scope Z_scope.
Open Scope table_scope.

"""
ALONE = """\
(* Coq checks this file alone: coqc FILE. What is proved for all MDPs comes first, what the file is
   about last; integers of many digits are hexadecimal. *)
"""
WITH_LIBRARY = """\
(* Coq checks this file with the compiled library of tabular_pg: coqc -R FOLDER TabularPG FILE.
   Integers of many digits are hexadecimal. *)
"""


REFUTED = """
(* The theorem as printed, printed_theorem, is false: one state, two arms, from the worse one. *)
Theorem not_as_printed : ~ printed_theorem.
Proof. exact printed_theorem_is_false. Qed.

Print Assumptions not_as_printed.
"""


def write_coq(path, subject, *, alone=True) -> Path:
    """Write a file in which Coq proves the optimum of ``subject``, or that a theorem is false.

    Of a RationalMDP the file has the table of fractions, the largest values, the optimal actions
    and Delta, found here and checked by Coq's kernel: nothing of this package has to be trusted.
    Of ``COUNTEREXAMPLES["P7a"]`` it has the theorem as printed, and a proof of its negation.

    Parameters
    ----------
    path : str or path, ending in .v; a name that Coq takes: letters, digits, _, no digit first
    subject : RationalMDP, or ``COUNTEREXAMPLES["P7a"]``
    alone : bool
        Include the definitions and proofs of the library, so that ``coqc path`` is all it takes;
        else the file needs the compiled folder :func:`coq_library`.

    Returns
    -------
    Path
        Of the file, which is written completely or not at all.

    Raises
    ------
    TypeError, ValueError
        If the MDP is one of floats, or too large (the message says which size works), or the
        counterexample has iterates that are not rational.
    """
    check_path("path", path)
    checked_flag("alone", alone)
    path = Path(path)
    if path.suffix != ".v" or not (path.stem.isascii() and path.stem.isidentifier()):
        raise ValueError(f"path is {str(path)!r}; expected a name like optimum.v")
    if isinstance(subject, Counterexample):
        _check_counterexample(subject)
        return write_whole(path, _head(alone, REFUTATION) + REFUTED)
    _check_subject(subject)
    claim = claim_of(subject)
    _refuse_long(subject, claim)
    return write_whole(path, _head(alone, CHECKERS) + OPEN + optimum_text(subject, claim))


def _head(alone, names) -> str:
    if alone:
        return ALONE + included(names)
    return f"{WITH_LIBRARY}{OURS} {' '.join(names)}.\n"


def _check_counterexample(subject):
    if subject is not COUNTEREXAMPLES["P7a"]:
        rule = type(subject.rule).__name__
        raise ValueError(
            f"subject is a counterexample to {subject.theorem.id} with {rule}; expected "
            'COUNTEREXAMPLES["P7a"], the one that Coq refutes (iterates of softmax methods are '
            "not rational)"
        )


def _check_subject(subject):
    if isinstance(subject, MDP):
        raise TypeError(
            "subject is an MDP in float64; expected a RationalMDP: RationalMDP(P, r, gamma) of "
            "fractions, or RationalMDP.of(mdp), which takes its floats as the fractions they are "
            "(Coq checks Garnets of 40 states and 4 actions so, and FrozenLake 8x8)"
        )
    if not isinstance(subject, RationalMDP):
        kind = type(subject).__name__
        raise TypeError(
            f'subject is of type {kind}; expected a RationalMDP or COUNTEREXAMPLES["P7a"]'
        )
    if subject.n_states > MOST_STATES:
        raise ValueError(
            f"subject has {subject.n_states} states; expected at most {MOST_STATES} for Coq, and "
            "about 45 where the numbers are float64"
        )


def work(mdp, claim) -> int:
    """How many products of bits Coq forms to check the losses of ``claim``."""

    def bits(*numbers):
        return sum(int(x).bit_length() for x in numbers)

    longest = max(bits(x) for x in (claim.unit, *claim.numerators))
    gamma, small = mdp.gamma, 0
    for rewards, rows in zip(mdp.r, mdp.P, strict=True):
        for r, row in zip(rewards, rows, strict=True):
            small += bits(r.p, gamma.p, *(w for _, w in row.weights))
            small += 2 * bits(r.q, gamma.q, row.total)
    return longest * small


def _refuse_long(mdp, claim):
    needed = work(mdp, claim)
    if needed > MOST_WORK:
        largest = math.floor(mdp.n_states * math.sqrt(MOST_WORK / needed))
        raise ValueError(
            f"subject has {mdp.n_states} states, {mdp.n_actions} actions and values of "
            f"{claim.unit.bit_length()} bits, for which Coq takes about {needed * SECONDS:.0f} s; "
            f"expected at most about {largest} states of this kind, or numbers with smaller "
            "denominators"
        )
