"""What an instance of a rule is: its checked fields, and the flat record that its kernel is given.

Most rules are flat records of numbers, with a step size. One that is put together, as policy mirror
descent is from a mirror map and a step size, has other records among its fields; it is run as a
flat rule, which is a method of its own or one that there is in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tabular_pg.checks.numbers import check_number, is_real, shown
from tabular_pg.checks.tables import checked_table, tables_of
from tabular_pg.engine.method import METHODS, Method
from tabular_pg.engine.registration import checked_field, is_record, tell_apart
from tabular_pg.engine.step_size import STEP_SIZES, checked_step

MEMBERS: dict[type, Method] = {}  # flat rules to which only others lead
COMPOSED: dict[type, Composed] = {}


class Composed(NamedTuple):
    """How a rule is put together."""

    parts: dict  # fields whose values are records, and the registered classes of these
    flat: Callable  # what a checked instance is run as
    example: tuple  # an instance


def composed(example, parts, flat):
    """Register the class of ``example``, a rule that is put together.

    Parameters
    ----------
    example : NamedTuple
        An instance; what is asked about the class alone is answered for it.
    parts : dict of dicts
        Names of fields whose values are records, with the classes that are registered for them.
    flat : function
        Maps a checked instance to the flat rule that it is run as.
    """
    rule = type(example)
    tell_apart(rule)
    COMPOSED[rule] = Composed(parts, flat, example)
    METHODS[rule] = registered(type(flat(example)))._replace(rule=rule)


def registered(cls) -> Method:
    """What is registered for the class of a flat rule, or of one that is put together."""
    return MEMBERS[cls] if cls in MEMBERS else METHODS[cls]


def flat_rule(rule):
    """The record of numbers that a checked rule is run as."""
    known = COMPOSED.get(type(rule))
    return rule if known is None else known.flat(rule)


def method_of(rule) -> Method:
    """How a checked rule is run."""
    return registered(type(flat_rule(rule)))


def kinds_of(rule) -> tuple:
    """The classes that a rule is of: its own, and that of the flat rule that it is run as."""
    return (type(rule), type(flat_rule(rule))) if type(rule) in COMPOSED else (type(rule),)


def shown_rule(rule) -> str:
    """How messages call a rule: by its class, and by its parts where it is put together."""
    known = COMPOSED.get(type(rule))
    parts = [] if known is None else [repr(getattr(rule, name)) for name in known.parts]
    return " with ".join([type(rule).__name__, *parts])


def part_records() -> dict:
    """All registered classes of records that may be fields of rules: step sizes and parts."""
    found = dict(STEP_SIZES)
    for known in COMPOSED.values():
        for classes in known.parts.values():
            found |= classes
    return found


def checked_rule(rule):
    """``rule`` with float fields, refused by field name unless all are positive and finite; its
    ``eta`` may be a step size, and fields that are annotated as int are integers."""
    cls = type(rule)
    if cls not in METHODS and cls not in MEMBERS:
        known = ", ".join(sorted(r.__name__ for r in METHODS))
        several = cls in (list, tuple) or isinstance(rule, Iterator)
        several = "; optimize_many takes several" if several else ""
        raise TypeError(f"rule is {shown(rule)}; expected an instance of one of: {known}{several}")
    any_sign = registered(cls).any_sign
    parts = COMPOSED[cls].parts if cls in COMPOSED else {}
    pairs = zip(rule._fields, rule, strict=True)
    rule = cls(*(_checked(cls, name, value, any_sign, parts) for name, value in pairs))
    if hasattr(rule, "refuse"):
        rule.refuse()
    return rule


def integers_of(cls) -> tuple:
    """The names of the fields of a class that hold integers."""
    kinds = getattr(cls, "__annotations__", {}).items()
    return tuple(x for x, kind in kinds if getattr(kind, "__forward_arg__", kind) in (int, "int"))


def _checked(cls, name, value, any_sign, parts):
    if name == "eta":
        return checked_step(name, value, name in any_sign)
    if name in parts:
        return _checked_part(name, value, parts[name])
    if name in tables_of(cls):
        return checked_table(name, value, name in any_sign)
    if name in integers_of(cls):
        whole = is_real(value) and value == value // 1  # files have floats
        return check_number(name, int(value) if whole else value, 1)
    return checked_field(name, value, name in any_sign)


def refuse_other_parts(rule):
    """TypeError where a rule that is put together has something else among its parts than an
    instance of the classes that are registered for them."""
    if type(rule) in COMPOSED:
        for name, known in COMPOSED[type(rule)].parts.items():
            _refuse_other_part(name, getattr(rule, name), known)


def _refuse_other_part(name, value, known):
    if is_record(value) and value in known:
        raise TypeError(f"{name} is the class {value.__name__}; expected an instance of it")
    if type(value) not in known:
        names = ", ".join(sorted(record.__name__ for record in known))
        raise TypeError(f"{name} is {shown(value)}; expected an instance of one of: {names}")


def _checked_part(name, value, known):
    """A record of one of the ``known`` classes, with float fields."""
    _refuse_other_part(name, value, known)
    free = known[type(value)].any_sign
    pairs = zip(value._fields, value, strict=True)
    part = type(value)(*(checked_field(f"{name}.{x}", y, x in free) for x, y in pairs))
    if hasattr(part, "refuse"):
        part.refuse()
    return part
