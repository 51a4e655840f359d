"""The search for worst cases on statements whose truth is known.

Bounds that are attained are searched with a constant that is a little better, sharpenings and
printed statements that are false as they stand, and statements that are true. Every false one has
to be refuted, certified in ball arithmetic, from at least nine seeds of ten; no true one may be.
Beside that the hits of random candidates alone, of which as many are tried as the slowest of these
seeds needed, and at least those with which every search begins.

The number of steps of policy iteration with two actions is that of policies which it visits, less
one: at most F_{S+2} of them for S <= 6 states, as Hansen and Zwick found by computer and
conjectured for all S (refuted at S = 7 for the combinatorial form of the question by Hollanders,
Gerencser, Delvenne and Jungers, 2014): 2 steps for S = 2, 4 for S = 3 and 7 for S = 4.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from statistics import median
from typing import NamedTuple

from experiments.shared import known_statements as known
from experiments.shared.study import Study, over_seeds
from tabular_pg import REGISTRY, HadamardPG, NaturalPG, ProjectedPG, ProjectedQAscent, SoftmaxPG
from tabular_pg.certified.counterexamples import COUNTEREXAMPLES
from tabular_pg.methods.policy_iteration import PolicyIteration
from tabular_pg.methods.soft_policy_iteration import SoftPolicyIteration
from tabular_pg.methods.spma import SPMA
from tabular_pg.plotting import Curve, Panel
from tabular_pg.report import markdown_table
from tabular_pg.search import worst_case
from tabular_pg.theorem import Theorem

TAU = 0.5  # for what is about entropy regularization
NEEDED = 0.9  # of the seeds that have to refute what is false
LEAST = 80  # random candidates, the first ones of a search
KINDS = "attained", "false", "true"


class Case(NamedTuple):
    """A statement, what is known of it, and the runs among which it is searched."""

    kind: str
    theorem: Theorem
    rule: object
    S: int = 2
    A: int = 2
    gamma: float = 0.9
    iterations: int = 20
    mode: str = "auto"

    @property
    def tau(self) -> float:
        return TAU if self.theorem.regularized else 0.0


def _better(id, constant, **options):
    return Case("attained", known.times(id, constant), REGISTRY[id].rules[0], **options)


HALVED = ("P1", "P1a", "P2s", "N1", "N1v", "N2a", "N2b", "N2c", "N4", "S1a", "S1b", "S2", "H1a",
          "H3a", "E2", "G1", "G2", "G4", "PI1")  # fmt: skip
HALF_SURVIVES = ("H1b", "G1p", "E1l")  # their sharp constants are half of those that are stated


def _policy_iteration(kind, count, S, **options):
    theorem = known.optimal_after(count)
    return Case(kind, theorem, PolicyIteration, S, iterations=10, mode="ratio", **options)


def cases() -> dict[str, Case]:
    """All cases, by name."""
    few = 1 - 1e-6
    found = {
        "P1, one state": _better("P1", few, S=1),
        "P1, three states": _better("P1", few, S=3),
        "P3 reversed": Case("attained", known.not_yet_optimal(0.999), ProjectedQAscent,
                            iterations=1),
        "N2b": _better("N2b", 0.9999),
        "N2c": _better("N2c", few),
        "N4": _better("N4", few),
        "N5": _better("N5", few),
        "H3a": _better("H3a", few),
        "G2, half": _better("G2", 0.999),
        "G3e": _better("G3e", 0.999),
        "tau KL <= I, 4": Case("attained", known.divergence_at_most_linear(4.0, 0.999), SoftmaxPG),
        "monotone, 4": Case("attained", known.entropy_monotone(4.0, 0.001), SoftmaxPG),
        "PI1": _better("PI1", 0.9999),
        "PI1, three steps": Case("attained", known.contraction_over_all_steps(0.95),
                                 PolicyIteration, 5, iterations=3, mode="ratio"),
        "G4 sharp, 0.98": Case("attained", known.sharp_quadratic(0.98), SoftPolicyIteration),
        "PI, 1 step, S = 2": _policy_iteration("attained", 1, 2),
        "PI, 3 steps, S = 3": _policy_iteration("attained", 3, 3),
        "PI, 4 steps, S = 4": _policy_iteration("attained", 4, 4),
    }  # fmt: skip
    found["G2, half"] = found["G2, half"]._replace(
        theorem=known.where_half_is_gone(found["G2, half"].theorem)
    )
    found |= {f"{id} / 2": _better(id, 0.5)._replace(kind="false") for id in HALVED}
    found |= {
        "tau KL <= I, 4.1": Case("false", known.divergence_at_most_linear(4.1), SoftmaxPG),
        "tau KL <= I, 4.01": Case("false", known.divergence_at_most_linear(4.01), SoftmaxPG),
        "monotone, 4.1": Case("false", known.entropy_monotone(4.1), SoftmaxPG),
        "monotone, 4.01": Case("false", known.entropy_monotone(4.01), SoftmaxPG),
        "P7a as printed": Case("false", known.printed_range(), ProjectedPG, 1, gamma=0.001),
        "S3 as quoted": Case("false", COUNTEREXAMPLES["S3p"].theorem, SoftmaxPG, gamma=0.0,
                             iterations=400),
        "S5m by exponent": Case("false", COUNTEREXAMPLES["S5m"].theorem, SoftmaxPG, 1, gamma=0.99),
        "S1a, A / (A - 1)": Case("false", known.statement("S1a", known.larger_exponent), SoftmaxPG,
                                 1, 3, gamma=0.0, iterations=1),
        "N1, no horizon": Case(
            "false", known.statement("N1", known.without_effective_horizon), NaturalPG),
        "P errors convex": Case("false", known.statement("P2s", known.convex), ProjectedQAscent),
        "S errors convex": Case("false", known.statement("S2", known.convex), SoftmaxPG),
        "N likelier": Case("false", known.statement("N1", known.likelier), NaturalPG),
        "N like PI": Case(
            "false", known.statement("N1", known.like_policy_iteration), NaturalPG(1.0)),
        "H monotone": Case("false", known.hadamard_monotone(), HadamardPG),
    }  # fmt: skip
    found |= {f"{id} / 2": _better(id, 0.5)._replace(kind="true") for id in HALF_SURVIVES}
    return found | {
        "P7a": Case("true", REGISTRY["P7a"], ProjectedPG, 1, gamma=0.001),
        "S3": Case("true", REGISTRY["S3"], SoftmaxPG, gamma=0.0, iterations=400),
        "SPMA monotone": Case("true", known.spma_monotone(), SPMA),
        "G4 sharp": Case("true", known.sharp_quadratic(), SoftPolicyIteration),
        "H1b sharp": Case("true", known.statement("H1b", known.twice_linear), HadamardPG),
        "S1b sharp": Case("true", known.statement("S1b", known.smaller_loss), SoftmaxPG),
        "E2, all steps": Case("true", known.improvement_share_for_all_steps(), SoftmaxPG),
        "PI, 2 steps, S = 2": _policy_iteration("true", 2, 2),
        "PI, 4 steps, S = 3": _policy_iteration("true", 4, 3),
        "PI, 7 steps, S = 4": _policy_iteration("true", 7, 4),
    }


def search(name, climbing, budget, seed) -> dict:
    """One search: how soon it has refuted a statement, and by how small an MDP; 0 and no size if
    it has not."""
    case = cases()[name]
    try:
        found = worst_case(
            case.theorem, case.rule, n_states=case.S, n_actions=case.A, gamma=case.gamma,
            tau=case.tau, iterations=case.iterations, budget=budget, seed=seed, mode=case.mode,
            climbing=climbing,
        )  # fmt: skip
    except ValueError as error:  # nothing was certain
        return {"evaluations": 0, "size": [], "why": str(error)}
    small = found.counterexample
    size = list(small.instance.r.shape) if small else []
    return {"evaluations": found.evaluations if small else 0, "size": size, "why": ""}


def results(run, names, budget, surviving, seeds):
    """Per case, what every seed has found, with climbing and without: then from as many candidates
    as the slowest seed needed."""
    every = cases()
    names = names or list(every)
    budgets = {name: surviving if every[name].kind == "true" else budget for name in names}
    climbed = over_seeds(run, search, [(name, True, budgets[name]) for name in names], seeds)
    needed = {
        name: max(LEAST, *(each["evaluations"] for each in found))
        for name, found in zip(names, climbed, strict=True)
        if every[name].kind != "true"
    }
    random = over_seeds(run, search, [(name, False, n) for name, n in needed.items()], seeds)
    random = dict(zip(needed, random, strict=True))
    return [
        {"name": name, "climbed": found, "random": random.get(name, [])}
        for name, found in zip(names, climbed, strict=True)
    ]


def hits(found) -> int:
    """How many seeds have refuted it."""
    return sum(each["evaluations"] > 0 for each in found)


def order(found) -> str:
    """Of the median of the evaluations to a refutation: counts depend a little on rounding."""
    counts = [each["evaluations"] for each in found if each["evaluations"]]
    if not counts:
        return "-"
    names = "a few", "tens", "hundreds", "thousands", "ten thousands"
    return names[len(str(int(median(counts)))) - 1]


def smallest(found) -> str:
    """The states and actions of the smallest counterexample."""
    sizes = sorted(tuple(each["size"]) for each in found if each["size"])
    return f"({sizes[0][0]}, {sizes[0][1]})" if sizes else "-"


def tables(entries):
    """One row for every case."""
    every = cases()
    for kind in KINDS:
        rows = []
        for entry in (e for e in entries if every[e["name"]].kind == kind):
            case, found, random = every[entry["name"]], entry["climbed"], entry["random"]
            compared = f"{hits(random)}/{len(random)}" if random else "-"
            rows.append([
                entry["name"], case.theorem.claim.replace("|", "\\|"), f"({case.S}, {case.A})",
                str(case.gamma), f"{hits(found)}/{len(found)}", compared, order(found),
                smallest(found),
            ])  # fmt: skip
        head = [kind, "statement", "searched", "gamma", "refuted", "by random candidates",
                "evaluations", "smallest, certified"]  # fmt: skip
        yield markdown_table(head, rows)


def panels(entries):
    """The share of seeds that refute what is false, case by case, most often by chance first."""
    own = [entry for entry in entries if entry["random"]]
    own.sort(key=lambda entry: (-hits(entry["random"]), -hits(entry["climbed"])))
    curves = [
        Curve(label, range(1, len(own) + 1),
              [hits(entry[key]) / len(entry[key]) for entry in own])
        for key, label in (("climbed", "search"), ("random", "random candidates"))
    ]  # fmt: skip
    yield Panel("false statements", "cases, most often refuted by chance first",
                "share of seeds that refute", tuple(curves), y_log=False,
                y_range=(0, 1.05))  # fmt: skip


def violated(entries):
    """Cases where the search does not say what is known."""
    every = cases()
    for entry in entries:
        found, kind = entry["climbed"], every[entry["name"]].kind
        if kind == "true" and hits(found):
            yield f"{entry['name']}: refuted by {hits(found)} of {len(found)} seeds, and true"
        if kind != "true" and hits(found) < NEEDED * len(found):
            yield f"{entry['name']}: refuted by {hits(found)} of {len(found)} seeds, and false"


STUDY = Study(
    name="known_worst_cases",
    statement=__doc__,
    full={"names": (), "budget": 20_000, "surviving": 1000, "seeds": list(range(10))},
    quick={"names": ["P1, one state", "P3 reversed", "PI1", "P1 / 2", "PI, 4 steps, S = 3"],
           "budget": 2000, "surviving": 200, "seeds": [0, 1]},
    results=results,
    tables=tables,
    figures={"known_worst_cases": panels},
    violated=lambda entries: list(violated(entries)),
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
