"""Rates to 1e-1000 in ball arithmetic, and how accurate float64 runs are.

Every point is an enclosure far narrower than the line, of the error (solid) and of what is proved
about it (dashed); the enclosures themselves are in certified_enclosures.csv. The tables say how far
float64 runs are from enclosures, by method and size of the error, and how the inequalities of every
theorem were decided.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import sys

import numpy as np

from experiments.shared.command_line import quick_options
from experiments.shared.instances import make
from tabular_pg import (
    REGISTRY,
    SPMA,
    TDPMD,
    DualAveragedSPI,
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    ProjectedQAscent,
    SoftmaxPG,
    SoftPolicyIteration,
    instances,
    optimize,
    optimum,
)
from tabular_pg._files import write_whole
from tabular_pg.plotting import Curve, Panel, save_figure
from tabular_pg.report import csv_table, markdown_table
from tabular_pg.theorem import sorted_theorems

try:
    from tabular_pg.certified import Outcome, certified_check, certify
except ImportError as error:
    sys.exit(str(error))

MDP = instances.garnet(n_states=10, n_actions=4, branching=3, gamma=0.9, seed=16)
PROBLEMS = {
    "garnet": MDP,
    "bandit": instances.bandit([0.9, 0.5, 0.1]),
    "duplicate": instances.tied(3, 3, 0.6, seed=0),
    "tied": instances.tied(4, 3, 0.5, seed=1, same_dynamics=False),
    "frozenlake4x4": make("frozenlake4x4"),
}
METHODS = {  # name: (rule, tau, iterations)
    "projected PG": (ProjectedPG(0.3), 0.0, 60),
    "projected Q-ascent": (ProjectedQAscent(0.11), 0.0, 60),
    "softmax PG": (SoftmaxPG(1.0), 0.0, 60),
    "entropy softmax PG": (SoftmaxPG(2.0), 0.3, 300),
    "natural PG": (NaturalPG(40.0), 0.0, 150),
    "entropy natural PG": (NaturalPG(30.0), 0.1, 300),
    "soft policy iteration": (SoftPolicyIteration(), 0.1, 12),
    "Hadamard PG": (HadamardPG(0.02), 0.0, 60),
    "policy iteration": (PolicyIteration(), 0.0, 10),
    "SPMA": (SPMA(0.01), 0.0, 60),
    "TD-PMD": (TDPMD(30.0), 0.1, 100),
    "dual-averaged SPI": (DualAveragedSPI(0.3), 0.0, 22),
}
STARTS = (None, 1e-60, 1e-200)  # uniform, or so far from optimal
SIZES = (0, -15, -100, -290, -np.inf)  # powers of 10 between which gaps are counted together


def exponent(ball) -> float:
    """log10 of a positive ball's centre, however small it is; -inf for 0."""
    return float((ball.mid().log() / np.log(10)).mid()) if ball > 0 else -np.inf


def rate_panel(title, methods, iterations, id, checked, lines, **options):
    """Enclosures of both sides of theorem ``id`` along a run of every (rule, tau)."""
    curves = []
    for label, (rule, tau) in methods.items():
        run = optimize(MDP, rule, iterations, tau=tau, at=range(iterations + 1))
        (verdict,) = certified_check(run, theorems=[REGISTRY[id]])
        checked.append(verdict)
        sides = [np.array(list(map(exponent, x))) for x in (verdict.measured, verdict.proved)]
        k = verdict.k + (len(verdict.k) < len(run.k))  # of pairs: the later iterate
        curves.append(Curve(label, k, *sides))
        for row in zip(k, verdict.measured, verdict.proved, strict=True):
            head = id, type(rule).__name__, label, row[0]
            lines.append([*head, *(ball.str(20) for ball in row[1:])])
    error = r"$\|V^*_\tau-V^k_\tau\|_\infty$"
    return Panel(title, "iteration $k$", error, tuple(curves), **options)


def near_optimal(mdp, eps):
    """A policy with probability ``eps`` on every action but an optimal one; None for None."""
    if eps is None:
        return None
    best = optimum(mdp).pi > 0
    return np.where(best, 1 - (mdp.n_actions - 1) * eps, eps)


def errors(name, problems, starts):
    """(log10 gap, relative error) of the float64 runs of a method at every iterate."""
    rule, tau, iterations = METHODS[name]
    found = []
    for mdp in problems.values():
        for eps in starts:
            run = optimize(mdp, rule, iterations, tau=tau, policy=near_optimal(mdp, eps))
            certificate = certify(run, digits=20)
            size = [exponent(ball) for ball in certificate.gap]
            found += zip(size, certificate.relative_errors, strict=True)
    return np.array([pair for pair in found if not np.isnan(pair[1])])


def guaranteed(error) -> str:
    """What the error is below with room to spare, so that it is so on every processor."""
    if error == 0:
        return "0"
    return (
        f"{next(bound for bound in (1e-14, 1e-12, 1e-10, 1e-8, np.inf) if 4 * error < bound):.0e}"
    )


