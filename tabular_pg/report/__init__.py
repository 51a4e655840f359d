"""What a paper has of runs: bounds as curves, verdicts as tables, BibTeX; and jobs that resume."""

from tabular_pg._tables import csv_table, markdown_table
from tabular_pg.citing import bibtex
from tabular_pg.report.curves import bound_curve
from tabular_pg.report.jobs import resumed
from tabular_pg.report.verdicts import (
    VerdictRow,
    run_records,
    verdict_csv,
    verdict_rows,
    verdict_table,
)

__all__ = [
    "VerdictRow",
    "bibtex",
    "bound_curve",
    "csv_table",
    "markdown_table",
    "resumed",
    "run_records",
    "verdict_csv",
    "verdict_rows",
    "verdict_table",
]
