"""What a task ships in place of arrays: an instance and a rule as text and numbers, and back."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from pathlib import Path

from tabular_pg import instances
from tabular_pg._files import plain
from tabular_pg.checks.numbers import shown
from tabular_pg.engine.registration import is_record
from tabular_pg.engine.rules import checked_rule, method_of, part_records
from tabular_pg.mdps.mdp import MDP
from tabular_pg.sweeps.names import file_fingerprint, fingerprint, is_ours, reference, resolve
from tabular_pg.sweeps.spelling import one_of, spelled_instance

LARGEST = 100_000  # characters of the arguments of an instance
KEPT = 2  # MDPs that a process keeps at hand
SAVED = ".npz"
NAMED = [name for name in instances.__all__ if inspect.isfunction(getattr(instances, name))]
EXPECTED = (
    "the name of one of tabular_pg.instances, a function at the top of a module, either with a "
    "dict of its arguments as (function, arguments), a call of one as text, or the path of a saved "
    "MDP"
)


def instance_spec(name, given, files) -> dict:
    """An instance as text and numbers, its arguments checked by name."""
    if isinstance(given, MDP):
        raise TypeError(f"{name} is {given!r}; expected {EXPECTED}: tasks ship no arrays")
    if isinstance(given, Path) or (isinstance(given, str) and given.endswith(SAVED)):
        return _saved(name, Path(given), files)
    if isinstance(given, str) and "(" in given:
        given = spelled_instance(name, given, files)
    function, arguments = given if isinstance(given, tuple) and len(given) == 2 else (given, {})
    if not isinstance(arguments, dict):
        raise TypeError(f"{name} is {shown(given)}; expected {EXPECTED}")
    if isinstance(function, str) and ":" not in function:
        if function not in NAMED:
            known = one_of(function, NAMED)
            raise ValueError(f"{name} is {function!r}; expected {EXPECTED}; the name is {known}")
        function, spec = getattr(instances, function), {"function": function}
    elif isinstance(function, str):
        spec, function = {"function": function}, resolve(function, files)
    elif isinstance(function, Callable):
        spec = {"function": reference(name, function, files)}
    else:
        raise TypeError(f"{name} is {shown(given)}; expected {EXPECTED}")
    spec["arguments"] = plain(arguments, f"the arguments of {name}")
    if len(json.dumps(spec)) > LARGEST:
        raise ValueError(f"{name} has arguments of over {LARGEST} characters; expected {EXPECTED}")
    try:
        bound = inspect.signature(function).bind_partial(**arguments)
    except TypeError as error:
        raise TypeError(f"{name} is {function.__name__}: {error}") from None
    takes = inspect.signature(function).parameters
    spec["seeded"] = "seed" in takes and "seed" not in bound.arguments
    if not is_ours(function):
        spec["code"] = fingerprint(function)
    return spec


def _saved(name, path, files) -> dict:
    if not path.is_file():
        raise FileNotFoundError(f"{name} is {str(path)!r}, which is not there")
    content = file_fingerprint(path)
    files[content] = str(path.resolve())
    return {"saved": content, "seeded": False}


def instance_label(given) -> str:
    """How tables call an instance that has no name of its own."""
    function, arguments = given if isinstance(given, tuple) else (given, {})
    name = getattr(function, "__name__", str(function))
    shown_arguments = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return f"{name}({shown_arguments})" if arguments else name


def instance_of(spec, files) -> MDP:
    """The MDP, one of the last few at hand."""
    return _built(json.dumps(spec, sort_keys=True), json.dumps(files))


@functools.lru_cache(KEPT)
def _built(text, files):
    spec, files = json.loads(text), json.loads(files)
    if "saved" in spec:
        return MDP.load(files[spec["saved"]])
    name = spec["function"]
    function = resolve(name, files) if ":" in name else getattr(instances, name)
    mdp = function(**spec["arguments"])
    if not isinstance(mdp, MDP):
        raise TypeError(f"{name} returned {shown(mdp)}; expected an MDP")
    return mdp


def rule_spec(name, rule, files) -> dict:
    """A rule, an instance of a registered record, as text and numbers."""
    rule, cls = checked_rule(rule), type(rule)
    known = method_of(rule)
    spec = _record_spec(name, rule, files)
    if not known.native:
        spec["code"] = fingerprint(cls, known.kernel, known.start, known.learn)
    return spec


def _record_spec(name, record, files) -> dict:
    fields = {
        field: _record_spec(name, value, files) if is_record(type(value)) else value
        for field, value in zip(record._fields, record, strict=True)
    }
    spec = {"class": reference(name, type(record), files), "fields": fields}
    part = part_records().get(type(record))
    if part is not None and not part.native:
        spec["code"] = fingerprint(type(record), *part.functions)
    return spec


def rule_of(spec, files):
    """The rule, its class imported, and so registered."""
    fields = {
        name: rule_of(value, files) if isinstance(value, dict) else value
        for name, value in spec["fields"].items()
    }
    return resolve(spec["class"], files)(**fields)
