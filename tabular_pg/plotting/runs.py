"""Runs as a figure: what was measured solid, what was proved about it dashed."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tabular_pg.checks.numbers import checked_list, shown
from tabular_pg.engine.run import Status
from tabular_pg.plotting.curves import bound_curve
from tabular_pg.plotting.labels import labelled
from tabular_pg.plotting.picture import Picture
from tabular_pg.plotting.quantities import (
    ABSCISSAS,
    QUANTITIES,
    abscissa,
    against,
    axis_label,
    checked_name,
    measured,
)
from tabular_pg.plotting.records import Curve, Panel
from tabular_pg.theorem import REGISTRY, Theorem, verdict

GAPS = ("gap", "sup_gap")


class Bound(NamedTuple):
    """A theorem on a run, and what it measures: a quantity by name, or the theorem's own."""

    theorem: Theorem
    curve: Curve
    about: str


def plot(runs, theorem=None, *, x="log_iteration", y=None, width="neurips") -> Picture:
    r"""A figure of runs, each solid, with what theorems prove about them dashed in its colour.

    Axes hold logarithms, so that errors of 1e-300, and of :math:`10^{-10^{15}}`, are drawn like
    those of 1e-3. Iterates without an error, or without digits, are left out.

    Parameters
    ----------
    runs : Run, sequence of Run, or dict from labels to Run
        Without labels, the legend says what runs differ in.
    theorem : str, Theorem, or sequence of these, optional
        Ids as in ``tabular-pg theorems``. Each is drawn beside the runs that it applies to.
    x : str
        "iteration", "log_iteration", or "step_sum", "log_step_sum": the sum of step sizes so far.
    y : str, optional
        What is drawn: "gap" (the error of the value under rho), "sup_gap" (its maximum over
        states), "kl" (max over states of KL(pi* || pi^k)), "suboptimal_probability",
        "log_policy_error" (tau > 0), "advantage_gap" (tau = 0), "gradient_norm", "step_size". By
        default what the theorems are about, or the gap. Values are regularized ones where tau > 0.
    width : str or float
        "neurips" (5.5 in), "icml" (3.25), "icml_wide" (6.75), "ieee" (3.5), "jmlr" (6), or a number
        of inches.

    Returns
    -------
    Picture
        A notebook shows it; ``.save("name")`` writes PDF, PNG, SVG, CSV and JSON.

    Raises
    ------
    TypeError, ValueError
        Names what is no run, theorem, quantity or width; a theorem that applies to none of the
        runs, and why not; and a theorem that is about something else than ``y``.

    Examples
    --------
    >>> from tabular_pg import NaturalPG, instances, optimize
    >>> from tabular_pg.plotting import plot
    >>> run = optimize(instances.two_armed_bandit(gap=0.5), NaturalPG(1.0), 100)
    >>> plot(run, "N1", width="neurips")
    Picture(1 Panel, width=5.5 in): picture.save('name') writes its files
    """
    runs = labelled(runs)
    theorems = _theorems(theorem)
    checked_name("x", x, ABSCISSAS)
    if y is not None:
        checked_name("y", y, QUANTITIES)
    bounds = _bounds(runs, theorems, x)
    _check_used(theorems, runs, bounds, y)
    found = [bound.about for some in bounds.values() for bound in some]
    shown_by_name = list(dict.fromkeys(found)) or [y or "gap"]
    panels = [_panel(about, runs, bounds, x) for about in shown_by_name]
    return Picture(panels, width, _record(runs, theorems))


def _theorems(theorem) -> list:
    if theorem is None:
        return []
    single = isinstance(theorem, str | Theorem)
    given = [theorem] if single else checked_list("theorem", theorem, "ids or theorems")
    found = []
    for i, each in enumerate(given):
        name = "theorem" if single else f"theorem[{i}]"
        if isinstance(each, str) and each not in REGISTRY:
            near = [id for id in REGISTRY if id[:1] == each[:1].upper()] or list(REGISTRY)
            raise ValueError(f"{name} is {shown(each)}; expected one of {', '.join(near)}")
        if not isinstance(each, str | Theorem):
            raise TypeError(f"{name} is {shown(each)}; expected an id or a Theorem")
        found.append(REGISTRY[each] if isinstance(each, str) else each)
    return list(dict.fromkeys(found))


