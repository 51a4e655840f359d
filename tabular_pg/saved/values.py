"""What JSON has no form for: infinite numbers, labels of any kind, rules and their step sizes."""

from __future__ import annotations

import math
import sys
import warnings
from functools import partial
from pathlib import Path

from tabular_pg.checks.numbers import as_float, is_real, shown

READ_FROM_FILE = "_tabular_pg_file_"  # begins the names of modules that no import finds
DEEPEST = 20  # nested tuple
RULE = "rule", "method"  # what a class is registered as, and by which function
PART = "step size or mirror map", "steps.step_size or mirrors.separable"


def number(value):
    """A float as JSON has it; text for what is not finite."""
    value = float(value)
    return value if math.isfinite(value) else str(value)


def read_number(name, value) -> float:
    """The float that :func:`number` wrote."""
    if isinstance(value, str) and value in ("inf", "-inf", "nan"):
        return float(value)
    if not is_real(value):
        raise ValueError(f"{name} is {shown(value)}; expected a number")
    return as_float(value)


def count(name, value) -> int:
    """An integer >= 0, as it was written."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is {shown(value)}; expected an integer >= 0")
    return value


def iterations(content):
    """The recorded iterations of a run or a certificate, (K,) increasing from 0 or later on."""
    k = content.array("k", (content.arrays["k"].size,), "i")
    if k.size == 0 or k[0] < 0 or (k[1:] <= k[:-1]).any():
        raise ValueError("k does not hold increasing iterations >= 0")
    return k


def text(name, value) -> str:
    """A string, as it was written."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is {shown(value)}; expected text")
    return value


def labels(values):
    """Labels as JSON has them: tuples are marked, and what it has no form for is kept as its text.

    Warns
    -----
    UserWarning
        If there is such a label.
    """
    if values is None:
        return None
    lost = []
    written = [_label(value, lost, DEEPEST) for value in values]
    if lost:
        warnings.warn(
            f"the label {shown(lost[0])} is saved as its text; only strings, numbers, None and "
            "tuples of them come back as they are",
            stacklevel=4,
        )
    return written


def _label(value, lost, depth):
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a number of numpy's
        value = value.item()
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, tuple) and depth:
        return {"tuple": [_label(x, lost, depth - 1) for x in value]}
    lost.append(value)
    return repr(value)


def read_labels(values, depth=DEEPEST):
    """The labels that :func:`labels` wrote."""
    if values is None:
        return None
    if not isinstance(values, list):
        raise ValueError(f"labels are {shown(values)}; expected a list")
    return tuple(_read_label(value, depth) for value in values)


def _read_label(value, depth):
    if isinstance(value, dict) and len(value) == 1:
        ((kind, inner),) = value.items()
        if kind == "tuple" and isinstance(inner, list) and depth:
            return tuple(_read_label(x, depth - 1) for x in inner)
        if kind == "float":
            return read_number("a label", inner)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"a label is {shown(value)}; expected text, a number or a tuple")


def rule(record, number=number):
    """A rule, a step size or a loss, by the names of its class and its module, and its fields,
    each of which ``number`` writes."""
    kind = type(record)
    values = {name: getattr(record, name) for name in _fields(kind)}
    fields = {
        name: rule(value, number) if hasattr(value, "_fields") else _entries(value, number)
        for name, value in values.items()
    }
    return {"name": kind.__name__, "module": module_of(kind), "fields": fields}


def _entries(value, of):
    """A number, or rows of them, each as ``of`` has it."""
    several = isinstance(value, tuple | list)
    return tuple(_entries(x, of) for x in value) if several else of(value)


def module_of(kind) -> str:
    """The module of a class; the stem of its file, if it was read from there by its path."""
    name = kind.__module__
    return Path(sys.modules[name].__file__).stem if name.startswith(READ_FROM_FILE) else name


def _fields(kind) -> tuple:
    """The names of the fields of a NamedTuple or a dataclass."""
    return getattr(kind, "_fields", None) or tuple(getattr(kind, "__dataclass_fields__", ()))


def read_rule(written, methods, parts, read_number=read_number, called=RULE):
    """The rule that :func:`rule` wrote, of a class among the registered ``methods``.

    Raises
    ------
    ValueError
        If no such class is registered, or has other fields.
    """
    kind = _registered(written, methods, *called)
    fields = {
        name: read_rule(value, parts, {}, read_number, PART)
        if isinstance(value, dict)
        else _entries(value, partial(read_number, name))
        for name, value in written["fields"].items()
    }
    if set(fields) != set(_fields(kind)):
        raise ValueError(
            f"{kind.__name__} has the fields {', '.join(fields)}; the class that is registered "
            f"here has {', '.join(_fields(kind))}"
        )
    return kind(**fields)


def _registered(written, known, what, how):
    """The class by name and module; by name alone if it is a user's, who may have moved it."""
    name, module = text("name", written["name"]), text("module", written["module"])
    own = module.startswith("tabular_pg.")
    same = [x for x in known if x.__name__ == name]
    found = [x for x in same if x.__module__ == module]
    if not found and not own:
        found = [x for x in same if not x.__module__.startswith("tabular_pg.")]
    if len(found) != 1:
        raise ValueError(
            f"its {what} is {shown(name)} of the module {shown(module)}, which is not registered "
            f"here; import the module that registers it (with tabular_pg.{how}) first, or in a "
            "shell say tabular-pg --load FILE.py ..."
        )
    return found[0]
