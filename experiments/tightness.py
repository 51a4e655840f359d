"""How tight every theorem is: the largest ratio that a search over MDPs finds.

For every upper bound, lower bound and equality about a method, and every shape and gamma, a search
over transitions, rewards, starts and step sizes: measured / proved (proved / measured of a lower
bound), and the same where the bound is at most half of the error at the start, as most bounds are
equalities there. Numbers are from below: the worst instance may be worse. Nothing above 1 is taken
from floats.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import math

from experiments.shared.study import Study
from tabular_pg import REGISTRY
from tabular_pg.engine.method import METHODS, Regularization
from tabular_pg.plotting import Curve, Panel, log10
from tabular_pg.report import markdown_table
from tabular_pg.search import worst_case
from tabular_pg.theorem import Kind, sorted_theorems

TAU = 0.5  # for what is about entropy regularization
SHAPES = ((1, 2), (2, 2), (3, 2), (3, 3), (5, 3))
GAMMAS = (0.0, 0.5, 0.9, 0.99, 0.999)
MODES = {"ratio": "at any iteration", "half": "where half of the error is proved to be gone"}


def searched() -> list[str]:
    """The ids of all bounds and equalities about methods."""
    kinds = (Kind.UPPER, Kind.LOWER, Kind.EQUAL)
    about = (t for t in sorted_theorems() if t.kind in kinds and METHODS.keys() & set(t.rules))
    return [theorem.id for theorem in about]


def search(id, S, A, gamma, mode, iterations, budget, seed) -> dict:
    """One search; the reason instead of a ratio where nothing can be compared."""
    theorem = REGISTRY[id]
    rule = next(rule for rule in theorem.rules if rule in METHODS)
    entropy = theorem.regularized or METHODS[rule].regularization is Regularization.REQUIRED
    try:
        found = worst_case(
            theorem, rule, n_states=S, n_actions=A, gamma=gamma, tau=TAU if entropy else 0.0,
            iterations=iterations, budget=budget, seed=seed, mode=mode,
        )  # fmt: skip
    except ValueError as error:
        return {"why": str(error)}
    instance = str(found.counterexample) if found.counterexample else ""
    return {"ratio": found.ratio, "k": found.k, "rule": str(found.rule), "refuted": instance}


def results(run, shapes, gammas, ids, iterations, budget, seed):
    """One entry for every theorem, shape, gamma and mode."""
    jobs = [
        (id, S, A, gamma, mode, iterations, budget, seed)
        for id in ids or searched()
        for S, A in shapes
        for gamma in gammas
        for mode in MODES
        if mode == "ratio" or REGISTRY[id].kind is not Kind.EQUAL
    ]
    names = ("id", "S", "A", "gamma", "mode")
    return [
        dict(zip(names, job[:5], strict=True)) | found
        for job, found in zip(jobs, run(search, jobs), strict=True)
    ]


def best(entries, **where) -> float:
    """The largest ratio among some entries; NaN if there is none."""
    chosen = [e["ratio"] for e in entries if all(e[name] == x for name, x in where.items())
              and e.get("ratio") is not None]  # fmt: skip
    return max(chosen, default=math.nan)


def shown(x) -> str:
    """A ratio to three digits."""
    return "-" if math.isnan(x) else f"{x:.3f}" if x >= 0.001 else f"{x:.1e}"


def tables(entries):
    """One row for every theorem and mode."""
    gammas = sorted({e["gamma"] for e in entries})
    shapes = sorted({(e["S"], e["A"]) for e in entries})
    rows = []
    for id in dict.fromkeys(e["id"] for e in entries):
        for mode in MODES:
            own = [e for e in entries if e["id"] == id and e["mode"] == mode]
            if own:
                by_shape = (best(own, S=S, A=A) for S, A in shapes)
                by_gamma = (best(own, gamma=gamma) for gamma in gammas)
                rows.append([id, mode, *map(shown, (best(own), *by_shape, *by_gamma))])
    head = ["id", "mode", "all", *(f"({S}, {A})" for S, A in shapes),
            *(f"gamma {gamma}" for gamma in gammas)]  # fmt: skip
    yield markdown_table(head, rows)


def panels(entries):
    """The best ratio of every theorem, sorted, for every gamma."""
    for mode in MODES:
        own = [e for e in entries if e["mode"] == mode]
        ids = sorted(
            dict.fromkeys(e["id"] for e in own), key=lambda id: -_or_zero(best(own, id=id))
        )
        curves = []
        for gamma in sorted({e["gamma"] for e in own}):
            ratios = [_or_zero(best(own, id=id, gamma=gamma)) for id in ids]
            curves.append(Curve(f"$\\gamma={gamma}$", range(1, len(ids) + 1), log10(ratios)))
        labels = MODES[mode], "theorems, from tight to loose", "largest measured / proved found"
        yield Panel(*labels, tuple(curves), y_range=(-6, 0.2), key=mode)


def _or_zero(x):
    return 0.0 if math.isnan(x) else x


def violated(entries):
    """What should not be: certified counterexamples to registered theorems."""
    return [f"{e['id']} is refuted:\n{e['refuted']}" for e in entries if e.get("refuted")]


STUDY = Study(
    name="tightness",
    statement=__doc__,
    full={"shapes": SHAPES, "gammas": GAMMAS, "ids": (), "iterations": 30, "budget": 1000,
          "seed": 0},
    quick={"shapes": ((2, 2),), "gammas": (0.9,), "ids": ("P1", "N1", "S2", "H1b", "G4"),
           "iterations": 20, "budget": 300, "seed": 0},
    results=results,
    tables=tables,
    figures={"tightness": panels},
    violated=violated,
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
