"""Files that Coq checks by itself: optima of rational MDPs, runs of rational methods, and theorems
that are false.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tabular_pg._files import write_whole
from tabular_pg.certified.arithmetic.balls import Undecided, precision
from tabular_pg.certified.certify import Certificate, checked_digits
from tabular_pg.certified.check import certified_check
from tabular_pg.certified.coq.bounds import bounds_of
from tabular_pg.certified.coq.enclosing import Seen
from tabular_pg.certified.coq.iterates import iterates_of, rational_methods, refuse_irrational
from tabular_pg.certified.coq.library import (
    CHECKERS,
    OURS,
    REFUTATION,
    RUNS,
    SOFTMAX_RUNS,
    TD_RUNS,
    included,
)
from tabular_pg.certified.coq.optimum import claim_of, optimum_text
from tabular_pg.certified.coq.run import note, run_claim, run_text
from tabular_pg.certified.coq.sizes import refuse_large, refuse_long
from tabular_pg.certified.coq.softmax import (
    DIGITS,
    is_softmax,
    softmax_claim,
    softmax_methods,
)
from tabular_pg.certified.coq.softmax_text import softmax_text
from tabular_pg.certified.coq.td import td_claim, td_text
from tabular_pg.certified.coq.td_iterates import is_td_pmd
from tabular_pg.certified.counterexamples import COUNTEREXAMPLES, Counterexample
from tabular_pg.certified.rational import RationalMDP
from tabular_pg.certified.rerun import trajectory
from tabular_pg.checks.numbers import check_path, checked_flag, checked_list
from tabular_pg.engine.run import Run
from tabular_pg.mdps.mdp import MDP
from tabular_pg.theorem import Theorem

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
WITH_INTERVALS = """\
(* It needs coq-interval, whose interval arithmetic it computes with (Debian: libcoq-interval). *)
"""


REFUTED = """
(* The theorem as printed, printed_theorem, is false: one state, two arms, from the worse one. *)
Theorem not_as_printed : ~ printed_theorem.
Proof. exact printed_theorem_is_false. Qed.

Print Assumptions not_as_printed.
"""


def write_coq(path, subject, *, alone=True, theorems=(), digits=None) -> Path:
    """Write a file in which Coq proves an optimum, a run, or that a theorem is false.

    Of a RationalMDP the file has the table of fractions, the largest values, the optimal actions
    and Delta, found here and checked by Coq's kernel: nothing of this package has to be trusted.
    Of a certified run it has all policies up to the last recorded one, their values and gaps, and
    the first that is optimal, or, of TD-PMD, decimals around the gaps to the regularized optimum,
    which is no fraction. Policies of softmax methods are no fractions, either: of their runs it has
    two decimals for every iterate, between which the gap is proved to lie, and coqc needs
    coq-interval; for tau > 0 it is the gap to the least upper bound of regularized values. A
    counterexample is written as its run, with the bound that it breaks;
    ``COUNTEREXAMPLES["P7a"]`` as the theorem as printed, and a proof of its negation.

    Parameters
    ----------
    path : str or path, ending in .v; a name that Coq takes: letters, digits, _, no digit first
    subject : RationalMDP, Certificate, SmallInstance, or one of ``COUNTEREXAMPLES``
        Runs are those of PolicyIteration, ProjectedPG, ProjectedQAscent, SPMA, HadamardPG and,
        with any tau, of NaturalPG, SoftmaxPG and SoftPolicyIteration, and of WeightedTDPMD with
        the map Euclidean(); step sizes are rational.
    alone : bool
        Include the definitions and proofs of the library, so that ``coqc path`` is all it takes;
        else the file needs the compiled folder :func:`coq_library`.
    theorems : sequence of Theorem
        For a run: what they prove of ``run.gap`` or ``run.sup_gap`` at its recorded iterates is
        stated beside it as numbers, and whether the gaps are below these.
    digits : int, optional
        How near to each other the decimals of a run of TD-PMD or of a softmax method are: to so
        many digits, 6 if it is not said.

    Returns
    -------
    Path
        Of the file, which is written completely or not at all.

    Raises
    ------
    TypeError, ValueError
        If the MDP is one of floats, or too large (the message says which size works), or the
        iterates of the method are not rational, or have too many digits (it says how many
        iterations work), or a theorem compares something else than gaps.
    """
    check_path("path", path)
    checked_flag("alone", alone)
    theorems = checked_list("theorems", theorems, "a Theorem, as in REGISTRY", Theorem)
    path = Path(path)
    if path.suffix != ".v" or not (path.stem.isascii() and path.stem.isidentifier()):
        raise ValueError(f"path is {str(path)!r}; expected a name like optimum.v")
    names, text = _content(subject, theorems, _digits(subject, digits))
    return write_whole(path, _head(alone, names) + text)


def _content(subject, theorems, digits) -> tuple:
    """The library's files that a file rests on, and what it says itself."""
    if isinstance(subject, Certificate):
        return _of_run(subject, theorems, digits)
    if not isinstance(subject, Counterexample) and not _is_found(subject):
        _check_subject(subject)
    if theorems:
        raise ValueError(
            f"theorems are given, and subject is a {type(subject).__name__}; expected a certified "
            "run with them, or none"
        )
    if subject is COUNTEREXAMPLES["P7a"]:
        return REFUTATION, REFUTED
    if not isinstance(subject, RationalMDP):
        return _of_run(subject.run(), [subject.theorem], digits)
    claim = claim_of(subject)
    refuse_long(subject, claim)
    return CHECKERS, OPEN + optimum_text(subject, claim)


