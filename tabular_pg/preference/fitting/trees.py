"""Forces on a graph summed over the cuts of its heaviest spanning tree.

Without one of its edges a spanning tree is in two parts. The sum of the forces between them, which
is 0 at a minimum, has no term from within a part: however much heavier these are, nothing cancels.
In the tree with the largest curvatures every edge is the stiffest of those that cross its cut.

That gives a bound on the distance to the minimum (derived here). From x let the forces be released
in proportion: dx/ds = H(x)^-1 g with g constant, which arrives at the minimum at s = 1. A force g_e
between the ends of tree edge e moves no two nodes of the graph further apart than these ends, by
g_e / c_e at most, c_e the curvature of that edge: currents in a network have a maximum principle
(Doyle and Snell 1984). If no margin has changed by more than d, no curvature of log(1 + e^-D) has
fallen by more than e^-d. So d' <= e^d S with S = sum_e |g_e| / c_e, and d <= -log(1 - S) if S < 1.
Of many edges the square root of R sum_e g_e^2 / c_e is less, R the largest resistance between two
nodes: by Cauchy and Schwarz, the energy of a current being the least of all flows (Thomson).

References
----------
Doyle and Snell (1984), Random walks and electric networks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from tabular_pg.preference.fitting.terms import EPS

LARGEST = 600.0  # of an exponent


class Tree(NamedTuple):
    """A spanning tree of every component, below one more node, the root of all.

    Attributes
    ----------
    order : nodes, those nearer the root first, the root of all left out.
    parent, depth : (n_nodes + 1,)
    log_curvature : (n_nodes + 1,) of the edge to the parent; NaN where that is the root of all.
    """

    order: np.ndarray
    parent: np.ndarray
    depth: np.ndarray
    log_curvature: np.ndarray

    @property
    def edges(self) -> np.ndarray:
        """The lower nodes of its edges, from the stiffest to the softest."""
        nodes = self.order[~np.isnan(self.log_curvature[self.order])]
        return nodes[np.argsort(-self.log_curvature[nodes], kind="stable")]


class Cuts(NamedTuple):
    """For every node below an edge of the tree: the force over the cut by the edge's curvature.

    ``noise`` bounds the rounding of ``ratio``; ``coarse`` is what that of x may do to it.
    """

    ratio: np.ndarray
    noise: np.ndarray
    coarse: np.ndarray

    def bound(self, tree) -> float:
        """S of the module's docstring, or the square root that is there instead, if less."""
        each = np.abs(self.ratio) + self.noise
        known = tree.order[~np.isnan(tree.log_curvature[tree.order])]
        total, largest = float(each.sum()), each.max()
        logs = tree.log_curvature[known]
        if largest == 0 or np.ptp(logs) > LARGEST:
            return total
        bent = np.exp(logs - logs.max())
        resistance = np.zeros(tree.parent.size)
        resistance[known] = 1 / bent
        longest = 2 * descend(tree, resistance).max()
        energy = largest * np.sqrt(longest * (bent @ (each[known] / largest) ** 2))
        return min(total, float(energy))


def heaviest_tree(terms, log_curvature) -> Tree:
    """The spanning tree with the largest curvatures."""
    n, P = terms.n_nodes, terms.low.size
    rank = np.empty(P)
    rank[np.argsort(-log_curvature, kind="stable")] = np.arange(1, P + 1)
    graph = sparse.coo_array((rank, (terms.low, terms.high)), shape=(n, n)).tocsr()
    return _rooted(minimum_spanning_tree(graph).tocoo(), terms, log_curvature)


def shallow_tree(terms, log_curvature) -> Tree:
    """A spanning tree of shortest paths, with one edge only from the anchor to any component.

    Of many nodes it has smaller cuts, with less rounding, than the heaviest one.
    """
    n, P = terms.n_nodes, terms.low.size
    used = np.ones(P, dtype=bool)
    if terms.anchored:
        used = terms.high != n - 1
        inner = sparse.coo_array((np.ones(P), (terms.low, terms.high)), shape=(n, n)).tocsr()
        part = connected_components(inner[: n - 1, : n - 1], directed=False)[1]
        stems = np.flatnonzero(~used)
        used[stems[np.unique(part[terms.low[stems]], return_index=True)[1]]] = True
    at = terms.low[used], terms.high[used]
    graph = sparse.coo_array((np.ones(at[0].size), at), shape=(n, n))
    return _rooted(graph, terms, log_curvature)


def star(terms, log_curvature) -> Tree:
    """The tree of shortest paths."""
    n = terms.n_nodes
    graph = sparse.coo_array((np.ones(terms.low.size), (terms.low, terms.high)), shape=(n, n))
    return _rooted(graph, terms, log_curvature)


