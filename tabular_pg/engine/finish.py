"""From a task that is done to the run that users see, and what it misses of the accuracy.

A kernel that forgets to write into ``point.x`` runs in silence: whether it does anything is found
out here.
"""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np

from tabular_pg.batches.loops import LOSING
from tabular_pg.checks.numbers import shown
from tabular_pg.engine.around import step_once
from tabular_pg.engine.method import Space
from tabular_pg.engine.rules import checked_rule, flat_rule
from tabular_pg.engine.run import Run, Status
from tabular_pg.engine.search import MOST_TRIALS, NOTHING_PASSED
from tabular_pg.engine.step_size import is_constant, step_of
from tabular_pg.gaps.coordinates import Probabilities
from tabular_pg.numerics.simplex import EPS
from tabular_pg.numerics.systems.elimination import backward_error_bound
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.optima.optimal import ACCURATE_SOLUTION

RESOLVED = 1e-6  # a change of policies that rounding leaves most digits of
STILL = 1e-9  # a policy that has moved less may not have moved at all
FIELDS = (None, 1.0, 0.5, 1e3)  # hyper-parameters to try: a tiny step may be lost to rounding
TRIES = 3
USELESS = 0.1  # componentwise backward error above which no digit is left


def finished(task) -> Run:
    """The run of a task that has come to its end; warns of what it misses."""
    fields = task.record.fields(task.mdp.actions)
    work = _work(task, int(fields["k"][-1]))
    status = _status(fields, task)
    work["recorded_log_policies"] = fields.pop("log_policies")
    if task.size is not None:
        work["steps"] = task.point.steps[: int(fields["k"][-1])]
        work["steps"].setflags(write=False)
    run = Run(task.mdp, task.rule, task.tau, task.start, task.best, status, **fields, **work)
    refuse_idle_kernel(task)
    for doubt in _doubts(task, run):
        warnings.warn(doubt, stacklevel=3)
    return run


def _work(task, last) -> dict:
    """How the linear systems up to an iteration were solved, as fields of a run."""
    names = "solver", "backward_error", "factorizations", "refinements"
    earlier, system = task.point.earlier, task.solver
    bound = backward_error_bound(task.mdp.n_states)
    if system is not None:
        error = float(system.backward_error)
        values = system.kind, error, system.factorizations, system.refinements
    elif earlier is not None:
        error = max(bound, float(earlier.backward_error[0]))
        values = Solver.REUSE, error, *map(int, earlier.count)
    else:  # every iterate was evaluated by an elimination of its own
        values = Solver.ELIMINATION, bound, last + 1, 0
    return dict(zip(names, values, strict=True))


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
    if run.coordinates is Probabilities and run.status is not Status.NOT_FINITE:
        yield from _no_policies(run)
    flaw = min(1.0, task.point.flaws[1])
    if flaw > LOSING:
        yield (
            "steps depend on differences of which rounding is a part (of nearly equal gaps, or in "
            f"a critic that keeps it): later gaps are accurate to about {flaw:.1g} only"
        )
    if task.method.is_dual(task.tau) and (cost := dual_rounding(run)) > LOSING:
        yield (
            f"dual variables are large where tau is {run.tau}, and policies are differences of "
            f"them: gaps are accurate to about {min(1.0, cost):.1g} only"
        )
    lost = run.status is Status.COMPLETED and np.isneginf(run.log_gap[-1])
    if lost and task.point.flaws[0] > 0:
        yield (
            f"gaps of {task.point.flaws[0]:.0f} states are too far below those of others to be "
            "resolved: they are shown as 0"
        )


def _no_policies(run):
    """Where iterates are no distributions, which a kernel of one's own may leave."""
    sums = run.iterates.sum(axis=2)
    wrong = (np.abs(sums - 1) > RESOLVED) | (run.iterates < 0).any(axis=2)
    if wrong.any():
        i, s = np.unravel_index(np.argmax(wrong), wrong.shape)
        yield (
            f"iterates are no policies: row {s} at k = {run.k[i]} is {shown(run.iterates[i, s])}, "
            f"of sum {sums[i, s]:.6g}; a kernel has to leave probabilities"
        )


