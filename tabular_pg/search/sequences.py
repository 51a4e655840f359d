"""How a sharpest constant changes with the number of states, gamma or the length of a run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from tabular_pg.checks.numbers import checked_list
from tabular_pg.search.sharpest import SharpestConstant, hint, sharpest_constant

FOLLOWED = "n_states", "gamma", "iterations"  # what may be a sequence
SPREAD = 2e-3  # relative, of the constants that a law leaves; searches are that far from the worst
HALVES = [power / 2 for power in range(-4, 5)]
FORMS = {  # bases of a law and their powers
    "n_states": {"S": HALVES},
    "gamma": {"gamma": HALVES, "(1-gamma)": HALVES, "(1+sqrt(1-gamma))": [-2.0, -1.0, 0.0]},
    "iterations": {"k": HALVES},
}
BASES = {
    "gamma": lambda x: x,
    "(1-gamma)": lambda x: 1.0 - x,
    "(1+sqrt(1-gamma))": lambda x: 1.0 + np.sqrt(1.0 - x),
}


@dataclass(frozen=True, eq=False)
class ConstantSequence:
    """Sharpest constants along a sequence.

    Attributes
    ----------
    over : str, what changes: "n_states", "gamma" or "iterations".
    values : tuple, of it.
    constants : tuple of SharpestConstant
    hint : str
        A simple law that all of them follow, such as "1/4 (1-gamma)^1", or a number that they
        approach, or ''; a hint, not a claim.
    """

    over: str
    values: tuple
    constants: tuple[SharpestConstant, ...]
    hint: str

    def __repr__(self):
        found = ", ".join(
            f"{value}: {one.constant:.8g}"
            for value, one in zip(self.values, self.constants, strict=True)
        )
        end = f"; perhaps {self.hint}" if self.hint else ""
        return f"ConstantSequence({self.constants[0].theorem.id} over {self.over}: {found}{end})"


def constant_sequence(theorem, rule, **search) -> ConstantSequence:
    """The sharpest constants along a sequence of numbers of states, gammas or lengths of runs.

    Parameters
    ----------
    theorem, rule : as for :func:`sharpest_constant`
    **search : what :func:`sharpest_constant` takes; exactly one of ``n_states``, ``gamma`` and
        ``iterations`` is a sequence of at least two values.

    Returns
    -------
    ConstantSequence

    Raises
    ------
    TypeError, ValueError
        If not exactly one of them is a sequence; and as ``sharpest_constant``.
    """
    several = [name for name in FOLLOWED if np.ndim(search.get(name, 0)) > 0]
    if len(several) != 1:
        raise ValueError(
            f"{' and '.join(several) or 'none of n_states, gamma, iterations'} is a sequence; "
            "expected exactly one"
        )
    (over,) = several
    values = tuple(checked_list(over, search[over], "at least two values"))
    if len(values) < 2:
        raise ValueError(f"{over} has {len(values)} values; expected at least two")
    constants = tuple(
        sharpest_constant(theorem, rule, **(search | {over: value})) for value in values
    )
    return ConstantSequence(over, values, constants, law(over, values, constants))


def law(over, values, constants) -> str:
    """The simplest law that the constants follow, or the number that they approach; or ''."""
    x = np.array(values, dtype=float)
    y = np.array([one.constant for one in constants], dtype=float)
    if not ((y > 0).all() and np.isfinite(y).all()):
        return ""
    forms, found = FORMS[over], []
    known = x > 0
    if known.sum() >= 3:
        for powers in product(*forms.values()):
            shape = np.ones(known.sum())
            for base, power in zip(forms, powers, strict=True):
                shape = shape * BASES.get(base, lambda x: x)(x[known]) ** power
            left = y[known] / shape
            if left.max() / left.min() - 1.0 < SPREAD:
                found.append((sum(map(abs, powers)), powers, float(left.max())))
    if found:
        _, powers, constant = min(found)
        factors = [f"{base}^{power:g}" for base, power in zip(forms, powers, strict=True) if power]
        return " ".join([hint(constant, tolerance=SPREAD) or f"{constant:.4g}", *factors])
    return hint(y[-1], tolerance=SPREAD / 10)
