"""Real comparisons with published Bradley-Terry estimates, as counts that come with the package."""

from __future__ import annotations

from importlib.resources import as_file, files

import numpy as np

from tabular_pg.preference.data.files import read_table
from tabular_pg.preference.data.named_pairs import Pairs


def baseball_1987() -> Pairs:
    """Who beat whom among the seven teams of the American League's Eastern Division in 1987.

    References
    ----------
    Agresti (2002), Categorical data analysis, second edition, Wiley, section 10.6.
    """
    return _table("baseball_1987", columns=("home", "away"), counts=("home_wins", "away_wins"))


def baseball_1987_at_home() -> tuple[Pairs, np.ndarray]:
    """The same games, and features (14, 8) of who plays where.

    Items 2 i and 2 i + 1 are team i away and at home; a feature each for the seven teams is
    followed by one for playing at home. The names of items are those of teams.
    """
    at_home = _table("baseball_1987", columns=("home", "away"), counts="home_wins")
    away = _table("baseball_1987", columns=("away", "home"), counts="away_wins")
    teams = at_home.items
    renumbered = np.array([teams.index(name) for name in away.items])[away.pairs]
    pairs = np.concatenate([2 * at_home.pairs + [1, 0], 2 * renumbered + [0, 1]])
    games = Pairs(
        tuple(name for name in teams for _ in range(2)),
        pairs,
        np.concatenate([at_home.weights, away.weights]),
        at_home.sources + away.sources,
        np.concatenate([at_home.ratings, away.ratings]),
    )
    features = np.zeros((games.n_items, len(teams) + 1))
    features[np.arange(games.n_items), np.arange(games.n_items) // 2] = 1.0
    features[1::2, -1] = 1.0
    return games, features


def journal_citations() -> Pairs:
    """Citations between four journals of statistics; the cited one is the winner.

    References
    ----------
    Stigler (1994), Citation patterns in the journals of statistics and probability, Statistical
    Science 9; the part in Agresti (2002), Categorical data analysis, second edition, Wiley.
    """
    return _table("journal_citations", columns=("cited", "citing"), counts="citations")


def _table(name, **options):
    with as_file(files("tabular_pg.preference") / "datasets" / f"{name}.csv") as path:
        return read_table(path, **options)