def _of_run(certificate, theorems, digits) -> tuple:
    method, notes = certificate.method, []
    limits = partial(_bounds, certificate, theorems, notes)
    enclosed = is_enclosed(method.rule)
    if not enclosed:
        refuse_irrational(method.rule)
    refuse_large(method.mdp)
    if is_td_pmd(method.rule):
        claim = td_claim(method, limits, digits)
        return TD_RUNS, OPEN + td_text(claim, "".join(notes))
    goal = claim_of(method.mdp) if method.tau == 0 else None
    if enclosed:
        claim = softmax_claim(certificate, goal, limits, seen_exactly, digits)
        return SOFTMAX_RUNS, OPEN + softmax_text(claim, "".join(notes))
    claim = run_claim(method, goal, iterates_of(method, int(method.k[-1])))
    claim.bounds.extend(limits(claim.mean_gaps, claim.sup_gaps, len(claim.bounds)))
    return RUNS, OPEN + run_text(claim, "".join(notes))


def is_enclosed(rule) -> bool:
    """Whether gaps of a run lie between rounded numbers in its file."""
    return is_softmax(rule) or is_td_pmd(rule)


class Exactly(NamedTuple):
    """The largest values (S,) in balls, and of every iterate its point and gaps."""

    V: np.ndarray
    iterates: list


def seen_exactly(method, bits) -> Exactly | None:
    """A :class:`Rerun` in balls of ``bits`` bits; None where these are too few."""
    with precision(bits):
        try:
            model, iterates = trajectory(method)
            points = [point for _, point in iterates]
        except Undecided:
            return None
        return Exactly(model.V, [(x, Seen((x.e * model.rho).sum(), x.e)) for x in points])


def _bounds(certificate, theorems, notes, mean_gaps, sup_gaps, first=0) -> list:
    """What theorems say of these gaps; ``notes`` will say which bounds, from number ``first`` on,
    come from which theorem."""
    found = []
    for verdict in certified_check(certificate, theorems=theorems) if theorems else ():
        bounds = bounds_of(verdict, mean_gaps, sup_gaps)
        notes.append(note(verdict, first + len(found), len(bounds)))
        found.extend(bounds)
    return found


def _is_found(subject) -> bool:
    """Whether it is what a search has found: a theorem, and a certified run that it is about."""
    return isinstance(getattr(subject, "theorem", None), Theorem) and hasattr(subject, "instance")


def _head(alone, names) -> str:
    needed = WITH_INTERVALS if names is SOFTMAX_RUNS else ""
    if alone:
        return ALONE + needed + included(names)
    return f"{WITH_LIBRARY}{needed}{OURS} {' '.join(names)}.\n"


def _digits(subject, digits) -> int:
    """``digits`` of a run of a softmax method; ValueError where there are no ends to round."""
    if digits is None:
        return DIGITS
    if not isinstance(subject, Certificate) or not is_enclosed(subject.method.rule):
        raise ValueError(
            f"digits is {digits}, and subject is no run of {softmax_methods()}, WeightedTDPMD, "
            "whose gaps lie between rounded numbers; expected None"
        )
    return checked_digits(digits)


def _check_subject(subject):
    if isinstance(subject, MDP):
        raise TypeError(
            "subject is an MDP in float64; expected a RationalMDP: RationalMDP(P, r, gamma) of "
            "fractions, or RationalMDP.of(mdp), which takes its floats as the fractions they are "
            "(Coq checks Garnets of 40 states and 4 actions so, and FrozenLake 8x8)"
        )
    if isinstance(subject, Run):
        raise TypeError(
            f"subject is a run of {type(subject.rule).__name__} in float64; expected a certified "
            "one: certify(run) or certified_run(mdp, rule, iterations)"
        )
    if not isinstance(subject, RationalMDP):
        kind = type(subject).__name__
        raise TypeError(
            f"subject is of type {kind}; expected a RationalMDP, a certified run of "
            f"{rational_methods()}, {softmax_methods()}, or a counterexample: one of a search, or "
            "of COUNTEREXAMPLES"
        )
    refuse_large(subject)
