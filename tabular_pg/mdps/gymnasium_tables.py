"""Gymnasium's toy-text environments as instances."""

from __future__ import annotations

import numpy as np

from tabular_pg.checks.numbers import shown
from tabular_pg.mdps.mdp import MDP
from tabular_pg.mdps.sources import from_literature

from_gymnasium = MDP.from_gymnasium


def frozen_lake(size=4, gamma=0.99) -> MDP:
    """Gymnasium's slippery FrozenLake, 4x4 or 8x8: reach the far corner, avoid the holes.

    Needs the extra ``gymnasium``; see :func:`from_gymnasium`.
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size not in (4, 8):
        raise ValueError(f"size is {shown(size)}; expected 4 or 8, the maps that Gymnasium has")
    map_name = f"{size}x{size}"
    name = f"FrozenLake {map_name}"
    return _made(["FrozenLake-v1"], gamma, name, map_name=map_name, is_slippery=True)


@from_literature("dietterich2000")
def taxi(gamma=0.99) -> MDP:
    """Gymnasium's Taxi: pick the passenger up and drop them off, on a 5x5 grid with walls.

    Needs the extra ``gymnasium``; see :func:`from_gymnasium`.

    References
    ----------
    Dietterich (2000), Hierarchical reinforcement learning with the MAXQ value function
    decomposition.
    """
    return _made(["Taxi-v4", "Taxi-v3"], gamma, "Taxi")


@from_literature("sutton2018")
def cliff_walking(gamma=0.99) -> MDP:
    """Gymnasium's CliffWalking: walk 4x12 cells along a cliff that costs 100 and a restart.

    Needs the extra ``gymnasium``; see :func:`from_gymnasium`.

    References
    ----------
    Sutton and Barto (2018), Reinforcement learning: an introduction, example 6.6.
    """
    return _made(["CliffWalking-v1", "CliffWalking-v0"], gamma, "CliffWalking")


def _made(ids, gamma, name, **options) -> MDP:
    try:
        import gymnasium
    except ImportError as error:
        raise ImportError(
            "this instance needs Gymnasium: pip install tabular_pg[gymnasium]"
        ) from error
    known = [name for name in ids if name in gymnasium.registry]  # old releases, old versions
    if not known:
        raise ImportError(f"this Gymnasium has none of {', '.join(ids)}")
    env = gymnasium.make(known[0], **options)
    mdp = from_gymnasium(env, gamma, name=name)
    env.close()
    return mdp
