"""How a function becomes the exact update of a rule."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

from tabular_pg.certified.arithmetic.arrays import BallArray, ball_array
from tabular_pg.certified.arithmetic.balls import zeros
from tabular_pg.certified.evaluation import Point
from tabular_pg.checks.numbers import shown
from tabular_pg.engine.method import METHODS, Method
from tabular_pg.engine.rules import MEMBERS, registered

UPDATES: dict[type, Update] = {}


class Update(NamedTuple):
    """How a rule steps, and whether it treats actions alike that have equal rows and starts."""

    function: Callable
    symmetric: bool | Callable  # or a function that says it of a rule
    method: Method  # the registration that it is the twin of
    start: Callable | None  # what the rule remembers at first; zeros if None

    def memory(self, rule, model, point):
        """(S, n, A) what the rule remembers at the first iterate."""
        S, A = model.shape
        n = self.method.memory
        return zeros(S, n, A) if self.start is None else self.start(rule, model, point)

    def is_symmetric(self, rule) -> bool:
        """Whether that rule does."""
        return self.symmetric(rule) if callable(self.symmetric) else self.symmetric

    def step(self, rule, k, model, point):
        """The next coordinates and memory (None for rules without)."""
        found = self.function(rule, k, model, point)
        return found if self.method.memory else (found, None)


def update(rule, start=None):
    """Register the decorated ``function(rule, k, model, point)`` for the record type ``rule``.

    It returns the next coordinates (S, A), which need not be normalized; for rules with memory a
    pair, these and the next memory (S, n, A). Everything that it is given is a ``BallArray``, which
    numpy's functions enclose or refuse: the fields of the rule, ``model.gamma`` and ``model.tau``,
    and ``point.x, pi, e, q, A, d, memory`` (see ``certified.evaluation.Point``).

    Parameters
    ----------
    rule : type
        A rule that is registered with :func:`tabular_pg.method`.
    start : function (rule, model, point), optional
        Returns the memory (S, n, A) at the first iterate; zeros by default.

    Raises
    ------
    TypeError
        If it is not.
    """
    if not isinstance(rule, type) or rule not in METHODS and rule not in MEMBERS:
        raise TypeError(
            f"rule is {shown(rule)}; expected a class registered with tabular_pg.method"
        )

    def register(function):
        def step(rule, k, model, point):
            found = function(*_seen(rule, model, point, k))
            if not registered(type(rule)).memory:
                return _data(rule, found, model.shape)
            if not (isinstance(found, tuple) and len(found) == 2):
                raise TypeError(
                    f"the update of {type(rule).__name__} returned a {type(found).__name__}; "
                    "expected the next coordinates and the next memory"
                )
            shapes = model.shape, point.memory.shape
            return tuple(_data(rule, x, shape) for x, shape in zip(found, shapes, strict=True))

        def begin(rule, model, point):
            (S, A), n = model.shape, registered(type(rule)).memory
            return _data(rule, start(*_seen(rule, model, point)), (S, n, A))

        UPDATES[rule] = Update(step, False, registered(rule), start and begin)
        return function

    return register


def _seen(rule, model, point, *k):
    """What an update of a user is given."""
    given = type(rule)(*map(ball_array, rule))
    model = SimpleNamespace(gamma=ball_array(model.gamma), tau=ball_array(model.tau))
    return given, *k, model, Point(*(x if x is None else ball_array(x) for x in point))


def _data(rule, x, shape):
    if isinstance(x, BallArray) and x.shape == shape:
        return x.data
    raise TypeError(
        f"the update of {type(rule).__name__} returned a {type(x).__name__}, shape "
        f"{getattr(x, 'shape', None)}; expected a BallArray of shape {shape}"
    )


def refuse_outdated(rule):
    """Raise TypeError if the kernel of ``rule`` was registered again after its update."""
    if UPDATES[rule].method is not registered(rule):
        raise TypeError(
            f"rule is {rule.__name__}, whose kernel was registered again after its exact update; "
            "expected that to be registered again, too, with tabular_pg.certified.update"
        )


def symmetric(rule, start=None, alike=True):
    """The same for the rules of this package, which are given plain object arrays of balls;
    ``alike`` says whether they treat actions so that are, or is a function that says it of a
    rule."""

    def register(function):
        UPDATES[rule] = Update(function, alike, registered(rule), start)
        return function

    return register
