"""CSV files of transitions, as CRAAM and rcraam read and write them."""

from __future__ import annotations

import csv
import math
from itertools import groupby
from pathlib import Path

import numpy as np

from tabular_pg._files import write_whole
from tabular_pg.checks.discount import refuse_undiscounted
from tabular_pg.checks.numbers import check_path, shown
from tabular_pg.mdps.exchange.tables import of_transitions

COLUMNS = ("idstatefrom", "idaction", "idstateto", "probability", "reward")
LARGEST_ID = 10**8


def from_csv(path, gamma, *, rho=None, mu=None, name=None, sparse=None, renormalize=False):
    """The MDP of a CSV file of transitions, as CRAAM has them.

    The first line names the columns ``idstatefrom, idaction, idstateto, probability, reward``, in
    any order and among others. Ids are numbers from 0; lines with the same three add up; rewards
    of transitions become their expectations. Actions without a line are not available, and states
    that are only led to are ends: never left, and paid nothing.

    Parameters
    ----------
    path : str or path
    gamma : float
        Discount factor in [0, 1), of which the file says nothing.
    rho, mu : array_like (S,), optional
        As for :class:`tabular_pg.MDP`.
    name : str, optional
        The name of the file by default.
    sparse : bool, optional
        Whether P is kept as a sparse matrix; by default if it has more than 1e7 entries.
    renormalize : bool
        As for :class:`tabular_pg.MDP`; files with few digits need it.

    Returns
    -------
    MDP

    Raises
    ------
    ValueError
        Names the file, the line, the column and what was expected.
    """
    check_path("path", path)
    with open(path, newline="", encoding="utf-8-sig") as file:
        s, a, t, p, r = _columns(path, csv.reader(file))
    size = _count(path, "state", np.concatenate([s, t]))
    n_actions = _count(path, "action", a)
    ends = np.flatnonzero(np.bincount(s, minlength=size) == 0)
    loops = np.repeat(ends, n_actions), np.tile(np.arange(n_actions), ends.size)
    s, a, t = (np.append(x, y) for x, y in zip((s, a, t), (*loops, loops[0]), strict=True))
    p, r = np.append(p, np.ones(loops[0].size)), np.append(r, np.zeros(loops[0].size))
    return {
        **of_transitions(s, a, t, p, r, (size, n_actions), sparse),
        "gamma": gamma,
        "rho": rho,
        "mu": mu,
        "name": Path(path).stem if name is None else name,
        "renormalize": renormalize,
    }


def to_csv(mdp, path) -> Path:
    """Write the transitions of this MDP as :func:`from_csv` reads them, every bit of them.

    gamma, rho, mu and labels have no place in the file.
    """
    refuse_undiscounted(mdp, "a table of transitions")
    lines = [",".join(COLUMNS)]
    lines += [f"{s},{a},{t},{p!r},{r!r}" for s, a, t, p, r in transitions(mdp)]
    return write_whole(path, "\n".join(lines) + "\n")


def transitions(mdp):
    """Every (s, a, t, probability, reward of (s, a)) of positive probability, in order."""
    S, A = mdp.r.shape
    for row in range(S * A):
        s, a = divmod(row, A)
        if mdp.sparse:
            entries = slice(mdp.P.indptr[row], mdp.P.indptr[row + 1])
            successors, weights = mdp.P.indices[entries], mdp.P.data[entries]
        else:
            successors = np.flatnonzero(mdp.P[s, a])
            weights = mdp.P[s, a, successors]
        for t, p in zip(successors.tolist(), weights.tolist(), strict=True):
            yield s, a, t, p, float(mdp.r[s, a])


def _columns(path, lines):
    names = [name.strip().strip('"').lower() for name in next(lines, [])]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(f"{path} has the columns {', '.join(names)}; expected {missing[0]}, too")
    at = [names.index(name) for name in COLUMNS]
    outcome = names.index("idoutcome") if "idoutcome" in names else None
    found, outcomes = [], []
    for i, line in enumerate(lines, 2):
        if not line:
            continue
        if len(line) != len(names):
            raise ValueError(f"{path}, line {i} has {len(line)} fields; expected {len(names)}")
        fields = zip(COLUMNS, (line[j] for j in at), strict=True)
        found.append([_number(path, i, name, text) for name, text in fields])
        if outcome is not None:
            outcomes.append((*found[-1][:2], line[outcome]))
    if not found:
        raise ValueError(f"{path} has no transitions; expected at least one")
    for pair, several in groupby(sorted(set(outcomes)), key=lambda x: x[:2]):
        if len(list(several)) > 1:
            raise ValueError(
                f"{path} has several outcomes for state {pair[0]:.0f}, action {pair[1]:.0f}: the "
                "MDP is a robust one; expected one outcome of nature for each"
            )
    columns = np.array(found).T
    return *(x.astype(np.int64) for x in columns[:3]), *columns[3:]


def _count(path, what, ids) -> int:
    """How many there are, numbered without gaps, else ValueError."""
    different = np.unique(ids)
    gap = np.flatnonzero(different != np.arange(different.size))
    if gap.size:
        raise ValueError(
            f"{path} has the {what} {different[-1]} and no line with the {what} {gap[0]}; expected "
            "ids 0, 1, 2, ..."
        )
    return different.size


def _number(path, i, name, text) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if name.startswith("id") and not (0 <= value <= LARGEST_ID and value == int(value)):
        raise ValueError(f"{path}, line {i}: {name} is {shown(text)}; expected an integer >= 0")
    if not math.isfinite(value) or "_" in text:
        raise ValueError(f"{path}, line {i}: {name} is {shown(text)}; expected a finite number")
    if name == "probability" and value < 0:
        raise ValueError(f"{path}, line {i}: {name} is {shown(text)}; expected one >= 0")
    return value