def _bounds(runs, theorems, x) -> dict:
    """What the theorems say about the runs to which they apply, by the labels of these."""
    found = {label: [] for label in runs}
    for each in theorems:
        said = {label: verdict(each, run) for label, run in runs.items()}
        said = {label: one for label, one in said.items() if one.applies}
        about = _about(each, [(runs[label], one) for label, one in said.items()])
        for label, one in said.items():
            at, log_x = abscissa(runs[label], x), x.startswith("log_")
            curve = bound_curve(one, label, run=runs[label], x=at, log_x=log_x)
            found[label].append(Bound(each, curve, about))
    return found


def _about(theorem, said) -> str:
    """The quantity that a theorem measures on all of the runs, or its own id."""
    for name in GAPS:
        if all(np.array_equal(one.measured, getattr(run, name)) for run, one in said):
            return name
    return theorem.id


def _check_used(theorems, runs, bounds, y):
    """Every theorem says something about some run, and about what is to be drawn."""
    for i, each in enumerate(theorems):
        mine = [b for some in bounds.values() for b in some if b.theorem is each]
        if not mine:
            label, run = next(iter(runs.items()))
            raise ValueError(
                f"theorem[{i}] is {each.id}, which applies to none of the runs; expected one that "
                f"does ({label}: {verdict(each, run).why_not})"
            )
        other = next((b.about for b in mine if y is not None and b.about != y), None)
        if other is not None:
            about = f"y={other!r}" if other in QUANTITIES else "a quantity of its own"
            raise ValueError(
                f"y is {y!r}, and theorem {each.id} is about {about}; expected no y, or that one"
            )


def _panel(about, runs, bounds, x) -> Panel:
    """Curves of one quantity: those with a bound, and all others that have it."""
    curves, used, references = [], [], []
    for look, (label, run) in enumerate(runs.items()):  # of a run, the same in all panels
        mine = [bound for bound in bounds[label] if bound.about == about]
        if len(mine) == 1 or (mine and len(runs) > 1):
            curves.append(replace(mine[0].curve, look=look))
            references += mine[1:]
        elif mine or about in QUANTITIES:
            curves.append(replace(_alone(about, label, run, x, mine), look=look))
            references += mine
        used += [bound.theorem for bound in mine]
    several = len(runs) > 1
    lines = tuple(_reference(bound, several) for bound in references)
    y_label = axis_label(about, runs.values()) if about in QUANTITIES else _own_label(used[0])
    return Panel(
        _title(runs, used), ABSCISSAS[x], y_label, (*curves, *lines), x_log=x.startswith("log_"),
        key=about,
    )  # fmt: skip


def _alone(about, label, run, x, mine) -> Curve:
    """What was measured, without a bound."""
    if about not in QUANTITIES:
        curve = mine[0].curve
        return Curve(label, curve.x, curve.measured, optimal=curve.optimal)
    drawn, kept = against(x, abscissa(run, x)(run.k))
    optimal = run.status is Status.OPTIMAL and about != "step_size"
    return Curve(label, drawn, measured(run, about)[kept], optimal=optimal)


def _reference(bound, several) -> Curve:
    """A further bound, as a line of its own."""
    curve = bound.curve
    proved = curve.limit if curve.proved is None else curve.proved
    label = f"{bound.theorem.id}, {curve.label}" if several else bound.theorem.id
    return Curve(label, curve.x, None, proved)


def _own_label(theorem) -> str:
    return f"what {theorem.id} measures"


def _title(runs, theorems) -> str:
    names = dict.fromkeys(run.mdp.name for run in runs.values())
    ids = ", ".join(dict.fromkeys(each.id for each in theorems))
    name = next(iter(names)).replace("$", r"\$") if len(names) == 1 else ""
    return f"{name}: {ids}" if name and ids else name or ids


def _record(runs, theorems) -> dict:
    return {
        "runs": {label: repr(run) for label, run in runs.items()},
        "mdps": {run.mdp.name: repr(run.mdp) for run in runs.values()},
        "theorems": {each.id: each.claim for each in theorems},
    }
