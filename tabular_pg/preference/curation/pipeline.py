"""Rules one after the other, with a data card that says what each of them dropped.

References
----------
Liu et al. (2024), Skywork-Reward: Bag of Tricks for Reward Modeling in LLMs, arXiv 2410.18451.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_flag, check_type, checked_list, shown
from tabular_pg.preference.curation.agreement_rule import agreement_filter
from tabular_pg.preference.curation.decontamination import decontaminate
from tabular_pg.preference.curation.rules import (
    Curated,
    Record,
    adversarial_only,
    rating_filter,
    top_fraction,
)
from tabular_pg.preference.data.pairs import PreferenceData, checked_data
from tabular_pg.preference.data.tokens import Tokens
from tabular_pg.preference.fitting.result import Fit

MAGPIE = (
    "Magpie Pro (Llama-3.1)",
    "Magpie Pro (Llama-3)",
    "Magpie Air",
    "Magpie Ultra",
)
OFFSETS = {"Magpie Air": 0.1, "Magpie Pro (Llama-3)": 0.05}
MATH_AND_CODE, OTHERS = 0.3, 0.1  # what is kept of the tasks


@dataclass(frozen=True, eq=False)
class Curation:
    """What a pipeline did; ``str`` of it is a data card.

    Attributes
    ----------
    data : what is left.
    records : of every step, in order.
    """

    data: PreferenceData
    records: tuple[Record, ...]

    __repr__ = compact

    def __str__(self):
        """Counts per source before and after every step, shares, and reasons."""
        start = self.records[0].before if self.records else self.data.counts
        stages = [start, *(record.after for record in self.records)]
        width = max(len(name) for name in (*start, "source"))
        heads = ["before", *(f"({i})" for i, _ in enumerate(self.records, 1)), "share"]
        lines = [f"{'source':{width}}" + "".join(f"{head:>9}" for head in heads)]
        total = len(self.data)
        for name in [*start, "all"]:
            counts = [sum(s.values()) if name == "all" else s[name] for s in stages]
            share = counts[-1] / total if total else 0.0
            row = "".join(f"{count:9,}" for count in counts)
            lines.append(f"{name:{width}}{row}{share:9.1%}")
        lines += [
            f"({i}) {record.rule}: {record.dropped.size:,} dropped, {record.reason}"
            for i, record in enumerate(self.records, 1)
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Pipeline:
    """Steps that are run one after the other.

    Parameters
    ----------
    steps : tuple of callables
        From a data set to ``Curated``: the rules, with all other arguments bound.
    """

    steps: tuple[Callable[[PreferenceData], Curated], ...]

    def __post_init__(self):
        steps = checked_list("steps", self.steps, "functions of data", Callable)
        object.__setattr__(self, "steps", tuple(steps))

    def run(self, data) -> Curation:
        """Apply all steps to a data set."""
        checked_data("data", data)
        records = []
        for i, step in enumerate(self.steps):
            found = step(data)
            check_type(f"what steps[{i}] returned", found, Curated)
            data, record = found
            records.append(record)
        return Curation(data, tuple(records))


def skywork_rules(*, rewards=None, benchmark=None, adversarial=True, of=None) -> Pipeline:
    """The rules by which the paper makes 80 thousand pairs of 378 thousand.

    Of Magpie the best 30 % of math and of code and 10 % of the rest, by mean score less an offset;
    of HelpSteer2 what is rated higher; of WildGuardMix what is adversarial and agrees with a reward
    fitted to all the rest.

    Parameters
    ----------
    rewards : Fit, or a callable from PreferenceData to a Fit, optional
        See :func:`agreement_filter`; by default there is no such step.
    benchmark : Tokens, optional
        Pairs whose prompts overlap with it are dropped at the end; by default none are.
    adversarial : bool
        Whether of WildGuardMix only what is adversarial is kept.
    of : PreferenceData, optional
        What the fractions are of, see :func:`top_fraction`; given, the pipeline is idempotent,
        but for a callable with a benchmark, whose second fit is to what is left by the last step.
    """
    if rewards is not None and not isinstance(rewards, Fit) and not callable(rewards):
        kind = type(rewards).__name__ if not isinstance(rewards, str) else shown(rewards)
        raise ValueError(f"rewards is {kind}; expected a Fit, or a function of data to one")
    if benchmark is not None:
        check_type("benchmark", benchmark, Tokens)
    if of is not None:
        checked_data("of", of)
    check_flag("adversarial", adversarial)
    fractions = {"math": MATH_AND_CODE, "coding": MATH_AND_CODE}
    best = partial(top_fraction, fractions=fractions, sources=MAGPIE, offsets=OFFSETS)
    steps = [
        partial(best, default=OTHERS, of=of),
        partial(rating_filter, sources=("HelpSteer2",)),
    ]
    if adversarial:
        steps.append(partial(adversarial_only, sources=("WildGuardMix",)))
    if rewards is not None:
        steps.append(partial(agreement_filter, rewards=rewards, sources=("WildGuardMix",)))
    if benchmark is not None:
        steps.append(partial(decontaminate, benchmark=benchmark))
    return Pipeline(tuple(steps))
