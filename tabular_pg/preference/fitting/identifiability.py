"""What comparisons can determine: components, strong connectivity, separability, and spectra.

Only differences of scores matter to a pairwise loss, and only within a component of the graph of
comparisons. A loss that decreases for ever has a minimum at finite scores if and only if every
component is strongly connected in the graph that leads from losers to winners (Ford 1957);
otherwise some items never lose to the others, and the further up they move the better. With
features the same holds of separability: if some theta, not 0 on all pairs, ranks no pair wrongly,
its multiples are better and better. Squares and the hinge do not decrease for ever.

Cross-entropy compares each item with one of score 0, see ``losses``: it has a minimum if and only
if every item has both won and lost.

References
----------
Ford (1957), Solution of a ranking problem from binary comparisons, American Mathematical Monthly.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigvalsh
from scipy.optimize import linprog
from scipy.sparse.linalg import eigsh

from tabular_pg._floats import UNDERFLOW
from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_number
from tabular_pg.preference.fitting.comparisons import Comparisons, checked_features, counted
from tabular_pg.preference.fitting.hinge import differences
from tabular_pg.preference.fitting.linear import columns

DENSE = 1000  # items of which the whole spectrum is computed
LARGEST_RANK = 2000  # features whose rank is checked
DEPENDENT = 1e-10  # an eigenvalue of the correlations of features that counts as 0
SHOWN = 4  # items or components that a message lists


@dataclass(frozen=True, eq=False)
class Identifiability:
    """What a set of pairs can determine.

    Attributes
    ----------
    components : (n_items,) the number of each item's component in the graph of comparisons.
    strong_components : (n_items,) the same where every edge leads from the loser to the winner.
    """

    components: np.ndarray
    strong_components: np.ndarray

    __repr__ = compact

    @property
    def n_components(self) -> int:
        """The number of components of the graph of comparisons."""
        return int(self.components.max()) + 1

    @property
    def connected(self) -> bool:
        """Whether all differences of scores are determined."""
        return self.n_components == 1

    @property
    def finite(self) -> bool:
        """Whether Bradley and Terry's likelihood has a maximum, by component."""
        return int(self.strong_components.max()) + 1 == self.n_components


class Spectrum(NamedTuple):
    """Smallest eigenvalues of the Laplacian of one component, its edges weighted by counts.

    Attributes
    ----------
    items : numbers of the items.
    eigenvalues : increasing; the first is 0.
    """

    items: np.ndarray
    eigenvalues: np.ndarray

    __repr__ = compact

    @property
    def connectivity(self) -> float:
        """The algebraic connectivity, 0 for an item that was compared with nothing."""
        return float(self.eigenvalues[1]) if self.eigenvalues.size > 1 else 0.0


def identify(pairs, n_items) -> Identifiability:
    """The components of the comparisons (N, 2) of winner and loser, weak and strong."""
    comparisons = counted(pairs, n_items)
    return Identifiability(comparisons.components, comparisons.strong_components)


def spectrum(pairs, n_items, *, weights=None, eigenvalues=6) -> list[Spectrum]:
    """The spectrum of each component of the graph of comparisons, the largest component first.

    All eigenvalues of components of up to 1000 items, by LAPACK; the smallest ``eigenvalues`` of
    larger ones, at least 2, by Lanczos's method.
    """
    check_number("eigenvalues", eigenvalues, 2, kind=Integral)
    comparisons = counted(pairs, n_items, weights)
    L = comparisons.laplacian(comparisons.weight)
    order = np.argsort(comparisons.components, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(comparisons.components))[:-1])
    return [_spectrum(L, part, eigenvalues) for part in sorted(parts, key=lambda part: -part.size)]


def _spectrum(L, items, eigenvalues):
    own = L[items][:, items]
    if items.size <= DENSE:
        values = eigvalsh(own.toarray())
    else:
        start = np.random.default_rng(0).standard_normal(items.size)
        count = min(eigenvalues, items.size - 1)
        values = np.sort(eigsh(own, count, which="SA", return_eigenvectors=False, v0=start))
    values[0] = 0.0
    return Spectrum(items, np.maximum(values, 0.0))


