"""An MDP as facts and arrays, and back with every bit of it."""

from __future__ import annotations

from tabular_pg.saved.archive import Content
from tabular_pg.saved.matrices import matrix_arrays, read_matrix
from tabular_pg.saved.values import labels, number, read_labels, read_number, text


def mdp_content(mdp) -> Content:
    """What a file of an MDP holds."""
    states, actions = (None, None) if mdp.labels is None else mdp.labels
    facts = {
        "gamma": mdp.gamma,
        "name": mdp.name,
        "correction": number(mdp.correction),
        "shape": list(mdp.r.shape),
        "sparse": mdp.sparse,
        "states": labels(states),
        "actions": labels(actions),
    }
    if mdp.sources:
        facts["sources"] = list(mdp.sources)
    arrays = {**matrix_arrays("P", mdp.P), "r": mdp.r, "rho": mdp.rho, "mu": mdp.mu}
    if mdp.actions is not None:
        arrays["available"] = mdp.actions
    if mdp.ends is not None:
        arrays["ends"] = mdp.ends
    return Content(facts, arrays)


def mdp_arguments(content) -> tuple[dict, float, tuple]:
    """``(arguments, correction, sources)``: what to make the MDP of, what was corrected then, and
    the keys of the literature that it is from."""
    facts = content.facts
    shape = tuple(facts["shape"])
    if len(shape) != 2 or not all(isinstance(x, int) and x >= 1 for x in shape):
        raise ValueError(f"shape is {shape}; expected (S, A)")
    S, A = shape
    P = read_matrix(content, "P", (S * A, S) if facts["sparse"] is True else (S, A, S))
    arguments = {
        "P": P,
        "r": content.array("r", shape),
        "gamma": facts["gamma"],
        "rho": content.array("rho", (S,)),
        "mu": content.array("mu", (S,)),
        "name": text("name", facts["name"]),
        "actions": content.array("available", shape, "b", optional=True),
        "ends": content.array("ends", shape, optional=True),
        "labels": (read_labels(facts["states"]), read_labels(facts["actions"])),
    }
    sources = tuple(text("a source", key) for key in facts.get("sources", ()))
    return arguments, read_number("correction", facts["correction"]), sources
