"""What the DAPO paper claims beside what was measured here, from the records of the figures.

The outcome of a comparison is computed: two methods differ where their 95% intervals are apart.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from typing import NamedTuple

import numpy as np
from common import FIGURES
from verdicts import markdown_table

from tabular_pg.plotting import write_whole

LOSS, SOME = 0.05, 0.01  # of success: what counts as instability, and as an effect
COMPARED = list(product(("merged states", "tree of prefixes"), ("uniform", "RL 9%", "RL 60%")))
OUTCOME_ONLY = ("RLOO", "GRPO", "ReMax", "REINFORCE", "RFT", "outcome DPO", "DRO")


class Claim(NamedTuple):
    """A row of the table."""

    paper: str
    measured: str
    outcome: str
    depends_on: str = ""


class Cell(NamedTuple):
    """Success of a method at one budget: mean and half-width of its interval."""

    steps: float
    mean: float
    half: float


class Score(NamedTuple):
    """In how many settings one method is better, equal or worse than another."""

    better: int
    equal: int
    worse: int

    def __str__(self):
        return f"better in {self.better}, equal in {self.equal}, worse in {self.worse}"

    @property
    def outcome(self) -> str:
        if self.better == 0:
            return "not reproduced"
        return "depends" if self.worse or self.equal > self.better else "reproduced"


def record(name) -> dict:
    """The record of a figure, of a full run."""
    found = json.loads((FIGURES / f"{name}.json").read_text())
    if found["quick"]:
        raise SystemExit(f"{name}.json is of a quick run; run experiments/{name}.py")
    return found


def measured(text) -> tuple[float, float]:
    """(mean, half-width) of ``mean +- half-width``; 0 for an exact number."""
    mean, _, half = text.partition(" +- ")
    return float(mean), float(half or 0)


def budgets() -> dict:
    """{(states, base, method): its cells}."""
    cells = {}
    for states, base, method, steps, success, _ in record("dapo_budget")["rows"]:
        cells.setdefault((states, base, method), []).append(Cell(float(steps), *measured(success)))
    return cells


def against(cells, method, others) -> Score:
    """The method and the best of the others with the same steps, in all settings."""
    return counted(
        (cell, max((cells[*key, other][i] for other in others), key=lambda c: c.mean))
        for key in COMPARED
        for i, cell in enumerate(cells[*key, method])
    )


def at_its_steps(cells, method, other) -> Score:
    """The same where budgets differ: the other's success is interpolated to the method's steps."""
    pairs = []
    for key in COMPARED:
        steps, means, halves = np.array(cells[*key, other]).T
        for cell in cells[*key, method]:
            if steps[0] <= cell.steps <= steps[-1]:
                at = np.log(cell.steps), np.log(steps)
                pairs.append(
                    (cell, Cell(cell.steps, np.interp(*at, means), np.interp(*at, halves)))
                )
    return counted(pairs)


def counted(pairs) -> Score:
    """How often the first of a pair is better, equal or worse."""
    score = [0, 0, 0]
    for a, b in pairs:
        apart = abs(a.mean - b.mean) > a.half + b.half
        score[1 if not apart else 0 if a.mean > b.mean else 2] += 1
    return Score(*score)


def step_signals(cells) -> list[Claim]:
    """Claims about signals for steps and for responses."""
    sampled = "DAPO, sampled actions"
    same_loss = against(cells, sampled, ("RLOO",))
    best = against(cells, sampled, OUTCOME_ONLY)
    legal = against(cells, "DAPO, all actions", OUTCOME_ONLY)
    completed = at_its_steps(cells, "Algorithm 1, sampled actions", sampled)
    outcomes = {score.outcome for score in (same_loss, best, legal)}
    return [
        Claim(
            "dense signals for steps, from a critic, beat training on outcomes under sparse reward",
            f"against RLOO, which has the same loss: {same_loss}; against the best of "
            f"{len(OUTCOME_ONLY)} methods of outcomes: {best}; if all legal actions are scored: "
            f"{legal} settings",
            outcomes.pop() if len(outcomes) == 1 else "depends",
            "states shared between solutions; a verifier of final steps that nobody took",
        ),
        Claim(
            "states of a few responses are completed anew for the critic (Algorithm 1, A.2)",
            f"against a critic of as many plain responses: {completed} settings",
            completed.outcome,
        ),
    ]


def training() -> list[Claim]:
    """Actor and critic trained apart or together."""
    rows = [row for row in record("dapo_cotraining")["rows"] if "all actions" not in row[2]]
    falls = [
        max(float(row[9]) for row in rows if row[2].startswith(kind))
        for kind in ("together", "apart")
    ]
    first = [row for row in rows if row[:2] == ["0.6%", "tabular"]]
    best = "; ".join(f"{row[2]} {row[4]}" for row in first if "optimistic" not in row[2])
    return [
        Claim(
            "a critic trained apart from the actor avoids the instability of co-training",
            f"largest loss of success on the way, in any setting: together {falls[0]:.3f}, apart "
            f"{falls[1]:.3f}; best final success: {best}",
            "reproduced" if falls[0] > LOSS > falls[1] else "not reproduced",
            "tables do not collapse, and what they confuse, both ways of training confuse",
        ),
        Claim(
            "training apart is easier to set up",
            "median of the grid: " + "; ".join(f"{row[2]} {row[6]}" for row in first),
            "depends",
            "the first values of a co-trained critic, and what else is on the grid",
        ),
    ]


def starts(cells) -> list[Claim]:
    """Whether both kinds of base policies improve, at the smallest budget."""
    level = {"SFT 9%": 0.09, "RL 9%": 0.09, "RL 60%": 0.6}
    after = {base: cells["merged states", base, "DAPO, sampled actions"][0] for base in level}
    better = [cell.mean - cell.half > level[base] for base, cell in after.items()]
    steps = after["RL 9%"].steps
    return [
        Claim(
            "policies from SFT and policies from RL both improve",
            f"{steps:.0f} steps per puzzle, merged states: "
            + "; ".join(f"{base} to {c.mean:.2f} +- {c.half:.2f}" for base, c in after.items()),
            "reproduced" if all(better) else "depends" if any(better) else "not reproduced",
        )
    ]


def critic_settings() -> list[Claim]:
    """Claims about beta, the filter and completions."""
    rows = record("dapo_critic")["rows"]
    success = {}
    for name, setting, _, text in rows:
        success.setdefault(name, {})[setting] = measured(text)[0]
    curves = {name: found for name, found in success.items() if "beta" in next(iter(found))}
    best = {name: max(found, key=found.get) for name, found in curves.items()}
    smallest = next(iter(curves["base 0.6%, exact"]))
    inner = [name for name, setting in best.items() if setting != smallest]
    shown = "; ".join(f"{name.removeprefix('base ')} {b.split()[-1]}" for name, b in best.items())
    gain = {
        name.removesuffix(", filter"): success[name]["gap >= 0.1"] - success[name]["gap >= 0"]
        for name in success
        if name.endswith("filter")
    }
    more = {
        shared: [success[f"shared: {shared}, sampled actions"][f"{n} completions"] for n in (8, 16)]
        for shared in ("nothing", "between puzzles")
    }
    return [
        Claim(
            "success has an inner optimum in beta, at 0.01 or 0.02",
            f"best beta of one iteration, {smallest.split()[-1]} the smallest tried: {shown}",
            "depends" if inner else "not reproduced",
            "the critic's noise: with exact advantages success falls with beta" if inner else "",
        ),
        Claim(
            "leaving out states whose advantages differ by less than 0.1 helps",
            "change of success: " + "; ".join(f"{name} {x:+.3f}" for name, x in gain.items()),
            "reproduced" if min(gain.values()) > SOME else
            "not reproduced" if max(gain.values()) < SOME else "depends",
            "the base: where success is rare all first advantages are below 0.1",
        ),
        Claim(
            "16 completions per state are better than 8",
            "; ".join(f"values shared {s}: {b:.3f} after {a:.3f}" for s, (a, b) in more.items()),
            "reproduced" if all(b > a + SOME for a, b in more.values()) else "depends",
            "at the same number of responses: it costs nearly twice the steps",
        ),
    ]  # fmt: skip


def exact() -> list[Claim]:
    """Claims that need no samples."""
    found = record("dapo_exact")
    failed = [id for id, holds in found["theorems"].items() if not holds]
    ratio = found["second moment ratio, uniform policy"]
    horizons = [2**i for i in range(1, len(ratio) + 1)]
    mismatch = found["success and sign mismatch"]
    iterates = [float(x) for x in found["success"]["DAPO, beta = 0.02"]]
    return [
        Claim(
            "every exact step improves, also without the regularization (Theorem 3.2)",
            f"{', '.join(found['theorems'])} hold in every state of 1,362 puzzles",
            "not reproduced" if failed else "reproduced",
        ),
        Claim(
            "a second iteration improves further",
            "success of exact iterates: " + ", ".join(f"{x:.4f}" for x in iterates[:4]),
            "reproduced" if iterates[2] > iterates[1] else "not reproduced",
        ),
        Claim(
            "signals for whole responses have a higher variance",
            f"ratio of second moments for H = {horizons[0]} to {horizons[-1]}: "
            + ", ".join(f"{x:g}" for x in ratio),
            "reproduced" if np.allclose(ratio, horizons, rtol=1e-9) else "not reproduced",
            "exactly H for a uniform policy with constant branching, less after training",
        ),
        Claim(
            "outcomes have the wrong sign for some steps (Appendix D)",
            "share of steps that matter: "
            + ", ".join(f"{share} at success {level}" for level, share in mismatch),
            "reproduced" if all(float(share) > 0 for _, share in mismatch) else "not reproduced",
            "the horizon: nearly half in long chains; less as policies improve",
        ),
    ]


def main(arguments=None):
    """Write the table."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(arguments)
    cells = budgets()
    claims = [*step_signals(cells), *training(), *starts(cells), *exact(), *critic_settings()]
    heads = ["the paper", "measured here", "outcome", "depends on"]
    table = markdown_table(heads, claims)
    write_whole(FIGURES / "dapo_claims.md", table)
    print(table)


if __name__ == "__main__":
    main()
