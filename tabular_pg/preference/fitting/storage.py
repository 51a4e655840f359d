"""A fit as facts and arrays, and back with every bit of it."""

from __future__ import annotations

import numpy as np

from tabular_pg.preference.fitting.comparisons import Comparisons, checked_features
from tabular_pg.preference.fitting.losses import LOSSES, checked_loss
from tabular_pg.saved.archive import Content
from tabular_pg.saved.matrices import matrix_arrays, read_matrix
from tabular_pg.saved.values import count, number, read_number, read_rule, rule

NUMBERS = ("ridge", "gradient_norm", "distance")
PAIRS = {"winner": "i", "loser": "i", "weight": "f", "log_weight": "f"}  # kind of entries


def fit_content(fit) -> Content:
    """What a file of a fit holds."""
    pairs = fit.comparisons
    facts = {name: number(getattr(fit, name)) for name in NUMBERS}
    facts |= {
        "status": fit.status.name,
        "loss": rule(fit.loss),
        "iterations": int(fit.iterations),
        "n_items": int(pairs.n_items),
        "anchored": bool(pairs.anchored),
        "unit": number(pairs.unit),
        "n_features": None if fit.features is None else int(fit.features.shape[1]),
    }
    arrays = {name: getattr(pairs, name) for name in PAIRS}
    arrays |= {"scores": fit.scores, "coefficients": fit.coefficients}
    if fit.features is not None:
        arrays |= matrix_arrays("features", fit.features)
    return Content(facts, arrays)


def fit_fields(content, status) -> dict:
    """The fields of the fit that :func:`fit_content` wrote.

    Raises
    ------
    ValueError
        If something is missing, of another shape, or no such number.
    """
    facts = content.facts
    n, F = count("n_items", facts["n_items"]), facts["n_features"]
    fields = {name: read_number(name, facts[name]) for name in NUMBERS}
    fields |= {
        "scores": content.array("scores", (n,)),
        "coefficients": None,
        "features": None,
        "status": status[facts["status"]],
        "loss": checked_loss(read_rule(facts["loss"], LOSSES, {})),
        "iterations": count("iterations", facts["iterations"]),
        "comparisons": _comparisons(content, n),
    }
    if F is not None:
        F = count("n_features", F)
        fields["coefficients"] = content.array("coefficients", (F,))
        fields["features"] = checked_features(read_matrix(content, "features", (n, F)), n)
    return fields


def _comparisons(content, n) -> Comparisons:
    anchored = content.facts["anchored"]
    if not isinstance(anchored, bool):
        raise ValueError(f"anchored is {anchored!r}; expected true or false")
    M = content.arrays["winner"].size
    arrays = {name: content.array(name, (M,), kind) for name, kind in PAIRS.items()}
    for name in ("winner", "loser"):
        outside = (arrays[name] < 0) | (arrays[name] >= n + anchored)
        if outside.any():
            m = int(np.argmax(outside))
            raise ValueError(f"{name}[{m}] is {arrays[name][m]}; expected 0..{n + anchored - 1}")
    if not (arrays["weight"] >= 0).all():
        raise ValueError("weight has entries that are not >= 0")
    unit = read_number("unit", content.facts["unit"])
    return Comparisons(n_items=n, anchored=anchored, unit=unit, **arrays)
