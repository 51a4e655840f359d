"""Counted comparisons: who beat whom and how often, and what a graph of them has to offer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import plain_array, real_numbers
from tabular_pg.checks.numbers import check_number

MOST = 10**8  # items, for each of which there are a few numbers in memory
LARGE, UNIT = 1e290, 2.0**80  # a sum of weights that could overflow, and what to count them in then


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Every (winner, loser) once, with a weight: usually how often.

    Attributes
    ----------
    winner, loser : (M,) numbers of items.
    weight : (M,) positive.
    n_items : int
    anchored : bool
        Whether there is one more item, number ``n_items``, whose score is held at 0.
    log_weight : (M,) log(weight), also where the weight itself is not a float; from ``weight`` by
        default.
    unit : float
        What weights are counted in: 1, but where their sums would not be floats.
    """

    winner: np.ndarray
    loser: np.ndarray
    weight: np.ndarray
    n_items: int
    anchored: bool = False
    log_weight: np.ndarray | None = None
    unit: float = 1.0

    __repr__ = compact

    def __post_init__(self):
        if self.log_weight is None:
            object.__setattr__(self, "log_weight", np.log(self.weight) + np.log(self.unit))

    @property
    def n_nodes(self) -> int:
        """The number of items, and one more for the anchor if there is one."""
        return self.n_items + self.anchored

    @cached_property
    def components(self) -> np.ndarray:
        """(n_nodes,) the number of each item's component in the graph of comparisons."""
        return connected_components(self._wins, directed=False)[1]

    @cached_property
    def strong_components(self) -> np.ndarray:
        """(n_nodes,) the same where every edge leads from the loser to the winner."""
        return connected_components(self._wins, directed=True, connection="strong")[1]

    @property
    def _wins(self):
        shape = (self.n_nodes, self.n_nodes)
        return sparse.coo_array((self.weight, (self.loser, self.winner)), shape=shape).tocsr()

    @property
    def wins(self) -> np.ndarray:
        """(n_items,) the weight of all comparisons that an item won."""
        return self._count(self.winner, self.weight)

    @property
    def losses(self) -> np.ndarray:
        """(n_items,) the weight of all comparisons that an item lost."""
        return self._count(self.loser, self.weight)

    def margins(self, scores) -> np.ndarray:
        """(M,) scores of winners less those of losers."""
        scores = np.append(scores, 0.0) if self.anchored else scores
        return scores[self.winner] - scores[self.loser]

    def sums(self, scores) -> np.ndarray:
        """(M,) scores of winners and losers together."""
        scores = np.append(scores, 0.0) if self.anchored else scores
        return scores[self.winner] + scores[self.loser]

    def collect(self, values) -> np.ndarray:
        """(n_items,) sums of values (M,) over the comparisons won, less those lost."""
        return self._count(self.winner, values) - self._count(self.loser, values)

    def gather(self, values) -> np.ndarray:
        """(n_items,) sums of values (M,) over all comparisons of an item."""
        return self._count(self.winner, values) + self._count(self.loser, values)

    def laplacian(self, values) -> sparse.csr_array:
        """(n_items, n_items) the Laplacian of the graph whose edges have these values (M,).

        With an anchor, its row and column are left out.
        """
        i, j, n = self.winner, self.loser, self.n_nodes
        nodes = np.arange(n)
        diagonal = np.bincount(i, values, n) + np.bincount(j, values, n)
        entries = np.concatenate([-values, -values, diagonal])
        at = np.concatenate([i, j, nodes]), np.concatenate([j, i, nodes])
        found = sparse.coo_array((entries, at), shape=(n, n)).tocsr()
        return found[: self.n_items, : self.n_items] if self.anchored else found

    def incidence(self) -> sparse.csr_array:
        """(M, n_items) rows that turn scores into margins."""
        M, ones = self.winner.size, np.ones(self.winner.size)
        rows = np.tile(np.arange(M), 2)
        entries = np.concatenate([ones, -ones])
        at = rows, np.concatenate([self.winner, self.loser])
        found = sparse.coo_array((entries, at), shape=(M, self.n_nodes)).tocsr()
        return found[:, : self.n_items]

    def against_anchor(self) -> Comparisons:
        """Every winner beats, and every loser loses to, an item whose score is 0."""
        won, lost = np.unique(self.winner), np.unique(self.loser)
        anchor, n = self.n_items, self.n_items
        logs = log_sums(self.winner, self.log_weight, n), log_sums(self.loser, self.log_weight, n)
        return Comparisons(
            np.concatenate([won, np.full(lost.size, anchor)]),
            np.concatenate([np.full(won.size, anchor), lost]),
            np.concatenate([self.wins[won], self.losses[lost]]),
            n,
            anchored=True,
            log_weight=np.concatenate([logs[0][won], logs[1][lost]]),
            unit=self.unit,
        )

    def _count(self, items, values):
        return np.bincount(items, values, self.n_nodes)[: self.n_items]


