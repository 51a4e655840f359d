"""The plain fields of a run, by their shapes."""

from __future__ import annotations

from tabular_pg.saved.archive import Content
from tabular_pg.saved.values import count, iterations, number, read_number, rule

ARRAYS = {  # K iterates, S states, A actions
    "start": "SA", "iterates": "KSA", "scaled_gap": "KS", "log_scale": "K", "A": "KSA", "d": "KS",
    "least_policy": "KSA", "least_optimal_mass": "KS", "gap_sum": "K",
}  # fmt: skip
OPTIONAL = {"log_below": "KS", "recorded_log_policies": "KSA", "steps": "T"}  # T steps
NUMBERS = ("tau", "backward_error")
COUNTS = ("factorizations", "refinements")


def run_content(run) -> Content:
    """What a file of a run holds, beside its MDP and its optimum."""
    facts = {name: number(getattr(run, name)) for name in NUMBERS}
    facts |= {name: getattr(run, name) for name in COUNTS}
    facts["solver"] = None if run.solver is None else run.solver.name
    facts |= {"status": run.status.name, "rule": rule(run.rule)}
    return Content(facts, {name: getattr(run, name) for name in ("k", *ARRAYS, *OPTIONAL)})


def run_fields(content, shape, status, solver) -> dict:
    """The fields that :func:`run_content` wrote, of a run on an MDP with rewards of this shape."""
    k = iterations(content)
    sizes = {"K": k.size, "S": shape[0], "A": shape[1], "T": int(k[-1])}
    fields = {name: read_number(name, content.facts[name]) for name in NUMBERS}
    fields |= {name: count(name, content.facts[name]) for name in COUNTS}
    for name, axes in {**ARRAYS, **OPTIONAL}.items():
        expected = tuple(sizes[axis] for axis in axes)
        fields[name] = content.array(name, expected, optional=name in OPTIONAL)
    facts = content.facts
    fields["solver"] = None if facts["solver"] is None else solver[facts["solver"]]
    return {**fields, "k": k, "status": status[facts["status"]]}
