"""How a record becomes a step size: what the field ``eta`` of a rule may hold instead of a number.

A schedule depends on k alone, another step size on the iterate as well; a search proposes one, and
tries smaller ones until the step passes a test. What was taken at each iteration is recorded.
"""

from __future__ import annotations

from inspect import signature
from typing import NamedTuple

from tabular_pg._jit import njit_foreign, njit_inlined
from tabular_pg.checks.numbers import shown
from tabular_pg.engine.registration import (
    NUMBER,
    TRUTH,
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
)

STEP_SIZES: dict[type, StepSize] = {}
KERNEL = ("step", "k", "problem", "point")
FAR_KERNEL = (*KERNEL, "distance")
PROPOSE = ("step", "k", "last")
SEEING = (*PROPOSE, "problem", "point")
ACCEPT = ("step", "problem", "point", "trial")
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
    accept: object = None  # (step, problem, point, trial) -> bool

    @property
    def functions(self):
        """What it is compiled from."""
        return self.kernel, self.propose, self.accept


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
    _refuse_record(record, any_sign)

    def register(kernel):
        refuse_function(kernel, FAR_KERNEL if distance else KERNEL)
        refuse_visits(kernel, visitation, record)
        if schedule and reads_argument(kernel, KERNEL.index("point")):
            raise ValueError(
                f"kernel {kernel.__name__} reads point, and schedule is True; expected a step size "
                "that depends on k alone, or schedule=False"
            )
        native = _native(record, kernel)
        facts = schedule, visitation, native, tuple(any_sign), distance
        STEP_SIZES[record] = StepSize(record, _part(record, kernel, native, NUMBER), *facts)
        return kernel

    return register


def step_search(record, *, propose, visitation=False, any_sign=()):
    """Register the decorated ``accept(step, problem, point, trial) -> bool`` for a record type:
    the acceptance test of a backtracking search.

    ``propose(step, k, last) -> eta`` is what is tried first, ``last`` being the step that was taken
    before (0 at k = 0); it may take ``problem`` and ``point`` besides. While the test fails, eta is
    multiplied by the field ``shrink`` of the record. ``trial`` is an :class:`engine.search.Trial`:
    the step, where it leads, and the gaps before and after. Where the gap is below 1e-290, and its
    differences have no digits, the last step is taken untested. A run ends, STALLED, where a step
    that moves no policy fails, or 100,000 steps have.

    Parameters
    ----------
    record : type
        A NamedTuple of positive floats with a field ``shrink`` < 1; ``refuse`` as for
        :func:`step_size`.
    propose : function (step, k, last) -> eta
    visitation : bool
        Whether the test reads ``point.d``.
    any_sign : tuple of str, optional
        Names of fields that may be 0 or negative.

    Raises
    ------
    TypeError, ValueError
        As :func:`step_size` does, and for a record without ``shrink``.
    """
    _refuse_record(record, any_sign)
    if "shrink" not in record._fields:
        raise ValueError(f"record is {record.__name__}{record._fields}; expected a field shrink")

    def register(accept):
        seeing = len(signature(propose).parameters) == len(SEEING) if callable(propose) else False
        refuse_function(propose, SEEING if seeing else PROPOSE, "propose")
        refuse_function(accept, ACCEPT, "accept")
        refuse_visits(accept, visitation, record, "accept")
        native = _native(record, propose, accept)
        parts = zip((propose, accept), (NUMBER, TRUTH), strict=True)
        parts = [_part(record, part, native, expected) for part, expected in parts]
        if not seeing:
            parts[0] = _looking_away(record, parts[0], native)
        facts = False, visitation, native, tuple(any_sign), False
        STEP_SIZES[record] = StepSize(record, None, *facts, *parts)
        return accept

    return register


def _refuse_record(record, any_sign):
    if not is_record(record):
        raise TypeError(f"record is {record!r}; expected a NamedTuple class of hyper-parameters")
    refuse_names(record, any_sign)


def _part(record, function, native, expected):
    part = compiled(function, native)
    return part if native else answering(part, role_of(record), expected)


def _looking_away(record, propose, native):
    """The same with two arguments that it does not read."""

    def proposed(step, k, last, problem, point):
        return propose(step, k, last)

    proposed.__name__ = propose.__name__
    made = njit_inlined if native else njit_foreign
    return made(proposed, f"{record.__module__}.{record.__qualname__}")


def _native(record, *functions) -> bool:
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
