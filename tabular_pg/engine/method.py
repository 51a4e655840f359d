"""How a rule becomes a method: a frozen record of hyper-parameters, a kernel, a policy space.

Loops are compiled once per registration, around its kernel: numba tells records apart by the name
of their class and the types of their fields alone, so that a loop for all rules would run the
kernel of another class of that name. Into compiled code hyper-parameters go as a plain tuple.
"""

from __future__ import annotations

import dis
import enum
import functools
import inspect
import math
import threading
from typing import NamedTuple

from numba.core.types import none

from tabular_pg._jit import njit, njit_inlined, njit_uncached
from tabular_pg.checks.numbers import is_real, shown
from tabular_pg.engine.steps import begin_once, begin_twice, step_once, step_twice
from tabular_pg.gaps.coordinates import Logits, Offsets, Probabilities
from tabular_pg.gaps.point import Point

METHODS: dict[type, Method] = {}
LOCK = threading.Lock()
STEPS, STARTS = ("rule", "k", "problem", "point"), ("rule", "problem", "point")
PACKAGE = __name__.partition(".")[0]


class Space(enum.Enum):
    """Where a rule's iterates live."""

    SOFTMAX = "log-probabilities: every action keeps a positive probability"
    SIMPLEX = "probabilities, with exact zeros"


class Regularization(enum.Enum):
    """For which weights of the entropy bonus a rule is defined."""

    NONE = "tau = 0 only"
    REQUIRED = "tau > 0 only"
    ANY = "any tau >= 0"


class Method(NamedTuple):
    """What the loop needs to know about a rule."""

    rule: type
    kernel: object
    space: Space
    regularization: Regularization
    visitation: bool
    memory: int  # how many arrays (A,) a state remembers
    statewise: bool
    native: bool  # defined inside the package, so that its compiled loop may be cached on disk
    start: object  # the kernel that fills ``point.memory`` before step 0, or None
    learn: object  # the kernel that advances it before steps 1, 2, ..., or None
    compiled: dict  # what is compiled around the kernel, by the function that makes it

    def coordinates(self, tau) -> type:
        if self.space is Space.SIMPLEX:
            return Probabilities
        return Offsets if tau > 0 else Logits

    @property
    def step(self):
        """``step(values, k, problem, point)``: the kernel, given the fields of the rule."""
        return self.around(step_once)

    def around(self, make, twice=False):
        """What ``make(step)`` returns, or ``make(method)`` for steps and starts; compiled once.

        A step is taken ``twice`` where policies have two forms.
        """
        steps = (step_once, step_twice, begin_once, begin_twice)
        inner = self if make in steps else self.around(step_twice if twice else step_once)
        with LOCK:
            if (make, twice) not in self.compiled:
                tag = f"{self.rule.__module__}.{self.rule.__qualname__}" + "2" * twice
                compile_ = njit_inlined if make in steps else njit
                compile_ = compile_ if self.native else njit_uncached
                self.compiled[make, twice] = compile_(make(inner), tag)
            return self.compiled[make, twice]

    def refuse_result(self):
        """Raise TypeError if a version of the kernel, as far as compiled, returns something."""
        for signature in getattr(self.kernel, "nopython_signatures", ()):
            if signature.return_type != none:
                raise TypeError(_returns(self.kernel, f"a result of type {signature.return_type}"))


def method(
    rule,
    *,
    space,
    regularization=Regularization.NONE,
    visitation=False,
    memory=0,
    start=None,
    learn=None,
    statewise=False,
):
    """Register the decorated ``kernel(rule, k, problem, point)`` for the record type ``rule``.

    The kernel overwrites ``point.x`` (log pi, xi or pi, see ``evaluation.Point``) by the next
    iterate, and returns nothing; it may read every other field of ``point``. Log-probabilities and
    offsets need not be normalized: the evaluation that follows does that. It is compiled at its
    first run, with the values that its global names have then.

    A class may be registered again, with another kernel: that runs from then on. The classes of
    this package may not.

    Parameters
    ----------
    rule : type
        A NamedTuple of floats. An optional method ``refuse(self)`` raises ValueError for values
        that are positive and finite and still make no sense.
    space : Space
    regularization : Regularization
    visitation : bool
        Whether the kernel reads ``point.d``; then mu must be positive everywhere.
    memory : int >= 0
        How many arrays (A,) a state remembers from step to step, as ``point.memory`` (S, n, A):
        critics, momenta, earlier iterates, averages. The kernel reads and overwrites them.
    start : function (rule, problem, point), optional
        Fills ``point.memory``, which is 0 else, at the first iterate, after its evaluation.
    learn : function (rule, k, problem, point), optional
        Called before every step but the first, for what is remembered of values rather than of
        policies: where policies are kept in two forms the kernel is run on both, each with a
        memory of its own, and ``learn`` once.
    statewise : bool
        Whether the next policy in a state depends on that state's entries alone. Then, on large
        MDPs, the kernel is given a few states at a time, and P is read once per iteration
        instead of twice.

    Raises
    ------
    TypeError, ValueError
        For what cannot be a rule or a kernel, a class of this package, and a class that was
        registered with another space, regularization, visitation or memory: old runs rely on them.
        A kernel that returns something, or that leaves ``point.x`` as it is at every policy that
        is tried, is refused with TypeError by the first run.
    """
    if not (isinstance(rule, type) and issubclass(rule, tuple) and hasattr(rule, "_fields")):
        raise TypeError(f"rule is {rule!r}; expected a NamedTuple class of hyper-parameters")
    if not isinstance(space, Space) or not isinstance(regularization, Regularization):
        raise TypeError(
            f"space is {space!r}, regularization {regularization!r}; expected members of Space and "
            "Regularization"
        )
    if not isinstance(memory, int) or isinstance(memory, bool) or memory < 0:
        raise TypeError(f"memory is {memory!r}; expected a number of arrays, an integer >= 0")
    if memory == 0 and (start is not None or learn is not None):
        raise ValueError("memory is 0, and there is a start or learn; expected memory >= 1")
    facts = space, regularization, visitation, memory

    def register(kernel):
        modules = (str(getattr(part, "__module__", "")) for part in (rule, kernel))
        native = all(module.partition(".")[0] == PACKAGE for module in modules)
        _refuse_kernel(rule, kernel, METHODS.get(rule), facts, native)
        compiled = njit_inlined(kernel) if native else _checked(njit_uncached(kernel))
        parts = []
        for part, arguments in ((start, STARTS), (learn, STEPS)):
            if part is not None:
                _refuse_kernel(rule, part, METHODS.get(rule), facts, native, arguments)
                part = (njit_inlined if native else njit_uncached)(part)
            parts.append(part)
        METHODS[rule] = Method(rule, compiled, *facts, statewise, native, *parts, {})
        return compiled

    return register


