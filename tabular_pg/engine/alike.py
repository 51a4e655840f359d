"""Runs of one method on small MDPs of one shape, made together: what Python does, once for all.

A run that is not ordinary (doubtful ties, lost digits, numbers beyond floats, an error) is left to
``optimize``, whose words for it are the ones that users see.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from tabular_pg.batches.batch import COMPILED, Batch, Records, advanced
from tabular_pg.engine.arguments import LARGEST_MOVE
from tabular_pg.engine.around import plain_values
from tabular_pg.engine.method import Method
from tabular_pg.engine.rules import flat_rule, method_of
from tabular_pg.engine.run import Run, Status
from tabular_pg.engine.start import start_of
from tabular_pg.engine.step_size import registered_step, step_of
from tabular_pg.gaps.coordinates import Logits, Probabilities
from tabular_pg.numerics.lanes.kinds import WIDTH
from tabular_pg.numerics.systems.elimination import backward_error_bound
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.optima.small import known_optima

SMALL = 10  # states up to which an MDP is small
FEWEST = 200  # runs for which it pays to compile this
PIECE = 2**20  # numbers that are kept of runs that are made together, about
LONGEST = 2**16  # and their iterations
KEPT = ("iterates", "scaled_gap", "log_scale")  # from the start; the rest on demand
OTHERS = tuple(name for name in Records._fields if name not in KEPT)


@dataclass(eq=False)
class Piece:
    """Runs that were made together; most of their records only once somebody asks for one."""

    batch: Batch
    method: Method
    like: tuple
    at: np.ndarray

    def recorded(self, names):
        """What ``advanced`` says, of these records, read-only."""
        records, ordinary = advanced(self.batch, self.method, self.like, self.at, names)
        for values in records:
            values.setflags(write=False)
        return records, ordinary

    @cached_property
    def others(self) -> Records:
        """The records that were not kept, by the same call once more, which has every bit of
        them."""
        return self.recorded(OTHERS)[0]


class RunOfPiece(Run):
    """One of them, the ``row``-th of the ``piece``. To record what nobody looks at would take as
    long as the iterations. Copies are plain runs, with all their records and nobody else's."""

    def __getattr__(self, name):
        """A record, when it is asked for; what else there is not says why once more."""
        if name not in OTHERS:
            return object.__getattribute__(self, name)
        found = self.__dict__[name] = getattr(self.piece.others, name)[self.row]
        return found

    def __reduce__(self):
        """As a run with all its records, without those of the others."""
        return Run, tuple(getattr(self, field.name) for field in fields(Run))


def pieces_of(plans) -> list[list[int]]:
    """The numbers of the plans that are made together; of the others there are none."""
    groups, found = {}, []
    for i, plan in enumerate(plans):
        mdp, rule = plan.mdp, flat_rule(plan.rule)
        kinds = tuple(map(type, rule))  # of step sizes
        if mdp.actions is None and mdp.ends is None:
            key = type(rule), kinds, plan.tau, mdp.r.shape, mdp.gamma, type(mdp.P)
            groups.setdefault(key, []).append(i)
    for group in groups.values():
        first = plans[group[0]]
        if len(group) < FEWEST or not _is_small(first):
            continue
        numbers, steps = 2 * first.mdp.r.size * first.at.size, int(first.at[-1]) + 1
        size = WIDTH * max(1, min(PIECE // numbers, LONGEST // steps) // WIDTH)
        found += [group[i : i + size] for i in range(0, len(group), size)]
    return found


def _is_small(plan) -> bool:
    """Whether such runs are made together."""
    mdp, method = plan.mdp, method_of(plan.rule)
    return (
        COMPILED
        and plan.tau == 0
        and mdp.r.shape[0] <= SMALL
        and not mdp.sparse
        and plan.solver in (None, Solver.ELIMINATION)
        and plan.until is None
        and method.native
        and method.memory == 0
        and registered_step(plan.rule) is None
    )


def made_together(plans) -> list:
    """The run of every plan, or None where it is not ordinary."""
    mdps, S, A = [plan.mdp for plan in plans], *plans[0].mdp.r.shape
    P = np.concatenate([mdp.P for mdp in mdps]).reshape(-1, S, A, S)
    r = np.concatenate([mdp.r for mdp in mdps]).reshape(-1, S, A)
    best, A_star = known_optima(mdps, P, r, plans[0].tie_tolerance)
    method, at = method_of(plans[0].rule), plans[0].at
    starts, x = _starts(plans, method)
    values = np.array([flat_rule(plan.rule) for plan in plans], dtype=float)
    mu = np.concatenate([mdp.mu for mdp in mdps]).reshape(-1, S)
    batch = Batch(P, mdps[0].gamma, mu, A_star, x, values)
    piece = Piece(batch, method, plain_values(flat_rule(plans[0].rule)), at)
    records, ordinary = piece.recorded(KEPT)
    k = at.copy()
    k.setflags(write=False)
    shared = {
        "tau": 0.0, "k": k, "solver": Solver.ELIMINATION, "backward_error": backward_error_bound(S),
        "factorizations": int(at[-1]) + 1, "refinements": 0, "piece": piece,
    }  # fmt: skip
    moving = records.scaled_gap[:, -1].max(axis=1) > 0
    statuses = [Status.COMPLETED if x else Status.OPTIMAL for x in moving.tolist()]
    rules, runs = [plan.rule for plan in plans], []
    names = ("mdp", "rule", "start", "optimum", "status", "row", *KEPT)
    kept = (list(getattr(records, name)) for name in KEPT)
    for row in zip(mdps, rules, starts, best, statuses, range(len(mdps)), *kept, strict=True):
        run = object.__new__(RunOfPiece)  # its constructor takes as long as all the rest
        run.__dict__.update(shared)
        run.__dict__.update(zip(names, row, strict=True))
        runs.append(run)
    each = zip(runs, rules, best, ordinary.tolist(), strict=True)
    return [
        run if kept and found is not None and not _overflows(rule, found) else None
        for run, rule, found, kept in each
    ]


def _overflows(rule, best) -> bool:
    """Whether a step may; see ``arguments.refuse_overflow``."""
    eta = step_of(rule)
    return isinstance(eta, float) and eta > 1.0 and eta * float(np.abs(best.Q).max()) > LARGEST_MOVE


def _starts(plans, method):
    """The start policies, and (n, S, A) what they are in the coordinates of the method."""
    kind = method.coordinates(0.0)
    kind = Logits(None, None) if kind is Logits else Probabilities(None)
    known, starts = {}, []
    for plan in plans:
        policy, log_policy = plan.start
        key = id(policy), id(log_policy) if log_policy is None else id(plan)
        if key not in known:
            start = start_of(policy, log_policy, plan.mdp, 0.0, method)
            start.policy.setflags(write=False)
            known[key] = start.policy, start.coordinates(kind, None)[0]
        starts.append(known[key])
    return [policy for policy, _ in starts], np.array([x for _, x in starts])
