"""What theorems can be about, and what of an MDP keeps one from being about it."""

from __future__ import annotations

from tabular_pg.checks.numbers import shown


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


def beyond(theorem, mdp) -> str:
    """'' or what the MDP has that the theorem is not stated for."""
    if getattr(mdp, "actions", None) is not None and not theorem.any_actions:
        return "not every action is available in every state; stated for all actions everywhere"
    if getattr(mdp, "ends", None) is not None and not theorem.any_gamma:
        return "gamma is 1; stated for gamma < 1"
    return ""
