"""A few lines of Python that make a run again and check theorems on it."""

from __future__ import annotations

import re

import numpy as np

from tabular_pg.engine.arguments import recorded
from tabular_pg.engine.step_size import step_of
from tabular_pg.saved.values import module_of

FEW = 400  # numbers of an MDP or a policy that are written out
EQUAL = 1e-12  # relative
OWN = "MDP", "Run", "check", "instances", "mirrors", "optimize", "steps"


def code_for(run, ids, made="") -> str:
    """Python that makes the run again and prints what theorems say about it.

    Parameters
    ----------
    run : Run
    ids : sequence of str
        Of theorems.
    made : str
        An expression for the MDP, such as ``instances.two_armed_bandit(gap=0.5)``; without one a
        small MDP is written out, and a large one read from ``mdp.npz``, as ``mdp.save`` writes it.

    Returns
    -------
    str
    """
    body = [f"mdp = {made or _mdp(run.mdp)}"]
    arguments = ["mdp", _rule(run.rule), str(int(run.k[-1]))]
    if run.tau > 0:
        arguments.append(f"tau={run.tau!r}")
    if not np.allclose(run.policies[0], 1 / run.mdp.n_actions, rtol=EQUAL):
        start = run.policies[0]
        where = "...  # (S, A), the start of the run: of a saved one, run.policies[0]"
        body.append(f"policy = {start.tolist() if start.size <= FEW else where}")
        arguments.append("policy=policy")
    if not np.array_equal(run.k, recorded(None, int(run.k[-1]), run.mdp.r.size)):
        body.append(f"at = {run.k.tolist()}")
        arguments.append("at=at")
    body += [
        f"run = optimize({', '.join(arguments)})",
        "for verdict in check(run):",
        f"    if verdict.theorem.id in {sorted(ids)}:",
        "        print(verdict)",
    ]
    return "\n".join([*_imports(run, "\n".join(body)), "", *body]) + "\n"


def _imports(run, body) -> list:
    kind = type(run.rule)
    names = [name for name in OWN if re.search(rf"\b{name}\b[.(]", body)]
    if kind.__module__.startswith("tabular_pg."):
        names.append(kind.__name__)
        return [f"from tabular_pg import {', '.join(sorted(names))}"]
    own = f"from {module_of(kind)} import {kind.__name__}"
    return [own, f"from tabular_pg import {', '.join(sorted(names))}"]


def _rule(rule) -> str:
    """A rule as it is written, with its step size from ``steps`` and its map from ``mirrors``."""
    text = repr(rule)
    for room, part in (("steps", step_of(rule)), ("mirrors", getattr(rule, "mirror", None))):
        if isinstance(part, tuple):
            text = text.replace(repr(part), f"{room}.{part!r}")
    return text


def _mdp(mdp) -> str:
    if mdp.n_states * mdp.r.size > FEW:
        return 'MDP.load("mdp.npz")  # as mdp.save("mdp.npz") writes it'
    P = (mdp.P.toarray() if mdp.sparse else mdp.P).reshape(*mdp.r.shape, -1)
    options = [
        f"{name}={getattr(mdp, name).tolist()}"
        for name in ("rho", "mu")
        if not np.allclose(getattr(mdp, name), 1 / mdp.n_states, rtol=EQUAL)
    ]
    if mdp.actions is not None:
        options.append(f"actions={mdp.actions.tolist()}")
    if mdp.ends is not None:
        options.append(f"ends={mdp.ends.tolist()}")
    return f"MDP({', '.join([str(P.tolist()), str(mdp.r.tolist()), repr(mdp.gamma), *options])})"
