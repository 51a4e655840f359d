"""Named MDPs: random ones, classical ones, ties, lower-bound chains and Gymnasium's toy texts."""

from tabular_pg.mdps.classical import (
    bandit,
    chain,
    deep_sea,
    gridworld,
    river_swim,
    two_armed_bandit,
)
from tabular_pg.mdps.gymnasium_tables import cliff_walking, from_gymnasium, frozen_lake, taxi
from tabular_pg.mdps.lower_bounds import (
    Lumped,
    binary_counter,
    gamma_chain,
    li_wei_chi_chen,
    li_wei_chi_chen_lumped,
)
from tabular_pg.mdps.random import garnet, random_dense, tied

__all__ = [
    "Lumped",
    "bandit",
    "binary_counter",
    "chain",
    "cliff_walking",
    "deep_sea",
    "from_gymnasium",
    "frozen_lake",
    "gamma_chain",
    "garnet",
    "gridworld",
    "li_wei_chi_chen",
    "li_wei_chi_chen_lumped",
    "random_dense",
    "river_swim",
    "taxi",
    "tied",
    "two_armed_bandit",
]
