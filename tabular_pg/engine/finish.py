"""From a task that is done to the run that users see, and what it misses of the accuracy."""

from __future__ import annotations

import warnings

import numpy as np

from tabular_pg.engine.method import Space
from tabular_pg.engine.population.loops import LOSING
from tabular_pg.engine.probe import STILL, refuse_idle_kernel
from tabular_pg.engine.run import Run, Status
from tabular_pg.engine.search import MOST_TRIALS, NOTHING_PASSED
from tabular_pg.engine.step_size import step_of
from tabular_pg.numerics.systems.dense_solver import backward_error_bound
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.optima.optimal import ACCURATE_SOLUTION

USELESS = 0.1  # componentwise backward error above which no digit is left


def finished(task) -> Run:
    """The run of a task that has come to its end; warns of what it misses."""
    fields, system = task.record.fields(task.mdp.actions), task.solver
    if system is None:  # every iterate was evaluated by an elimination of its own
        bound, count = backward_error_bound(task.mdp.n_states), int(fields["k"][-1]) + 1
        work = {"solver": Solver.ELIMINATION, "backward_error": bound, "factorizations": count}
        work["refinements"] = 0
    else:
        work = {
            "solver": system.kind,
            "backward_error": float(system.backward_error),
            "factorizations": system.factorizations,
            "refinements": system.refinements,
        }
    status = _status(fields, task)
    work["recorded_log_policies"] = fields.pop("log_policies")
    if task.size is not None:
        work["steps"] = task.point.steps[: int(fields["k"][-1])]
        work["steps"].setflags(write=False)
    run = Run(task.mdp, task.rule, task.tau, task.start, task.best, status, **fields, **work)
    refuse_idle_kernel(task, _moved(task))
    for doubt in _doubts(task, run):
        warnings.warn(doubt, stacklevel=3)
    return run


def _doubts(task, run):
    """What the run misses of the accuracy that is promised, in words."""
    if run.backward_error > ACCURATE_SOLUTION:
        yield (
            f"{run.solver.name} left a componentwise backward error of {run.backward_error:.1g}: "
            + ("gaps are wrong" if run.backward_error > USELESS else "small gaps may be wrong")
        )
    if run.steps is not None and not (run.steps > 0).all():
        k = int(np.argmax(~(run.steps > 0)))
        yield f"the step size {step_of(run.rule)} is {run.steps[k]} at k = {k}; expected one > 0"
    if run.status is Status.STALLED:
        last = task.point.steps[run.k[-1]]
        if last == NOTHING_PASSED:
            yield (
                f"no step size passed the test of {step_of(run.rule)} at k = {run.k[-1]}, of at "
                f"most {MOST_TRIALS} that are tried"
            )
        else:
            yield f"{step_of(run.rule)} proposes {last} at k = {run.k[-1]}; expected a step > 0"
    if run.status is Status.NOT_FINITE:
        yield f"the gap is {run.gap[-1]} at k = {run.k[-1]}: a step overflowed; try smaller ones"
    if task.point.flaws[1] > LOSING:
        yield (
            "gaps of all states are nearly the same, and steps depend on their differences: later "
            f"gaps are accurate to about {task.point.flaws[1]:.1g} only"
        )
    lost = run.status is Status.COMPLETED and np.isneginf(run.log_gap[-1])
    if lost and task.point.flaws[0] > 0:
        yield (
            f"gaps of {task.point.flaws[0]:.0f} states are too far below those of others to be "
            "resolved: they are shown as 0"
        )


def _moved(task) -> bool:
    """Whether the last policy differs from the start; False where that is not known."""
    return bool((np.abs(task.point.pi - task.start) > STILL).any())


def _status(fields, task) -> Status:
    if fields["k"][-1] < task.at[-1]:
        return Status.STALLED if task.stalled else Status.INTERRUPTED
    if not np.isfinite(fields["scaled_gap"][-1]).all():
        return Status.NOT_FINITE
    below = fields["log_below"]
    if fields["scaled_gap"][-1].max() > 0 or (below is not None and below[-1].max() > -np.inf):
        return Status.COMPLETED
    vanished = task.method.space is Space.SOFTMAX and fields["scaled_gap"][0].max() > 0
    return Status.UNDERFLOW if vanished and task.tau > 0 else Status.OPTIMAL