def accuracy_table(found) -> str:
    """The largest relative error by method and size of the gap, as Markdown."""
    spans = list(zip(SIZES, SIZES[1:], strict=False))
    heads = ["above 1", *(f"1e{high} to 1e{low}" for high, low in spans[:-1]), "below 1e-290", "0"]
    rows = []
    for name, pairs in found.items():
        size, error = pairs.T
        counted = [size > 0, *((low < size) & (size <= high) for high, low in spans)]
        cells = [
            guaranteed(error[at].max()) if at.any() else "-" for at in [*counted, size == -np.inf]
        ]
        rows.append([name, *cells])
    worst = max(pairs[:, 1].max() for pairs in found.values())
    return markdown_table(["method", *heads], rows) + f"\nAll are below {guaranteed(worst)}.\n"


def verdicts(problems, iterations):
    """{theorem id: {problem: verdicts}} of all methods on these problems."""
    found = {}
    for key in problems:
        mdp = PROBLEMS[key]
        small = (1 - mdp.gamma) ** 2 / 2  # where the theorems on Hadamard PG and Mei's apply
        others = [(HadamardPG(small), 0.0), (SoftmaxPG((1 - mdp.gamma) ** 3 / 8), 0.0)]
        others += [(NaturalPG(1.0), 0.0), (SoftmaxPG(0.4), 0.0), (SoftmaxPG(0.3), 0.3)]
        plans = [(rule, tau, iterations) for rule, tau, _ in METHODS.values()]
        plans += [(rule, tau, iterations) for rule, tau in others]
        plans += [(HadamardPG(0.5), 0.0, 8 * iterations), (SoftmaxPG(2.0), 0.5, 8 * iterations)]
        for rule, tau, last in plans:  # the last two for H4 and E4, which are about the limit
            run = optimize(mdp, rule, last, tau=tau, at=range(max(last - iterations, 0), last + 1))
            for verdict in certified_check(run):
                found.setdefault(verdict.theorem.id, {}).setdefault(key, []).append(verdict)
    return found


def verdict_table(found, problems) -> str:
    """How the inequalities of every theorem were decided, as Markdown."""
    rows = []
    for theorem in sorted_theorems():
        by_problem = found.get(theorem.id, {})
        cells = [_cell(by_problem.get(key, [])) for key in problems]
        if any(cell != "-" for cell in cells):
            rows.append([theorem.id, theorem.claim, *cells])
    return markdown_table(["theorem", "claim", *problems], rows)


def _cell(about) -> str:
    reasons = sorted({v.not_computable for v in about if v.not_computable})
    outcomes = np.concatenate([[0], *(v.outcomes.ravel() for v in about if v.applies)])
    counts = [(outcomes == x, x.name.lower()) for x in Outcome if x is not Outcome.NOTHING]
    parts = [f"{at.sum()} {name}" for at, name in counts if at.any()]
    return ", ".join(parts + [f"not computable: {reason}" for reason in reasons]) or "-"


def main(arguments=None):
    """Draw the figure, write the tables; exit with status 1 if a theorem is certainly violated."""
    options = quick_options(__doc__, "fewer problems and starts", arguments)
    out = options.out
    checked, lines = [], []
    soft = {rf"$\tau={tau:g}$": (SoftPolicyIteration(), tau) for tau in (1.0, 0.1, 0.01)}
    plain, entropy = (
        {rf"$\eta={eta:g}$": (NaturalPG(eta), tau) for eta in (10.0, 30.0, 100.0)}
        for tau in (0.0, 0.1)
    )
    panels = [
        rate_panel("soft policy iteration", soft, 11, "G4t", checked, lines, y_range=(-1500, 60)),
        rate_panel("natural PG", plain, 400, "N3a", checked, lines),
        rate_panel(r"entropy natural PG, $\tau=0.1$", entropy, 200, "G3", checked, lines),
    ]
    problems = {"garnet": MDP, "bandit": PROBLEMS["bandit"]} if options.quick else PROBLEMS
    found = {
        name: errors(name, problems, STARTS[:2] if options.quick else STARTS) for name in METHODS
    }
    table = accuracy_table(found)
    keys = list(problems)[:2] if options.quick else ["garnet", "bandit", "tied", "frozenlake4x4"]
    decided = verdicts(keys, 10 if options.quick else 40)
    checked += [v for by_problem in decided.values() for some in by_problem.values() for v in some]
    record = {
        "statement": " ".join(__doc__.split()),
        "quick": options.quick,
        "mdp": MDP.name,
        "accuracy": {name: guaranteed(pairs[:, 1].max()) for name, pairs in found.items()},
    }
    save_figure("certified", panels, out, record, columns=False)
    heads = ["theorem", "rule", "parameter", "k", "measured", "proved"]
    write_whole(out / "certified_enclosures.csv", csv_table(heads, lines))
    write_whole(out / "certified_accuracy.md", table)
    write_whole(out / "certified_verdicts.md", verdict_table(decided, keys))
    print(table)
    counts = {x.name: sum(v.outcome is x and v.applies for v in checked) for x in Outcome}
    counts["NOT COMPUTABLE"] = sum(bool(v.not_computable) for v in checked)
    print(", ".join(f"{n} {name.lower()}" for name, n in counts.items() if n and name != "NOTHING"))
    print(f"results are in {out}")
    sys.exit(1 if counts["VIOLATED"] else 0)


if __name__ == "__main__":
    main()
