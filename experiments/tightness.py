"""How tight every theorem is: the largest ratio that a search over MDPs finds.

For every upper bound, lower bound and equality about a method, and every shape and gamma, a search
over transitions, rewards, starts and step sizes: measured / proved (proved / measured of a lower
bound). For upper bounds on a whole run, many of which are equalities at the start, also the same
where the bound is at most half of the error at the start, and the share of the decay of the error
(of its logarithm) that is proved. Numbers are from below: the worst instance may be worse. Nothing
above 1 is taken from floats. Of every theorem the worst instance is made simple.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import math
from fractions import Fraction

import numpy as np

from experiments.shared.study import Study
from tabular_pg import REGISTRY
from tabular_pg.engine.method import METHODS
from tabular_pg.plotting import HeatMap
from tabular_pg.report import markdown_table
from tabular_pg.search import worst_case
from tabular_pg.search.arguments import usual_tau
from tabular_pg.theorem import Kind, sorted_theorems
from tabular_pg.verdicts.assumptions import some_pair

SIMPLIFYING = 4000  # candidates that are run to make an instance simple
TELLING, LEAST = 0.05, 1e-6  # scores that make a mode tell something, and anything at all
SHAPES = ((1, 2), (2, 2), (3, 2), (3, 3), (5, 3))
GAMMAS = (0.0, 0.5, 0.9, 0.99, 0.999)
MODES = {
    "ratio": "at any iteration",
    "half": "half of the error proved to be gone",
    "rate": "share of the decay that is proved",
}


def searched() -> list[str]:
    """The ids of all bounds and equalities about methods."""
    kinds = (Kind.UPPER, Kind.LOWER, Kind.EQUAL)
    about = (t for t in sorted_theorems() if t.kind in kinds and METHODS.keys() & set(t.rules))
    return [theorem.id for theorem in about]


def about(id):
    """The theorem, a method that it is about, and tau."""
    theorem = REGISTRY[id]
    rule = next(rule for rule in theorem.rules if rule in METHODS)
    return theorem, rule, usual_tau(theorem, rule)


def modes(id):
    """What is searched of a theorem: only upper bounds on whole runs have a start."""
    theorem = REGISTRY[id]
    per_run = theorem.kind is Kind.UPPER and some_pair not in theorem.assumes
    return tuple(MODES) if per_run else ("ratio",)


def found(id, S, A, gamma, mode, iterations, budget, seed):
    """The worst case of one search, or the reason why there is none."""
    theorem, rule, tau = about(id)
    try:
        return worst_case(
            theorem, rule, n_states=S, n_actions=A, gamma=gamma, tau=tau, iterations=iterations,
            budget=budget, seed=seed, mode=mode,
        )  # fmt: skip
    except ValueError as error:
        return str(error)


def search(*job) -> dict:
    """One search; the reason instead of a ratio where nothing can be compared."""
    worst = found(*job)
    if isinstance(worst, str):
        return {"why": worst}
    instance = str(worst.counterexample) if worst.counterexample else ""
    return {"score": worst.score, "k": worst.k, "rule": str(worst.rule), "refuted": instance}


def simple(*job) -> dict:
    """The worst instance of a search, made simple."""
    small = found(*job).simplified(budget=SIMPLIFYING)
    P, r = (np.vectorize(recorded, otypes=[object])(x).tolist() for x in small.instance[:2])
    return {
        "id": job[0], "mode": job[4], "score": small.score, "text": str(small), "P": P, "r": r,
    }  # fmt: skip


def recorded(x: Fraction) -> int | str:
    """A fraction as JSON keeps it exactly."""
    return int(x) if x.denominator == 1 else str(x)


def results(run, shapes, gammas, ids, iterations, budget, seed):
    """One entry for every theorem, shape, gamma and mode; and one instance for every theorem."""
    jobs = [
        (id, S, A, gamma, mode, iterations, budget, seed)
        for id in ids or searched()
        for S, A in shapes
        for gamma in gammas
        for mode in modes(id)
    ]
    names = ("id", "S", "A", "gamma", "mode")
    entries = [
        dict(zip(names, job[:5], strict=True)) | one
        for job, one in zip(jobs, run(search, jobs), strict=True)
    ]
    worst = [job for id in ids or searched() if (job := worst_of(id, jobs, entries))]
    return {"searches": entries, "instances": run(simple, worst)}


def worst_of(id, jobs, entries):
    """The search to show: with the largest score, in two digits, at the smallest shape, of the mode
    that says most."""
    for least in (TELLING, LEAST):
        for mode in ("half", "rate", "ratio"):
            own = [
                (-float(f"{entry['score']:.2g}"), i)
                for i, entry in enumerate(entries)
                if (entry["id"], entry["mode"]) == (id, mode) and entry.get("score", 0) >= least
            ]
            if own:
                return jobs[min(own)[1]]
    return None


def telling(record) -> list:
    """The searches, but those in modes that say of a theorem what the first one does: its bound is
    about no sequence."""
    entries = record["searches"]
    plain = {_place(e): e.get("score") for e in entries if e["mode"] == "ratio"}
    other = {
        (e["id"], e["mode"]) for e in entries if e.get("score") not in (None, plain[_place(e)])
    }
    return [e for e in entries if e["mode"] == "ratio" or (e["id"], e["mode"]) in other]


def _place(entry):
    return entry["id"], entry["S"], entry["A"], entry["gamma"]


def best(entries, **where) -> float:
    """The largest ratio among some entries; NaN if there is none."""
    chosen = [e["score"] for e in entries if all(e[name] == x for name, x in where.items())
              and e.get("score") is not None]  # fmt: skip
    return max(chosen, default=math.nan)


def shown(x) -> str:
    """A ratio to three digits."""
    return "-" if math.isnan(x) else f"{x:.3f}" if x >= 0.001 else f"{x:.1e}"


def tables(record):
    """One row for every theorem and mode; instances are on the pages of theorems."""
    entries = telling(record)
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


def panels(record):
    """The best score of every theorem, by gamma, from tight to loose."""
    entries = telling(record)
    gammas = sorted({e["gamma"] for e in entries})
    for mode, title in MODES.items():
        own = [e for e in entries if e["mode"] == mode]
        if mode == "ratio":  # the others have panels of their own
            runs = {e["id"] for e in entries if e["mode"] != mode}
            own, title = (
                [e for e in own if e["id"] not in runs],
                "at any iteration, other statements",
            )
        top = {e["id"]: best(own, id=e["id"]) for e in own}
        ids = [id for id in top if top[id] >= LEAST and REGISTRY[id].kind is not Kind.EQUAL]
        ids.sort(key=top.get)
        values = [[best(own, id=id, gamma=gamma) for gamma in gammas] for id in ids]
        if ids:
            yield HeatMap(title, "$\\gamma$", "", tuple(gammas), tuple(ids), np.array(values),
                          limits=(0.0, 1.0), digits=2, key=mode)  # fmt: skip


def violated(record):
    """What should not be: certified counterexamples to registered theorems."""
    entries = record["searches"]
    return [f"{e['id']} is refuted:\n{e['refuted']}" for e in entries if e.get("refuted")]


STUDY = Study(
    name="tightness",
    statement=__doc__,
    full={"shapes": SHAPES, "gammas": GAMMAS, "ids": (), "iterations": 20, "budget": 400,
          "seed": 0},
    quick={"shapes": ((2, 2),), "gammas": (0.9,), "ids": ("P1", "N1", "S2", "H1b", "G4"),
           "iterations": 20, "budget": 200, "seed": 0},
    results=results,
    tables=tables,
    figures={"tightness": panels},
    violated=violated,
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
