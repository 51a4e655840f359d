"""Where floats end: a normal one is at least 2.2e-308; what is less has lost digits, or is 0."""

import numpy as np

UNDERFLOW = 1e-300
"""A number below may have lost digits: it was a product, or a root, of what is hardly normal. It is
no divisor, and no difference to act on, because such ones may be gained for ever."""

RESOLVED = 1e-290
"""A number from here on is known relative to its size also where it is a sum: rounding moves its
terms by 1e-16 of them, which is a normal number still, as is what that does to their products."""


def shown_gap(gap, log_gap) -> str:
    """A gap in three digits, by its logarithm where it is below the range of floats."""
    below = gap == 0 and log_gap > -np.inf
    return f"10^{log_gap / np.log(10):.6g}" if below else f"{gap:.3g}"