def separating(pairs, n_items, features) -> np.ndarray | None:
    """(F,) a theta with features @ theta never lower for the winner and somewhere higher, or None.

    By linear programming: the largest sum of margins, each at least 0, of theta in [-1, 1]^F.
    """
    comparisons = counted(pairs, n_items)
    return separating_direction(comparisons, checked_features(features, n_items))


def separating_direction(comparisons, features=None) -> np.ndarray | None:
    """As ``separating``; with None for features, theta are the scores."""
    X = differences(comparisons, features)
    scale = np.maximum(np.abs(X).max(axis=0).toarray().ravel(), UNDERFLOW)
    X = X / scale
    found = linprog(-X.sum(axis=0), A_ub=-X, b_ub=np.zeros(X.shape[0]), bounds=(-1, 1))
    if found.status != 0:
        raise RuntimeError(f"whether the pairs are separable is not decided: {found.message}")
    if (X @ found.x).max(initial=0.0) < 1e-7:
        return None
    return found.x / scale


def check_graph(comparisons: Comparisons, loss, per_component):
    """Scores of items have a minimum of this loss, unique up to shifts, else ValueError."""
    weak, strong = comparisons.components, comparisons.strong_components
    if weak.max() > 0 and not per_component:
        raise ValueError(
            f"ridge is 0 and the graph of comparisons has {weak.max() + 1} components: "
            f"{_listed(weak)}; nothing says how they compare. Expected ridge > 0, a connected "
            "graph, or per_component=True where every component is to have mean score 0 by itself"
        )
    if loss.decreases and strong.max() != weak.max():
        items, reason = _extreme(comparisons)
        if comparisons.anchored:
            reason = "have won or lost only, or were not compared at all"
        raise ValueError(
            f"ridge is 0 and the items {_some(items)} {reason}: there is no minimum at finite "
            f"scores. Expected ridge > 0, or strongly connected comparisons "
            f"({strong.max() + 1} strong components: {_listed(strong)})"
        )


def check_rank(comparisons: Comparisons, features):
    """The margins of the pairs determine theta, else ValueError."""
    if features.shape[1] > LARGEST_RANK:
        raise ValueError(
            f"ridge is 0 with {features.shape[1]} features; expected ridge > 0 for more than "
            f"{LARGEST_RANK}"
        )
    Z = columns(features, comparisons).Z  # an offset and a unit change no rank
    G = Z.T @ (comparisons.laplacian(np.ones(comparisons.winner.size)) @ Z)
    G = np.asarray(G.toarray() if hasattr(G, "toarray") else G)
    size = np.sqrt(np.diagonal(G))
    if (size == 0).any():
        f = int((size == 0).argmax())
        raise ValueError(
            f"ridge is 0 and feature {f} is the same in both items of every pair; expected ridge "
            "> 0, or features that differ"
        )
    values = np.linalg.eigvalsh(G / np.outer(size, size))
    if values[0] < DEPENDENT:
        rank = int((values >= DEPENDENT).sum())
        raise ValueError(
            f"ridge is 0 and the differences of features between winners and losers have rank "
            f"{rank}; expected {size.size}, or ridge > 0"
        )


def _extreme(comparisons):
    """Items that beat others and lost to none, or the reverse, whichever are fewer, and in words.

    With an anchor: all that won or lost only.
    """
    strong = comparisons.strong_components
    winners, losers = strong[comparisons.winner], strong[comparisons.loser]
    between = winners != losers
    lost = np.zeros(strong.max() + 1, dtype=bool)
    won = lost.copy()
    lost[losers[between]] = True
    won[winners[between]] = True
    if comparisons.anchored:
        anchor = strong[comparisons.n_items]
        return np.flatnonzero(strong[: comparisons.n_items] != anchor), ""
    best = np.flatnonzero(won[strong] & ~lost[strong])
    worst = np.flatnonzero(lost[strong] & ~won[strong])
    if worst.size < best.size:
        return worst, "never won against any other of their component"
    return best, "never lost to any other of their component"


def _some(items):
    rest = f", ... ({items.size} items)" if items.size > SHOWN else ""
    return "[" + ", ".join(str(i) for i in items[:SHOWN]) + rest + "]"


def _listed(labels):
    """The first items of the first components."""
    parts = [_some(np.flatnonzero(labels == c)) for c in range(min(labels.max() + 1, SHOWN))]
    return ", ".join(parts) + (", ..." if labels.max() >= SHOWN else "")
