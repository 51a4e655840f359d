"""Sources of preference data with known flaws, modelled on those of Skywork-Reward.

A source draws prompts of its mixture of categories, generates responses (a stronger generator picks
better ones among the candidates), and has pairs of them labelled. How much of a systematic bias and
of symmetric flips reaches its labels are its two shares: so one bias and one flip rate describe a
whole regime.

The sizes are the paper's. Strengths and inflations were chosen so that its rules select about as
much of each source as there; noise, shares and temperatures, unknown of its data, are assumptions.

References
----------
Liu et al. (2024), Skywork-Reward: Bag of Tricks for Reward Modeling in LLMs, arXiv 2410.18451.
"""

from __future__ import annotations

from numbers import Real

import numpy as np

from tabular_pg.checks.numbers import (
    check_dict,
    check_number,
    check_type,
    shown,
)
from tabular_pg.preference.data.pairs import PreferenceData, checked_data, concatenate
from tabular_pg.preference.world.specs import Annotated, Rated, ScoredPool, Spec
from tabular_pg.preference.world.world import TASK_NAMES, World

CROWD = "Crowd"


SPECS = {
    "Magpie Pro (Llama-3.1)": ScoredPool(98_000, strength=0.5, inflation=0.02),
    "Magpie Pro (Llama-3)": ScoredPool(98_000, strength=0.3, inflation=0.0),
    "Magpie Air": ScoredPool(98_000, strength=0.0, inflation=0.0),
    "Magpie Ultra": ScoredPool(50_000, strength=0.8, inflation=0.05),
    "WildGuardMix": Annotated(
        18_548,
        (0, 0, 1, 0),
        bias_share=0.6,
        flip_share=0.6,
        temperature=0.5,
        opposed=0.5,
        flagged=True,
    ),
    "OffsetBias": Annotated(
        8_504, (0, 1, 0, 0), bias_share=0.0, flip_share=0.1, temperature=0.3, opposed=1.0
    ),
    "HelpSteer2": Rated(7_221, (0.7, 0.1, 0, 0.2)),
    CROWD: Annotated(700_000, (0.5, 0.05, 0.2, 0.25)),
}


def sources(world, scale, *, bias, flip, seed, specs=SPECS) -> dict[str, PreferenceData]:
    """The data of every source, by name.

    Every source has random numbers of its own: the others are the same without it.

    Parameters
    ----------
    world : World
    scale : float > 0
        How large the sources are; 1 are the paper's sizes.
    bias : float
        What a unit of each spurious attribute is worth, in units of reward, to who is fully biased.
    flip : float in [0, 0.5]
        The rate of flips where they reach the labels in full.
    seed : int
    specs : dict of ScoredPool, Annotated or Rated by name

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    check_type("world", world, World)
    scale = check_number("scale", scale, 0, kind=Real, open_ends=True)
    bias = check_number("bias", bias, -np.inf, kind=Real)
    flip = check_number("flip", flip, 0, 0.5, kind=Real)
    check_number("seed", seed, 0)
    check_dict("specs", specs, "sources by name")
    if not specs:
        raise ValueError("specs is empty; expected at least one source")
    for name, spec in specs.items():
        if not isinstance(spec, Spec):
            raise ValueError(f"specs[{shown(name)}] is {shown(spec)}; expected a kind of source")
    streams = np.random.default_rng(seed).spawn(len(specs))
    return {
        name: _source(world, name, i, max(1, round(scale * spec.size)), spec, bias, flip, rng)
        for i, ((name, spec), rng) in enumerate(zip(specs.items(), streams, strict=True))
    }


def pooled(by_name) -> PreferenceData:
    """All sources but the crowd's, one after the other."""
    check_dict("by_name", by_name, "data by source")
    for name, data in by_name.items():
        checked_data(f"by_name[{shown(name)}]", data)
    if not by_name.keys() - {CROWD}:
        raise ValueError(f"by_name has {len(by_name)} sources; expected one besides {CROWD!r}")
    return concatenate([data for name, data in by_name.items() if name != CROWD])


def _source(world, name, number, count, spec, bias, flip, rng):
    drawn = spec.draw(world, count, bias, flip, rng)
    nothing = np.full((count, 2), np.nan)
    drawn = {"scores": nothing, "ratings": nothing, "adversarial": np.zeros(count, bool)} | drawn
    return PreferenceData(
        pair_id=number * 2**40 + np.arange(count),
        source=np.zeros(count, dtype=np.int64),
        source_names=(name,),
        task=world.task[drawn["prompt"]],
        task_names=TASK_NAMES,
        tokens=world.tokens,
        **drawn,
    )
