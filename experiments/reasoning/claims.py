"""What the DAPO paper claims beside what was measured here, from the records of the figures.

Outcomes are computed. Two methods differ where their 95% intervals are apart; a claim is reproduced
where that is so in most settings, and the other way round in none. What it depends on is prose.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from itertools import product

import numpy as np

from experiments.shared.estimates import Estimate, Score, only, select, values
from experiments.shared.paper_claims import Claim, main, outcome, together

LOSS, SOME = 0.05, 0.01  # of success: what counts as instability, and as an effect
COMPARED = list(product(("merged states", "tree of prefixes"), ("uniform", "RL 9%", "RL 60%")))
SAMPLED, LEGAL = "DAPO, sampled actions", "DAPO, all actions"
LEVELS = {"SFT 9%": 0.09, "RL 9%": 0.09, "RL 60%": 0.6}  # success of base policies
OF_OUTCOMES = (
    "RLOO", "GRPO", "ReMax", "REINFORCE", "RFT", "AWR", "outcome DPO", "DRO",
    "actor-critic, outcome",
)  # fmt: skip
SHARED = ("nothing", "between puzzles")


def against(rows, method, others) -> Score:
    """The method and the best of the others with the same steps, in all settings."""
    pairs = []
    for states, base in COMPARED:
        its = {n: select(rows, states=states, base=base, method=n) for n in (method, *others)}
        solved = {name: values(mine, "success") for name, mine in its.items()}
        for i, mine in enumerate(solved[method]):
            pairs.append((mine, max((solved[n][i] for n in others), key=lambda e: e.mean)))
    return apart(pairs)


def apart(pairs) -> Score:
    """How often the first of two estimates is better, equal or worse: better or worse where their
    intervals are apart."""
    score = [0, 0, 0]
    for a, b in pairs:
        equal = abs(a.mean - b.mean) <= a.half_width + b.half_width
        score[1 if equal else 0 if a.mean > b.mean else 2] += 1
    return Score(*score)


def step_signals(results) -> list[Claim]:
    """Claims about signals for steps and for responses."""
    rows = results("dapo_budget")["methods"]
    scores = {
        "against RLOO, with the same loss": against(rows, SAMPLED, ("RLOO",)),
        f"against the best of {len(OF_OUTCOMES)} methods of outcomes": against(
            rows, SAMPLED, OF_OUTCOMES
        ),
        "the same if all legal actions are scored": against(rows, LEGAL, OF_OUTCOMES),
    }
    completed = against(rows, "Algorithm 1, sampled actions", (SAMPLED,))
    return [
        Claim(
            "dense signals for steps, from a critic, beat training on outcomes under sparse reward",
            "; ".join(f"{name}: {score}" for name, score in scores.items()),
            together(score.outcome for score in scores.values()),
            "whether solutions share states, and a verifier says of steps nobody took where they "
            "lead",
        ),
        Claim(
            "states of a few responses are completed anew for the critic (Algorithm 1, A.2)",
            "a quarter of the responses, the rest of the steps for completions; against a critic "
            f"fitted to as many steps of plain responses: {completed}",
            completed.outcome,
        ),
    ]


def training(results) -> list[Claim]:
    """Actor and critic trained apart or together."""
    rows = results("dapo_cotraining")["training"]
    falls = {
        kind: max(row["largest fall"] for row in rows if row["way"] == kind)
        for kind in ("together", "apart")
    }
    of_base = select(rows, base="uniform", critic="tabular")
    final = "; ".join(
        f"{row['training']} {row['success']:.3f}" for row in select(of_base, optimistic=False)
    )
    level = of_base[0]["base success"]
    median = {row["training"]: row["median success"] for row in of_base}
    apart = median["apart (DAPO), sampled actions"]
    others = values(select(of_base, way="together"), "median success")
    return [
        Claim(
            "a critic trained apart from the actor avoids the instability of co-training",
            f"largest loss of success on the way, in any setting: together {falls['together']:.3f},"
            f" apart {falls['apart']:.3f}; success from base {level:.1%}: {final}",
            outcome(falls["together"] > LOSS > falls["apart"]),
            "nothing collapses here, in tables; a critic that confuses states stalls both ways",
        ),
        Claim(
            "training apart depends less on hyper-parameters",
            "median success of the grid: "
            + "; ".join(f"{name} {value:.3f}" for name, value in median.items()),
            together(outcome(apart > value + SOME) for value in others),
            "the first values of a co-trained critic, and what is on the grid",
        ),
    ]


def starts(results) -> list[Claim]:
    """Whether both kinds of base policies improve, at the smallest budget."""
    rows = select(results("dapo_budget")["methods"], states="merged states", method=SAMPLED)
    after = {base: select(rows, base=base)[0] for base in LEVELS}
    solved = {base: row["success"] for base, row in after.items()}
    better = [e.mean - e.half_width > LEVELS[base] for base, e in solved.items()]
    return [
        Claim(
            "policies from SFT and policies from RL both improve",
            f"after {after['RL 9%']['steps']:.0f} steps per puzzle, merged states: "
            + "; ".join(f"{base} to {e:.2f}" for base, e in solved.items()),
            together(map(outcome, better)),
        )
    ]


def critic_settings(results) -> list[Claim]:
    """Claims about beta, the filter and completions."""
    found = results("dapo_critic")
    curves = {}  # {base and how advantages are known: {beta: success}}
    for row in found["beta"]:
        name, exact = f"base {row['base success']:.1%}", Estimate(mean=row["exact"], half_width=0)
        curves.setdefault(f"{name}, exact", {})[row["beta"]] = exact
        curves.setdefault(f"{name}, sampled", {})[row["beta"]] = row["success"]
    best = {name: max(of, key=lambda beta: of[beta].mean) for name, of in curves.items()}
    inner = [  # whether 0.01 or 0.02 is better than the smallest beta, beyond the intervals
        apart((of[beta], of[min(of)]) for beta in (0.01, 0.02)).better for of in curves.values()
    ]
    filters = {
        f"base {row['base success']:.1%}, filter": [
            only(found["filter"], base=row["base"], gap=gap)["success"] for gap in (0.0, 0.1)
        ]
        for row in select(found["filter"], gap=0.0)
    }
    gain = apart((kept, everything) for everything, kept in filters.values())
    shares = {
        f"values shared {sharing}": [
            only(found["sharing"], sharing=sharing, actions="sampled", completions=n)
            for n in (8, 16)
        ]
        for sharing in SHARED
    }
    more = apart((row["success"], fewer["success"]) for fewer, row in shares.values())
    return [
        Claim(
            "success has an inner optimum in beta, at 0.01 or 0.02",
            "best beta of one iteration: "
            + "; ".join(f"{name} {beta:g}" for name, beta in best.items()),
            together(map(outcome, inner)),
        ),
        Claim(
            "leaving out states whose advantages differ by less than 0.1 helps",
            "; ".join(
                f"{name}: {everything.mean:.3f} without, {kept.mean:.3f} with"
                for name, (everything, kept) in filters.items()
            ),
            gain.outcome,
            "the base: where success is rare all first advantages are below 0.1",
        ),
        Claim(
            "16 completions per state are better than 8",
            "; ".join(
                f"{name}: {fewer['success'].mean:.3f} at {fewer['steps']:.0f} steps, "
                f"{row['success'].mean:.3f} at {row['steps']:.0f}"
                for name, (fewer, row) in shares.items()
            ),
            more.outcome,
            "the same number of responses; at equal steps plain responses are better (above)",
        ),
    ]


def exact(results) -> list[Claim]:
    """Claims that need no samples."""
    found = results("dapo_exact")
    failed = [id for id, holds in found["theorems"].items() if not holds]
    said = f"violated: {', '.join(failed)}"
    if not failed:
        said = f"{', '.join(found['theorems'])} hold on all {found['puzzles']:,} puzzles"
    horizons = values(found["horizons"], "horizon")
    ratios = [ratio["uniform policy"] for ratio in values(found["horizons"], "ratio")]
    iterates = only(found["iterates"], method="DAPO", beta=0.02)["success"]
    mislead = found["outcomes"]
    return [
        Claim(
            "every exact step improves, also without the regularization (Theorem 3.2)",
            said,
            outcome(not failed),
        ),
        Claim(
            "a second iteration improves further",
            "success of exact iterates: " + ", ".join(f"{x:.4f}" for x in iterates[:4]),
            outcome(iterates[2] > iterates[1]),
        ),
        Claim(
            "signals for whole responses have a higher variance",
            f"ratio of second moments for H = {horizons[0]} to {horizons[-1]}: "
            + ", ".join(f"{x:g}" for x in ratios),
            outcome(np.allclose(ratios, horizons, rtol=1e-9)),
            "exactly H for a uniform policy with constant branching, less after training",
        ),
        Claim(
            "outcomes have the wrong sign for some steps (Appendix D)",
            "share of steps that matter: "
            + ", ".join(f"{r['sign mismatch']:.3f} at success {r['success']:.3f}" for r in mislead),
            outcome(min(values(mislead, "sign mismatch")) > 0),
            "the horizon: nearly half in long chains; less as policies improve",
        ),
    ]


def claims(results) -> list[Claim]:
    """All rows of the table."""
    parts = step_signals, training, starts, exact, critic_settings
    return [claim for part in parts for claim in part(results)]


if __name__ == "__main__":
    main("dapo_claims", __doc__, claims)
