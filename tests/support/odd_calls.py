"""Tables of calls: how to write one, and what is not in any."""

from __future__ import annotations

import inspect

import numpy as np

from support.odd_inputs import Call


def call(function, odd=None, digest=lambda result: np.ravel(result).tolist(), **good):
    """A call with all of its arguments odd, one at a time, unless told otherwise."""
    return Call(function, good, tuple(good) if odd is None else odd, digest)


def with_seed(function):
    """The function with a generator that is the same for every call, unless something else is."""

    def seeded(rng, **arguments):
        return function(**arguments, rng=np.random.default_rng(0) if rng is None else rng)

    return seeded


def forgotten(modules, calls, without):
    """Public functions and methods that have neither a call nor a reason to have none."""
    known = {name.split(",")[0] for name in calls} | set(" ".join(without).split())
    public = set()
    for module in modules:
        for name in getattr(module, "__all__", None) or _own(module):
            thing = getattr(module, name)
            public |= {name} if callable(thing) else set()
            if inspect.isclass(thing) and f"{name}." not in known:
                own = [key for key, part in vars(thing).items() if inspect.isfunction(part)]
                public |= {f"{name}.{key}" for key in own if not key.startswith("_")}
    return public - known


def _own(module):
    """The public names that a module without a list of them defines."""
    parts = inspect.getmembers(module, lambda part: inspect.getmodule(part) is module)
    return [name for name, _ in parts if not name.startswith("_")]
