"""Seconds per iteration and memory from a hundred to a million states, each in its own process."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import MEGABYTE, fresh
from benchmarks.peers.sparse import PEERS, point
from benchmarks.report import Table, Target, judged
from tabular_pg.plotting import Curve, Panel, log10, save_figure

SPARSE = (50, 100, 300, 1000, 10_000, 100_000, 1_000_000)
DENSE = (50, 100, 300, 1000, 3000)
SIZES = {peer: DENSE if peer in ("numpy + LAPACK", "jax") else SPARSE for peer in PEERS}
LARGEST = {"Garnet": 1_000_000, "gridworld": 1_000_000}
PATIENCE, OUR_PATIENCE = 15.0, 900.0  # seconds for a point, after which no larger one is tried
TITLE = """NPG (eta = 1) from the uniform policy, gamma = 0.99, 4 actions: Garnet MDPs with 5
successors and square gridworlds, each point in a process of its own. A matvec is scipy's CSR
product P_pi v, with all entries of each row. *memory* is the largest growth of the process since
before the MDP existed, the MDP included; CSR is P in scipy's format. The scipy peers form P_pi by
a sparse product; GMRES starts from the last values. A peer is dropped at the size at which all of
this takes a quarter of a minute, dense ones beyond 3000 states; all values agree to 1e-9. Growth
below 1 MB is mostly hidden by memory that starting the library left behind."""


def rows(quick, out):
    """One row per kind of MDP, peer and size; also draws the figure."""
    table = []
    for kind, largest in LARGEST.items():
        values, milliseconds = {}, {}
        for peer, sizes in list(SIZES.items())[: 2 if quick else None]:
            for S in sizes[3:4] if quick else [S for S in sizes if S <= largest]:
                patience = OUR_PATIENCE if peer == "tabular_pg" else PATIENCE
                found = fresh(point, kind, S, peer, patience=patience)
                if found is None:
                    break
                value = values.setdefault(S, found["value"])
                assert abs(found["value"] - value) <= 1e-9 * abs(value), (kind, S, peer)
                milliseconds.setdefault(S, {})[peer] = 1e3 * found["seconds"]
                table.append(_row(kind, S, peer, found))
        table = [_judged(row, kind, milliseconds) for row in table]
    record = {"statement": TITLE.replace("\n", " ")}
    save_figure("scaling_figure", panels(table), out, record, columns=False)
    return table


def _row(kind, S, peer, found):
    milliseconds, memory = 1e3 * found["seconds"], found["memory"]
    row = {"MDP": kind, "S": found["S"], "library": peer, "solver": found["solver"]}
    row |= {"ms/iteration": milliseconds, "matvecs/iteration": found["seconds"] / found["matvec"]}
    row |= {"memory (MB)": memory / MEGABYTE, "memory / CSR": memory / found["csr"]}
    return row | {"asked": S}


def _judged(row, kind, milliseconds):
    """A row of ours beside those of its kind."""
    S = row.pop("asked", None)
    if S is None or row["MDP"] != kind:
        return row
    peers, targets = milliseconds[S], []
    if row["library"] == "tabular_pg":
        dense = [peers[name] for name in SIZES if name in peers and SIZES[name] is DENSE]
        if dense:
            ratio = min(dense) / row["ms/iteration"]
            targets.append(Target("best dense peer / own", ratio, 1.0, at_least=True))
        if S == LARGEST[kind]:
            what = "matvecs/iteration" if kind == "Garnet" else "ms/iteration"
            targets.append(Target(what, row[what], 40 if kind == "Garnet" else 3000))
            targets.append(Target("memory / CSR", row["memory / CSR"], 4))
    return judged(row, *targets)


def panels(table):
    """Time and memory against S, for both kinds."""
    drawn = []
    for kind in LARGEST:
        for key, label in (("ms/iteration", "ms per iteration"), ("memory (MB)", "memory (MB)")):
            curves = []
            for peer in PEERS:
                rows = [row for row in table if (row["MDP"], row["library"]) == (kind, peer)]
                x, y = (np.array([row[name] for row in rows], float) for name in ("S", key))
                if key == "memory (MB)":
                    y[y < 1.0] = np.nan  # less is hidden by what starting the library left behind
                curves.append(Curve(peer, log10(x), log10(y)))
            names = {"x_label": "$S$", "y_label": label, "x_log": True}
            drawn.append(Panel(kind, curves=tuple(curves), key=f"{kind}_{label[:2]}", **names))
    return drawn


WHY = """Memory, in CSRs of a grid (3 entries a row): P itself, with indices of 4 bytes, is 1; the
pattern of P_pi and where each entry of P goes in it is 0.25, its entries as much; seven arrays of a
state and action (rewards, A*, log policy, policy, Q-gaps, advantages, least policy) are 0.2 each,
some 17 vectors of states 0.05 each. Krylov methods work in the arrays of Q-gaps and advantages,
which are made anew from their solution, and the only record is that of the last iterate, which is
not copied. The peak is that of a run; policy iteration, before it, needs a tenth less. Compiled
code that is loaded meanwhile takes 10 MB: nothing at a million states, 0.65 at a hundred thousand.
Time is that of the processor, which two cores do not reduce: at a million states that of 46
products on the merged pattern, each beside passes over nine vectors."""
TABLE = Table("scaling", TITLE, rows, WHY)
