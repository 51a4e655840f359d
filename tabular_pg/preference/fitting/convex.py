"""Damped Newton steps to the minimum of a convex loss of scores, and how far it can be.

Steps are bounded in margins: if a Newton step changes them by up to b, a part log(1 + b) / b of it
goes downhill, because the curvature of log(1 + exp(-D)) changes by at most a factor e per unit of
D; and more of it is taken while it still goes downhill. The system is
solved in the differences along the edges of the heaviest spanning tree, from the stiffest to the
softest, where it is well conditioned whatever the weights are (see ``trees``); of over 1,500 nodes
in the scores themselves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigvalsh
from scipy.sparse.csgraph import connected_components

from tabular_pg._floats import UNDERFLOW
from tabular_pg.preference.fitting import newton
from tabular_pg.preference.fitting.terms import forces, log_ridge_of, terms_of, unit_of
from tabular_pg.preference.fitting.trees import (
    cuts,
    descend,
    heaviest_tree,
    paths,
    shallow_tree,
    star,
)

LAST_RESORT = 2000  # nodes up to which that is done where nothing else works
LARGER = 2.5  # than newton.DENSE a dense system in the edges of a tree may be
SHORT = 0.1  # a change of margins up to which a whole step is taken
BENT = 2.0  # the same up to which no longer step is tried
BRISK = 30.0  # a change of margins beyond which no part of a step may go too far
DOUBLINGS = 12  # of a step
NEAR, PATIENCE = 0.5, 5  # so many steps that do not come nearer, where the minimum is so near
BALANCED = 1e-11  # forces on a node of a large graph, relative to their terms, worth a bound


class Reached(NamedTuple):
    """Where the steps ended, and how far, in any margin, the minimum can be.

    ``gradient`` is its largest entry.
    """

    x: np.ndarray
    distance: float
    iterations: int
    gradient: float


def minimize_scores(terms, iterations) -> Reached:
    """The minimum over x, 0 at the last node of a component; from 0."""
    x = np.zeros(terms.n_nodes)
    best, since, small = Reached(x, np.inf, 0, np.inf), 0, terms.n_nodes <= LARGER * newton.DENSE
    for k in range(iterations + 1):
        found = forces(terms, x)
        last = k == iterations or since >= PATIENCE
        if small or last or _balanced(terms, found):
            tree = (heaviest_tree if small else shallow_tree)(terms, found.log_curvature)
            steps = paths(tree, terms) if small else None
            measured = cuts(tree, terms, found, x, steps)
            S = measured.bound(tree)
            if not small and terms.anchored:
                other = star(terms, found.log_curvature)
                S = min(S, cuts(other, terms, found, x).bound(other))
            far = bound(S, terms.logistic)
            since = since + 1 if NEAR > far > 0.9 * best.distance else 0
            if far < best.distance or best.distance == np.inf:
                best = Reached(x, far, k, _gradient(terms, found))
            rounding = (measured.noise + measured.coarse).sum()
            if last or np.abs(measured.ratio).sum() <= rounding:
                break
        try:
            if small:
                along = _tree_step(tree, terms, found, measured, steps)
                move = descend(tree, along)
                uphill = _tree_uphill(tree, terms, steps, x, along, move)
            else:
                move = _node_step(terms, found)
                uphill = _node_uphill(terms, x, move)
        except (LinAlgError, RuntimeError):  # singular
            move = np.full(x.size, np.nan)
        if not np.isfinite(move).all():
            if small or terms.n_nodes > LAST_RESORT:
                break
            small = True
            continue
        x = x + _size(terms, x, move, uphill) * move
    if best.distance == np.inf:
        best = Reached(x, np.inf, k, _gradient(terms, forces(terms, x)))
    return best._replace(iterations=k)


def _gradient(terms, found) -> float:
    """Its largest entry, in units of the loss."""
    top = terms.log_weight.max()
    net = np.abs(_on_nodes(terms, found, top)[0][: terms.n_nodes - terms.anchored]).max()
    with np.errstate(over="ignore"):
        return float(np.exp(top) * net) if net > 0 else 0.0


def bound(S, logistic) -> float:
    """-log(1 - S), infinite from 1 on; S for squares, whose curvature is constant."""
    if not logistic:
        return float(S)
    return float(-np.log1p(-S)) if S < 1 else np.inf


def _tree_step(tree, terms, found, measured, steps):
    """(n_nodes + 1,) the Newton step along the edges of the tree."""
    edges, log_c = tree.edges, tree.log_curvature
    H = _scaled_hessian(tree, terms, found, steps)
    with np.errstate(under="ignore"):
        half = 0.5 * (log_c[edges] - log_c[edges].max())
        z = cho_solve(cho_factor(H, lower=True), measured.ratio[edges] * np.exp(half))
        along = np.zeros(tree.parent.size)
        along[edges] = z * np.exp(np.minimum(-half, 700.0))
    if not np.isfinite(along).all():
        raise LinAlgError("the step is not finite")
    return along


def curvature_spectrum(comparisons, loss, ridge, scores):
    """Eigenvalues of the Hessian, without the ridge, in units of the heaviest tree's curvatures.

    None where the scores are not near the minimum.
    """
    log_ridge = log_ridge_of(loss, ridge)
    terms, unit = terms_of(comparisons, loss, log_ridge), unit_of(loss)
    x = np.append(scores / unit, np.zeros(terms.n_nodes - comparisons.n_items))
    found = forces(terms, x)
    tree = heaviest_tree(terms, found.log_curvature)
    if not cuts(tree, terms, found, x).bound(tree) < 1:
        return None
    terms = terms_of(comparisons, loss, -np.inf)
    found = forces(terms, x)
    tree = heaviest_tree(terms, found.log_curvature)
    return eigvalsh(_scaled_hessian(tree, terms, found, paths(tree, terms)))


def _scaled_hessian(tree, terms, found, steps):
    """(E, E) in the differences along the edges of the tree, over their curvatures."""
    edges, (pairs, node, sign) = tree.edges, steps
    place = np.zeros(tree.parent.size, dtype=np.int64)
    place[edges] = np.arange(edges.size)
    with np.errstate(under="ignore"):
        entries = sign * np.exp(0.5 * (found.log_curvature[pairs] - tree.log_curvature[node]))
        rows = sparse.csr_array((entries, (pairs, place[node])), (terms.low.size, edges.size))
        return (rows.T @ rows).toarray()


def _node_step(terms, found):
    """(n_nodes,) the Newton step by conjugate gradients or elimination, 0 at the anchor."""
    P, n = terms.low.size, terms.n_nodes
    with np.errstate(under="ignore"):
        values = np.exp(found.log_curvature - found.log_curvature.max())
    at = (
        np.concatenate([terms.low, terms.high, terms.low, terms.high]),
        np.concatenate([terms.high, terms.low, terms.low, terms.high]),
    )
    H = sparse.coo_array((np.repeat([-1.0, 1.0], 2 * P) * np.tile(values, 4), at), shape=(n, n))
    net, size = _on_nodes(terms, found, found.log_curvature.max())
    m = n - terms.anchored
    free = ()
    if not terms.anchored:
        free = np.unique(connected_components(H, directed=False)[1], return_index=True)[1]
    residual = float((np.abs(net[:m]) / np.maximum(size[:m], UNDERFLOW)).max())
    move = newton.newton_step(H.tocsr()[:m, :m], -net[:m], residual, free)
    return np.append(move, np.zeros(n - m))


def _on_nodes(terms, found, log_unit):
    """(n_nodes,) the force on every node, and the size of its terms."""
    n = terms.n_nodes
    with np.errstate(under="ignore"):
        share = np.exp(np.minimum(found.log_force - log_unit, 700.0))
        whole = found.whole * np.exp(min(terms.log_unit - log_unit, 700.0))
        force, size = found.force * share + whole, found.size * share + np.abs(whole)
    net = np.bincount(terms.low, force, n) - np.bincount(terms.high, force, n)
    return net, np.bincount(terms.low, size, n) + np.bincount(terms.high, size, n)


def _balanced(terms, found) -> bool:
    """Whether the forces on every node balance to rounding."""
    net, size = _on_nodes(terms, found, terms.log_weight.max())
    m = terms.n_nodes - terms.anchored
    return bool((np.abs(net) <= BALANCED * size)[:m].all())


def _size(terms, x, move, uphill) -> float:
    """How much of a Newton step to take; ``uphill(size)`` says whether that is too far."""
    logistic = np.isnan(terms.target)
    changes = move[terms.head[logistic]] - move[terms.tail[logistic]]
    b = float(np.abs(changes).max(initial=0.0))
    if b <= SHORT:
        return 1.0
    size = np.log1p(b) / b
    if b <= BENT and not uphill(1.0):
        return 1.0
    for trial in (1.0, *(2.0**i for i in range(1, DOUBLINGS))):
        if trial > size:
            if uphill(trial):
                break
            size = trial
    return size


def _node_uphill(terms, x, move):
    """Whether the loss rises at x + size move."""

    def uphill(size):
        found = forces(terms, x + size * move)
        with np.errstate(under="ignore"):
            top = max(found.log_force.max(), terms.log_weight.max())
            pull = found.force * np.exp(found.log_force - top)
            pull += found.whole * np.exp(terms.log_unit - top)
        return pull @ (move[terms.low] - move[terms.high]) < 0

    return uphill


def _tree_uphill(tree, terms, steps, x, along, move):
    """Whether a move by x + size move goes too far: whether the loss rises, as far as rounding lets
    it be seen, or, if margins change by over ``BRISK``, a cut that moves is pulled back."""
    pairs, node, _ = steps
    far = np.abs(along) > SHORT

    def uphill(size):
        moved = x + size * move
        found = forces(terms, moved)
        unit = np.full(tree.parent.size, -np.inf)
        with np.errstate(divide="ignore"):
            whole = np.log(np.abs(found.whole)) + terms.log_unit
        np.maximum.at(unit, node, np.maximum(found.log_force, whole)[pairs])
        measured = cuts(tree._replace(log_curvature=unit), terms, found, moved, steps)
        with_it = measured.ratio * np.sign(along)
        if not (with_it[far] < -measured.noise[far]).any():
            return False
        certain = far & (np.abs(measured.ratio) > measured.noise + measured.coarse)
        if size * np.abs(move).max() > BRISK or not certain.any():
            return True
        work = np.log(np.abs(with_it[certain] * along[certain])) + unit[certain]
        with np.errstate(under="ignore"):
            return np.sign(with_it[certain]) @ np.exp(work - work.max()) < 0

    return uphill
