"""What a user of sweeps has in a module: a model, one that fails, one that ends its process."""

from __future__ import annotations

import os
from pathlib import Path

from tabular_pg import MDP, instances


def ring(n_states, seed=0):
    """A Garnet, and a print that must not get in the way."""
    print("a ring is built")
    return instances.garnet(n_states, 2, 2, 0.9, seed)


def broken(seed):
    """Odd seeds fail."""
    if seed % 2:
        raise ZeroDivisionError(f"seed {seed} is odd")
    return instances.two_armed_bandit(gap=0.5)


def until_there_is(file):
    """Fails until the file is there."""
    if not Path(file).exists():
        raise LookupError("not yet")
    return instances.two_armed_bandit(gap=0.5)


def deadly(seed):
    """A process that is killed, as where memory is short."""
    if seed == 1:
        os._exit(9)
    return instances.two_armed_bandit(gap=0.5)


def no_model():
    """Forgets what it was to return."""
    return MDP
