"""How odd values of every kind are pushed through every argument of a function.

Each ends in the result that its plain meaning gives, or in an error that names the argument.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from support.odd_values import DISGUISES, MEANINGLESS
from tabular_pg import MDP

ERRORS = (TypeError, ValueError, MemoryError)
P = np.array(
    [
        [[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]],
        [[0.0, 0.0, 1.0], [0.5, 0.25, 0.25]],
        [[0.25, 0.5, 0.25], [1.0, 0.0, 0.0]],
    ]
)
r = np.array([[1.0, 0.0], [0.0, 0.5], [0.25, 0.5]])
rho, mu = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
policy = np.array([[0.5, 0.5], [0.25, 0.75], [0.75, 0.25]])
MODEL = MDP(P, r, 0.75, rho=rho, mu=mu)


class Call(NamedTuple):
    """A function, arguments that it takes, and what to compare of its results."""

    function: Callable
    good: dict  # all arguments by name
    odd: tuple  # names of those to be replaced
    digest: Callable  # from a result to numbers or strings, compared with ==
    named: dict = {}  # how a message may call an argument, where not by its own name
    optional: tuple = ()  # arguments for which None means something
    fine: tuple = ()  # odd values that do mean something here

    def __call__(self, **changes):
        return self.digest(self.function(**{**self.good, **changes}))


def complaints(call):
    """What is wrong about how a call treats odd values: a list of strings."""
    expected = call()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # of np.matrix
        found = []
        for name in call.odd:
            kinds = [(kind, make, None) for kind, make in MEANINGLESS.items()]
            kinds += [("None", lambda: None, None)] * (name not in call.optional)
            for kind, disguise in DISGUISES.items():
                value = _disguised(disguise, call.good[name])
                kinds += [(kind, lambda value=value: value, expected)] * (value is not None)
            for kind, make, right in kinds:
                if kind in call.fine:
                    continue
                complaint = _complaint(call, name, make(), right)
                if complaint:
                    found.append(f"{name} = {kind}: {complaint}")
    return found


def _disguised(disguise, value):
    if isinstance(value, bool | str | dict) or value is None:
        return None  # they have no other form
    try:
        return disguise(value)
    except (TypeError, ValueError, ArithmeticError, IndexError, NotImplementedError):
        return None


def _complaint(call, name, value, right):
    try:
        result = call(**{name: value})
    except ERRORS as error:
        accepted = call.named.get(name, name)
        if re.search(rf"\b(?:{accepted})\b", str(error)):
            return ""
        return f"the message does not name it: {type(error).__name__}: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if right is None:
        return "accepted"
    return "" if _same(result, right) else f"accepted with another meaning: {result!r:.200}"


def _same(one, other) -> bool:
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(np.array_equal(one, other))


def parts(mdp):
    table = mdp.P.toarray() if mdp.sparse else mdp.P
    return [table.ravel(), mdp.r, mdp.gamma, mdp.rho, mdp.mu, mdp.actions is None]


def gaps(runs):
    return [[run.k, run.gap, run.tau] for run in (runs if isinstance(runs, list) else [runs])]