def _rooted(graph, terms, log_curvature) -> Tree:
    """The tree of shortest paths in the graph from its components' anchors, or their last nodes."""
    n = terms.n_nodes
    count, component = connected_components(graph, directed=False)
    roots = np.zeros(count, dtype=np.int64)
    np.maximum.at(roots, component, np.arange(n))
    at = np.concatenate([graph.row, np.full(count, n)]), np.concatenate([graph.col, roots])
    edges = sparse.coo_array((np.ones(at[0].size), at), shape=(n + 1, n + 1)).tocsr()
    order, parent = breadth_first_order(edges, n, directed=False)
    order, parent = order[1:].astype(np.int64), parent.astype(np.int64)
    depth = [0] * (n + 1)
    above = parent.tolist()
    for node in order.tolist():
        depth[node] = depth[above[node]] + 1
    below = order[parent[order] != n]
    low, high = np.minimum(below, parent[below]), np.maximum(below, parent[below])
    curvature = np.full(n + 1, np.nan)
    at = np.searchsorted(terms.low * np.int64(n) + terms.high, low * n + high)
    curvature[below] = log_curvature[at]
    return Tree(order, parent, np.array(depth), curvature)


def walk(tree, low, high):
    """The paths of all pairs in the tree, a step of each at a time: (pairs, lower nodes, signs).

    x_low - x_high is the sum over the steps of sign (x_node - x_parent).
    """
    pairs = np.arange(low.size)
    while pairs.size:
        first = tree.depth[low] >= tree.depth[high]
        node = np.where(first, low, high)
        yield pairs, node, np.where(first, 1.0, -1.0)
        above = tree.parent[node]
        low, high = np.where(first, above, low), np.where(first, high, above)
        apart = low != high
        pairs, low, high = pairs[apart], low[apart], high[apart]


def paths(tree, terms):
    """All steps of :func:`walk` together: (pairs, lower nodes, signs)."""
    steps = list(walk(tree, terms.low, terms.high))
    return tuple(np.concatenate(each) for each in zip(*steps, strict=True))


def cuts(tree, terms, found, x, steps=None) -> Cuts:
    """The forces over every cut; ``steps`` are the paths, if they are known."""
    size = terms.n_nodes + 1
    noise, coarse, moved, crossing = np.zeros((4, size))
    force, whole = np.zeros(size, dtype=np.longdouble), []
    near = EPS * (np.abs(x[terms.low]) + np.abs(x[terms.high]))
    for pairs, node, sign in walk(tree, terms.low, terms.high) if steps is None else [steps]:
        own, log_c = found.log_force[pairs], tree.log_curvature[node]
        share = np.exp(np.minimum(own - log_c, LARGEST))
        rounded = found.error[pairs] + EPS * found.size[pairs] * (2 + np.abs(own) + np.abs(log_c))
        bend = np.exp(np.minimum(found.log_curvature[pairs] - log_c, 0.0))
        np.add.at(force, node, sign * found.force[pairs] * share)
        np.add.at(moved, node, found.size[pairs] * share)
        np.add.at(noise, node, rounded * share)
        np.add.at(coarse, node, near[pairs] * bend)
        np.add.at(crossing, node, 1.0)
        some = found.whole[pairs] != 0
        whole.append((node[some], sign[some] * found.whole[pairs[some]]))
    sums = _exact_sums(*(np.concatenate(each) for each in zip(*whole, strict=True)), size)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(sums)) + terms.log_unit
        far = np.exp(np.minimum(logs - tree.log_curvature, LARGEST))
        far = np.where(sums == 0, 0.0, far)
        rounded = np.where(sums == 0, 0.0, far * EPS * (4 + 2 * np.abs(logs)))
    fine = float(np.finfo(np.longdouble).eps)
    force = force.astype(float)
    noise += rounded + fine * crossing * moved + EPS * np.abs(force)
    return Cuts(force + np.sign(sums) * far, noise, coarse)


def _exact_sums(groups, values, size):
    """(size,) sums over groups, rounded once."""
    order = np.argsort(groups, kind="stable")
    groups, values = groups[order], values[order].tolist()
    found, starts = np.unique(groups, return_index=True)
    ends = [*starts.tolist()[1:], len(values)][: found.size]
    sums = np.zeros(size)
    for group, first, last in zip(found.tolist(), starts.tolist(), ends, strict=True):
        sums[group] = math.fsum(values[first:last])
    return sums


def descend(tree, along) -> np.ndarray:
    """(n_nodes,) x with x_node - x_parent = along[node], 0 at the roots."""
    x, depth = np.zeros(tree.parent.size), tree.depth[tree.order]
    ends = np.flatnonzero(np.diff(depth, append=depth[-1] + 1)) + 1
    for first, last in zip(np.concatenate([[0], ends[:-1]]), ends, strict=True):
        nodes = tree.order[first:last]
        x[nodes] = x[tree.parent[nodes]] + along[nodes]
    return x[:-1]