def _refuse_kernel(rule, kernel, known, facts, native, arguments=STEPS):
    name, expected = getattr(kernel, "__name__", repr(kernel)), ", ".join(arguments)
    if not callable(kernel):
        raise TypeError(f"kernel is {kernel!r}; expected a function ({expected})")
    try:
        signature = inspect.signature(kernel)
        signature.bind(*arguments)
    except ValueError:  # a function that is not written in Python
        raise TypeError(f"kernel is {kernel!r}; expected a function of Python") from None
    except TypeError:
        raise TypeError(f"kernel is {name}{signature}; expected ({expected})") from None
    if hasattr(kernel, "py_func"):
        raise TypeError(f"kernel is {name}, compiled already; expected {name}.py_func")
    stored = [step.argval for step in dis.get_instructions(kernel) if step.opname == "STORE_ATTR"]
    field = next((name for name in stored if name in Point._fields), None)
    if field is not None:
        raise TypeError(
            f"kernel {name} assigns to the attribute {field}, which is fixed; expected it to "
            "overwrite entries, as in point.x[s, a] = ... or point.x[:] = ..."
        )
    if known is None or native:
        return
    if known.native:
        raise ValueError(
            f"rule is {rule.__name__} of this package, which theorems are about; expected a class "
            f"of your own for the kernel {name}"
        )
    before = known[2:6]
    if before != facts:
        raise ValueError(
            f"rule is {rule.__name__}, registered before with (space, regularization, visitation, "
            f"memory) = {before}, now with {facts}; expected the same, as there may be runs of it: "
            "define the class anew"
        )


def _checked(kernel):
    """A kernel that is not compiled (NUMBA_DISABLE_JIT), and refuses to return something."""
    if hasattr(kernel, "nopython_signatures"):
        return kernel

    @functools.wraps(kernel)
    def checked(rule, k, problem, point):
        result = kernel(rule, k, problem, point)
        if result is not None:
            raise TypeError(_returns(kernel, f"a {type(result).__name__}"))

    return checked


def _returns(kernel, what) -> str:
    return (
        f"the kernel {kernel.__name__} returns {what}; expected None: it overwrites point.x, as in "
        "point.x[s, a] = ... or point.x[:] = ..."
    )


def step(rule, k, problem, point):
    """Overwrite ``point.x`` by the iterate after ``k``, by the kernel of ``type(rule)``."""
    METHODS[type(rule)].step(tuple(rule), k, problem, point)


def checked_rule(rule):
    """``rule`` with float fields, refused by field name unless all are positive and finite."""
    if type(rule) not in METHODS:
        known = ", ".join(sorted(r.__name__ for r in METHODS))
        several = "; optimize_many takes lists" if type(rule) in (list, tuple) else ""
        raise TypeError(f"rule is {shown(rule)}; expected an instance of one of: {known}{several}")
    values = []
    for name, value in zip(rule._fields, rule, strict=True):
        if not is_real(value):
            raise TypeError(f"{name} is {shown(value)}; expected a number > 0")
        try:
            number = float(value)
        except (OverflowError, ValueError):  # an integer or a fraction beyond 1e308, a Decimal sNaN
            number = math.inf
        if not (math.isfinite(number) and number > 0):
            raise ValueError(f"{name} is {number}; expected a finite number > 0")
        values.append(number)
    rule = type(rule)(*values)
    if hasattr(rule, "refuse"):
        rule.refuse()
    return rule
