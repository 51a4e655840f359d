"""Episodes that end, at gamma = 1: how likely each action ends one, and that every one does."""

from __future__ import annotations

from math import fsum

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from tabular_pg.checks.arrays import first, real_array
from tabular_pg.checks.probabilities import ROUNDING, ROW_SUM_TOLERANCE
from tabular_pg.mdps.transitions import checked_mask, divided, sums_of

MOST_NAMED = 5  # states of a class that a message names


def ending_rows(P, actions, ends, shape, renormalize):
    """``(P, actions, ends, correction)`` where the rows of available actions and ``ends`` (S, A)
    together sum to 1.

    Without ``ends`` these are what is missing in a row, as far as that is no rounding: up to the
    tolerance of row sums a row is one that sums to 1.

    Raises
    ------
    ValueError
        If a row sums to more than 1, or not to 1 with the ``ends`` that were given; if a row or an
        end contradicts the mask; if a sparse row is all zero and nothing says what that means.
    """
    given = ends is not None
    sums, length = sums_of(P, shape)
    tolerance = ROW_SUM_TOLERANCE * length
    ends = _checked_ends(ends, shape) if given else np.zeros(shape)
    if actions is None:
        actions = np.ones(shape, dtype=bool)
        if sparse.issparse(P):
            actions = _derived_mask(sums, ends, given)
    _refuse_unavailable(actions, ends)
    mask = checked_mask(actions, sums, P)
    if not given:
        ends = _missing(P, actions & (sums < 1 - tolerance))
    whole = _joined(P, ends)
    sums, _ = sums_of(whole, shape)
    off = np.where(actions, np.abs(sums - 1), 0.0)
    wrong = off > tolerance
    if wrong.any() and not (renormalize and np.isfinite(sums).all() and (sums[actions] > 0).all()):
        at = first(wrong)
        what = f"P{at} and ends{at} sum" if given else f"P{at} sums"
        expected = "1" if given else "at most 1, the rest being how likely the episode ends,"
        raise ValueError(
            f"{what} to {float(sums[tuple(at)])!r}; expected {expected} within {tolerance:.0e}"
        )
    if (off > ROUNDING).any():
        P, ends = _parted(divided(whole, sums, off), shape)
    return P, mask, ends, float(off.max()) if wrong.any() else 0.0


def _checked_ends(ends, shape) -> np.ndarray:
    ends = real_array("ends", ends)
    if ends.shape != shape:
        raise ValueError(f"ends has shape {ends.shape}; expected (S, A) = {shape}")
    wrong = (ends < 0) | (ends > 1 + ROW_SUM_TOLERANCE)
    if wrong.any():
        at = first(wrong)
        raise ValueError(f"ends{at} is {ends[tuple(at)]}; expected a probability")
    return ends


def _derived_mask(sums, ends, given) -> np.ndarray:
    """Which actions there are, of a sparse P: an all-zero row may be none, or the end."""
    empty = sums == 0
    if empty.any() and not given:
        at = first(empty)
        raise ValueError(
            f"P{at} is an all-zero row of a sparse P at gamma = 1, which may mean that the episode "
            "ends or that there is no such action; expected actions=mask to say which actions "
            "there are, or ends= to say how likely each of them ends the episode"
        )
    return ~empty | (ends > 0)


def _refuse_unavailable(actions, ends):
    wrong = ~actions & (ends > 0)
    if wrong.any():
        at = first(wrong)
        raise ValueError(f"ends{at} is {ends[tuple(at)]}; expected 0, because actions{at} is False")


def _joined(P, ends):
    """The rows of P, each with its end as another entry."""
    if sparse.issparse(P):
        return sparse.csr_array(sparse.hstack([P, sparse.csr_array(ends.reshape(-1, 1))]))
    return np.concatenate([P, ends[:, :, None]], axis=2)


def _parted(whole, shape):
    """Undo ``_joined``."""
    if sparse.issparse(whole):
        return sparse.csr_array(whole[:, :-1]), whole[:, [-1]].toarray().reshape(shape)
    return np.ascontiguousarray(whole[:, :, :-1]), np.ascontiguousarray(whole[:, :, -1])


