"""One task, done where a worker is: the MDP is built, the rule run, what is asked for kept."""

from __future__ import annotations

import base64
import enum
import json
import pickle
import traceback
from pathlib import Path

import numpy as np

from tabular_pg._files import plain
from tabular_pg._machine import ONE_BLAS_THREAD
from tabular_pg.checks.numbers import shown
from tabular_pg.engine.arguments import memory_of, recorded
from tabular_pg.engine.optimize import optimize
from tabular_pg.engine.run import Status
from tabular_pg.numerics.systems.choice import is_sparse
from tabular_pg.sweeps.names import resolve
from tabular_pg.sweeps.specs import KEPT, instance_of, rule_of
from tabular_pg.sweeps.store import Store, packed
from tabular_pg.theorem import REGISTRY, verdict

GAPS = ("k", "log_gap", "log_sup_gap")
ALL = ("iterates", "scaled_gap", "log_scale", "A", "d", "least_policy", "least_optimal_mass",
       "gap_sum")  # fmt: skip
RECORD, BLOCK = 2000, 4096  # bytes of a record in its file, roughly, and that disks give at a time


class Level(enum.Enum):
    """What is kept of every run, at the iterations that are kept."""

    GAPS = "gaps"
    ITERATES = "iterates"
    ALL = "all"


def checked_level(level) -> Level:
    """A Level, or the one of this value."""
    try:
        return Level(level)
    except ValueError:
        values = ", ".join(repr(each.value) for each in Level)
        raise ValueError(f"level is {shown(level)}; expected one of {values}") from None


def execute(job, folder):
    """Do a task and keep it in the store.

    Returns
    -------
    str
        Why it could not be kept; '' if it was.
    bytes or None
        The content for the store, if this machine does not see it.
    bool
        Whether the task failed.
    """
    job, store = json.loads(job), Store(Path(folder))
    content, failed = outcome(job)
    if not store.is_here():
        return "", content, failed
    try:
        store.put(job["key"], content, failed)
    except OSError as error:
        return f"{type(error).__name__}: {error}", None, failed
    return "", None, failed


def outcome(job):
    """What a task gave, or its error, as bytes for the store; and whether it failed."""
    done = _called if "call" in job else _results
    try:
        return packed(*done(job)), False
    except Exception as error:
        text = "".join(traceback.format_exception(error))
        return failure(type(error).__name__, str(error), text), True


def failure(kind, message, text="") -> bytes:
    """A failed task, for the store."""
    return packed({"error": {"type": kind, "message": message, "traceback": text}}, {})


def _called(job):
    """What any other function returns, as text and numbers."""
    function = resolve(job["call"], job["files"])
    arguments = pickle.loads(base64.b64decode(job["arguments"]))  # of the driver, by its own pipe
    return {"result": plain(function(*arguments), function.__name__, finite=False)}, {}


def _results(job):
    asked, files = job["asked"], job["files"]
    with ONE_BLAS_THREAD:
        mdp, rule = instance_of(asked["instance"], files), rule_of(asked["rule"], files)
        claims = list(_claims(asked, files))
        at = None if claims else asked["at"]
        run = optimize(mdp, rule, asked["iterations"], tau=asked["tau"], at=at)
    if run.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    record = {"status": run.status.name, "verdicts": [_said(verdict(t, run)) for t in claims]}
    rows = np.isin(run.k, asked["at"])
    rows[-1] = True  # where it ended
    return record, {name: array[rows] for name, array in _arrays(run, Level(asked["level"]))} | (
        {"steps": run.steps} if asked["level"] == "all" and run.steps is not None else {}
    )


def _claims(asked, files):
    for id, where in asked["theorems"]:
        if where:  # registers it
            resolve(where, files)
        yield REGISTRY[id]


def _said(v) -> dict:
    k = None if v.first_violation is None else int(v.first_violation.k)
    said = {"theorem": v.theorem.id, "applies": v.applies, "holds": v.holds, "slack": v.slack,
            "violated_at": k, "why_not": v.why_not}  # fmt: skip
    return plain(said, finite=False)


def _arrays(run, level):
    names = GAPS + ("log_policies",) * (level is not Level.GAPS) + ALL * (level is Level.ALL)
    return [(name, getattr(run, name)) for name in names]


def measure(job):
    """Bytes that a process needs for a task and for the MDPs at hand, and that the store needs; or
    None if the task fails before it runs."""
    try:
        job = json.loads(job)
        asked, files = job["asked"], job["files"]
        mdp, rule = instance_of(asked["instance"], files), rule_of(asked["rule"], files)
        at = np.array(asked["at"])
        record_all = recorded(None, asked["iterations"], mdp.r.size) if asked["theorems"] else at
        model = mdp.n_nonzeros * 12 if mdp.sparse else mdp.P.nbytes
        memory = KEPT * model + memory_of(mdp, rule, record_all, is_sparse(mdp, None))
    except Exception:
        return None
    level, (S, A) = Level(asked["level"]), mdp.r.shape
    numbers = 3 + S * A * (level is not Level.GAPS)
    numbers += (3 * S * A + 3 * S + 2) * (level is Level.ALL)
    return int(memory), -(-(RECORD + 8 * numbers * len(at)) // BLOCK) * BLOCK