def dual_rounding(run) -> float:
    """What the rounding of dual variables may cost, relative to gaps, if a rounding error is made
    in every step: they are of the size of values over tau, as long as policies are far from the
    optimum, and change these by x pi^(2-q), which D(pi, pi*) counts x times; where a policy takes
    no action it takes none with them either. Errors are of both signs: a quarter of their sum is
    more than they come to."""
    best, x, pi = run.optimum, run.iterates, run.policies
    off = pi - best.pi
    loss = 0.5 * (x * off).sum(axis=2)  # about D, half of what it and the reverse add up to
    cost = 0.25 * EPS * np.maximum(run.k, 1)[:, None]
    cost = cost * (x * x * pi ** (2.0 - best.regularizer.q)).sum(axis=2, where=pi > 0)
    far = (np.abs(off).max(axis=2) > RESOLVED) & (loss > 0)
    return float((cost[far] / loss[far]).max(initial=0.0))


def _moved(task) -> bool:
    """Whether the last policy differs from the start; False where that is not known."""
    return bool((np.abs(task.point.pi - task.start) > STILL).any())


def _status(fields, task) -> Status:
    if task.settled:
        return Status.SETTLED
    if fields["k"][-1] < task.at[-1]:
        return Status.STALLED if task.stalled else Status.INTERRUPTED
    if not np.isfinite(fields["scaled_gap"][-1]).all():
        return Status.NOT_FINITE
    below = fields["log_below"]
    if fields["scaled_gap"][-1].max() > 0 or (below is not None and below[-1].max() > -np.inf):
        return Status.COMPLETED
    vanished = task.method.space is Space.SOFTMAX or (
        task.method.is_dual(task.tau) and _at_no_vertex(task.best)
    )
    vanished = vanished and fields["scaled_gap"][0].max() > 0
    return Status.UNDERFLOW if vanished and task.tau > 0 else Status.OPTIMAL


def _at_no_vertex(best) -> bool:
    """Whether policies with dual variables near those of the optimum need not be it: some state
    takes several actions, or would with the least change."""
    return bool(best.pi.max(axis=1).min() < 1 or (best.powers == 0).any())


def refuse_idle_kernel(task):
    """Raise TypeError if a run has not moved and its kernel moves no policy at all.

    At a fixed point a right kernel changes nothing; so it is tried on other policies, with the
    run's own hyper-parameters and with others.
    """
    method = task.method
    if method.native or task.at[-1] == 0 or task.mdp.n_actions == 1 or _moved(task):
        return
    rng, step = np.random.default_rng(0), method.around(step_once)
    rules = [
        rule
        for rule in (_filled(flat_rule(task.rule), value) for value in FIELDS)
        if rule is not None
    ]
    for rule, k, _ in product(rules, (0, 1, 2, int(task.at[-1])), range(TRIES)):
        point = _somewhere(task, rng)
        before = point.x.copy()
        step(tuple(rule), k, task.problem, point)
        if not np.array_equal(before, point.x, equal_nan=True):
            return
    raise TypeError(
        f"the kernel {method.kernel.__name__} of {method.rule.__name__} leaves point.x as it is at "
        "every policy that was tried; expected it to overwrite point.x by the next iterate, as in "
        "point.x[s, a] = ... or point.x[:] = ... (x = ... gives a name to something else)"
    )


def _filled(rule, value):
    """The rule with all fields set to ``value``; None where it refuses that, or is no record of
    numbers."""
    if value is None:
        return rule if is_constant(rule) else None
    try:
        return checked_rule(type(rule)(*[value] * len(rule)))
    except (TypeError, ValueError):
        return None


def _somewhere(task, rng):
    """A point at a random policy, with made up errors and advantages: they may all be 0 in fact."""
    (S, A), n, point = task.mdp.r.shape, task.method.memory, task.point
    pi = rng.dirichlet(np.ones(A), S)
    if task.mdp.actions is not None:
        pi = np.where(task.mdp.actions, pi, 0.0)
        pi /= pi.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        log_pi = np.log(pi)
    q, gains = rng.random((S, A)), rng.normal(size=(S, A))
    x = log_pi if task.tau == 0 else rng.normal(size=(S, A))
    values = {
        "x": pi if task.method.space is Space.SIMPLEX else x,
        "pi": pi,
        "log_pi": log_pi,
        "e": rng.random(S),
        "q": q,
        "A": gains - (pi * gains).sum(axis=1, keepdims=True),
        "d": rng.dirichlet(np.ones(S)),
        "memory": rng.random((S, n, A)),
    }
    return point._replace(
        **{name: value.copy() for name, value in values.items() if name in point._fields}
    )
