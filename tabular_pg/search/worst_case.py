"""The MDP, start and parameters of a method for which a bound is nearest to being false."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral, Real

import numpy as np

from tabular_pg.checks.discount import checked_discount
from tabular_pg.checks.numbers import check_number, checked_flag, shown
from tabular_pg.engine.optimize import optimize
from tabular_pg.mdps.mdp import MDP
from tabular_pg.optima.optimal import checked_tau
from tabular_pg.search.arguments import (
    checked_range,
    checked_rule_class,
    found_theorem,
    posed,
)
from tabular_pg.search.problem import PARAMETERS, SearchProblem, needs_bandit
from tabular_pg.search.scores import MODES, OF_RUNS
from tabular_pg.search.search import Search, certified, small_instance
from tabular_pg.search.small import SmallInstance
from tabular_pg.search.stacking import runs_at_once
from tabular_pg.theorem import Theorem, verdict


@dataclass(frozen=True, eq=False)
class WorstCase:
    """What a search has found.

    Attributes
    ----------
    theorem : Theorem
    ratio : measured / proved (of a lower bound proved / measured) at iteration ``k``; from floats,
        and above 1 only if ``counterexample`` certifies that.
    k : int
    score : float, what was maximized: the ratio, or what ``mode`` names instead.
    mdp : MDP
    rule : the method with its parameters.
    policy : (S, A) its start.
    tau, iterations, mode : what was searched.
    evaluations : how many candidates were run.
    history : tuple of (evaluations, best ratio so far), leg by leg.
    interrupted : whether Ctrl-C ended the search.
    counterexample : SmallInstance or None; certified in ball arithmetic.
    rejected : candidates whose violation floats showed and balls did not confirm.
    undecided : '' or why balls could not decide about one of these.
    """

    theorem: Theorem
    ratio: float
    k: int
    score: float
    mdp: MDP
    rule: tuple
    policy: np.ndarray
    tau: float
    iterations: int
    mode: str | Callable
    evaluations: int
    history: tuple
    interrupted: bool
    counterexample: SmallInstance | None
    rejected: int
    undecided: str
    _found: tuple = field(repr=False)

    def run(self):
        """The run itself, by ``optimize``."""
        instance, _ = self._found
        return optimize(
            self.mdp, self.rule, self.iterations, tau=self.tau, log_policy=instance.log_policy
        )

    @cached_property
    def verdict(self):
        """What ``tabular_pg.theorem.verdict`` says about that run."""
        return verdict(self.theorem, self.run())

    def simplified(self, keep=0.97, budget=12_000) -> SmallInstance:
        """A smaller instance in small fractions with at least ``keep`` of the ratio, or of the
        score in the modes half, rate and slope.

        Parameters
        ----------
        keep : float in (0, 1]
        budget : int >= 0, how many candidates may be run; with 0 it is only rounded
        """
        keep = check_number("keep", keep, 0, 1, kind=Real)
        budget = check_number("budget", budget, 0, kind=Integral)
        if keep == 0:
            raise ValueError("keep is 0; expected a number in (0, 1]")
        instance, problem = self._found
        if self.mode in OF_RUNS:
            return small_instance(problem, instance, keep * self.score, budget, self.mode)
        return small_instance(problem, instance, keep * self.ratio, budget)

    def refuted(self, statement) -> SmallInstance | None:
        """A small certified counterexample to another statement about the same runs, from what
        was found for this one; None if that does not violate it for certain."""
        instance, problem = self._found
        try:
            return certified(problem.about(statement), instance)
        except (TypeError, ValueError, ArithmeticError):  # balls do not decide
            return None

    def __repr__(self):
        end = "refuted, certified" if self.counterexample else "not refuted"
        return (
            f"WorstCase({self.theorem.id}: ratio {self.ratio:.6g} at k = {self.k}, {end}, "
            f"{self.evaluations} evaluations, {self.rule})"
        )


def worst_case(
    theorem,
    rule,
    *,
    n_states,
    n_actions,
    gamma,
    tau=0.0,
    iterations,
    budget=20_000,
    seed=0,
    mode="auto",
    parameters=PARAMETERS,
    climbing=True,
    executor=None,
    progress=None,
) -> WorstCase:
    """Search the MDP, start policy and parameters of a method for which a bound is worst.

    Transitions, rewards in [0, 1], rho, mu, the start policy and the parameters vary; what the
    theorem assumes is kept. The search is deterministic for a seed; Ctrl-C ends it with the best
    so far. What floats show to be violated is simplified and decided in ball arithmetic: only then
    it is reported.

    Parameters
    ----------
    theorem : str, Theorem, or a function that ``theorem`` has registered
    rule : a registered rule class, whose parameters are searched, or an instance, which is kept
    n_states, n_actions : int >= 1
    gamma : float in [0, 1)
    tau : float >= 0
    iterations : int >= 1
    budget : int >= 1
        How many candidates are run.
    seed : int >= 0
    mode : str or function
        One of "ratio", "half", "rate", "slope" and "moved", see ``tabular_pg.search.scores``, or a
        function run -> (measured, proved); "auto" takes "ratio" and, for statements about one step,
        "moved" in turn.
    parameters : pair of float
        The range of the parameters of the method.
    climbing : bool
        Whether random candidates are improved by small changes; without, to compare with.
    executor : concurrent.futures.Executor, optional
        Where legs are run. Processes need a theorem that they can import.
    progress : function (evaluations, best ratio), optional
        Called after every leg.

    Returns
    -------
    WorstCase

    Raises
    ------
    TypeError, ValueError
        Names the argument and what was expected; ValueError also if no candidate meets the
        theorem's assumptions.

    References
    ----------
    The idea of searching worst cases of first-order methods by a computer is that of performance
    estimation (Drori and Teboulle, 2014); here runs are exact and the search is not.
    """
    theorem = found_theorem(theorem)
    gamma, tau = checked_discount(gamma), checked_tau(tau)
    checked_rule_class(theorem, rule, tau)
    S = check_number("n_states", n_states, 1, kind=Integral)
    A = check_number("n_actions", n_actions, 1, kind=Integral)
    iterations = check_number("iterations", iterations, 1, kind=Integral)
    budget = check_number("budget", budget, 1, kind=Integral)
    seed = check_number("seed", seed, 0, kind=Integral)
    parameters = checked_range(parameters)
    climbing = checked_flag("climbing", climbing)
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor is {shown(executor)}; expected one of concurrent.futures")
    if progress is not None and not callable(progress):
        raise TypeError(f"progress is {shown(progress)}; expected a function (evaluations, ratio)")
    if mode != "auto" and mode not in MODES and not callable(mode):
        raise ValueError(f"mode is {shown(mode)}; expected auto, {', '.join(MODES)} or a function")
    if needs_bandit(theorem) and (S, gamma) != (1, 0.0):
        raise ValueError(f"{theorem.id} is stated for bandits; expected n_states = 1 and gamma = 0")
    theorem, scored = (posed(theorem, mode), "ratio") if callable(mode) else (theorem, mode)
    problem = SearchProblem(theorem, rule, gamma, tau, iterations, "ratio", parameters)
    limits = problem.limits(S, A)
    problem.stacked = runs_at_once(problem, limits)
    search = Search(problem, limits, seed, budget, scored, progress, climbing)
    search.go(executor)
    best = search.best()
    ratio = best.score.ratio if search.certified else min(best.score.ratio, 1.0)  # but for rounding
    return WorstCase(
        theorem, ratio, best.score.k, best.score.score, best.instance.mdp(gamma),
        best.rule, best.instance.policy, problem.tau, iterations, mode, search.spent,
        tuple(search.history),
        search.interrupted, search.certified, search.rejected, search.undecided,
        (best.instance, problem),
    )  # fmt: skip