def _missing(P, ending) -> np.ndarray:
    """What some rows of P lack of 1: sums of floats, rounded once."""
    ends, rows = np.zeros(ending.shape), np.flatnonzero(ending.ravel())
    if sparse.issparse(P):
        start, stop, data = P.indptr[rows].tolist(), P.indptr[rows + 1].tolist(), P.data
        parts = (data[i:j].tolist() for i, j in zip(start, stop, strict=True))
    else:
        parts = (row.tolist() for row in P.reshape(-1, P.shape[-1])[rows])
    ends.ravel()[rows] = [fsum([1.0, *(-p for p in part)]) for part in parts]
    return ends


class Pairs:
    """The graph of some pairs (s, a) of an MDP, by its stored transitions."""

    def __init__(self, P, shape):
        self.shape = shape
        if sparse.issparse(P):
            entry = P.data > 0
            pair = np.repeat(np.arange(P.shape[0]), np.diff(P.indptr))[entry]
            self.pair, self.target, self.p = pair, P.indices[entry].astype(np.int64), P.data[entry]
        else:
            rows = P.reshape(-1, shape[0])
            self.pair, self.target = np.nonzero(rows > 0)
            self.p = rows[self.pair, self.target]
        self.source = self.pair // shape[1]

    def graph(self, kept):
        """(S, S) which states lead to which by the pairs ``kept`` (S, A)."""
        some = kept.ravel()[self.pair]
        S = self.shape[0]
        edges = (np.ones(int(some.sum()), dtype=bool), (self.source[some], self.target[some]))
        return sparse.csr_array(edges, shape=(S, S))

    def distance(self, states, kept) -> np.ndarray:
        """(S,) by how many steps ``states`` (S,) can be reached, by pairs ``kept``; -1 if never."""
        S = self.shape[0]
        some = kept.ravel()[self.pair]
        roots = np.flatnonzero(states)
        source = np.concatenate([self.target[some], np.full(roots.size, S)])
        target = np.concatenate([self.source[some], roots])
        graph = sparse.csr_array((np.ones(source.size), (source, target)), shape=(S + 1, S + 1))
        steps = dijkstra(graph, indices=S, unweighted=True)[:S] - 1
        return np.where(np.isfinite(steps), steps, -1).astype(np.int64)

    def closed_class(self, kept, within) -> np.ndarray:
        """The states of one class that is never left by pairs ``kept``, of those ``within`` (S,),
        which are not left either."""
        graph = self.graph(kept & within[:, None])
        n, label = connected_components(graph, connection="strong")
        source, target = graph.nonzero()
        left = np.zeros(n, dtype=bool)
        left[label[source][label[source] != label[target]]] = True
        number = label[within][~left[label[within]]][0]
        return np.flatnonzero(label == number)

    def component(self, kept) -> np.ndarray:
        """The states in which one can stay for ever by pairs ``kept`` (S, A), all of them or none;
        ``kept`` becomes the pairs that do so."""
        while True:
            before = int(kept.sum())
            alive = kept.any(axis=1)
            lost = np.bincount(self.pair, ~alive[self.target], kept.size) > 0
            kept &= ~lost.reshape(kept.shape)
            _, label = connected_components(self.graph(kept), connection="strong")
            lost = np.bincount(self.pair, label[self.source] != label[self.target], kept.size) > 0
            kept &= ~lost.reshape(kept.shape)
            if int(kept.sum()) == before:
                return np.flatnonzero(kept.any(axis=1))


def refuse_endless(mdp):
    """Raise ValueError if there are states from which no action ever leads to an end."""
    actions = np.ones(mdp.r.shape, dtype=bool) if mdp.actions is None else mdp.actions
    pairs = Pairs(mdp.P, mdp.r.shape)
    endless = pairs.distance((mdp.ends > 0).any(axis=1), actions) < 0
    if not endless.any():
        return
    states = pairs.closed_class(actions, endless)
    paid = np.argwhere(actions[states] & (mdp.r[states] != 0))
    if paid.size:
        s, a = int(states[paid[0, 0]]), int(paid[0, 1])
        what = f"r[{s}, {a}] = {mdp.r[s, a]:.6g} is earned again and again: values are not finite"
    else:
        what = (
            "nothing is earned: expected rows that sum to less than 1 where such a state is "
            "entered, and no such state"
        )
    raise ValueError(
        f"gamma is 1, and an episode that enters {named(mdp, states)} never ends; there {what}"
    )


def named(mdp, states) -> str:
    """How messages call a class of states."""
    shown = ", ".join(f"{s}{mdp.called(int(s))}" for s in states[:MOST_NAMED].tolist())
    more = f", ... ({states.size} in all)" if states.size > MOST_NAMED else ""
    return f"state{'s' * (states.size > 1)} {shown}{more}"
