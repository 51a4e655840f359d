"""The size up to which problems are built."""

from __future__ import annotations

MAX_EDGES = 20_000_000  # a few GB


def refuse_size(cause, n_edges, expected):
    """There are at most ``MAX_EDGES`` steps, else ValueError with what leads to so many."""
    if n_edges > MAX_EDGES:
        raise ValueError(f"{cause} lead to over {MAX_EDGES:,} steps; expected {expected}")
