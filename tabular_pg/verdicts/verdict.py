"""What is said about one theorem on one run: both sides compared, and how near they came."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tabular_pg._notebook import verdict_html, verdicts_html
from tabular_pg._reprs import cut
from tabular_pg.numerics import wide_functions  # noqa: F401  (what numpy does with numbers of any size)

MOST = 300  # characters of what was found, in a line
ROUNDING = 1e-9  # relative tolerance of every inequality


class Kind(enum.Enum):
    """What is claimed about the measured quantity."""

    UPPER = "measured <= proved"
    LOWER = "measured >= proved"
    EQUAL = "measured = proved"
    ASYMPTOTIC = "measured -> proved"


class Violation(NamedTuple):
    """Where an inequality first fails."""

    k: int
    measured: float
    proved: float


def no_truth_value(verdict):
    """Raise the TypeError of ``bool(verdict)``: it is not said which of its answers is meant."""
    raise TypeError(
        f"a verdict ({verdict.theorem.id}) is neither true nor false; ask for verdict.holds is "
        "True, verdict.holds is False or verdict.applies"
    )


@dataclass(frozen=True, eq=False, repr=False)
class Verdict:
    """What a theorem says about a run.

    It has no truth value (TypeError): ask for ``holds``.

    Attributes
    ----------
    theorem : Theorem
    applies : whether its assumptions hold; ``why_not`` says which one does not, or what its formula
        raised.
    holds : True, False, or None where it does not apply.
    first_violation : Violation or None.
    slack : smallest proved / measured (measured / proved for lower bounds); 1 means tight, inf
        that nothing was left to compare (both sides 0, or below rounding).
    k, measured, proved : what was compared, for figures; 0 where it is below 1e-308.
    last_slack, last_k : the slack at the last iteration at which both sides have their digits.
    not_compared : how many of the claimed inequalities were not compared, because both sides are
        too small for float64 and the run does not have their logarithms.
    not_compared_from : the first k from which on nothing was compared, or None.
    """

    theorem: object
    applies: bool
    why_not: str = ""
    holds: bool | None = None
    first_violation: Violation | None = None
    slack: float = np.nan
    k: np.ndarray | None = None
    measured: np.ndarray | None = None
    proved: np.ndarray | None = None
    last_slack: float = np.nan
    last_k: int | None = None
    not_compared: int = 0
    not_compared_from: int | None = None

    __bool__ = no_truth_value
    _repr_html_ = verdict_html

    @property
    def found(self) -> str:
        """What was found, in words."""
        if not self.applies:
            return f"n/a: {self.why_not}"
        if self.holds:
            return "holds" + self._tightness() + self._silence()
        k, measured, proved = self.first_violation
        shown = f"VIOLATED at k = {k}: measured {measured:.6g}, proved {proved:.6g}"
        if f"{measured:.6g}" != f"{proved:.6g}":
            return shown
        return f"{shown}, relative difference {measured / proved - 1:.2g}"

    def _tightness(self):
        if not self.slack < np.inf:
            return ""
        last = f", {self.last_slack:.3g} at k = {self.last_k}"
        moved = self.last_slack < np.inf and f"{self.last_slack:.2g}" != f"{self.slack:.2g}"
        return f", slack {self.slack:.4g}" + (last if moved else "")

    def _silence(self):
        if self.not_compared_from is not None:
            return f"; nothing compared from k = {self.not_compared_from} on (below float64)"
        some = f"; {self.not_compared} inequalities not compared (below float64)"
        return some if self.not_compared else ""

    def __str__(self):
        return f"{self.theorem.id:<4} {self.theorem.claim}: {self.found}"

    def __repr__(self):
        return f"Verdict({self.theorem.id} {cut(self.found, MOST)})"


class Verdicts(list):
    """Verdicts, which a notebook shows as a table; of those that do not apply only the ids."""

    _repr_html_ = verdicts_html

    def __repr__(self):
        said = [repr(verdict) for verdict in self if verdict.applies]
        silent = ", ".join(verdict.theorem.id for verdict in self if not verdict.applies)
        return f"[{', '.join([*said, f'n/a: {silent}'] if silent else said)}]"
