"""What can be named: theorems, methods with step sizes, instances."""

from __future__ import annotations

import ast
import inspect
import textwrap

import click

from tabular_pg import instances as named
from tabular_pg._docstring import docstring
from tabular_pg._tables import markdown_table
from tabular_pg.commands.answers import Answer, json_text
from tabular_pg.commands.arguments import as_json, command, complete_theorems
from tabular_pg.commands.models import theorems_of
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.rules import part_records
from tabular_pg.engine.step_size import STEP_SIZES
from tabular_pg.references import OWN, sources_of
from tabular_pg.sweeps.specs import NAMED
from tabular_pg.theorem import Confidence, sorted_theorems
from tabular_pg.theorems.proofs.in_coq import proof_in_coq

TAU = {True: "> 0", False: "0", None: "any"}


def theorem_table() -> str:
    """Every registered theorem as one row of a Markdown table."""
    rows = []
    for t in sorted_theorems():
        rules = ", ".join(rule.__name__ for rule in t.rules)
        label = "" if t.confidence is Confidence.DERIVED else f", {t.confidence.name.lower()}"
        source = ("this package" if t.source == OWN else t.source) + label
        rows.append([t.id, t.claim, rules, TAU[t.regularized], t.kind.name.lower(), source])
    return markdown_table(["id", "claim", "rules", "tau", "kind", "source"], rows).rstrip("\n")


@command("theorems", "theorems G4 N4", "theorems --json")
@click.argument("ids", metavar="[ID]...", nargs=-1, shell_complete=complete_theorems)
@click.option("--markdown", is_flag=True, help="The list as a Markdown table.")
@as_json
def theorems(ids, markdown, as_json):
    """List the theorems, or explain some.

    JSON has of each its id, claim, statement, formula, assumptions, source and confidence.
    """
    chosen = theorems_of(ids)
    if as_json:
        return Answer(json_text([_theorem_record(t) for t in chosen or sorted_theorems()]))
    lines = []
    for t in chosen:
        lines.append(f"{t.id} ({t.kind.value}; {t.confidence.value})")
        lines += [f"  {t.statement}", f"  {t.reference}"]
        lines += [f"  {proof_in_coq(t.id)}"] if proof_in_coq(t.id) else []
    if markdown:
        lines.append(theorem_table())
    elif not chosen:
        lines += [f"{t.id:<4} {t.claim}" for t in sorted_theorems()]
    return Answer("\n".join(lines))


@command("methods", "methods --json")
@as_json
def methods(as_json):
    """List the methods, step sizes and mirror maps, with their fields."""
    rules = [_method_record(rule, known) for rule, known in METHODS.items()]
    steps = [_record(step) for step in STEP_SIZES]
    maps = [_record(x) for x in part_records() if x not in STEP_SIZES]
    if as_json:
        return Answer(json_text({"methods": rules, "steps": steps, "mirrors": maps}))
    lines = ["Methods:"]
    lines += [f"  {_call(x)}: {x['description']} ({x['tau']})" for x in rules]
    lines += ["", "Step sizes, for eta:"]
    lines += [f"  {_call(x)}: {x['description']}" for x in steps]
    lines += ["", "Mirror maps, for mirror:"]
    lines += [f"  {_call(x)}: {x['description']}" for x in maps]
    return Answer("\n".join(lines))


@command("instances", "instances --json")
@as_json
def instances(as_json):
    """List the instances, with their arguments."""
    found = [_instance_record(name) for name in NAMED]
    if as_json:
        return Answer(json_text(found))
    return Answer("\n".join(f"{_call(x)}: {x['description']}" for x in found))


def _theorem_record(t) -> dict:
    return {
        "id": t.id, "claim": t.claim, "statement": t.statement, "kind": t.kind.name.lower(),
        "says": t.kind.value, "rules": [rule.__name__ for rule in t.rules],
        "tau": TAU[t.regularized], "assumptions": [_assumption(x) for x in t.assumes],
        "any_step": t.any_step, "formula": _formula(t.formula),
        "function": f"{t.formula.__module__}:{t.formula.__qualname__}", "source": t.source,
        "reference": t.reference, "confidence": t.confidence.name.lower(),
        "tolerance": t.tolerance, "coq": proof_in_coq(t.id) or None,
    }  # fmt: skip


def _assumption(function) -> dict:
    name = function.__qualname__.partition(".<locals>")[0]
    return {"name": name, "says": " ".join((docstring(function) or "").split())}


def _formula(function):
    """Its code without the statement; None where there is no source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    body = tree.body[0].body
    return "\n".join(ast.unparse(line) for line in body[1:])  # after the docstring


def _record(cls) -> dict:
    """A class of records: its fields, and what it is in a sentence."""
    defaults = cls._field_defaults
    fields = [{"name": x, "required": x not in defaults, "default": defaults.get(x)}
              for x in cls._fields]  # fmt: skip
    return {"name": cls.__name__, "arguments": fields, "description": _first(cls),
            "sources": list(sources_of(cls))}  # fmt: skip


def _method_record(rule, known) -> dict:
    space = known.space.name.lower()
    return _record(rule) | {"tau": known.regularization.value, "space": space}


def _instance_record(name) -> dict:
    function, empty = getattr(named, name), inspect.Parameter.empty
    arguments = [
        {"name": x.name, "required": x.default is empty,
         "default": None if x.default is empty else x.default}
        for x in inspect.signature(function).parameters.values()
    ]  # fmt: skip
    return {"name": name, "arguments": arguments, "description": _first(function),
            "sources": list(sources_of(function))}  # fmt: skip


def _call(record) -> str:
    arguments = (
        x["name"] if x["required"] else f"{x['name']}={x['default']!r}" for x in record["arguments"]
    )
    return f"{record['name']}({', '.join(arguments)})"


def _first(thing) -> str:
    """The first sentence of its docstring."""
    text = " ".join((docstring(thing) or "").partition("\n\n")[0].split())
    return text.partition(". ")[0].rstrip(".:")
