"""Which arrays of log-policies a run has given out: a run that goes on from one starts exactly."""

from __future__ import annotations

import weakref
from typing import NamedTuple

import numpy as np

from tabular_pg.engine.method import Method
from tabular_pg.mdps.mdp import MDP

_GIVEN_OUT = {}  # what is known of arrays of log-policies while they live, by their ids


def _owner(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


class GivenOut(NamedTuple):
    """Where log-policies come from: their own array is not kept alive by this record."""

    mdp: MDP
    method: Method
    tau: float
    iterates: np.ndarray | None  # where they are another array
    layout: tuple  # address, shape and strides of the log-policies


def remember(logarithms, run):
    owner = _owner(logarithms)
    iterates = None if _owner(run.iterates) is owner else run.iterates
    _GIVEN_OUT[id(owner)] = GivenOut(run.mdp, run.method, run.tau, iterates, _layout(logarithms))
    weakref.finalize(owner, _GIVEN_OUT.pop, id(owner), None)


def _layout(array):
    return array.__array_interface__["data"][0], array.shape, array.strides


def iterate_given_out(log_policy):
    """``(its GivenOut, i)`` if the array is ``run.log_policies[i]`` of some run, also of one that
    is gone, else (None, 0)."""
    given = None
    if isinstance(log_policy, np.ndarray):
        given = _GIVEN_OUT.get(id(_owner(log_policy)))
    if given is None:
        return None, 0
    first, shape, strides = given.layout
    start, own_shape, own_strides = _layout(log_policy)
    if (own_shape, own_strides) != (shape[1:], strides[1:]):
        return None, 0
    i, rest = divmod(start - first, strides[0])
    return (given, i) if rest == 0 and 0 <= i < shape[0] else (None, 0)
