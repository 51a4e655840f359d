"""What independent results say together."""

from __future__ import annotations

import numpy as np
from scipy import stats


def interval(values):
    """(mean, half-width of its 95% interval) of independent results, by Student's t."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return float(np.mean(values)), float(half)
