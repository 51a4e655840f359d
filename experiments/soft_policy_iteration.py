"""Soft policy iteration: the error is squared at every step, whatever the stationary distribution
under the optimal policy is."""

import numpy as np
from common import Claim, Curve, Panel, log10, main

from tabular_pg import MDP, REGISTRY, SoftPolicyIteration, optimize
from tabular_pg.theorem import verdict

TAUS = (1.0, 0.3, 0.1, 0.03, 0.01)


def stopping_problem():
    """Two states, all rewards zero: stay in state 0 or move to the absorbing state 1.

    The soft optimum in state 0 is (1/2, 1/2), and its successors have errors (e, 0): the case in
    which the constant 1/8 of the bound is attained as gamma -> 0.
    """
    P = np.zeros((2, 2, 2))
    P[0, 0, 0] = P[0, 1, 1] = P[1, :, 1] = 1.0
    return MDP(P, np.zeros((2, 2)), 0.1, name="Stopping problem")


def panel(mdp, quick):
    start = np.ones((mdp.n_states, mdp.n_actions))
    start[::2, 0] = 3.0
    start /= start.sum(axis=1, keepdims=True)
    runs, curves = [], []
    for tau in TAUS:
        run = optimize(mdp, SoftPolicyIteration(), 40, tau=tau, policy=start)
        error = run.log_sup_gap / np.log(10)
        kept = error[1:] > -600
        proved = log10(verdict(REGISTRY["G4"], run).proved)
        parts = (part[kept] for part in (error[:-1], error[1:], proved))
        curves.append(Curve(rf"$\tau={tau:g}$", *parts))
        runs.append(run)
    labels = (r"$\|V^*_\tau-V^k_\tau\|_\infty$", r"$\|V^*_\tau-V^{k+1}_\tau\|_\infty$")
    return Panel(mdp.name, *labels, tuple(curves), x_log=True), runs


CLAIM = Claim("soft-policy-iteration", __doc__, panel, bandit=stopping_problem)

if __name__ == "__main__":
    main([CLAIM])
