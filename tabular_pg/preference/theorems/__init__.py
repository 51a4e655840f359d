"""What is known of fitted rewards, of curation and of policies: all of it is registered here."""

from tabular_pg.preference.theorems import control, curation, fits  # noqa: F401
