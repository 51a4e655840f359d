"""A file with one statement of a user's own, searched for a counterexample."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path

from tabular_pg.engine.method import METHODS
from tabular_pg.search.arguments import usual_tau
from tabular_pg.search.worst_case import worst_case
from tabular_pg.theorem import REGISTRY

REFUTED, SURVIVES, ERROR = 1, 0, 2


def statement_in(path):
    """The one theorem that a file of Python registers.

    Raises
    ------
    ValueError
        If the file cannot be read or run, or registers no theorem or several.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"file is {str(path)!r}; expected a file of Python")
    before = dict(REGISTRY)
    spec = importlib.util.spec_from_file_location("statement_" + path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"file is {str(path)!r}; expected a file whose name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # an exit would be taken for a verdict
        raise ValueError(f"{path} raised {type(error).__name__}: {error}") from error
    new = [t for id, t in REGISTRY.items() if before.get(id) is not t]
    if len(new) != 1:
        names = ", ".join(t.id for t in new) or "none"
        raise ValueError(f"{path} registers {names}; expected one function under @theorem(...)")
    return new[0]


def refuted(file, *, rule=None, tau=None, states=2, actions=2, as_json=False, **options):
    """What a search for a counterexample to the statement in a file has found, as text or JSON, and
    the exit code that says so."""
    statement = statement_in(file)
    tau = usual_tau(statement, statement.rules[0]) if tau is None else tau
    found = worst_case(
        statement, _rule(statement, rule), n_states=states, n_actions=actions, tau=tau, **options
    )
    text = json.dumps(_record(found), indent=2) if as_json else _text(found)
    if found.counterexample:
        return text, REFUTED
    return text, ERROR if found.interrupted or found.undecided else SURVIVES


def _rule(statement, name):
    if name is None:
        return statement.rules[0]
    known = {rule.__name__: rule for rule in METHODS}
    if name not in known:
        raise ValueError(f"rule is {name!r}; expected one of {', '.join(sorted(known))}")
    return known[name]


def _text(found) -> str:
    if found.counterexample:
        plural = "" if found.evaluations == 1 else "s"
        return (
            f"REFUTED after {found.evaluations} evaluation{plural}.\n\n{found.counterexample}\n\n"
            f"It is reproduced by\n\n{found.counterexample.source}"
        )
    end = "was interrupted after" if found.interrupted else "survives"
    end = "is open after" if found.undecided else end
    lines = [
        f"{found.theorem.id} {end} {found.evaluations} evaluations of {type(found.rule).__name__}; "
        f"the largest ratio is {found.ratio:.8g} at k = {found.k}.",
    ]
    if found.undecided:
        lines.append(f"It is open: a violation in floats is not decided ({found.undecided}).")
    lines += ["The worst instance, made simple:", "", str(found.simplified())]
    return "\n".join(lines)


def _record(found) -> dict:
    small = found.counterexample or found.simplified()
    P, r, rho, mu, policy, parameters = (_strings(x.tolist()) for x in small.instance)
    return {
        "theorem": found.theorem.id, "refuted": found.counterexample is not None,
        "ratio": _finite(found.ratio), "k": found.k, "evaluations": found.evaluations,
        "rejected": found.rejected, "interrupted": found.interrupted,
        "undecided": found.undecided, "rule": type(found.rule).__name__,
        "instance": {
            "P": P, "r": r, "gamma": str(small.gamma), "tau": str(small.tau), "rho": rho, "mu": mu,
            "policy": policy, "parameters": dict(zip(found.rule._fields, parameters, strict=True)),
            "ratio": _finite(small.ratio), "k": small.k,
        },
    }  # fmt: skip


def _finite(ratio):
    return ratio if math.isfinite(ratio) else None


def _strings(x):
    return [_strings(y) for y in x] if isinstance(x, list) else str(x)
