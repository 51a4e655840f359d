"""What users call states and actions."""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import shown


class Labels(NamedTuple):
    """The names of states and of actions, any hashable objects; None where there are none."""

    states: tuple | None = None
    actions: tuple | None = None

    __repr__ = compact

    def of(self, s, a=None) -> str:
        """How messages call a state or a pair, in brackets; '' if there are no names."""
        names = [] if self.states is None else [f"state {shown(self.states[s])}"]
        if a is not None and self.actions is not None:
            names.append(f"action {shown(self.actions[a])}")
        return f" ({', '.join(names)})" if names else ""


def checked_labels(labels, shape) -> Labels | None:
    """A pair of sequences of S and A different hashable objects, or None for either.

    Raises
    ------
    ValueError
        Names the label that is missing, repeated or not hashable.
    """
    if labels is None:
        return None
    if not isinstance(labels, tuple | list) or len(labels) != 2:
        raise ValueError(
            f"labels is {shown(labels)}; expected a pair (of states, of actions), of which "
            "either may be None"
        )
    pairs = zip(("states", "actions"), labels, shape, strict=True)
    found = Labels(*(_names(f"labels of {kind}", names, size) for kind, names, size in pairs))
    return None if found == (None, None) else found


def _names(name, values, size):
    if values is None:
        return None
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise ValueError(f"{name} are {shown(values)}; expected {size} hashable objects")
    values, seen = tuple(values), {}
    if len(values) != size:
        raise ValueError(f"{name} are {len(values)}; expected {size}")
    for i, value in enumerate(values):
        try:
            before = seen.setdefault(value, i)
        except TypeError:
            raise ValueError(f"{name}: number {i} is {shown(value)}, not hashable") from None
        if before != i:
            raise ValueError(f"{name}: numbers {before} and {i} are both {shown(value)}")
    return values
