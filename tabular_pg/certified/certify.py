"""Any run again in ball arithmetic: guaranteed ends of its error at every recorded iterate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import flint
import numpy as np
from flint import arb

from tabular_pg.certified.arithmetic.balls import Undecided, precision
from tabular_pg.certified.rational import RationalMDP
from tabular_pg.certified.rerun import Rerun, exact_rerun, rerun_of, trajectory
from tabular_pg.checks.numbers import check_number, checked_iterations
from tabular_pg.engine.arguments import recorded
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.rules import part_records
from tabular_pg.engine.run import Status
from tabular_pg.saved.archive import reading, write_archive
from tabular_pg.saved.certificates import certificate_content, certificate_fields
from tabular_pg.saved.exact import read_fraction
from tabular_pg.saved.values import read_rule

SPARE_BITS = 64
MOST_BITS, PATIENCE = 2**17, 2**12  # from the latter on, only as long as more bits get further
BITS_PER_DIGIT = math.log2(10)
MOST_DIGITS = int((MOST_BITS - SPARE_BITS) / BITS_PER_DIGIT)
SMALLEST_FLOAT = 1e-290  # a float64 gap below this is compared by its logarithm


@dataclass(frozen=True, eq=False)
class Certificate:
    """Enclosures of the error of a method at its recorded iterates.

    Attributes
    ----------
    method : Rerun
        The MDP, rule, tau and start policy, in exact numbers.
    gap : tuple of K balls, flint.arb, that enclose V*_tau(rho) - V^k_tau(rho).
    digits : how many decimal digits all of them have at least; inf if all are exact. It is less
        than was asked for, perhaps 0, only where no precision helps: a gap that is exactly 0
        cannot always be told from a tiny one.
    bits : the precision that this took.
    relative_errors : (K,) upper bounds on the relative error of ``run.gap``, or of
        exp(``run.log_gap``) below 1e-290; nan without a run, and where its status UNDERFLOW says
        that float64 has lost the gap; inf where the enclosure contains 0, but is not 0.
    """

    method: Rerun
    gap: tuple
    digits: float
    bits: int
    relative_errors: np.ndarray

    @property
    def k(self) -> np.ndarray:
        """(K,) the recorded iterations."""
        return self.method.k

    @property
    def lower(self) -> tuple:
        """The guaranteed lower ends of ``gap``, exact flint.arb numbers; never below 0."""
        return _ends(self, lambda ball: ball.lower() if ball > 0 else arb(0))

    @property
    def upper(self) -> tuple:
        """The guaranteed upper ends of ``gap``, exact flint.arb numbers."""
        return _ends(self, arb.upper)

    @property
    def relative_error(self) -> float:
        """The largest entry of ``relative_errors``, without the nan; nan if there is no other."""
        known = self.relative_errors[~np.isnan(self.relative_errors)]
        return float(known.max()) if known.size else math.nan

    def save(self, path) -> Path:
        """Write this certificate to one file, with the MDP and the method, every digit of them.

        The format is that of :meth:`tabular_pg.MDP.save`; fractions and balls are text in its
        header. Written completely or not at all.
        """
        return write_archive(path, "Certificate", certificate_content(self))

    @classmethod
    def load(cls, path) -> Certificate:
        """The certificate that ``certificate.save(path)`` wrote; nothing is computed again.

        Every digit comes back, but that radii of balls may grow in their last, 30th bit.
        The hash in a file finds damage and is no signature: who does not trust the sender of a
        file runs its ``method`` again, :func:`certified_run`.

        Errors are those of :meth:`tabular_pg.MDP.load`; a ValueError, too, if the class of the rule
        is not registered here.
        """
        with reading(path, "Certificate") as content:
            mdp, method, fields = certificate_fields(flint, content)
            written = content.facts["rule"]
            rule = read_rule(written, METHODS, part_records(), partial(read_fraction, flint))
            return cls(exact_rerun(RationalMDP(**mdp), rule, **method), **fields)

    def __repr__(self):
        return (
            f"Certificate({type(self.method.rule).__name__}, k={self.k[0]}..{self.k[-1]}, "
            f"gap={self.gap[-1].str(5)}, digits={self.digits:.0f}, bits={self.bits}, "
            f"relative_error={self.relative_error:.2g})"
        )


def _ends(certificate, end):
    with precision(certificate.bits):
        return tuple(end(ball) for ball in certificate.gap)


def certify(run, digits=30) -> Certificate:
    """Rerun ``run`` in ball arithmetic, at the same iterations.

    The float64 entries of the MDP, the rule, tau and the start policy are taken as exact numbers,
    and rows of probabilities are divided by their exact sums. Where step sizes change, those are
    taken that the run took. The optimal policy, ties included, is
    found and proved optimal in rational arithmetic. The precision is raised until every enclosure
    has the digits.

    Parameters
    ----------
    run : Run
    digits : int
        Significant decimal digits wanted of every gap, at most 39,437.

    Raises
    ------
    TypeError, ValueError
        For a rule without an exact update (see :func:`tabular_pg.certified.update`), or whose
        kernel was registered again since, and for an MDP with unavailable actions.
    NotAPolicy
        If the method leaves the simplex.
    Undecided
        If even 131072 bits leave open how an update goes on.
    """
    return _certified(rerun_of(run), digits, run)


def certified_run(mdp, rule, iterations, *, tau=0, policy=None, at=None, digits=30) -> Certificate:
    """Run ``rule`` in ball arithmetic alone.

    Parameters
    ----------
    mdp : RationalMDP or MDP
    rule : an instance of a registered record; its fields may be fractions; a step size that
        depends on iterates is refused, as only a run in floats can say what it was
    iterations : int >= 0
    tau : number >= 0, also a fraction
    policy : nested sequence (S, A) of numbers, optional
        Start policy; uniform by default. Treated like a row of P.
    at : sequence of int, optional
        Iterations to record, as for :func:`tabular_pg.optimize`.
    digits : int
        Significant decimal digits wanted of every gap, at most 39,437.

    Raises
    ------
    TypeError, ValueError, NotAPolicy, Undecided
        As :func:`certify` and :func:`tabular_pg.optimize` do.
    """
    iterations = checked_iterations(iterations)
    mdp = RationalMDP.of(mdp)
    k = recorded(at, iterations, mdp.r.size)
    return _certified(exact_rerun(mdp, rule, tau, policy, k), digits, None)


def _certified(method, digits, run) -> Certificate:
    target = checked_digits(digits) * BITS_PER_DIGIT
    bits, reached = int(target) + SPARE_BITS, []
    while True:
        with precision(bits):
            gap, k = _gaps(method, target)
            reached.append(k)
            hopeless = 2 * bits > MOST_BITS or (bits >= PATIENCE and reached[-3:] == 3 * [k])
            if gap is None and hopeless:
                gap, _ = _gaps(method, -math.inf)
            if gap is not None:
                accuracy = max(min(map(relative_bits, gap)) / BITS_PER_DIGIT, 0.0)
                return Certificate(method, gap, accuracy, bits, _errors(run, gap))
        bits *= 2


def checked_digits(digits) -> int:
    """``digits`` as an int, refused unless it is an integer >= 1 that is within reach."""
    return check_number("digits", check_number("digits", digits, 1), 1, MOST_DIGITS)


def _gaps(method, target):
    """(the gaps at the recorded iterates, the last iteration), or (None, k) where that of
    iteration k has fewer certain bits than ``target``."""
    gap, recorded_at, k = [], set(method.k.tolist()), 0
    try:
        model, iterates = trajectory(method)
        for k, point in iterates:
            value = (point.e * model.rho).sum()
            if relative_bits(value) < target:
                return None, k
            if k in recorded_at:
                gap.append(value)
    except Undecided:
        if target == -math.inf:
            raise
        return None, k + 1
    return tuple(gap), k


def relative_bits(ball) -> float:
    """How many bits of ``ball`` are certain: inf if it is exact, 0 or less if it has no sign."""
    if ball.is_exact() and ball.is_finite():
        return math.inf
    if not (ball > 0 or ball < 0):
        return -math.inf
    return float(ball.rel_accuracy_bits())


def _errors(run, gap) -> np.ndarray:
    """(K,) upper bounds on the relative errors of the run."""
    if run is None:
        return np.full(len(gap), np.nan)
    rows = zip(run.gap.tolist(), run.log_gap.tolist(), gap, strict=True)
    errors = np.array([_relative_error(*row) for row in rows])
    lost = (run.log_gap == -math.inf) & (run.status is Status.UNDERFLOW)
    return np.where(lost & (errors > 0), np.nan, errors)


def _relative_error(computed, log_computed, ball) -> float:
    if ball.is_zero() and computed == 0:
        return 0.0
    small = computed < SMALLEST_FLOAT and log_computed > -math.inf
    error = abs((arb(log_computed).exp() if small else arb(computed)) / ball - 1).upper()
    return float(error) if error.is_finite() else math.inf
