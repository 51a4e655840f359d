"""Runs of one method on MDPs of one shape, as arrays with one row per run: in, and out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg.engine.around import plain_values
from tabular_pg.engine.population.loops import LanesStack, LanesWork, lanes_loop, plain_loop
from tabular_pg.gaps.coordinates import Logits, Probabilities
from tabular_pg.gaps.point import Problem, empty_point
from tabular_pg.numerics.lanes.kinds import WIDTH


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


def advanced(batch, method, rule, at):
    """``(records, ordinary)``: all runs to the last iteration of ``at``, and (n,) which of them
    are finite, and have lost no digits that ``optimize`` would find or speak of.

    ``rule`` is that of any of them.
    """
    (n, S, A), like = batch.start.shape, plain_values(rule)
    records, flat = _room(n, at.size, S, A, method.visitation)
    ordinary = np.zeros(n)
    if method.lanes and n >= WIDTH:
        full = n - n % WIDTH
        done = np.empty((full // WIDTH, 1, WIDTH))
        work = _work(S, A)
        method.around(lanes_loop)(like, _laned(batch, full), work, flat[:6], at, done)
        ordinary[:full] = done.ravel()
    if not ordinary.all():
        largest = -batch.A_star.min(axis=(1, 2))
        stack = _stacked(batch, method, float(largest.max()))
        point = empty_point(np.zeros((S, A)))
        start, fields = np.ascontiguousarray(batch.start), np.ascontiguousarray(batch.fields)
        method.around(plain_loop)(like, fields, stack, largest, point, start, flat, at, ordinary)
    return records, ordinary > 0


def _room(n, K, S, A, visitation):
    """Room for the records of n runs, and the same as arrays (n, K, entries)."""
    sizes = (S * A, S, S * A, S * A, S, 1)
    flat = tuple(np.empty((n, K, size)) for size in sizes)
    flat += (np.zeros((n, K, 1)), (np.empty if visitation else np.zeros)((n, K, S)))
    shapes = (S, A), (S,), (S, A), (S, A), (S,), (), (), (S,)
    pairs = zip(flat, shapes, strict=True)
    return Records(*(x.reshape(n, K, *shape) for x, shape in pairs)), flat


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


def _laned(batch, n) -> LanesStack:
    """The first n runs in lanes."""

    def in_lanes(x):
        chunks = x[:n].reshape(n // WIDTH, WIDTH, *x.shape[1:])
        return np.ascontiguousarray(np.moveaxis(chunks, 1, -1), dtype=float)

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
        P, gamma, mu, A_star, A_star == 0.0, 0.0, coordinates, method.visitation, A, largest
    )  # fmt: skip
