"""From an MDP and its optimum to what compiled loops are given."""

from __future__ import annotations

import numpy as np

from tabular_pg.gaps.coordinates import Logits, Offsets, Probabilities
from tabular_pg.gaps.duals import Duals
from tabular_pg.gaps.point import Problem
from tabular_pg.gaps.two_forms import NEEDED_BELOW, TwoForms
from tabular_pg.numerics.duals import LEAST

BEYOND = 1e40  # times the largest loss or value is what an action that does not exist loses:
# more than a critic with an error may say of it


def problem_of(mdp, best, coordinates, visitation, P=None) -> Problem:
    """The problem of running a method on ``mdp``, whose optimum is ``best``, in these coordinates
    (a class); P is an array or a SparseModel, that of ``mdp`` by default."""
    finite = np.isfinite(best.A)
    if coordinates is Duals:
        duals = np.where(finite, best.powers - 1.0, 0.0) / (best.regularizer.q - 1.0)
        largest = best.tau * (1.0 - float(duals.min()))
    elif coordinates is Offsets:
        least = float(best.log_pi.min(where=finite, initial=0.0))
        largest = best.tau * (1.0 - least)
    else:
        largest = float(-best.A.min(where=finite, initial=0.0))
    A_star = best.A
    if not finite.all():
        size = max(largest, float(np.abs(best.V).max())) or 1.0
        A_star = np.where(finite, A_star, -BEYOND * size)
    if coordinates is Offsets:
        record = Offsets(best.log_pi, best.pi, best.tau)
        if least < NEEDED_BELOW:
            record = TwoForms(best.log_pi, best.pi, best.tau, True)
    elif coordinates is Duals:
        known = np.where(best.pi < LEAST, 0.0, best.pi)
        record = Duals(best.log_pi, known, best.powers, best.tau, best.regularizer.q)
    elif coordinates is Logits and (P is None or isinstance(P, np.ndarray)):
        with np.errstate(divide="ignore"):
            record = Logits(A_star, np.log(-A_star))
    elif coordinates is Logits:
        record = Logits(A_star, np.empty((0, 0)))
    else:
        record = Probabilities(A_star)
    return Problem(
        mdp.P if P is None else P,
        mdp.gamma,
        mdp.mu,
        A_star,
        best.optimal,
        best.tau,
        record,
        visitation,
        int(finite.sum(axis=1).max()),
        largest,
        mdp.ends,
        mdp.unit,
    )
