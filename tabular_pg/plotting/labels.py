"""What runs are called in a legend: what they differ in."""

from __future__ import annotations

from tabular_pg.checks.numbers import checked_list, shown
from tabular_pg.engine.run import Run

GREEK = ("eta", "tau", "beta", "gamma", "alpha", "kappa")
MOST = 64  # curves that are told apart


def labelled(runs) -> dict:
    """Runs by their labels: a run, a sequence of them, or labels with their runs.

    Raises
    ------
    ValueError
        Names what is no run, or says that there are none.
    """
    if isinstance(runs, dict):
        for label, run in runs.items():
            if not isinstance(label, str):
                raise ValueError(f"runs has the label {shown(label)}; expected text")
            if not isinstance(run, Run):
                raise ValueError(f"runs[{label!r}] is {shown(run)}; expected a Run")
        found = runs
    else:
        runs = [runs] if isinstance(runs, Run) else checked_list("runs", runs, "runs", Run)
        found = dict(zip(_distinct(runs), runs, strict=True))
    if not 0 < len(found) <= MOST:
        raise ValueError(f"runs has {len(found)} entries; expected from 1 to {MOST}")
    return found


def _distinct(runs):
    """A label for every run, from what is not the same in all of them."""
    parts = [_parts(run) for run in runs]
    names = list(dict.fromkeys(name for part in parts for name in part))
    differ = [name for name in names if len({part.get(name) for part in parts}) > 1]
    labels = [
        ", ".join(part[name] for name in differ or ("rule",) if name in part) for part in parts
    ]
    seen = [labels[:i].count(label) for i, label in enumerate(labels)]
    return [
        f"{label} ({before + 1})" if labels.count(label) > 1 else label
        for label, before in zip(labels, seen, strict=True)
    ]


def _parts(run) -> dict:
    """What is said of a run, by what it is about."""
    defaults = getattr(run.rule, "_field_defaults", {})
    parts = {"rule": type(run.rule).__name__}
    for name in getattr(run.rule, "_fields", ()):
        value = getattr(run.rule, name)
        if name not in defaults or value != defaults[name]:
            parts[name] = _said(name, value)
    return parts | {"tau": _said("tau", run.tau), "mdp": run.mdp.name.replace("$", r"\$")}


def _said(name, value) -> str:
    symbol = rf"\{name}" if name in GREEK else rf"\mathrm{{{name}}}".replace("_", r"\_")
    if type(value) is tuple:  # a table
        return f"{name} ({len(value)}, {len(value[0])})"
    if not isinstance(value, int | float):  # a step size that changes
        numbers = ", ".join(f"{x:.3g}" if isinstance(x, int | float) else repr(x) for x in value)
        return f"{type(value).__name__}({numbers})"
    digits, _, exponent = f"{value:.3g}".partition("e")
    power = rf"\times 10^{{{int(exponent)}}}" if exponent else ""
    return rf"${symbol}={digits}{power}$"
