"""The reasoning problems of the experiments: Games of 24, with base policies of chosen quality."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.optimize import brentq

from experiments.shared.estimates import mean
from experiments.shared.study import over_seeds
from tabular_pg.reasoning.episodic import unfolded
from tabular_pg.reasoning.puzzles import game_of_24

SUCCESS = {"uniform": None, "RL 9%": 0.09, "RL 60%": 0.60, "SFT 9%": 0.09}  # of the base policies


@cache
def merged(puzzles):
    """That many of the 1,362 solvable puzzles, drawn once and for all, with states merged."""
    everything = game_of_24()
    roots = np.random.default_rng(0).choice(everything.n_roots, puzzles, replace=False)
    return everything.subproblem(np.sort(roots))


@cache
def problem(puzzles, tree, base):
    """(the problem, its base policy): with merged states or as the tree of prefixes.

    ``uniform`` is what it says. An RL base is what reinforcement learning with a KL penalty to the
    uniform policy converges to; an SFT base mixes the uniform policy with its right responses: what
    imitation of some solutions converges to. Their one parameter gives the success rate wanted.
    """
    mdp = merged(puzzles)
    policy = _base(mdp, base)
    if not tree:
        return mdp, policy
    image = unfolded(mdp)
    return mdp.image(image), policy[image.edges]


def success(mdp, policy) -> float:
    """The mean success rate over the puzzles, exact."""
    return float(mdp.value(policy)[: mdp.n_roots].mean())


def _base(mdp, base):
    uniform = mdp.uniform_policy()
    if base == "uniform":
        return uniform
    if base.startswith("RL"):
        return _tuned(mdp, base, lambda x: mdp.kl_optimal(uniform, 10.0**x)[1], -2.5, 2.0)
    V = mdp.value(uniform)
    before, after = V[mdp.source], V[mdp.successor]
    right = np.where(before > 0, uniform * after / np.where(before > 0, before, 1), uniform)
    return _tuned(mdp, base, lambda w: (1 - w) * uniform + w * right, 0.0, 1.0)


def _tuned(mdp, base, policy_of, low, high):
    return policy_of(brentq(lambda x: success(mdp, policy_of(x)) - SUCCESS[base], low, high))


def tuned(run, function, jobs, grids, seeds):
    """For every job the parameter of its grid with the most success, and the success of each;
    parameter and seed are the last arguments of the function."""
    tried = [(*job, x) for job, grid in zip(jobs, grids, strict=True) for x in grid]
    found = iter(over_seeds(run, function, tried, seeds))
    means = [[mean(next(found), "success") for _ in grid] for grid in grids]
    best = [grid[int(np.argmax(each))] for grid, each in zip(grids, means, strict=True)]
    return best, means
