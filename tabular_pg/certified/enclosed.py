"""A run made of balls: what a theorem sees in place of a float64 run."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from flint import arb
from scipy.sparse import csgraph, csr_array

from tabular_pg.certified.arithmetic.arrays import BallArray, NotComputable, Tristate, ball_array
from tabular_pg.certified.arithmetic.balls import Undecided, zeros
from tabular_pg.certified.arithmetic.ufuncs import UFUNCS
from tabular_pg.certified.evaluation import Model
from tabular_pg.certified.rerun import trajectory
from tabular_pg.engine.rules import method_of
from tabular_pg.engine.step_size import mapped, step_of
from tabular_pg.gaps.coordinates import Probabilities
from tabular_pg.gaps.duals import Duals
from tabular_pg.numerics.duals import Regularizer
from tabular_pg.verdicts.potential import divergence, offsets
from tabular_pg.verdicts.quantities import q_gap
from tabular_pg.verdicts.visits import discounted_sum, stationary, visitation

EXACT = ("add", "subtract", "multiply", "negative", "absolute", "maximum", "minimum", "ceil",
         "less", "less_equal", "greater", "greater_equal", "equal", "not_equal",
         "floor_divide", "remainder", "square", "isfinite", "isinf", "isnan")  # fmt: skip
LARGEST = 2**53


class EnclosedMDP:
    """An MDP of balls, with the attributes of :class:`tabular_pg.MDP` that formulas use."""

    sparse, actions = False, None

    def __init__(self, model):
        self.model, exact = model, model.mdp
        self.P, self.r, self.rho = map(BallArray, (model.P(), model.r, model.rho))
        self.mu = self.rho if (exact.rho == exact.mu).all() else BallArray(model.mu)
        self.gamma = ball_array(model.gamma)
        self.unit = 1 - self.gamma
        self.n_states, self.n_actions = map(ball_array, model.shape)


class EnclosedOptimum:
    """The optimum, with the attributes of :class:`tabular_pg.Optimum` that formulas use."""

    def __init__(self, model):
        self.model, self.optimal = model, model.optimal
        self.V, self.A = BallArray(model.V), BallArray(model.A_star)
        self.pi, self.log_pi = BallArray(model.reference), BallArray(model.log_reference)
        self.regularizer = model.powers and Regularizer(*map(ball_array, model.powers[::2]))
        worse = -model.A_star[~model.optimal]
        self.Delta = BallArray(worse).min() if worse.size else ball_array(np.inf)

    @cached_property
    def Q(self):
        return BallArray(self.model.gains(self.model.V))


class EnclosedRun:
    """A method run in balls, with the attributes of :class:`tabular_pg.Run` that formulas use.

    ``q`` (K, S, A) is gamma P (V*_tau - V^k_tau). All balls have flint's precision at the time;
    what is computed from them must be computed at the same.
    """

    rounded, obstacle, first, last = False, "", 0, -1

    def __init__(self, method):
        self.k, self.method = method.k.view(Counts), method_of(method.rule)
        self.rule, self.constant_step = mapped(method.rule, ball_array), method.constant_step
        self.tau = ball_array(method.tau)
        self.coordinates = self.method.coordinates(method.tau)
        rows, so_far, wanted = [], [], set(method.k.tolist())
        least = mass = ball_array(1)
        spent = ball_array(0)
        model, iterates = trajectory(method)
        for k, point in iterates:
            pi, e = BallArray(point.pi), BallArray(point.e)
            if k in wanted:
                iterate = pi if self.coordinates is Probabilities else BallArray(point.x)
                rows.append((iterate, pi, e, *map(BallArray, (point.A, point.d, point.q))))
                least, mass = np.broadcast_to(least, pi.shape), np.broadcast_to(mass, e.shape)
                so_far.append((least, mass, spent))
            least = np.minimum(least, pi)
            mass = np.minimum(mass, np.where(model.optimal, pi, 0.0).sum(axis=1))
            spent = spent + e.max()
        self.iterates, self.policies, self.value_gap, self.A, self.d, self.q = _stacked(rows)
        self.least_policy, self.least_optimal_mass, self.gap_sum = _stacked(so_far)
        if step_of(method.rule) is not None:
            self.all_steps = ball_array(np.array([*method.step_sizes()], dtype=object))
            beyond = step_of(method.rule) if self.constant_step else arb("nan")
            padded = np.append(self.all_steps.data, arb(beyond))
            self.step_sizes = BallArray(padded[method.k])
        self.scaled_gap, self.log_scale = self.value_gap, ball_array(np.zeros(len(rows)))
        self.model, self.mdp, self.optimum = model, EnclosedMDP(model), EnclosedOptimum(model)

    @cached_property
    def log_policies(self):
        if self.coordinates in (Probabilities, Duals):
            return np.log(self.policies)
        return self.iterates + self.optimum.log_pi if self.tau > 0 else self.iterates

    @cached_property
    def gap(self):
        return self.value_gap @ self.mdp.rho

    @cached_property
    def sup_gap(self):
        return self.value_gap.max(axis=1)

    @cached_property
    def log_gap(self):
        return np.log(self.gap)

    @cached_property
    def log_sup_gap(self):
        return np.log(self.sup_gap)

    @cached_property
    def plain_optimum(self):
        return EnclosedOptimum(Model(self.model.mdp, self.method.space, 0))


def _stacked(rows):
    return (np.stack(column) for column in zip(*rows, strict=True))


@q_gap.register
def _(run: EnclosedRun):
    return run.q


@divergence.register
def _(run: EnclosedRun):
    model = run.model
    if model.powers is None:
        return divergence.dispatch(object)(run)
    term = np.frompyfunc(model.powers.divergence, 4, 1)
    x, pi = run.iterates.data, run.policies.data
    terms = term(-x, *np.broadcast_arrays(model.reference, model.levels + model.powers.m * x), pi)
    return BallArray(terms.sum(axis=2))


@offsets.register
def _(run: EnclosedRun):
    ratio = np.frompyfunc(run.model.powers.log_ratio, 3, 1)
    return BallArray(ratio(run.iterates.data, run.model.levels, run.model.reference))


@visitation.register
def _(mdp: EnclosedMDP, pi, start):
    transitions = mdp.model.transitions(ball_array(pi).data)
    start = (1 - mdp.gamma) * start
    return BallArray(mdp.model.solve_adjoint(transitions, start.data))


@discounted_sum.register
def _(mdp: EnclosedMDP, pi, b):
    transitions = mdp.model.transitions(ball_array(pi).data)
    return BallArray(mdp.model.solve(transitions, ball_array(b).data))


@stationary.register
def _(mdp: EnclosedMDP, pi):
    """The mean of the stationary distributions of the closed classes; for one class, what the
    lazy chain tends to from any start."""
    transitions, S = mdp.model.transitions(ball_array(pi).data), mdp.model.shape[0]
    if not all(p > 0 for row in transitions for p in row.values()):
        raise Undecided("which states lead to which is open")
    edges = np.array([(s, t) for s, row in enumerate(transitions) for t in row]).T
    graph = csr_array((np.ones(edges.shape[1]), edges), shape=(S, S))
    n, label = csgraph.connected_components(graph, connection="strong")
    leaves = {label[s] for s, t in edges.T if label[s] != label[t]}
    nu, closed = zeros(S), [c for c in range(n) if c not in leaves]
    for c in closed:
        members = np.flatnonzero(label == c)
        # nu (I - P + 1 1^T) = 1^T has one solution, the stationary distribution
        system = ball_array(np.ones((len(members), len(members))) + np.eye(len(members)))
        matrix = system.data.copy()
        for i, s in enumerate(members):
            for j, t in enumerate(members):
                matrix[j, i] -= transitions[s].get(t, 0)
        ones = ball_array(np.ones(len(members)))
        nu[members] = np.linalg.solve(BallArray(matrix), ones).data / len(closed)
    return BallArray(nu)


class Counts(np.ndarray):
    """An array of integers, such as iterations, that turns into balls before anything rounds."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        plain = [x.view(np.ndarray) if isinstance(x, Counts) else x for x in inputs]
        if any(isinstance(x, BallArray | Tristate) for x in plain):
            return NotImplemented
        name = ufunc.__name__
        if not (name in EXACT and all(map(_whole, plain))):
            if name not in UFUNCS:
                raise NotComputable(f"numpy's {name}")
            return getattr(ufunc, method)(*map(ball_array, plain), **options)
        result = getattr(ufunc, method)(*plain, **options)
        return np.asarray(result).view(Counts) if _whole(result) else result

    def __getitem__(self, key):
        return np.asarray(super().__getitem__(key)).view(Counts)


def _whole(x) -> bool:
    """Whether these are integers that float64 holds exactly."""
    x = np.asarray(x)
    if x.dtype.kind not in "iuf":
        return False
    return bool(np.all(np.abs(x) < LARGEST) and np.all(x == np.floor(x)))
