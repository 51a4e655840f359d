"""Proof instead of rounding: any run again in ball arithmetic (extra ``certified``)."""

try:
    import flint  # noqa: F401
except ImportError as error:
    raise ImportError(
        "tabular_pg.certified needs python-flint: pip install 'tabular_pg[certified]'"
    ) from error

from tabular_pg.certified import (  # noqa: F401  (they register)
    iteration_updates,
    mirror_updates,
    updates,
)
from tabular_pg.certified.arithmetic.balls import NotAPolicy, Undecided
from tabular_pg.certified.certify import Certificate, certified_run, certify
from tabular_pg.certified.check import CertifiedVerdict, Outcome, certified_check
from tabular_pg.certified.coq.library import coq_library
from tabular_pg.certified.coq_export import write_coq
from tabular_pg.certified.counterexamples import COUNTEREXAMPLES, Counterexample
from tabular_pg.certified.rational import RationalMDP
from tabular_pg.certified.registration import update

__all__ = [
    "COUNTEREXAMPLES",
    "Certificate",
    "CertifiedVerdict",
    "Counterexample",
    "NotAPolicy",
    "Outcome",
    "RationalMDP",
    "Undecided",
    "certified_check",
    "certified_run",
    "certify",
    "coq_library",
    "update",
    "write_coq",
]
