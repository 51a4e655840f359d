"""What several theorems measure on a run is computed once while they are checked."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

_KNOWN = ContextVar("known", default=None)


@contextmanager
def computed_once():
    """Within it, functions that are marked by ``once`` remember what they returned."""
    token = _KNOWN.set({})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def once(function):
    """``function(run)``, computed once for a run within ``computed_once``; its arrays are
    read-only then."""

    @functools.wraps(function)
    def remembering(run):
        known = _KNOWN.get()
        if known is None:
            return function(run)
        key = function, id(run)
        if key not in known:
            known[key] = run, _read_only(function(run))  # with the run, so that its id stays its
        return known[key][1]

    return remembering


def _read_only(value):
    for x in value if isinstance(value, tuple) else (value,):
        if isinstance(x, np.ndarray) and x.flags.owndata:
            x.setflags(write=False)
    return value
