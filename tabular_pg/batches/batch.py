"""Runs of one method on MDPs of one shape, as arrays with one row per run: in, and out."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

from tabular_pg.batches.loops import LanesStack, LanesWork, lanes_loop, plain_loop
from tabular_pg.gaps.coordinates import Logits, Probabilities
from tabular_pg.gaps.point import Problem, empty_point
from tabular_pg.numerics.lanes.kinds import WIDTH

COMPILED = not numba.config.DISABLE_JIT  # without a compiler there are no lanes
FEWEST = 4  # runs for which it pays to fill the lanes


class Batch(NamedTuple):
    """What n runs start from, for tau = 0."""

    P: np.ndarray  # (n, S, A, S)
    gamma: float
    mu: np.ndarray  # (n, S)
    A_star: np.ndarray  # (n, S, A)
    start: np.ndarray  # (n, S, A), in the coordinates of the method
    fields: np.ndarray  # (n, m), their hyper-parameters


class Records(NamedTuple):
    """What n runs leave, of every iteration that is recorded; see ``Run``."""

    iterates: np.ndarray  # (n, K, S, A)
    scaled_gap: np.ndarray  # (n, K, S)
    A: np.ndarray  # (n, K, S, A)
    least_policy: np.ndarray  # (n, K, S, A)
    least_optimal_mass: np.ndarray  # (n, K, S)
    gap_sum: np.ndarray  # (n, K)
    log_scale: np.ndarray  # (n, K)
    d: np.ndarray  # (n, K, S)


def advanced(batch, method, like, at, kept=Records._fields):
    """``(records, ordinary)``: all runs to the last iteration of ``at``, and (n,) which of them
    are finite, and have lost no digits that ``optimize`` would find or speak of.

    ``like`` are the hyper-parameters of one of them, as compiled code takes them; ``kept`` are the
    records that are wanted: the others are empty.
    """
    n, S, A = batch.start.shape
    chunks = (n + WIDTH - 1) // WIDTH if method.lanes and n >= FEWEST else 0
    records = _room(max(n, WIDTH * chunks), at.size, S, A, method.visitation, kept)
    flat = tuple(x.reshape(*x.shape[:2], math.prod(x.shape[2:])) for x in records)
    ordinary = np.zeros(n)
    if chunks:
        done, work = np.empty((chunks, 1, WIDTH)), _work(S, A)
        method.around(lanes_loop)(like, _laned(batch, chunks), work, flat[:6], at, done)
        ordinary[:] = done.ravel()[:n]
        records = Records(*(values[:n] for values in records))
    if not ordinary.all():
        largest = -batch.A_star.min(axis=(1, 2))
        stack = _stacked(batch, method, float(largest.max()))
        point = empty_point(np.zeros((S, A)))
        start, fields = np.ascontiguousarray(batch.start), np.ascontiguousarray(batch.fields)
        method.around(plain_loop)(like, fields, stack, largest, point, start, flat, at, ordinary)
    return records, ordinary > 0


def _room(n, K, S, A, visitation, kept) -> Records:
    """Room for the records of n runs."""
    shapes = (S, A), (S,), (S, A), (S, A), (S,), (), (), (S,)
    rooms = {}
    for name, shape in zip(Records._fields, shapes, strict=True):
        constant = name == "log_scale" or (name == "d" and not visitation)
        rooms[name] = (np.zeros if constant else np.empty)((n if name in kept else 0, K, *shape))
    return Records(**rooms)


def _work(S, A) -> LanesWork:
    """Room for WIDTH runs."""
    shapes = [
        (S, A), (S, A), (S,), (S, A), (S, A), (S,), (S, A), (S,), (S, S), (S,), (S,), (S,), (1,),
        (1,),
    ]  # fmt: skip
    arrays = [np.zeros((*shape, WIDTH)) for shape in shapes]
    x, _, e, _, A, _, least_policy, least_mass, *_, gap_sum = arrays
    recorded = x, e, A, least_policy, least_mass, gap_sum
    return LanesWork(*arrays, tuple(values.reshape(-1, WIDTH) for values in recorded))


def _laned(batch, chunks) -> LanesStack:
    """The runs in lanes, with the first ones once more where there are too few of them."""
    more = chunks * WIDTH - len(batch.start)

    def in_lanes(x):
        x = np.concatenate([x, x[:more]]) if more else x
        x = x.reshape(chunks, WIDTH, *x.shape[1:])
        return np.ascontiguousarray(np.moveaxis(x, 1, -1), dtype=float)

    P, gamma, mu, A_star, start, fields = batch
    largest = -A_star.min(axis=(1, 2))[:, None]
    return LanesStack(
        in_lanes(P), gamma, in_lanes(mu), in_lanes(A_star), in_lanes(A_star == 0.0), False,
        A_star.shape[2], in_lanes(largest), in_lanes(start), in_lanes(fields),
    )  # fmt: skip


def _stacked(batch, method, largest) -> Problem:
    """The problem that has the states of all runs, one after the other."""
    P, gamma, mu, A_star = batch[:4]
    S, A = A_star.shape[1:]
    A_star = np.ascontiguousarray(A_star).reshape(-1, A)
    if method.coordinates(0.0) is Logits:
        with np.errstate(divide="ignore"):
            coordinates = Logits(A_star, np.log(-A_star))
    else:
        coordinates = Probabilities(A_star)
    P, mu = np.ascontiguousarray(P).reshape(-1, A, S), np.ascontiguousarray(mu).reshape(-1)
    return Problem(
        P, gamma, mu, A_star, A_star == 0.0, 0.0, coordinates, method.visitation, A, largest, None,
        1.0 - gamma,
    )  # fmt: skip
