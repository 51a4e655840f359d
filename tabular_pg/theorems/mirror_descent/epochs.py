"""Mirror descent in the Euclidean geometry with the steps of epochs: linear, strongly polynomial.

An epoch is T phases of N steps, the steps of phase i = 0, ..., T-1 being 4^{1+i} / D with D =
max A^k / (1 - gamma) at the start of the epoch (``steps.Epochs``).
"""

from __future__ import annotations

import numpy as np

from tabular_pg.engine.step_size import LARGEST_STEP
from tabular_pg.methods.policy_mirror_descent import mirror_of
from tabular_pg.mirrors.euclidean import Euclidean
from tabular_pg.steps.epochs import Epochs, lengths
from tabular_pg.theorem import theorem
from tabular_pg.theorems.mirror_descent.geometry import RULES, until_cut, without_lookahead
from tabular_pg.verdicts.actions import suboptimal
from tabular_pg.verdicts.assumptions import from_the_start, steps_are


def euclidean(run) -> str:
    """The mirror map is Euclidean."""
    mirror = mirror_of(run.rule)
    return "" if type(mirror) is Euclidean else f"the mirror map is {mirror}; stated for Euclidean"


def epoch(run):
    """(iterations of an epoch, q), q the most by which it multiplies the error."""
    gamma, (S, A) = run.mdp.gamma, run.mdp.r.shape
    N, T = lengths(S, A, 1 - gamma)
    beta = gamma**N
    return N * T, beta**T + 4.0**-T / ((1 - 4 * beta) * (1 - gamma) ** 2)


def contracting(run) -> str:
    """q <= (1 - gamma)^2 / 3."""
    _, q = epoch(run)
    limit = (1 - run.mdp.gamma) ** 2 / 3
    return "" if q <= limit else f"q = {q:.3g} exceeds (1 - gamma)^2 / 3 = {limit:.3g}"


ASSUMED = without_lookahead, euclidean, steps_are(Epochs, "epochs"), from_the_start


def uncut(run, bound):
    """``bound`` at the recorded iterates, and nothing after a step that was cut, unless the policy
    was optimal already, of which the largest advantage is 0."""
    last = int(run.k[-1])
    optimal = run.k[np.asarray(run.sup_gap == 0, dtype=bool)].min(initial=last)
    return until_cut(run, bound, (run.all_steps < LARGEST_STEP) | (np.arange(last) >= optimal))


@theorem(
    "M11",
    "epochs: e_k <= q^j e_0, j = floor(k/(NT)), q = gamma^{NT} + 4^{-T}/((1-4 gamma^N)(1-gamma)^2)",
    rules=RULES,
    assumes=ASSUMED,
    any_step=True,
    any_actions=True,
)
def linear_by_epochs(run):
    """For ``steps.Epochs`` and the Euclidean map, an epoch of T phases of N steps multiplies the
    error e_k = max_s (V* - V^k) by at most q = gamma^{NT} + 4^{-T} / ((1 - 4 gamma^N) (1 -
    gamma)^2). Nothing is claimed after a step that was cut at 1e250. Proof: M3 with D <= 1, summed
    over the phases, and A1."""
    length, q = epoch(run)
    past = np.arange(int(run.k[-1]) + 1) // length
    return run.sup_gap, uncut(run, q**past) * run.sup_gap[0]


@theorem(
    "M12",
    "epochs: pi^k optimal for k >= NT (number of sub-optimal pairs)",
    rules=RULES,
    assumes=(*ASSUMED, contracting),
    any_step=True,
    any_actions=True,
)
def strongly_polynomial(run):
    """For ``steps.Epochs`` and the Euclidean map, if q <= (1 - gamma)^2 / 3, the q of M11, the
    policy is optimal after as many epochs as there are sub-optimal pairs of a state and an action:
    after at most S (A - 1) N T iterations, whatever the rewards are, which is strongly polynomial
    for a fixed gamma. Proof: every epoch that begins at an error e_j > 0 has some a in its first
    policy with A*(s, a) <= -(1 - gamma) e_j, and no policy after it takes this a in s."""
    length, _ = epoch(run)
    k = np.arange(int(run.k[-1]) + 1)
    done = k >= length * int(suboptimal(run).sum())
    return run.sup_gap, uncut(run, np.where(done, 0.0, np.inf))
