"""What to cite: BibTeX entries of what runs, verdicts and tables are made with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches

from tabular_pg import instances
from tabular_pg.checks.numbers import shown
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.registration import is_record
from tabular_pg.engine.rules import part_records
from tabular_pg.mdps.mdp import MDP
from tabular_pg.references import ENTRIES, OWN, PACKAGE, sources_of
from tabular_pg.sweeps.results import Results
from tabular_pg.theorem import REGISTRY, Theorem

PARTS = "run", "verdict", "theorem", "method"  # what an answer is about


def bibtex(what=()) -> str:
    """The BibTeX entries of what was used, and of this package, sorted by key.

    Parameters
    ----------
    what : optional
        A run (its method, step size and MDP), a theorem (its source), a verdict, if the theorem
        applies, the results of a sweep, a certificate, an MDP, a method
        or a class of methods, a step size, a function of ``tabular_pg.instances``; the id, name or
        key of one of these, as text; a row of a table, a dict in which ``theorem``, ``rule`` and
        ``instance`` are looked at; or any sequence of these. Of a row a name that is not known
        here, such as a label of your own, has no entry.

    Returns
    -------
    str
        The entries as ``references.bib`` has them, which lies in the package.

    Raises
    ------
    ValueError
        For text that is no id, name or key; and for anything else.

    Examples
    --------
    >>> from tabular_pg import NaturalPG, instances, optimize
    >>> run = optimize(instances.garnet(5, 3, 2, 0.9), NaturalPG(1.0), 10)
    >>> [line for line in bibtex(run).splitlines() if line.startswith("@")]
    ['@article{archibald1995,', '@article{bhatnagar2009,', '@inproceedings{kakade2001,', \
'@misc{tabular_pg,']
    """
    keys = {PACKAGE, *_keys(what)} - {OWN}
    return "\n\n".join(_entry(key) for key in sorted(keys)) + "\n"


def _entry(key) -> str:
    return re.sub(r"^  short = .*\n", "", ENTRIES[key].text, flags=re.MULTILINE)


def _keys(what):
    """The keys of the literature that it is from."""
    if isinstance(what, str):
        found = _named(what)
        if found is None:
            raise ValueError(_unknown(what))
        return found
    if isinstance(what, Theorem):
        return (what.source,)
    if getattr(what, "applies", True) is False:  # of a verdict that says nothing
        return ()
    if isinstance(what, MDP):
        return what.sources
    if isinstance(what, dict):
        names = (what.get(column) for column in ("theorem", "rule", "step", "instance"))
        return [key for name in names if isinstance(name, str) for key in _named(name) or ()]
    if isinstance(what, Results):
        return [key for task in what.tasks for key in _of_task(task)]
    if hasattr(what, "rule"):  # a run of whatever kind
        sources = getattr(getattr(what, "mdp", None), "sources", ())
        return (*_of_rule(what.rule, getattr(what, "tau", None)), *sources)
    parts = [getattr(what, name) for name in PARTS if hasattr(what, name)]
    if parts:
        return _keys(parts)
    if type(what) in (*METHODS, *part_records()):
        return _of_rule(what)
    if hasattr(what, "_sources") or isinstance(what, type):
        return sources_of(what)
    if isinstance(what, Iterable):
        return [key for part in what for key in _keys(part)]
    raise ValueError(f"what is {shown(what)}; expected a run, a verdict, a theorem or its id, ...")


def _of_task(task) -> list:
    """Of a run of a sweep, whose instance has a name besides its label."""
    asked = json.loads(task.job)["asked"]
    claims = [{"theorem": id} for id, _ in asked["theorems"]]
    row = {"rule": task.rule, "step": task.step, "instance": asked["instance"].get("function")}
    return _keys([row, *claims])


def _of_rule(rule, tau=None):
    parts = [x for x in rule if is_record(type(x))] if isinstance(rule, tuple) else []
    return *sources_of(type(rule), tau), *(key for x in parts for key in sources_of(type(x)))


def _named(text):
    """The keys of what is called so, its arguments left away; None if nothing is."""
    name = text.partition("(")[0]
    if name in REGISTRY:
        return (REGISTRY[name].source,)
    if name in ENTRIES or name == OWN:
        return (name,)
    thing = _things().get(name)
    return None if thing is None else sources_of(thing)


def _things() -> dict:
    """Methods, step sizes and instances by name."""
    rules = {rule.__name__: rule for t in REGISTRY.values() for rule in t.rules}
    known = {record.__name__: record for record in (*METHODS, *part_records())}
    made = {name: getattr(instances, name) for name in instances.__all__}
    return {**rules, **known, **made}


def _unknown(text) -> str:
    names = [*REGISTRY, *ENTRIES, *_things()]
    near = get_close_matches(text, names, cutoff=0.5)
    hint = f", such as {', '.join(near)}" if near else ""
    return (
        f"what is {shown(text)}; expected the id of a theorem, the name of a method, a step size "
        f"or an instance, or a key of references.bib{hint}"
    )
