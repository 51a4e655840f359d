"""How a record becomes a step size: what the field ``eta`` of a rule may hold instead of a number.

A schedule depends on k alone, another step size on the iterate as well; a search proposes one, and
tries smaller ones until the step passes a test. What was taken at each iteration is recorded.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.checks.numbers import shown
from tabular_pg.engine.registration import (
    NUMBER,
    answering,
    checked_field,
    compiled,
    is_native,
    is_record,
    reads_argument,
    refuse_function,
    refuse_names,
    refuse_visits,
    role_of,
    tell_apart,
)

STEP_SIZES: dict[type, StepSize] = {}
KERNEL = ("step", "k", "problem", "point")
FAR_KERNEL = (*KERNEL, "distance")
LARGEST_STEP = 1e250  # steps stop growing here, far beyond where they act like infinity


class StepSize(NamedTuple):
    """What the loops need to know about a step size."""

    record: type
    kernel: object  # (step, k, problem, point) -> eta; None of a search
    schedule: bool  # whether eta depends on k alone
    visitation: bool
    native: bool
    any_sign: tuple  # the names of fields that need not be positive
    distance: bool = False  # whether the kernel is given that of the farthest greedy policy
    propose: object = None  # of a search: (step, k, last, problem, point) -> eta
    accept: object = None  # of one that backtracks: (step, problem, point, trial) -> bool
    follow: object = None  # of any: (step, problem, point, trial, notes) -> eta
    notes: int = 0  # how many numbers a search keeps from trial to trial, beyond its step

    @property
    def searched(self):
        """Whether steps are tried before they are taken."""
        return self.propose is not None

    @property
    def functions(self):
        """What it is compiled from."""
        return self.kernel, self.propose, self.accept or self.follow


class Constant(NamedTuple):
    """The same step size ``eta`` in every iteration; a plain number says the same."""

    eta: float

    def at(self, k):
        """``eta``, whatever ``k`` is."""
        return self.eta


def step_size(record, *, schedule=False, visitation=False, any_sign=(), distance=False):
    """Register the decorated ``kernel(step, k, problem, point) -> eta`` for a record type.

    An instance may then stand for ``eta`` in every rule that has such a field, as in
    ``NaturalPG(eta=Geometric(1.0, 2.0))``. ``point`` is the iterate k and its evaluation, of which
    nothing may be overwritten (see ``gaps.point.Point``). Steps above 1e250 are cut.

    Parameters
    ----------
    record : type
        A NamedTuple of positive floats. A method ``at(self, k)``, for numbers of any kind, says the
        same to ``certified_run``; an optional ``refuse(self)`` raises ValueError for values that
        make no sense.
    schedule : bool
        Whether eta depends on k alone: rules that work state by state do so then, too.
    visitation : bool
        Whether the kernel reads ``point.d``.
    any_sign : tuple of str, optional
        Names of fields that may be 0 or negative.
    distance : bool
        Whether the kernel has a fifth argument, max_s D(greedy_s, pi_s), in the geometry of the
        method: such steps are for mirror descent with tau = 0.

    Raises
    ------
    TypeError, ValueError
        For what cannot be a record or a kernel, and for a record of this package.
    """
    checked_record(record, any_sign)

    def register(kernel):
        refuse_function(kernel, FAR_KERNEL if distance else KERNEL)
        refuse_visits(kernel, visitation, record)
        if schedule and reads_argument(kernel, KERNEL.index("point")):
            raise ValueError(
                f"kernel {kernel.__name__} reads point, and schedule is True; expected a step size "
                "that depends on k alone, or schedule=False"
            )
        native = native_part(record, kernel)
        facts = schedule, visitation, native, tuple(any_sign), distance
        STEP_SIZES[record] = StepSize(record, part_of(record, kernel, native, NUMBER), *facts)
        return kernel

    return register


def checked_record(record, any_sign):
    """Refuse what can be no class of step sizes; one that can is told apart from others."""
    if not is_record(record):
        raise TypeError(f"record is {record!r}; expected a NamedTuple class of hyper-parameters")
    refuse_names(record, any_sign)
    tell_apart(record)


def part_of(record, function, native, expected):
    part = compiled(function, native)
    return part if native else answering(part, role_of(record), expected)


def native_part(record, *functions) -> bool:
    native, known = is_native(record, *functions), STEP_SIZES.get(record)
    if known is not None and known.native and not native:
        raise ValueError(
            f"record is {record.__name__} of this package, which theorems are about; expected a "
            "class of your own"
        )
    return native


def step_of(rule):
    """The step size of a rule, a number or a record; None if it has none.

    It is the field ``eta``, unless the rule says otherwise by a property ``_step_size``, a name
    that no field can have.
    """
    return getattr(rule, "_step_size", getattr(rule, "eta", None))


def mapped(rule, function):
    """The rule with ``function`` of each of its hyper-parameters but integers, those of records in
    it too."""

    def of(x):
        if type(x) is tuple:
            return tuple(map(of, x))
        return mapped(x, function) if is_record(type(x)) else x if type(x) is int else function(x)

    return type(rule)(*map(of, rule))


def is_constant(rule) -> bool:
    """Whether the step size of a rule, if it has one, is a number."""
    return type(step_of(rule)) not in STEP_SIZES


def registered_step(rule) -> StepSize | None:
    """The registration of the step size of a rule; None where it is a number, or there is none."""
    return STEP_SIZES.get(type(step_of(rule)))


def checked_step(name, value, any_sign=False):
    """A step size with float fields: a number, or a registered record that is no constant."""
    if type(value) not in STEP_SIZES:
        if is_record(value) or is_record(type(value)):
            known = ", ".join(sorted(record.__name__ for record in STEP_SIZES))
            raise TypeError(
                f"{name} is {shown(value)}; expected a number > 0, or an instance of one of "
                f"{known} or of a class that is registered with tabular_pg.steps.step_size"
            )
        return checked_field(name, value, any_sign)
    pairs = zip(value._fields, value, strict=True)
    size = STEP_SIZES[type(value)]
    checked = (checked_field(f"{name}.{field}", x, field in size.any_sign) for field, x in pairs)
    step = type(value)(*checked)
    if size.accept is not None and not 0 < step.shrink < 1:
        raise ValueError(f"{name}.shrink is {step.shrink}; expected a number in (0, 1)")
    if hasattr(step, "refuse"):
        step.refuse()
    return step.eta if type(step) is Constant else step


@step_size(Constant, schedule=True)
def constant(step, k, problem, point):
    """eta, whatever k."""
    return step.eta
