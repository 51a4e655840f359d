"""What ball arithmetic says about a violation that float64 reports."""

from __future__ import annotations

try:
    from tabular_pg.certified import Outcome, RationalMDP, certified_check
except ImportError:
    certified_check = None


MOST = 1024  # bits: enough for gaps of 1e-250, and no hour for what is undecided


def second_opinion(run, theorems) -> str:
    """Per theorem: a certified counterexample that can be run again, or a rounding artefact."""
    if certified_check is None:
        return "not decided in ball arithmetic: the extra `certified` is not installed"
    return "\n".join(
        _opinion(run, v) for v in certified_check(run, theorems=theorems, most_bits=MOST)
    )


def _opinion(run, verdict):
    if verdict.outcome is Outcome.VIOLATED:
        return f"CERTIFIED COUNTEREXAMPLE: {verdict}\n{reproduction(run)}"
    if verdict.holds:
        return f"ROUNDING ARTEFACT, the float64 path is at fault: {verdict}"
    return f"OPEN: {verdict}"


def reproduction(run) -> str:
    """Python source that runs the same method on the same rational MDP."""
    policy = [[f"Fraction({', '.join(map(str, x.as_integer_ratio()))})" for x in row]
              for row in run.start.tolist()]  # fmt: skip
    rows = ", ".join("[" + ", ".join(row) + "]" for row in policy)
    return "\n".join(
        [
            "from fractions import Fraction",
            "from tabular_pg import *",
            "from tabular_pg.certified import RationalMDP, certified_check, certified_run",
            f"mdp = {RationalMDP.of(run.mdp).source()}",
            f"run = certified_run(mdp, {run.rule}, {int(run.k[-1])}, tau={run.tau},",
            f"                    policy=[{rows}], at={run.k.tolist()})",
            "print(*certified_check(run), sep='\\n')",
        ]
    )
