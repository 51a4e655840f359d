"""A run on its way: what is asked for, what it works on, and what it has recorded."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tabular_pg.engine.arguments import refuse_overflow
from tabular_pg.engine.around import begin_once, begin_twice, plain_values, step_once, step_twice
from tabular_pg.engine.method import Method, Space
from tabular_pg.engine.registration import refuse_answers
from tabular_pg.engine.rules import flat_rule, method_of, shown_rule
from tabular_pg.engine.search import Trial
from tabular_pg.engine.start import start_of
from tabular_pg.engine.step_size import StepSize, registered_step, step_of
from tabular_pg.gaps.point import Point, Problem, empty_point
from tabular_pg.gaps.problem import problem_of
from tabular_pg.gaps.records import Record
from tabular_pg.gaps.two_forms import TwoForms
from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.systems.choice import (
    FEW,
    REUSED_FROM,
    is_sparse,
    linear_solver,
    transitions_of,
)
from tabular_pg.numerics.systems.dense_solver import DenseSolver
from tabular_pg.numerics.systems.refinement import visits_are_corrected
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.numerics.systems.sparse_solver import SparseSolver
from tabular_pg.optima.optimal import Optimum, optimum
from tabular_pg.optima.proper import refuse_endless


@dataclass
class Task:
    """One run on its way."""

    mdp: MDP
    rule: tuple
    tau: float
    start: np.ndarray  # (S, A), a policy
    best: Optimum
    at: np.ndarray  # iterations to record
    problem: Problem
    point: Point
    solver: DenseSolver | SparseSolver | None  # None for the compiled loop
    record: Record
    bar: float | None = None  # of the largest advantage, at which it ends
    log_scale: float = 0.0
    gap_sum: float = 0.0
    method: Method = field(init=False)
    stalled: bool = False  # whether no step size has passed the test of a search
    size: StepSize | None = field(init=False)  # None for a constant step, or none
    values: tuple = field(init=False)  # hyper-parameters, as compiled code takes them

    def __post_init__(self):
        self.method, self.size = method_of(self.rule), registered_step(self.rule)
        self.values = plain_values(flat_rule(self.rule))

    @property
    def two_forms(self) -> bool:
        """Whether policies are kept as offsets and as logarithms."""
        return len(self.point.log_pi) > 0

    @property
    def statewise(self) -> bool:
        """Whether the next policy in a state depends on that state's entries, and on k, alone."""
        return self.method.statewise and (self.size is None or self.size.schedule)

    @property
    def searches(self) -> bool:
        """Whether step sizes have to pass a test."""
        return self.size is not None and self.size.searched

    @property
    def settled(self) -> bool:
        """Whether the largest advantage, of an iterate that is evaluated, is not above the bar."""
        return self.bar is not None and self.point.A.max() <= self.bar

    def begin(self):
        """Fill the memory of the method, at the first iterate; a search does it for every trial."""
        if self.method.start is not None and not self.searches:
            self.first_memory(self.values, self.problem, self.point)

    @property
    def first_memory(self):
        """``begin(values, problem, point)``, which fills that memory."""
        return self.around(begin_twice if self.two_forms else begin_once)

    def around(self, make):
        """What ``make`` returns for the steps of this run."""
        return self.method.around(make, self.two_forms, self.size)

    @property
    def step(self):
        """The step of the method: ``step(values, k, problem, point)``."""
        return self.around(step_twice if self.two_forms else step_once)


def task_of(plan) -> Task:
    """The plan, ready to go."""
    mdp, rule, tau, given, at, solver, tie_tolerance, until = plan
    method, size, sparse = method_of(rule), registered_step(rule), is_sparse(mdp, solver)
    regularizer = rule.mirror if method.is_dual(tau) else None
    best = optimum(mdp, tau, tie_tolerance=tie_tolerance, regularizer=regularizer)
    refuse_overflow(rule, best)
    start = start_of(*given, mdp, tau, method, best.regularizer)
    if method.zeros or method.space is Space.SIMPLEX:
        refuse_endless(mdp, best.optimal, start.policy, shown_rule(rule))
    alone = not sparse and mdp.n_states <= FEW and solver in (None, Solver.ELIMINATION)
    system = None if alone else linear_solver(mdp, solver)
    visitation = method.visitation or (size is not None and size.visitation)
    P = transitions_of(mdp, solver)
    problem = problem_of(mdp, best, method.coordinates(tau), visitation, P)
    x, log_pi = start.coordinates(problem.coordinates, best.odds)
    log_pi = log_pi if type(problem.coordinates) is TwoForms else None
    reuse = alone and solver is None and mdp.n_states >= REUSED_FROM
    reuse = reuse and (not visitation or visits_are_corrected(mdp.gamma, mdp.ends))
    reuse = reuse and not (size is not None and size.searched)  # whose trials are not close
    point = empty_point(x, alone, log_pi, method.memory, 0 if size is None else int(at[-1]), reuse)
    if system is not None and not sparse:
        point = point._replace(N=system.N)
    if sparse and not (size is not None and size.searched):  # where they are new for each iterate
        system.work_in(point.q, point.A)
    if size is not None:
        trial = Trial(0.0, point, point.A, point.e, point.e)
        refuse_answers(size, step_of(rule), problem, point, trial)
    record = Record(at, point)
    bar = None if until is None else (1.0 - mdp.gamma) * until
    return Task(mdp, rule, tau, start.policy, best, at, problem, point, system, record, bar)
