"""Soft policy iteration: the error is squared at every step, whatever the stationary distribution
under the optimal policy is."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.shared.claim import Claim, main
from tabular_pg import MDP, SoftPolicyIteration, optimize, optimum
from tabular_pg.plotting import Curve, Panel, decades, log10

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
    runs, curves, constants = [], [], []
    for tau in TAUS:
        run = optimize(mdp, SoftPolicyIteration(), 40, tau=tau, policy=start)
        runs.append(run)
        error = decades(run.log_sup_gap)
        kept = error[1:] > -600
        before, after = error[:-1][kept], error[1:][kept]
        constant = log10(mdp.gamma**2 / (8 * tau * (1 - mdp.gamma)))  # of theorem G4
        label = rf"$\tau={tau:g}$"
        proved = np.minimum(log10(mdp.gamma), constant + before)
        curves.append(Curve(label, before, after, before + proved))
        level = np.full(after.size, constant)
        constants.append(Curve(label, run.k[1:][: after.size], after - 2 * before, level))
    near = optimum(mdp, 1.0).pi * (1 + 1e-3 * (-1.0) ** np.arange(mdp.n_actions))
    near /= near.sum(axis=1, keepdims=True)
    runs.append(optimize(mdp, SoftPolicyIteration(), 10, tau=1.0, policy=near))
    e, e_next = r"\|V^*_\tau-V^k_\tau\|_\infty", r"\|V^*_\tau-V^{k+1}_\tau\|_\infty"
    ratio = rf"${e_next}\,/\,{e}^2$"
    return [
        Panel(mdp.name, f"${e}$", f"${e_next}$", tuple(curves), x_log=True),
        Panel(mdp.name, "iteration $k+1$", ratio, tuple(constants)),
    ], runs


CLAIM = Claim("soft-policy-iteration", __doc__, panel, bandit=stopping_problem)

if __name__ == "__main__":
    main([CLAIM])
