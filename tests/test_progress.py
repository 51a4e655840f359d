"""Progress: nothing for short runs, a bar with estimates from the first line on for long ones, in
logs lines."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import types

import pytest

from tabular_pg import NaturalPG, _progress, instances, optimize, optimize_many

MDP = instances.garnet(5, 2, 2, 0.9)


class Stream(io.StringIO):
    """Standard error, a terminal or not."""

    def __init__(self, terminal):
        super().__init__()
        self._terminal = terminal

    def isatty(self):
        return self._terminal


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    from tqdm.std import tqdm

    time = Clock()
    monkeypatch.setattr(_progress, "time", types.SimpleNamespace(monotonic=time))
    create = tqdm.__init__

    def create_with_clock(bar, *arguments, **options):
        create(bar, *arguments, **options)
        if not bar.disable:
            bar._time, bar.start_t = time, time.now

    monkeypatch.setattr(tqdm, "__init__", create_with_clock)
    return time


def shown(monkeypatch, clock, terminal, steps, seconds):
    """What is written while ``steps`` counts of 100 take so many seconds each."""
    stream = Stream(terminal)
    monkeypatch.setattr("sys.stderr", stream)
    with _progress.Watch(100 * steps) as watched:
        for _ in range(steps):
            watched.count(100)
            clock.now += seconds
    return stream.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_short_runs_say_nothing(monkeypatch, clock, terminal):
    assert shown(monkeypatch, clock, terminal, 9, 0.1) == ""
    for run in (optimize, optimize_many):
        run(MDP, NaturalPG(1.0), 10)
    assert sys.stderr.getvalue() == ""


def test_a_terminal_sees_estimates_that_make_sense_from_the_first_line(monkeypatch, clock):
    lines = shown(monkeypatch, clock, True, 100, 0.1).split("\r")
    estimates = [re.search(r"\[(\d+):(\d+)<(\d+):(\d+)", line) for line in lines]
    seconds = [
        [int(found[i]) * 60 + int(found[i + 1]) for i in (1, 3)] for found in estimates if found
    ]
    assert len(seconds) > 20
    assert not [pair for pair in seconds if abs(sum(pair) - 10) > 2]  # both are rounded down
    assert not lines[-1].strip()  # the line is cleared


def test_a_log_has_a_line_now_and_then_and_nothing_to_draw_over(monkeypatch, clock):
    written = shown(monkeypatch, clock, False, 1000, 0.1)
    assert "\r" not in written and "\x1b" not in written
    lines = written.splitlines()
    assert written.endswith("\n") and len(lines) == 3  # after 30, 60 and 90 of 100 seconds
    for line, done in zip(lines, (30, 60, 90), strict=True):
        assert line.startswith(f"iterations:  {done}%")
        times = map(int, re.search(r"\[(\d+):(\d+)<(\d+):(\d+)", line).groups())
        assert abs(sum(unit * x for unit, x in zip((60, 1, 60, 1), times, strict=True)) - 100) <= 2


def test_a_log_of_a_short_job_is_empty(monkeypatch, clock):
    assert shown(monkeypatch, clock, False, 280, 0.1) == ""


def test_steps_in_a_log(monkeypatch, clock):
    stream = Stream(False)
    monkeypatch.setattr("sys.stderr", stream)
    for done in range(11):
        _progress.progress(done, 10, f"part {done}")
        clock.now += 10.0
    assert [line.split(":")[0] for line in stream.getvalue().splitlines()] == [
        "part 3", "part 6", "part 9",
    ]  # fmt: skip


def test_it_can_be_turned_off():
    code = """
import time
from tabular_pg import _progress
from tabular_pg._progress import Watch
_progress.EVERY_IN_A_LOG = 1.0
with Watch(30) as watched:
    for _ in range(30):
        watched.count(1)
        time.sleep(0.05)
"""
    for variables, expected in (({"TQDM_DISABLE": "1"}, False), ({}, True)):
        environment = {**os.environ, **variables}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True,
            env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert ("iterations" in done.stderr) == expected and done.stdout == ""


def test_without_a_standard_error(monkeypatch, clock):
    monkeypatch.setattr("sys.stderr", None)
    with _progress.Watch(10) as watched:
        for _ in range(10):
            watched.count(1)
            clock.now += 1.0


@pytest.mark.parametrize("error", [BrokenPipeError, OSError, ValueError])
@pytest.mark.parametrize("call", ["write", "flush", "isatty"])
def test_a_stream_that_breaks_ends_no_run(monkeypatch, clock, error, call):
    def breaks(*arguments):
        raise error

    stream = Stream(True)
    monkeypatch.setattr(stream, call, breaks)
    monkeypatch.setattr("sys.stderr", stream)
    with _progress.Watch(10) as watched:
        for _ in range(10):
            watched.count(1)
            clock.now += 1.0
    assert not watched.interrupted
