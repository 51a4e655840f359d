"""What theorems can be about, and what of an MDP keeps one from being about it."""

from __future__ import annotations

from tabular_pg.checks.numbers import shown
from tabular_pg.optima.proper import Proper
from tabular_pg.verdicts.once import once


def checked_run(run):
    """``run`` itself; TypeError if theorems cannot be about it."""
    if isinstance(run, list | tuple) and not hasattr(run, "rule"):
        raise TypeError(
            f"run is a {type(run).__name__} of {len(run)}; expected one Run: check them one by one"
        )
    if isinstance(run, type) or not hasattr(run, "rule"):
        text = shown(run) if run is None or isinstance(run, str | int | float) else type(run)
        raise TypeError(f"run is {text}; expected a Run, as optimize returns it")
    return run


def beyond(theorem, run) -> str:
    """'' or what the MDP has that the theorem is not stated for."""
    mdp = getattr(run, "mdp", None)
    if getattr(mdp, "actions", None) is not None and not theorem.any_actions:
        return "not every action is available in every state; stated for all actions everywhere"
    if getattr(mdp, "ends", None) is not None:
        if not theorem.any_gamma:
            return "gamma is 1; stated for gamma < 1"
        if run.tau == 0 and _may_stay(run):
            return "optimal actions can go round for ever; stated for optimal policies that end"
    return ""


@once
def _may_stay(run) -> bool:
    """Whether some policy of optimal actions does not end every episode."""
    return Proper(run.mdp).cycle(run.optimum.optimal).size > 0
