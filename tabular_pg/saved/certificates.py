"""What a certificate is of, and its enclosures, as text: fractions and balls, every digit."""

from __future__ import annotations

import numpy as np

from tabular_pg._machine import refuse_beyond_memory
from tabular_pg.saved.archive import Content
from tabular_pg.saved.exact import ball, fraction, read_ball, read_fraction
from tabular_pg.saved.values import count, iterations, number, read_number, rule, text

NESTED = {"r": 2, "rho": 1, "mu": 1}  # depth


def certificate_content(certificate) -> Content:
    """What a file of a certificate holds; rows of P as lists of pairs (state, probability)."""
    method = certificate.method
    mdp = method.mdp
    facts = {
        "P": [[[[t, fraction(p)] for t, p in row.entries()] for row in rows] for rows in mdp.P],
        **{name: _texts(getattr(mdp, name)) for name in NESTED},
        "gamma": fraction(mdp.gamma),
        "name": mdp.name,
        "rule": rule(method.rule, fraction),
        "tau": fraction(method.tau),
        "policy": _texts(method.policy),
        "steps": None if method.steps is None else list(map(fraction, method.steps)),
        "gap": list(map(ball, certificate.gap)),
        "digits": number(certificate.digits),
        "bits": certificate.bits,
    }
    return Content(facts, {"k": method.k, "relative_errors": certificate.relative_errors})


def _texts(x) -> list:
    return np.vectorize(fraction, otypes=[object])(x).tolist()


def certificate_fields(flint, content) -> tuple[dict, dict, dict]:
    """``(mdp, method, fields)``: what the MDP, the method and the certificate are made of.

    Raises
    ------
    ValueError
        If something is no number, or not as many as there should be.
    """
    facts = content.facts

    def exact(name, x, depth=0):
        if depth == 0:
            return read_fraction(flint, name, x)
        if not isinstance(x, list):
            raise ValueError(f"{name} is not a list")
        return [exact(name, y, depth - 1) for y in x]

    mdp = {name: exact(name, facts[name], depth) for name, depth in NESTED.items()}
    mdp |= {"gamma": exact("gamma", facts["gamma"]), "name": text("name", facts["name"])}
    mdp["P"] = _dense(facts["P"], exact, flint.fmpq(0))
    k = iterations(content)
    method = {"tau": exact("tau", facts["tau"]), "policy": exact("policy", facts["policy"], 2)}
    method |= {"k": k, "steps": None}
    if facts["steps"] is not None:
        method["steps"] = tuple(exact("steps", facts["steps"], 1))
        if len(method["steps"]) != k[-1]:
            raise ValueError(f"{len(method['steps'])} steps are kept; expected {k[-1]}")
    if len(facts["gap"]) != k.size:
        raise ValueError(f"{len(facts['gap'])} gaps are kept; expected {k.size}")
    fields = {
        "gap": tuple(read_ball(flint, "gap", x) for x in facts["gap"]),
        "digits": read_number("digits", facts["digits"]),
        "bits": count("bits", facts["bits"]),
        "relative_errors": content.array("relative_errors", (k.size,)),
    }
    return mdp, method, fields


def _dense(rows, exact, zero) -> list:
    """P as nested lists, zeros too."""
    S = len(rows)
    refuse_beyond_memory(8 * S * sum(map(len, rows)), "rational numbers of a dense P")
    P = [[[zero] * S for _ in actions] for actions in rows]
    for s, actions in enumerate(rows):
        for a, pairs in enumerate(actions):
            for t, p in pairs:
                if type(t) is not int or not 0 <= t < S:
                    raise ValueError(f"P[{s}, {a}] leads to state {t}; expected 0..{S - 1}")
                P[s][a][t] = exact(f"P[{s}, {a}, {t}]", p)
    return P
