"""Runs of one rule class on MDPs of one shape, as theorems see them: one run whose arrays are
``Several``."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from tabular_pg.engine.run import Run
from tabular_pg.gaps.coordinates import Offsets, Probabilities
from tabular_pg.verdicts.quantities import exp_remainder, likeliest, q_gap, relative_entropy
from tabular_pg.verdicts.several import Several, aligned
from tabular_pg.verdicts.visits import discounted_sum, visitation

OF_RUNS = (
    "start", "iterates", "scaled_gap", "log_scale", "A", "d", "least_policy", "least_optimal_mass",
    "gap_sum",
)  # fmt: skip
COMMON = (
    "tau", "status", "k", "solver", "backward_error", "factorizations", "refinements", "log_below",
    "steps", "recorded_log_policies",
)  # fmt: skip


class SeveralMDPs:
    """MDPs of one shape and one gamma, with the attributes that formulas use."""

    actions, sparse = None, False

    def __init__(self, mdps):
        self.gamma, self.n_states, self.n_actions = mdps[0].gamma, *mdps[0].r.shape
        self.unit = 1 - self.gamma
        self._mdps = mdps

    P = cached_property(lambda self: _several([mdp.P for mdp in self._mdps]))
    r = cached_property(lambda self: _several([mdp.r for mdp in self._mdps]))
    rho = cached_property(lambda self: _several([mdp.rho for mdp in self._mdps]))
    mu = cached_property(lambda self: _several([mdp.mu for mdp in self._mdps]))


class SeveralOptima:
    """Their optima."""

    def __init__(self, optima):
        self._optima, self.tau = optima, optima[0].tau

    V = cached_property(lambda self: _several([best.V for best in self._optima]))
    A = cached_property(lambda self: _several([best.A for best in self._optima]))
    optimal = cached_property(lambda self: _several([best.optimal for best in self._optima]))
    Delta = cached_property(lambda self: _several([best.Delta for best in self._optima]))
    log_softmax = cached_property(lambda self: _several([x.log_softmax for x in self._optima]))

    @cached_property
    def pi(self):
        """(S, A) an optimal policy."""
        if self.tau > 0:
            return np.exp(self.log_softmax)
        return Several(np.eye(self.A.shape[1])[self.optimal.data.argmax(axis=2)])

    @cached_property
    def log_pi(self):
        """(S, A) its logarithm."""
        return self.log_softmax if self.tau > 0 else np.log(self.pi)


class SeveralRuns(Run):
    """The runs; what they have in common is plain."""

    def __getattr__(self, name):
        """What differs from run to run, when it is asked for."""
        if name not in OF_RUNS:
            raise AttributeError(name)
        found = self.__dict__[name] = _several([getattr(run, name) for run in self.runs])
        return found

    @cached_property
    def step_sizes(self):
        """(K,) the step size."""
        return self._constant() + np.zeros(len(self.k))

    @property
    def all_steps(self):
        """(k[-1],) the step size."""
        return self._constant() + np.zeros(self.k[-1])

    @cached_property
    def log_policies(self):
        """(K, S, A) log pi^k."""
        if self.coordinates is Probabilities:
            with np.errstate(divide="ignore"):
                return np.log(self.iterates)
        return self.iterates + self.optimum.log_pi if self.coordinates is Offsets else self.iterates


def several_runs(runs) -> SeveralRuns:
    """What several runs are as one; ValueError where they are not alike enough for that."""
    first = runs[0]
    alike = all(
        type(run.rule) is type(first.rule)
        and run.tau == first.tau
        and run.optimum.regularizer is None
        and run.mdp.gamma == first.mdp.gamma
        and run.mdp.r.shape == first.mdp.r.shape
        and not run.mdp.sparse
        and run.log_below is None
        and run.recorded_log_policies is None
        and (run.k is first.k or np.array_equal(run.k, first.k))
        for run in runs
    )
    if not alike or not first.constant_step:
        raise ValueError("runs that are not alike")
    made = object.__new__(SeveralRuns)
    rules = {run.rule for run in runs}
    rule = first.rule
    if len(rules) > 1:
        rule = type(rule)(*map(_several, zip(*(run.rule for run in runs), strict=True)))
    made.__dict__.update({name: getattr(first, name) for name in COMMON})
    mdp, best = SeveralMDPs([run.mdp for run in runs]), SeveralOptima([run.optimum for run in runs])
    made.__dict__.update(runs=runs, mdp=mdp, rule=rule, optimum=best)
    return made


def _several(arrays) -> Several:
    return Several(np.array(arrays))


def _systems(mdps, pi):
    """(n, S, S) I - gamma P_pi."""
    P_pi = np.einsum("nsa,nsat->nst", pi.data, mdps.P.data)
    return np.eye(mdps.n_states) - mdps.gamma * P_pi


@visitation.register
def _(mdp: SeveralMDPs, pi, start):
    matrix = _systems(mdp, pi).transpose(0, 2, 1)
    return Several((1 - mdp.gamma) * np.linalg.solve(matrix, start.data[..., None])[..., 0])


@discounted_sum.register
def _(mdp: SeveralMDPs, pi, b):
    return Several(np.linalg.solve(_systems(mdp, pi), b.data[..., None])[..., 0])


@q_gap.register
def _(run: SeveralRuns):
    return Several(run.mdp.gamma * np.einsum("nkt,nsat->nksa", run.value_gap.data, run.mdp.P.data))


@relative_entropy.register
def _(log_ratio: Several, numerator, denominator):
    plain = relative_entropy.dispatch(object)
    return Several(plain(*np.broadcast_arrays(*aligned(log_ratio, numerator, denominator))))


@exp_remainder.register
def _(x: Several):
    return Several(exp_remainder.dispatch(object)(x.data))


@likeliest.register
def _(p: Several):
    return Several(likeliest.dispatch(object)(p.data))
