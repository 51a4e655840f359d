"""How a rule becomes a method: a frozen record of hyper-parameters, a kernel, a policy space.

The loop is compiled once per rule type; it finds the kernel by the record's type.
"""

from __future__ import annotations

import enum
import math
import numbers
import sys
from typing import NamedTuple

from numba.extending import overload

from tabular_pg._jit import njit_inlined, njit_uncached
from tabular_pg.coordinates import Logits, Offsets, Probabilities

METHODS: dict[type, Method] = {}
LARGEST_FLOAT = sys.float_info.max


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

    kernel: object
    space: Space
    regularization: Regularization
    visitation: bool
    critic: bool
    statewise: bool
    native: bool  # defined inside the package, so that its compiled loop may be cached on disk

    def coordinates(self, tau) -> type:
        if self.space is Space.SIMPLEX:
            return Probabilities
        return Offsets if tau > 0 else Logits


def method(
    rule,
    *,
    space,
    regularization=Regularization.NONE,
    visitation=False,
    critic=False,
    statewise=False,
):
    """Register the decorated ``kernel(rule, k, problem, point)`` for the record type ``rule``.

    The kernel overwrites ``point.x`` (log pi, xi or pi, see ``evaluation.Point``) by the next
    iterate; it may read every other field of ``point``. Log-probabilities and offsets need not be
    normalized: the evaluation that follows does that.

    Parameters
    ----------
    rule : type
        A NamedTuple of floats. An optional method ``refuse(self)`` raises ValueError for values
        that are positive and finite and still make no sense.
    space : Space
    regularization : Regularization
    visitation : bool
        Whether the kernel reads ``point.d``; then mu must be positive everywhere.
    critic : bool
        Whether the kernel uses ``point.critic``, which starts as ``point.q``.
    statewise : bool
        Whether the next policy in a state depends on that state's entries alone. Then, on large
        MDPs, the kernel is given a few states at a time, and P is read once per iteration
        instead of twice.
    """
    if not (isinstance(rule, type) and issubclass(rule, tuple) and hasattr(rule, "_fields")):
        raise TypeError(f"rule is {rule!r}; expected a NamedTuple class of hyper-parameters")
    if not isinstance(space, Space) or not isinstance(regularization, Regularization):
        raise TypeError(
            f"space is {space!r}, regularization {regularization!r}; expected members of Space and "
            "Regularization"
        )
    native = rule.__module__.partition(".")[0] == __name__.partition(".")[0]
    compile_ = njit_inlined if native else njit_uncached

    def register(kernel):
        kernel = compile_(kernel)
        METHODS[rule] = Method(kernel, space, regularization, visitation, critic, statewise, native)
        return kernel

    return register


def step(rule, k, problem, point):
    """Overwrite ``point.x`` by the iterate after ``k``, by the kernel of ``type(rule)``."""
    METHODS[type(rule)].kernel(rule, k, problem, point)


@overload(step, inline="never")
def _step(rule, k, problem, point):
    kernel = METHODS[rule.instance_class].kernel
    return lambda rule, k, problem, point: kernel(rule, k, problem, point)


def checked_rule(rule):
    """``rule`` with float fields, refused by field name unless all are positive and finite."""
    if type(rule) not in METHODS:
        known = ", ".join(sorted(r.__name__ for r in METHODS))
        raise TypeError(f"rule is {rule!r}; expected an instance of one of: {known}")
    values = []
    for name, value in zip(rule._fields, rule, strict=True):
        if not isinstance(value, numbers.Real) or isinstance(value, bool):
            raise TypeError(f"{name} is {value!r}; expected a number > 0")
        value = math.inf if abs(value) > LARGEST_FLOAT else float(value)
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is {value}; expected a finite number > 0")
        values.append(value)
    rule = type(rule)(*values)
    if hasattr(rule, "refuse"):
        rule.refuse()
    return rule