def counted(pairs, n_items, weights=None) -> Comparisons:
    """Equal pairs together.

    Parameters
    ----------
    pairs : array_like of int (N, 2)
        Winner and loser.
    n_items : int from 2 to 10^8
    weights : array_like (N,), optional
        Positive; 1 by default.

    Raises
    ------
    ValueError
        Names the argument, the row, its value and what was expected.
    """
    check_number("n_items", n_items, 2, MOST, kind=Integral)
    pairs = checked_pairs(pairs, n_items)
    weights = None if weights is None else _checked_weights(weights, len(pairs))
    keys = pairs[:, 0] * np.int64(n_items) + pairs[:, 1]
    keys, where = np.unique(keys, return_inverse=True)
    unit = 1.0
    if weights is None:
        counts = np.bincount(where).astype(float)
        log_weight = np.log(counts)
    else:
        log_weight = log_sums(where, np.log(weights), keys.size)
        with np.errstate(over="ignore"):
            if weights.sum() > LARGE:
                unit = UNIT
        counts = np.bincount(where, weights / unit)
    winner, loser = np.divmod(keys, n_items)
    for array in (winner, loser, counts, log_weight):
        array.setflags(write=False)
    return Comparisons(winner, loser, counts, int(n_items), log_weight=log_weight, unit=unit)


def log_sums(groups, logs, n) -> np.ndarray:
    """(n,) the logarithms of sums of exponentials over groups; -inf for those without any."""
    top = np.full(n, -np.inf)
    np.maximum.at(top, groups, logs)
    with np.errstate(divide="ignore", under="ignore", invalid="ignore"):
        return top + np.log(np.bincount(groups, np.exp(logs - top[groups]), n))


def checked_pairs(pairs, n_items) -> np.ndarray:
    """``pairs`` as an array (N, 2) of two different items each, else ValueError."""
    pairs = plain_array("pairs", pairs, "integers")
    if pairs.size == 0:
        raise ValueError("pairs is empty; expected at least one row of winner and loser")
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ValueError(
            f"pairs has shape {pairs.shape} and type {pairs.dtype}; expected (N, 2) of integers, "
            "winner and loser"
        )
    wrong = (pairs < 0) | (pairs >= n_items)
    if wrong.any():
        row, column = (int(i[0]) for i in np.nonzero(wrong))
        raise ValueError(
            f"pairs[{row}, {column}] is {pairs[row, column]}; expected an item from 0 to "
            f"{n_items - 1}"
        )
    same = pairs[:, 0] == pairs[:, 1]
    if same.any():
        row = int(same.argmax())
        raise ValueError(
            f"pairs[{row}] is {pairs[row].tolist()}; expected a winner that is not the loser"
        )
    return pairs.astype(np.int64)


def _checked_weights(weights, n):
    weights = real_numbers("weights", weights)
    if weights.shape != (n,):
        raise ValueError(f"weights has shape {weights.shape}; expected ({n},), one per pair")
    if (weights <= 0).any():
        row = int((weights <= 0).argmax())
        raise ValueError(f"weights[{row}] is {weights[row]}; expected a number > 0")
    return weights


def checked_features(features, n_items):
    """``features`` as an array (n_items, F) of finite numbers, sparse or not, else ValueError."""
    if sparse.issparse(features):
        if features.dtype.kind not in "biuf":
            raise ValueError(f"features has type {features.dtype}; expected real numbers")
        features = sparse.csr_array(features).astype(float)
        real_numbers("features", features.data)
    else:
        features = real_numbers("features", features)
    if features.ndim != 2 or features.shape[0] != n_items or features.shape[1] == 0:
        raise ValueError(
            f"features has shape {features.shape}; expected ({n_items}, F), a row per item"
        )
    return features
