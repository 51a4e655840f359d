"""How a record becomes a mirror map: what the field ``mirror`` of policy mirror descent may hold.

A map is known by its step in one state: from pi to the maximizer of eta <A, p> - D(p, pi) over the
simplex. Where D is the Bregman divergence of a sum over actions, its derivative is enough.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit, njit_around, njit_foreign, njit_inlined
from tabular_pg.engine.method import Space
from tabular_pg.engine.registration import (
    is_native,
    is_record,
    refuse_function,
    refuse_names,
    tell_apart,
)
from tabular_pg.mirrors.roots import dual_step
from tabular_pg.numerics.gains import gain, gains_of

MIRRORS: dict[type, Mirror] = {}
MOVE = ("mirror", "eta", "gains", "x", "s")
TO_ACTION = ("mirror", "x", "s", "a")
ONE = ("mirror", "x")


class Form(NamedTuple):
    """A mirror map on iterates of one kind, log-probabilities or probabilities."""

    move: object  # (mirror, eta, gains, x, s) overwrites row s of x
    to_action: object  # (mirror, x, s, a) -> D(all mass on a, pi_s), or None


class Mirror(NamedTuple):
    """What is registered for a class of mirror maps."""

    record: type
    forms: dict  # by Space
    bregman: bool  # whether D is a Bregman divergence, which three-point lemmas need
    native: bool
    any_sign: tuple
    written: tuple | None  # derivative and inverse as they were given, of a sum over actions

    @property
    def functions(self):
        """What it is compiled from."""
        return tuple(part for form in self.forms.values() for part in form)


def of_others(values):
    """(..., A) for each action the sum of ``values`` over the others, in numbers of any kind."""
    own = np.eye(values.shape[-1], dtype=bool)
    return np.where(own, 0.0, values[..., None, :]).sum(axis=-1)


def space_of(mirror) -> Space:
    """Where the iterates of a mirror map live: as its record says, if there is a choice."""
    forms = MIRRORS[type(mirror)].forms
    return next(iter(forms)) if len(forms) == 1 else mirror.space


def mirror_map(record, *, space, to_action=None, bregman=True, any_sign=()):
    """Register the decorated ``move(mirror, eta, gains, x, s)`` for a record type.

    It overwrites row ``s`` of ``x``, the policy, by argmax_p eta <A(s, .), p> - D(p, pi_s); ``x``
    (S, A) holds log-probabilities, which need not be normalized afterwards, or probabilities, which
    have to sum to 1. ``gain(gains, s, a)`` is A(s, a) less its largest value in the state, and
    ``exists(gains, s, a)`` whether there is such an action.

    Parameters
    ----------
    record : type
        A NamedTuple of positive floats; an optional ``refuse(self)`` raises ValueError for values
        that make no sense.
    space : Space
        What ``x`` holds. A record may be registered for both; its property ``space`` then says
        which it is about.
    to_action : function (mirror, x, s, a), optional
        D(p, pi_s) for the policy p that takes action ``a``: for adaptive steps, and theorems.
    bregman : bool
        Whether D is a Bregman divergence.
    any_sign : tuple of str, optional
        Names of fields that may be 0 or negative.

    Raises
    ------
    TypeError, ValueError
        For what cannot be a record or such a function, and for a record of this package.
    """
    _checked_record(record, space, any_sign)

    def register(move):
        refuse_function(move, MOVE, "mirror map")
        native = is_native(record, move, to_action)
        part = _compiled(move, native)
        _add(record, space, part, to_action, bregman, native, any_sign)
        return part

    return register


def separable(record, *, space, derivative, inverse, to_action=None, any_sign=()):
    """Register the map of h(p) = sum_a phi(p_a), phi strictly convex on (0, 1].

    Parameters
    ----------
    record, space, to_action, any_sign
        As for :func:`mirror_map`.
    derivative : function (mirror, x) -> y
        phi'(p) for ``x`` = log p or p. It tends to -infinity as p does to 0 exactly where
        ``space`` is ``Space.SOFTMAX``: no probability ever becomes 0 then.
    inverse : function (mirror, y) -> x
        The x at which it is y, for y <= phi'(1); for probabilities exactly 0 below phi'(0).
    """
    _checked_record(record, space, any_sign)
    for name, function in (("derivative", derivative), ("inverse", inverse)):
        refuse_function(function, ONE, name)
    native, tag = is_native(record, derivative, inverse), _tag(record, space)
    parts = (_compiled(part, native) for part in (derivative, inverse))
    move = dual_step(*parts, space is Space.SIMPLEX, lambda part: _compiled(part, native, tag))
    _add(record, space, move, to_action, True, native, any_sign, (derivative, inverse))


def _checked_record(record, space, any_sign):
    if not is_record(record):
        raise TypeError(f"record is {record!r}; expected a NamedTuple class of hyper-parameters")
    if not isinstance(space, Space):
        raise TypeError(f"space is {space!r}; expected a member of Space")
    refuse_names(record, any_sign)
    tell_apart(record)


def _add(record, space, move, to_action, bregman, native, any_sign, written=None):
    if to_action is not None:
        refuse_function(to_action, TO_ACTION, "to_action")
    known = MIRRORS.get(record)
    if known is not None and known.native and not native:
        raise ValueError(
            f"record is {record.__name__} of this package, which theorems are about; expected a "
            "class of your own"
        )
    form = Form(move, to_action and _compiled(to_action, native))
    forms = {**(known.forms if known else {}), space: form}
    MIRRORS[record] = Mirror(record, forms, bregman, native, tuple(any_sign), written)


def _tag(record, space) -> str:
    return f"{record.__module__}.{record.__qualname__}.{space.name}"


def _compiled(function, native, tag=""):
    return (njit_inlined if native else njit_foreign)(function, tag)


def nearest_greedy(record, space, ahead=False):
    """``distance(rule, problem, point, s)``: D(p, pi_s) for the nearest p that takes one best
    action; None where a map has no ``to_action``. The first fields of a rule are those of the
    mirror map; with lookahead ``ahead`` it is greedy in what is remembered."""
    known, fields = MIRRORS[record], len(record._fields)
    to_action = known.forms[space].to_action
    if to_action is None:
        return None

    def distance(rule, problem, point, s):
        mirror, q = record(*rule[:fields]), point.memory[:, 0] if ahead else point.q
        gains, nearest = gains_of(problem, q, s), math.inf
        for a in range(q.shape[1]):
            if gain(gains, s, a) == 0.0:
                nearest = min(nearest, to_action(mirror, point.x, s, a))
        return nearest

    return njit_around(distance, f"{_tag(record, space)}.{ahead}", known.native)


def distances(mirror, x, chosen):
    """(n, S) the smallest D(p, pi_s) of the policies p that take one of the ``chosen`` actions, for
    policies (n, S, A), in the coordinates that the map has; ``chosen`` has one row for all, or n.
    """
    record, space = type(mirror), space_of(mirror)
    measure = _measure(record, MIRRORS[record].forms[space].to_action, space)
    return measure(tuple(map(float, mirror)), x, np.broadcast_to(chosen, x.shape))


@cache
def _measure(record, to_action, space):
    def measure(fields, x, chosen):
        mirror, found = record(*fields), np.full(x.shape[:2], np.inf)
        for i in range(x.shape[0]):
            for s in range(x.shape[1]):
                for a in range(x.shape[2]):
                    if chosen[i, s, a]:
                        found[i, s] = min(found[i, s], to_action(mirror, x[i], s, a))
        return found

    return (njit if MIRRORS[record].native else njit_foreign)(measure, _tag(record, space))
