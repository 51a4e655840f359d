"""Instances, rules and step sizes as text: calls as Python writes them, and nothing else of it.

garnet(20, 4, branching=5, gamma=0.9)      a function of tabular_pg.instances
NaturalPG(eta=Geometric(1.0, 1 / 0.9))     a class, a step size in it
mine.py:corridor(7), package.module:thing  one of your own, in a file or a module
"""

from __future__ import annotations

import ast
import inspect
import operator
from difflib import get_close_matches
from pathlib import Path

from tabular_pg import instances
from tabular_pg.checks.numbers import shown
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.rules import part_records
from tabular_pg.sweeps.names import resolve

SIGNS = {ast.UAdd: operator.pos, ast.USub: operator.neg}
OPERATIONS = {ast.Div: operator.truediv, ast.Mult: operator.mul}
EXPECTED = (
    "name, or name(argument, field=value), with numbers, text, lists, step sizes and mirror maps, "
    "as Tsallis(0.5)"
)


def spelled_call(name, text) -> tuple[str, list, dict]:
    """``(what, arguments, options)`` of the call that is written so.

    Raises
    ------
    ValueError
        If it is none, or holds anything but literals, products, quotients and step sizes.
    """
    what, bracket, inside = text.strip().partition("(")
    if not bracket:
        return what, [], {}
    try:
        call = ast.parse(f"f({inside}", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        call = None
    if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "f":
        raise ValueError(f"{name} is {shown(text)}; expected {EXPECTED}")
    if any(x.arg is None for x in call.keywords):
        raise ValueError(f"{name} is {shown(text)}; expected {EXPECTED}")
    arguments = [_value(name, text, node) for node in call.args]
    return what, arguments, {x.arg: _value(name, text, x.value) for x in call.keywords}


def spelled_rule(name, text, eta=None, files=None):
    """The rule that is written so; with a name alone its class, or that with the step ``eta``.

    Raises
    ------
    TypeError, ValueError
        If no such class is registered, or it has other fields.
    """
    what, arguments, options = spelled_call(name, text)
    rule = found(name, what, METHODS, "a method", {} if files is None else files)
    if eta is not None:
        if "eta" in options or arguments or "eta" not in rule._fields:
            raise ValueError(f"eta is {shown(eta)} beside {text}; expected a method that lacks one")
        options["eta"] = eta
    elif "(" not in text and set(rule._fields) - set(rule._field_defaults):
        return rule
    return _made(name, text, rule, arguments, options)


def spelled_step(name, text):
    """The step size that is written so, a number or a record."""
    try:
        return float(text)
    except ValueError:
        _, arguments, options = spelled_call(name, f"step({text})")
    if len(arguments) != 1 or options:
        raise ValueError(f"{name} is {shown(text)}; expected a number or a step size")
    return arguments[0]


def spelled_instance(name, text, files) -> tuple[str, dict]:
    """``(function, arguments by name)``; a file of Python that is named is put into ``files``."""
    what, arguments, options = spelled_call(name, text)
    what = _filed(what, files)
    function = resolve(what, files) if ":" in what else getattr(instances, what, None)
    if function is None or not (arguments or options):
        return what, options
    try:
        bound = inspect.signature(function).bind_partial(*arguments, **options)
    except TypeError as error:
        raise TypeError(f"{name} is {shown(text)}: {error}") from None
    return what, dict(bound.arguments)


def found(name, what, known, noun, files):
    """The class that is called so, among those that are registered."""
    if ":" in what:
        cls = resolve(_filed(what, files), files)
        if cls not in known:
            raise ValueError(f"{name} is {shown(what)}, which is not registered as {noun}")
        return cls
    by_name = {cls.__name__: cls for cls in known}
    if what not in by_name:
        raise ValueError(f"{name} is {shown(what)}; expected {one_of(what, by_name)}")
    return by_name[what]


def one_of(what, names) -> str:
    """``one of`` the names, the near ones first if there are any."""
    close = get_close_matches(what.lower(), [x.lower() for x in names], cutoff=0.5)
    near = [x for y in close for x in names if x.lower() == y]
    others = [x for x in names if x not in near]
    return f"one of {', '.join([*near, *others])}"


def _filed(what, files) -> str:
    """``mine.py:name`` for the path of a file, which is then known by its name."""
    path, colon, function = what.rpartition(":")
    if not colon or not path.endswith(".py"):
        return what
    files[Path(path).name] = str(Path(path).resolve())
    return f"{Path(path).name}:{function}"


def _made(name, text, cls, arguments, options):
    try:
        return cls(*arguments, **options)
    except TypeError as error:
        said = str(error).replace(f"{cls.__name__}.__new__() ", "").replace("__new__() ", "")
        fields = ", ".join(cls._fields)
        raise ValueError(f"{name} is {shown(text)}: {said}; its fields are ({fields})") from None


def _value(name, text, node):
    """What an argument is."""
    if isinstance(node, ast.Constant) and not isinstance(node.value, complex | bytes):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(name, text, x) for x in node.elts]
    if isinstance(node, ast.UnaryOp) and type(node.op) in SIGNS:
        return SIGNS[type(node.op)](_number(name, text, node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        sides = (_number(name, text, x) for x in (node.left, node.right))
        try:
            return OPERATIONS[type(node.op)](*sides)
        except ZeroDivisionError:
            raise ValueError(f"{name} is {shown(text)}, which divides by 0") from None
    if isinstance(node, ast.Call) and _part_name(node.func):
        what = _part_name(node.func)
        part = found(
            f"a step size or mirror map in {name}",
            what,
            part_records(),
            "a step size or a part",
            {},
        )
        options = {x.arg: _number(name, text, x.value) for x in node.keywords}
        return _made(name, text, part, [_number(name, text, x) for x in node.args], options)
    if _part_name(node) in {record.__name__ for record in part_records()}:
        what = _part_name(node)
        raise ValueError(f"{name} is {shown(text)}; expected {what}(...) with its numbers in it")
    raise ValueError(f"{name} is {shown(text)}; expected {EXPECTED}")


def _part_name(node) -> str:
    """How a step size or a mirror map is called, with or without its room before it."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr if node.value.id in ("mirrors", "steps") else ""
    return node.id if isinstance(node, ast.Name) else ""


def _number(name, text, node):
    value = _value(name, text, node)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError(f"{name} is {shown(text)}; expected numbers in it, not {shown(value)}")
