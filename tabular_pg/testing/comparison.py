"""How a check of a method fails: with the method, the MDP, the iteration and both numbers."""

from __future__ import annotations

import numpy as np

CLOSE = 1e-8  # how far two ways to the same policy or gap may be apart


def fail(check, run, k, found):
    raise AssertionError(
        f"{check}: {type(run.rule).__name__} on {run.mdp!r}, tau = {run.tau:g}, k = {k}: {found}"
    )


def agree(check, run, found, expected, what, atol=CLOSE):
    """Raise AssertionError at the first entry where (K, ...) arrays are apart."""
    apart = ~(np.abs(found - expected) <= atol)
    if apart.any():
        at = tuple(np.argwhere(apart)[0].tolist())
        where = ", ".join(map(str, at[1:]))
        fail(
            check, run, int(run.k[at[0]]),
            f"{what}[{where}] is {found[at]:.12g}; expected {expected[at]:.12g}",
        )  # fmt: skip
    return check
