"""Kernels over rows in blocks: the same results on any number of cores."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from math import fsum

import numpy as np
import pytest

from support.sparse_cases import solver_for, uniform
from tabular_pg import instances
from tabular_pg.numerics import blocks
from tabular_pg.numerics.blocks import BLOCK, by_rows, dot, sums_by_rows
from tabular_pg.numerics.systems.solver import Solver

SIZE = 3 * BLOCK + 7


@pytest.fixture
def on_cores(monkeypatch):
    """``on_cores(n)`` makes that many rows worth n threads."""

    def pretend(threads):
        monkeypatch.setattr(blocks, "LARGE", 1)
        monkeypatch.setattr(blocks, "cores", lambda: threads)

    return pretend


def part(low, high):
    return low, high, threading.current_thread().name


@pytest.mark.parametrize("size", [1, BLOCK, SIZE])
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_parts_are_all_rows_in_whole_blocks(on_cores, size, threads):
    on_cores(threads)
    parts = [(low, high) for low, high, _ in by_rows(part, size)]
    assert parts[0][0] == 0 and parts[-1][1] == size
    assert all(high == low for (_, high), (low, _) in zip(parts, parts[1:], strict=False))
    assert all(low % BLOCK == 0 or low == size for low, _ in parts)
    assert len(parts) == threads


def test_few_rows_and_other_threads_stay_alone(on_cores):
    assert len(by_rows(part, SIZE)) == 1
    on_cores(2)
    names = {name for _, _, name in by_rows(part, SIZE)}
    assert len(names) == 2
    with ThreadPoolExecutor(1, thread_name_prefix="elsewhere") as pool:
        ((_, _, name),) = pool.submit(by_rows, part, SIZE).result()
    assert name.startswith("elsewhere")


def test_an_error_in_a_part_is_raised(on_cores):
    on_cores(2)

    def fail(low, high):
        if low > 0:
            raise ArithmeticError("in the second half")

    with pytest.raises(ArithmeticError, match="second half"):
        by_rows(fail, SIZE)


def test_scalar_products():
    def kernel(a, b, sums, low, high):
        for start in range(low, high, BLOCK):
            sums[start // BLOCK, 0] = dot(a, b, start, min(start + BLOCK, high))

    a, b = np.random.default_rng(0).standard_normal((2, SIZE))
    (found,) = sums_by_rows(kernel, SIZE, 1, a, b)
    assert found == pytest.approx(fsum(a * b), rel=1e-13)


def test_solutions_do_not_depend_on_the_number_of_cores(on_cores):
    mdp = instances.gridworld(100, 120, 0.99, sparse=True)
    found = []
    for threads in (1, 2, 3):
        on_cores(threads)
        systems, x = solver_for(mdp, uniform(mdp), Solver.BICGSTAB), mdp.r.max(axis=1)
        systems.solve(x)
        found.append((systems.backward_error, systems.refinements, x))
    for error, products, x in found:
        assert (error, products) == found[0][:2] and error <= 1e-15
        assert np.array_equal(x, found[0][2])
