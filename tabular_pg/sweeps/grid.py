"""A grid of runs, declared: instances, rules, step sizes, tau and seeds, as text and numbers."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_number, checked_iterations, checked_list, shown
from tabular_pg.engine.arguments import is_defined, recorded
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.registration import is_record
from tabular_pg.engine.rules import method_of
from tabular_pg.engine.step_size import STEP_SIZES, step_of
from tabular_pg.optima.optimal import checked_tau
from tabular_pg.sweeps.execution import Level, checked_level
from tabular_pg.sweeps.names import is_ours, package_fingerprint, reference
from tabular_pg.sweeps.specs import instance_label, instance_spec, rule_spec
from tabular_pg.sweeps.spelling import spelled_rule
from tabular_pg.theorem import REGISTRY, is_about, theorems_about

PER_DECADE = 30  # recorded iterations, unless the user says which
LARGEST_SEED = 2**63 - 1


class Task(NamedTuple):
    """One run: what tables call it, the hash of what is asked, and what is shipped to a worker."""

    instance: str
    rule: str
    eta: float | None
    step: str
    tau: float
    seed: int | None
    iterations: int
    key: str
    job: str

    __repr__ = compact


@dataclass(frozen=True)
class Grid:
    """Every rule with every step size and tau on every instance with every seed.

    Parameters
    ----------
    instances : dict by label, or list, or one
        Each is the name of a function of ``tabular_pg.instances``, or a function of your own at the
        top of a module or script, either with a dict of arguments (text, numbers, lists of them)
        as ``(function, arguments)``; a call as text, such as ``"chain(5, gamma=0.9)"``; or the path
        of a saved MDP.
    rules : list, or one
        Rules such as ``NaturalPG(1.0)``, or classes, which are given every ``eta``; also as text.
    iterations : int >= 0
    eta : list, or one
        Step sizes of the rules given as classes: numbers or ``tabular_pg.steps``.
    tau : list, or one
        Weights of the entropy bonus. Rules are left out where they are not defined: those for
        tau > 0 at 0, and the other way round.
    seeds : list or range, or one
        The argument ``seed`` of instances that take one and were not given it; others are run once.
    at : sequence of int, optional
        Iterations that are kept besides the last; 0 and 30 per factor of ten by default.
    level : Level or str
        What is kept of each: "gaps", "iterates" (policies too), or "all".
    theorems : True, or list of ids
        Verdicts that are kept: of all theorems about the rule, or of these. Such runs record what
        theorems need, as ``optimize`` does by default, before they are cut down to ``at``.

    Raises
    ------
    TypeError, ValueError
        Names the entry and what was expected.

    Examples
    --------
    >>> from tabular_pg import NaturalPG, SoftmaxPG
    >>> from tabular_pg.sweeps import Grid
    >>> garnet = ("garnet", {"n_states": 20, "n_actions": 4, "branching": 5, "gamma": 0.9})
    >>> Grid({"garnet": garnet}, [NaturalPG, SoftmaxPG], 1000, eta=[0.1, 1.0], seeds=range(5))
    Grid(20 runs of 1000 iterations)
    """

    instances: object
    rules: object
    iterations: int
    eta: object = ()
    tau: object = 0.0
    seeds: object = 0
    at: object = None
    level: object = Level.GAPS
    theorems: object = ()

    def __post_init__(self):
        found = {
            "iterations": checked_iterations(self.iterations),
            "level": checked_level(self.level),
            "eta": tuple(_several("eta", self.eta)),
            "tau": tuple(dict.fromkeys(map(checked_tau, _several("tau", self.tau)))),
            "seeds": tuple(
                check_number(f"seeds[{i}]", seed, 0, LARGEST_SEED)
                for i, seed in enumerate(_several("seeds", self.seeds))
            ),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)
        at = spaced(self.iterations) if self.at is None else self.at
        at = {*recorded(at, self.iterations, 1).tolist(), self.iterations}
        object.__setattr__(self, "at", tuple(sorted(at)))
        object.__setattr__(self, "_tasks", tuple(self._made()))

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All runs, in the order of tables, each once."""
        return self._tasks

    def _made(self):
        files, found = {}, {}
        rules = list(self._rules(files))
        for label, instance in self._labelled(files):
            seeds = self.seeds if instance.pop("seeded") else (None,)
            for seed, (rule, spec), tau in itertools.product(seeds, rules, self.tau):
                if not is_defined(method_of(rule), tau):
                    continue
                chosen = dict(instance)
                if seed is not None:
                    chosen["arguments"] = {**instance["arguments"], "seed": seed}
                task = self._task(label, chosen, rule, spec, tau, seed, files)
                found.setdefault((label, task.key), task)
        if not found:
            raise ValueError("the grid has no runs; expected instances, rules and a tau for them")
        return found.values()

    def _task(self, label, instance, rule, spec, tau, seed, files):
        claims = self._claims(rule, files)
        asked = {
            "instance": instance, "rule": spec, "tau": tau, "iterations": self.iterations,
            "at": self.at, "level": self.level.value, "theorems": claims,
            "code": package_fingerprint(bool(claims)),
        }  # fmt: skip
        key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:40]
        job = json.dumps({"key": key, "asked": asked, "files": files}, sort_keys=True)
        step, name = step_of(rule), type(rule).__name__
        others = [f"{x}={y!r}" for x, y in rule._asdict().items() if x != "eta"]
        name += f"({', '.join(others)})" if others else ""
        schedule = type(step) in STEP_SIZES
        number = step if isinstance(step, float) and "eta" in rule._fields else None
        shown_step = repr(step) if schedule else ""
        return Task(label, name, number, shown_step, tau, seed, self.iterations, key, job)

    def _claims(self, rule, files) -> list:
        if self.theorems is True:
            chosen = theorems_about(rule)
        else:
            ids = checked_list("theorems", self.theorems, "ids of theorems", str)
            for i, id in enumerate(ids):
                if id not in REGISTRY:
                    known = ", ".join(REGISTRY)
                    raise ValueError(f"theorems[{i}] is {id!r}; expected one of {known}")
            chosen = [REGISTRY[id] for id in ids if is_about(REGISTRY[id], rule)]
        ours = [is_ours(t.formula) for t in chosen]
        return [
            [t.id, "" if own else reference("theorems", t.formula, files)]
            for t, own in zip(chosen, ours, strict=True)
        ]

    def _labelled(self, files):
        given = self.instances
        if isinstance(given, dict):
            pairs = [(str(label), instance) for label, instance in given.items()]
        else:
            alone = not isinstance(given, list)
            given = [given] if alone else given
            pairs = [(instance_label(instance), instance) for instance in given]
        for i, (label, instance) in enumerate(pairs):
            place = repr(label) if isinstance(self.instances, dict) else i
            yield label, instance_spec(f"instances[{place}]", instance, files)

    def _rules(self, files):
        given = self.rules if isinstance(self.rules, list) else [self.rules]
        for i, rule in enumerate(given):
            rule = spelled_rule(f"rules[{i}]", rule) if isinstance(rule, str) else rule
            for made in self._with_steps(f"rules[{i}]", rule):
                spec = rule_spec(f"rules[{i}]", made, files)
                yield type(made)(*made), spec

    def _with_steps(self, name, rule):
        if not (is_record(rule) and rule in METHODS):
            return [rule]
        needed = set(rule._fields) - set(rule._field_defaults)
        if needed - {"eta"}:
            raise TypeError(
                f"{name} is {rule.__name__}, with fields {rule._fields}; expected instances of it, "
                "as only eta is given to classes"
            )
        if "eta" not in rule._fields:
            return [rule()]
        if not self.eta:
            raise ValueError(f"eta is empty; {name}, the class {rule.__name__}, takes its steps")
        return [rule(eta=eta) for eta in self.eta]

    def __repr__(self):
        return f"Grid({len(self.tasks)} runs of {self.iterations} iterations)"


def spaced(iterations) -> list[int]:
    """0, the last, and 30 per factor of ten between them."""
    if iterations == 0:
        return [0]
    count = 2 + int(PER_DECADE * np.log10(iterations))
    between = np.geomspace(1, iterations, count).round().astype(np.int64)
    return np.unique([0, *between.tolist(), iterations]).tolist()


def grid_of(grid) -> Grid:
    """``grid`` itself, or the one that a dict of its fields declares."""
    if isinstance(grid, Grid):
        return grid
    if not isinstance(grid, dict):
        raise TypeError(f"grid is {shown(grid)}; expected a Grid, or a dict of its fields")
    return Grid(**grid)


def _several(name, given) -> list:
    """A list, range, tuple or array of entries as a list; one entry as a list of it."""
    if isinstance(given, list | range | np.ndarray) or type(given) is tuple:
        return checked_list(name, given, "entries")
    return [given]
