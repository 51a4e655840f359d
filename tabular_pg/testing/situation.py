"""What methods are tried on, and iterates evaluated by numpy alone, for slow twins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg import instances
from tabular_pg._reprs import compact
from tabular_pg.engine.method import Regularization
from tabular_pg.mdps.mdp import MDP


class Situation(NamedTuple):
    """What a twin may look at: one iterate, evaluated by numpy alone."""

    mdp: MDP
    tau: float
    pi: np.ndarray  # (S, A)
    V: np.ndarray  # (S,) V^pi_tau
    Q: np.ndarray  # (S, A) Q^pi_tau
    A: np.ndarray  # (S, A) Q - V - tau log pi; 0 for unavailable actions (and, where another
    # regularizer is in the place of the entropy, Q - tau phi'(pi) less its mean)
    d: np.ndarray  # (S,) visitation under mu
    memory: object  # what the twin returned beside the last policy; None at first

    __repr__ = compact


def situation(mdp, pi, tau=0.0, memory=None, regularizer=None) -> Situation:
    """A policy (S, A) evaluated by numpy alone; it may have zeros only for tau = 0 or where
    actions are unavailable. ``regularizer`` is that of the optimum."""
    P = mdp.P.toarray().reshape(*mdp.r.shape, -1) if mdp.sparse else mdp.P
    log_pi = np.log(np.where(pi > 0, pi, 1.0))
    dual, weight = log_pi, (pi * log_pi).sum(axis=1)
    if regularizer is not None:
        dual, weight = _regularized(regularizer, pi, log_pi)
    M = np.eye(mdp.n_states) - mdp.gamma * np.einsum("sa,sat->st", pi, P)
    V = np.linalg.solve(M, (pi * np.where(pi > 0, mdp.r, 0.0)).sum(axis=1) - tau * weight)
    Q = mdp.r + mdp.gamma * P @ V
    A = Q - tau * dual
    A -= V[:, None] if regularizer is None else (pi * A).sum(axis=1, keepdims=True)
    if mdp.actions is not None:
        A = np.where(mdp.actions, A, 0.0)
    d = mdp.unit * np.linalg.solve(M.T, mdp.mu)
    return Situation(mdp, tau, pi, V, Q, A, d, memory)


def _regularized(regularizer, pi, log_pi):
    """phi'(pi), where it is finite, and h(pi)."""
    q, constant = regularizer
    dual = np.where(pi > 0, np.expm1((q - 1) * log_pi) / (q - 1), 0.0)
    if q == 0:
        return dual, constant - log_pi.sum(axis=1)
    return dual, constant + (pi * dual).sum(axis=1) / q


TAU = 0.1


def default_taus(regularization):
    allowed = {Regularization.NONE: (0.0,), Regularization.REQUIRED: (TAU,)}
    return allowed.get(regularization, (0.0, TAU))


def default_problems():
    masked = instances.garnet(4, 3, 2, 0.7, seed=3)
    actions = np.ones((4, 3), dtype=bool)
    actions[1, 2] = False
    P = np.where(actions[:, :, None], masked.P, 0.0)
    masked = MDP(P, masked.r, masked.gamma, actions=actions, name="garnet, masked")
    garnets = [instances.garnet(5, 3, 2, 0.9, seed=1), instances.garnet(3, 2, 3, 0.5, seed=2)]
    return [*garnets, instances.bandit([0.9, 0.5, 0.1]), masked]
