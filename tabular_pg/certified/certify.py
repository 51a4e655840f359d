"""Any run again in ball arithmetic: guaranteed ends of its error at every recorded iterate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from flint import arb, fmpq

from tabular_pg._progress import Watch
from tabular_pg.certified.balls import Undecided, precision
from tabular_pg.certified.evaluation import Model
from tabular_pg.certified.exact import Row, nested, objects, rational
from tabular_pg.certified.rational import RationalMDP
from tabular_pg.certified.updates import UPDATES, refuse_outdated
from tabular_pg.checks.numbers import check_number, checked_iterations, shown
from tabular_pg.engine.arguments import recorded, refuse_combination
from tabular_pg.engine.method import METHODS, Space
from tabular_pg.engine.run import Run, Status
from tabular_pg.engine.step_size import STEP_SIZES, is_constant, mapped, step_of

SPARE_BITS = 64
MOST_BITS, PATIENCE = 2**17, 2**12  # from the latter on, only as long as more bits get further
BITS_PER_DIGIT = math.log2(10)
MOST_DIGITS = int((MOST_BITS - SPARE_BITS) / BITS_PER_DIGIT)
SMALLEST_FLOAT = 1e-290  # a float64 gap below this is compared by its logarithm


class Method(NamedTuple):
    """What is rerun: all of it exact."""

    mdp: RationalMDP
    rule: tuple  # of fmpq
    tau: fmpq
    policy: np.ndarray  # (S, A) of fmpq
    k: np.ndarray  # iterations to record
    steps: tuple | None = None  # of fmpq: the step size of every iteration, if it was recorded

    def step_sizes(self):
        """The step size of every iteration, in balls of flint's present precision; None where the
        rule has none."""
        step, count = step_of(self.rule), int(self.k[-1])
        if step is None:
            return [None] * count
        if self.steps is not None:
            return [arb(eta) for eta in self.steps]
        if self.constant_step:
            return [arb(step)] * count
        step = type(step)(*map(arb, step))
        return [step.at(k) for k in range(count)]

    @property
    def constant_step(self) -> bool:
        return is_constant(self.rule)


@dataclass(frozen=True, eq=False)
class Certificate:
    """Enclosures of the error of a method at its recorded iterates.

    Attributes
    ----------
    method : Method
        The MDP, rule, tau and start policy, in exact numbers.
    gap : tuple of K balls, flint.arb, that enclose V*_tau(rho) - V^k_tau(rho).
    digits : how many decimal digits all of them have at least; inf if all are exact. It is less
        than was asked for, perhaps 0, only where no precision helps: a gap that is exactly 0
        cannot always be told from a tiny one.
    bits : the precision that this took.
    relative_errors : (K,) upper bounds on the relative error of ``run.gap``, or of
        exp(``run.log_gap``) below 1e-290; nan without a run, and where its status UNDERFLOW says
        that float64 has lost the gap; inf where the enclosure contains 0, but is not 0.
    """

    method: Method
    gap: tuple
    digits: float
    bits: int
    relative_errors: np.ndarray

    @property
    def k(self) -> np.ndarray:
        """(K,) the recorded iterations."""
        return self.method.k

    @property
    def lower(self) -> tuple:
        """The guaranteed lower ends of ``gap``, exact flint.arb numbers; never below 0."""
        return _ends(self, lambda ball: ball.lower() if ball > 0 else arb(0))

    @property
    def upper(self) -> tuple:
        """The guaranteed upper ends of ``gap``, exact flint.arb numbers."""
        return _ends(self, arb.upper)

    @property
    def relative_error(self) -> float:
        """The largest entry of ``relative_errors``, without the nan; nan if there is no other."""
        known = self.relative_errors[~np.isnan(self.relative_errors)]
        return float(known.max()) if known.size else math.nan

    def __repr__(self):
        return (
            f"Certificate({type(self.method.rule).__name__}, k={self.k[0]}..{self.k[-1]}, "
            f"gap={self.gap[-1].str(5)}, digits={self.digits:.0f}, bits={self.bits}, "
            f"relative_error={self.relative_error:.2g})"
        )


def _ends(certificate, end):
    with precision(certificate.bits):
        return tuple(end(ball) for ball in certificate.gap)


def certify(run, digits=30) -> Certificate:
    """Rerun ``run`` in ball arithmetic, at the same iterations.

    The float64 entries of the MDP, the rule, tau and the start policy are taken as exact numbers,
    and rows of probabilities are divided by their exact sums. Where step sizes change, those are
    taken that the run took. The optimal policy, ties included, is
    found and proved optimal in rational arithmetic. The precision is raised until every enclosure
    has the digits.

    Parameters
    ----------
    run : Run
    digits : int
        Significant decimal digits wanted of every gap, at most 39,437.

    Raises
    ------
    TypeError, ValueError
        For a rule without an exact update (see :func:`tabular_pg.certified.update`), or whose
        kernel was registered again since, and for an MDP with unavailable actions.
    NotAPolicy
        If the method leaves the simplex.
    Undecided
        If even 131072 bits leave open how an update goes on.
    """
    return _certified(method_of(run), digits, run)


def certified_run(mdp, rule, iterations, *, tau=0, policy=None, at=None, digits=30) -> Certificate:
    """Run ``rule`` in ball arithmetic alone.

    Parameters
    ----------
    mdp : RationalMDP or MDP
    rule : an instance of a registered record; its fields may be fractions; a step size that
        depends on iterates is refused, as only a run in floats can say what it was
    iterations : int >= 0
    tau : number >= 0, also a fraction
    policy : nested sequence (S, A) of numbers, optional
        Start policy; uniform by default. Treated like a row of P.
    at : sequence of int, optional
        Iterations to record, as for :func:`tabular_pg.optimize`.
    digits : int
        Significant decimal digits wanted of every gap, at most 39,437.

    Raises
    ------
    TypeError, ValueError, NotAPolicy, Undecided
        As :func:`certify` and :func:`tabular_pg.optimize` do.
    """
    iterations = checked_iterations(iterations)
    mdp = RationalMDP.of(mdp)
    k = recorded(at, iterations, mdp.r.size)
    return _certified(_method(mdp, rule, tau, policy, k), digits, None)


def method_of(run) -> Method:
    """What a run was a run of, in exact numbers."""
    if not isinstance(run, Run):
        raise TypeError(f"run is of type {type(run).__name__}; expected Run")
    steps = None if run.steps is None else tuple(rational("steps", x) for x in run.steps)
    return _method(run.mdp, run.rule, run.tau, run.start, run.k, steps)


def _method(mdp, rule, tau, policy, k, steps=None) -> Method:
    mdp = RationalMDP.of(mdp)
    if type(rule) not in UPDATES:
        known = ", ".join(sorted(r.__name__ for r in UPDATES))
        raise TypeError(
            f"rule is {shown(rule)}; expected one with an exact update ({known}, or register one "
            "with tabular_pg.certified.update)"
        )
    refuse_outdated(type(rule))
    rule = _exact_rule(rule)
    if steps is None and not is_constant(rule) and not hasattr(step_of(rule), "at"):
        raise TypeError(
            f"eta is {step_of(rule)}, which depends on iterates; expected a number or a schedule "
            "(certify(run) takes the steps that a run took)"
        )
    tau = rational("tau", tau)
    if tau < 0:
        raise ValueError(f"tau is {tau}; expected a number >= 0")
    method = METHODS[type(rule)]
    refuse_combination(type(rule).__name__, method, mdp, tau)
    return Method(mdp, rule, tau, _start(policy, mdp, method.space), k, steps)


def _exact_rule(rule):
    """The rule with exact numbers, positive ones unless they may have any sign."""
    values, any_sign = [], METHODS[type(rule)].any_sign
    for name, x in zip(rule._fields, rule, strict=True):
        if type(x) in STEP_SIZES:
            fields = zip(x._fields, x, strict=True)
            values.append(type(x)(*(_positive(f"{name}.{field}", y) for field, y in fields)))
        else:
            values.append(rational(name, x) if name in any_sign else _positive(name, x))
    rule = type(rule)(*values)
    for record in (rule, step_of(rule)):
        if hasattr(record, "refuse"):
            record.refuse()
    return rule


def _positive(name, x):
    exact = rational(name, x)
    if exact <= 0:
        raise ValueError(f"{name} is {exact}; expected a number > 0")
    return exact


def _start(policy, mdp, space) -> np.ndarray:
    S, A = mdp.r.shape
    if policy is None:
        policy = [[fmpq(1, A)] * A] * S
    rows = nested("policy", policy, 2, (S, A))
    start = objects([Row("policy", (s,), row).dense() for s, row in enumerate(rows)])
    if space is Space.SOFTMAX and (start == 0).any():
        s, a = np.argwhere(start == 0)[0]
        raise ValueError(
            f"policy[{s}, {a}] is 0; expected a probability > 0 (a softmax method never revives "
            "an action)"
        )
    return start


def _certified(method, digits, run) -> Certificate:
    target = checked_digits(digits) * BITS_PER_DIGIT
    bits, reached = int(target) + SPARE_BITS, []
    while True:
        with precision(bits):
            gap, k = _gaps(method, target)
            reached.append(k)
            hopeless = 2 * bits > MOST_BITS or (bits >= PATIENCE and reached[-3:] == 3 * [k])
            if gap is None and hopeless:
                gap, _ = _gaps(method, -math.inf)
            if gap is not None:
                accuracy = max(min(map(relative_bits, gap)) / BITS_PER_DIGIT, 0.0)
                return Certificate(method, gap, accuracy, bits, _errors(run, gap))
        bits *= 2


def checked_digits(digits) -> int:
    """``digits`` as an int, refused unless it is an integer >= 1 that is within reach."""
    return check_number("digits", check_number("digits", digits, 1), 1, MOST_DIGITS)


def _gaps(method, target):
    """(the gaps at the recorded iterates, the last iteration), or (None, k) where that of
    iteration k has fewer certain bits than ``target``."""
    gap, recorded_at, k = [], set(method.k.tolist()), 0
    try:
        model, iterates = trajectory(method)
        for k, point in iterates:
            value = (point.e * model.rho).sum()
            if relative_bits(value) < target:
                return None, k
            if k in recorded_at:
                gap.append(value)
    except Undecided:
        if target == -math.inf:
            raise
        return None, k + 1
    return tuple(gap), k


def trajectory(method):
    """The model at flint's present precision, and pairs (k, point) for every iterate up to the
    last.

    Raises
    ------
    Undecided
        If the balls are too wide to go on; also on the way.
    """
    update, registered = UPDATES[type(method.rule)], METHODS[type(method.rule)]
    model = Model(method.mdp, registered.space, method.tau, update.symmetric)
    return model, _iterates(method, model, update)


def _iterates(method, model, update):
    rule, last, sizes = mapped(method.rule, arb), int(method.k[-1]), method.step_sizes()
    point = model.evaluate(model.start(method.policy), method.policy)
    if update.method.memory:
        point = point._replace(memory=update.memory(rule, model, point))
    with Watch(last + 1) as watch:
        for k in range(last + 1):
            yield k, point
            if watch.interrupted:
                raise KeyboardInterrupt
            watch.count(1)
            if k < last:
                now = rule if sizes[k] is None else rule._replace(eta=sizes[k])
                x, memory = update.step(now, k, model, point)
                point = model.evaluate(x, memory=memory)


def relative_bits(ball) -> float:
    """How many bits of ``ball`` are certain: inf if it is exact, 0 or less if it has no sign."""
    if ball.is_exact() and ball.is_finite():
        return math.inf
    if not (ball > 0 or ball < 0):
        return -math.inf
    return float(ball.rel_accuracy_bits())


def _errors(run, gap) -> np.ndarray:
    """(K,) upper bounds on the relative errors of the run."""
    if run is None:
        return np.full(len(gap), np.nan)
    rows = zip(run.gap.tolist(), run.log_gap.tolist(), gap, strict=True)
    errors = np.array([_relative_error(*row) for row in rows])
    lost = (run.log_gap == -math.inf) & (run.status is Status.UNDERFLOW)
    return np.where(lost & (errors > 0), np.nan, errors)


def _relative_error(computed, log_computed, ball) -> float:
    if ball.is_zero() and computed == 0:
        return 0.0
    small = computed < SMALLEST_FLOAT and log_computed > -math.inf
    error = abs((arb(log_computed).exp() if small else arb(computed)) / ball - 1).upper()
    return float(error) if error.is_finite() else math.inf
