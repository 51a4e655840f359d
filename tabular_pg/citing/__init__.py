"""What to cite: the entries of ``references.bib`` that runs, verdicts and tables are made with."""

from tabular_pg.citing.bibliography import bibtex

__all__ = ["bibtex"]
