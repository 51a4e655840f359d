"""The instances that claims are drawn on."""

from __future__ import annotations

from functools import cache

from tabular_pg import MDP, instances

INSTANCES = {
    "garnet": ("garnet", {"n_states": 20, "n_actions": 4, "branching": 5, "gamma": 0.9, "seed": 0}),
    "bandit": ("two_armed_bandit", {"gap": 0.5}),
    "frozenlake8x8": ("frozen_lake", {"size": 8, "gamma": 0.99}),
    "frozenlake4x4": ("frozen_lake", {"size": 4, "gamma": 0.99}),
    "taxi": ("taxi", {"gamma": 0.9}),
    "cliffwalking": ("cliff_walking", {"gamma": 0.9}),
    "riverswim": ("river_swim", {"n_states": 6, "gamma": 0.95}),
    "gridworld": ("gridworld", {"height": 5, "width": 5, "gamma": 0.95}),
    "arms": ("bandit", {"means": [0.9, 0.5, 0.1]}),
    "chain": ("chain", {"n_states": 2, "gamma": 0.9}),
    "deepsea": ("deep_sea", {"size": 4, "gamma": 0.99}),
    "gammachain": ("gamma_chain", {"n": 15, "gamma": 0.9}),
    "li-wei-chi-chen": ("li_wei_chi_chen", {"gamma": 0.97, "horizon": 9, "copies": 1}),
}
DEFAULT = ("garnet", "bandit", "frozenlake8x8")


def expression(key) -> str:
    """The instance of that name as it is written in Python."""
    function, arguments = INSTANCES[key]
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return f"instances.{function}({given})"


@cache
def make(key) -> MDP:
    """The instance of that name."""
    function, arguments = INSTANCES[key]
    return getattr(instances, function)(**arguments)
