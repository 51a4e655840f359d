"""What is shown of an object is a few lines, whatever it holds, and nothing in it is markup."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
import warnings

import numpy as np
import pytest

import tabular_pg
from support.grid import RULES
from tabular_pg import MDP, NaturalPG, Run, check, instances, optimize, optimum
from tabular_pg._reprs import brief, html_table
from tabular_pg.theorem import REGISTRY, Verdict

MOST = 2000  # characters
NUMBERS = re.compile(r"(float|int|bool|Real|None|type|[\s|])*")
BIG = np.arange(90_000.0).reshape(300, 300)
"""In place of everything that a record holds and that is not a number."""


def public_classes():
    """Every class that a package lists as public, and MDP, Run and others of the first."""
    found = {}
    packages = [m.name for m in pkgutil.walk_packages(tabular_pg.__path__, "tabular_pg.")]
    for name in ["tabular_pg", *packages]:
        if name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(name)
        except ImportError:  # of an extra that is not installed
            continue
        for each in getattr(module, "__all__", ()):
            if isinstance(thing := getattr(module, each), type):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return found


def filled(kind):
    """An instance of a record whose fields, apart from numbers, are large arrays."""
    fields = {
        name: getattr(said, "__forward_arg__", said)  # of a NamedTuple
        for name, said in inspect.get_annotations(kind).items()
    }
    values = {
        name: 0.5 if NUMBERS.fullmatch(str(said)) else "x" * 10_000 if said == "str" else BIG
        for name, said in fields.items()
    }
    if issubclass(kind, tuple):
        return tuple.__new__(kind, [values[name] for name in kind._fields])
    made = object.__new__(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(made, field.name, values.get(field.name, BIG))
    return made


def records():
    """Classes whose ``repr`` is that of their fields: others say themselves what is shown."""
    for name, kind in public_classes().items():
        is_record = dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")
        if is_record and "def __repr__" not in inspect.getsource(kind) and kind is not Run:
            yield pytest.param(kind, id=name)


@pytest.mark.parametrize("kind", [*records()])
def test_no_record_shows_all_of_its_data(kind):
    assert len(repr(filled(kind))) <= MOST


def test_records_with_data_are_among_them():
    names = {parameter.id.rpartition(".")[2] for parameter in records()}
    assert names >= {"Optimum", "Curve", "HeatMap", "World", "Fit", "Situation", "PreferenceData"}


LARGE = instances.garnet(300, 5, 4, 0.95)


def shown():
    run = optimize(LARGE, NaturalPG(1.0), 30)
    broken = Verdict(
        REGISTRY["N1"], False, "its formula raised ValueError: " + str(list(range(10**4)))
    )
    yield from (LARGE, run, *check(run), check(run), optimum(LARGE), optimum(LARGE, 0.1), broken)
    yield from REGISTRY.values()
    yield MDP(LARGE.P, LARGE.r, 0.9, labels=(range(300), None)).labels


def test_large_objects_are_shown_in_a_few_lines():
    for thing in shown():
        assert len(repr(thing)) <= MOST, type(thing)
        assert repr(thing).count("\n") <= 5, type(thing)


@pytest.mark.parametrize(("rule", "tau"), RULES, ids=str)
def test_all_verdicts_of_a_run_are_a_page(rule, tau):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check(optimize(instances.garnet(30, 3, 3, 0.9), rule, 20, tau=tau))
    assert len(repr(found)) <= 5 * MOST


def test_certified_objects_are_shown_in_a_few_lines():
    certified = pytest.importorskip("tabular_pg.certified")
    run = certified.certified_run(instances.garnet(5, 2, 2, 0.5), NaturalPG(1.0), 3)
    for thing in (run, certified.RationalMDP([[[1.0]]], [[1.0]], 0.5)):
        assert len(repr(thing)) <= MOST


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((3, 2)), "<float64 array (3, 2)>"),
        (np.arange(3), "[0, 1, 2]"),
        (np.arange(7), "<int64 array (7,)>"),
        (1 / 3, "0.333333"),
        (list(range(100)), "<list of 100>"),
        ([1, "a", (2.5,)], "[1, 'a', (2.5)]"),
        ({"a": np.zeros(9)}, "{'a': <float64 array (9,)>}"),
        (NaturalPG(0.5), "NaturalPG(eta=0.5)"),
        (instances.garnet, "garnet"),
        ("x" * 200, repr("x" * 77 + "...")),
        (10**400, "<int of 1329 bits>"),
    ],
)
def test_a_part_is_shown_briefly(value, text):
    assert brief(value) == text


def test_tables_for_notebooks_are_small_and_hold_no_markup():
    evil = "<script>alert(1)</script>" + "&" * 500
    mdp = MDP(np.ones((1, 2, 1)), [[1.0, 0.0]], 0.5, name=evil)
    run = optimize(mdp, NaturalPG(1.0), 3)
    tables = [mdp._repr_html_(), run._repr_html_(), check(run)._repr_html_()]
    tables += [verdict._repr_html_() for verdict in check(run)]
    for table in tables:
        assert "<script" not in table and len(table) < 20_000
        assert table.startswith("<table>") and table.endswith("</table>")
    assert "&lt;script&gt;" in tables[0]
    assert html_table("a<b", [("c", "d&e")]).count("&amp;") == 1


def test_all_verdicts_are_rows_of_the_table_and_those_that_apply_come_first():
    found = check(optimize(LARGE, NaturalPG(1.0), 30))
    table = found._repr_html_()
    assert table.count("<tr") == 1 + len(found)
    at = [table.index(f"<td>{verdict.theorem.id}</td>") for verdict in found]
    last = max(place for place, verdict in zip(at, found, strict=True) if verdict.applies)
    first = min(place for place, verdict in zip(at, found, strict=True) if not verdict.applies)
    assert last < first
