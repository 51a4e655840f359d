"""Whatever ends a sweep, a finished run is neither lost nor done again, and no worker stays."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from support.sweeping import kills

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds workers there")


def alive(process):
    """Whether it runs: not gone, nor waiting to be buried."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_sweeps_that_are_killed_lose_and_repeat_nothing(tmp_path):
    rng, killed, many, ended = random.Random(0), tmp_path / "killed", 8, set()
    for way in kills.WAYS:
        said, before, after, workers = kills.interrupt(killed, many, way, rng, most=0.1)
        assert {name: after.get(name) for name in before} == before, (way, said)
        if way == "full disk":
            assert "the store cannot be written" in said or len(after) == len(before), said
        ended |= set(workers)
    assert ended
    before = kills.kept(killed)
    assert 4 <= len(before)
    for store in (killed, tmp_path / "whole"):
        said, wrong = kills.started(store, many).communicate()
        assert said == "Results(64 runs finished, 8 failed, 0 missing)\n", wrong
    after = kills.kept(killed)
    assert {name: after[name] for name in before} == before
    assert after.keys() == kills.kept(tmp_path / "whole").keys()
    for name in after:
        path = Path(name[:2]) / name
        if name.endswith(".npz"):  # a traceback has line numbers of a script
            assert (killed / path).read_bytes() == (tmp_path / "whole" / path).read_bytes()
    assert (tmp_path / "killed.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    end = time.monotonic() + 30
    while any(map(alive, ended)):
        assert time.monotonic() < end, "a worker has outlived its driver"
        time.sleep(0.1)
