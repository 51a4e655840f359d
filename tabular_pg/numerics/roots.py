"""Where an increasing function is 0."""

from __future__ import annotations

import math

MOST_STEPS = 200  # more than halving a bracket of floats to the last bit takes
WIDE = 1024.0  # a ratio of the ends of a bracket from which exponents are halved
LEAST = 1e-300  # the root nearest to 0 that is looked for


def increasing_root(function, compiled):
    """``root(low, high, arguments)``: where ``function(t, arguments)``, which increases from a
    value <= 0 to one >= 0, is 0. ``compiled`` makes functions parts of compiled code.

    By secants (Illinois), and every third time by halving: of exponents while the ends have one
    sign and are orders of magnitude apart, or one of them is 0.
    """

    @compiled
    def middle(low, high):
        near, far = (low, high) if low >= 0.0 else (-high, -low)
        if near < 0.0 or far <= WIDE * max(near, LEAST):
            return 0.5 * (low + high)
        t = math.sqrt(max(near, LEAST)) * math.sqrt(far)
        return t if low >= 0.0 else -t

    def root(low, high, arguments):
        below, above = function(low, arguments), function(high, arguments)
        if below >= 0.0:
            return low
        if above <= 0.0:
            return high
        side = 0
        for step in range(MOST_STEPS):
            t = middle(low, high)
            if step % 3 < 2:
                secant = high - above * ((high - low) / (above - below))
                t = secant if low < secant < high else t
            if not low < t < high:
                break
            found = function(t, arguments)
            if found > 0.0:
                high, above, below = t, found, 0.5 * below if side > 0 else below
                side = 1
            elif found < 0.0:
                low, below, above = t, found, 0.5 * above if side < 0 else above
                side = -1
            else:
                return t
        return high

    return compiled(root)
