"""Where an increasing function is 0."""

from __future__ import annotations

MOST_STEPS = 200  # more than halving a bracket of floats to the last bit takes


def increasing_root(function, compiled):
    """``root(low, high, arguments)``: where ``function(t, arguments)``, which increases from a
    value <= 0 to one >= 0, is 0. ``compiled`` makes functions parts of compiled code.

    By secants (Illinois), and every third time by halving.
    """

    def root(low, high, arguments):
        below, above = function(low, arguments), function(high, arguments)
        if below >= 0.0:
            return low
        if above <= 0.0:
            return high
        side = 0
        for step in range(MOST_STEPS):
            t = 0.5 * (low + high)
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
