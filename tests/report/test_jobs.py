"""Runs that resume: what is kept, what is done again, and that no worker stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tabular_pg.report import jobs
from tabular_pg.sweeps.store import unpacked

ROOT = Path(__file__).resolve().parents[2]


def noted(folder, number):
    """A job that leaves a trace of every time it is run."""
    with open(Path(folder) / "calls", "a") as calls:
        calls.write(f"{number}\n")
    if number < 0:
        raise RuntimeError("a job failed")
    return number**2


def calls(folder):
    return sorted(int(line) for line in (folder / "calls").read_text().split())


def test_a_failed_run_goes_on_where_it_was(tmp_path):
    partial = tmp_path / "partial"
    with pytest.raises(RuntimeError, match="a job failed"), jobs.resumed(partial) as run:
        assert run(noted, [(str(tmp_path), n) for n in (2, 3, 2)]) == [4, 9, 4]
        run(noted, [(str(tmp_path), -1)])
    assert calls(tmp_path) == [-1, 2, 3] and partial.exists()
    with jobs.resumed(partial) as run:
        assert run(noted, [(str(tmp_path), n) for n in (2, 3, 4)]) == [4, 9, 16]
    assert calls(tmp_path) == [-1, 2, 3, 4] and not partial.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["calls"]


def kept(partial):
    """The results that are there."""
    files = (path.read_bytes() for path in partial.glob("??/*.npz"))
    return sorted(unpacked(content)[0]["result"] for content in files)


def test_what_is_damaged_is_done_again(tmp_path):
    partial = tmp_path / "partial"
    for content in (b"garbage{", b"", b"[]"):
        with pytest.raises(RuntimeError, match="stop here"), jobs.resumed(partial) as run:
            assert run(noted, [(str(tmp_path), 5)]) == [25]
            raise RuntimeError("stop here")
        assert kept(partial) == [25]
        (path,) = partial.glob("??/*.npz")
        path.write_bytes(content)
    assert calls(tmp_path) == [5, 5, 5]


def test_what_is_something_else_is_left_alone(tmp_path):
    partial = tmp_path / "partial"
    partial.write_text("my notes")
    with pytest.raises(ValueError, match="which holds something else"), jobs.resumed(partial):
        pytest.fail("it has started")
    assert partial.read_text() == "my notes"


def test_an_interruption_keeps_what_was_done(tmp_path):
    partial = tmp_path / "partial"
    with pytest.raises(SystemExit, match="the next call goes on"), jobs.resumed(partial) as run:
        run(noted, [(str(tmp_path), 3)])
        raise KeyboardInterrupt
    assert kept(partial) == [9]


def test_results_may_be_numbers_of_numpy(tmp_path):
    partial = tmp_path / "partial"
    with pytest.raises(RuntimeError, match="stop here"), jobs.resumed(partial) as run:
        (first,) = run(counted, [(3,)])
        raise RuntimeError("stop here")
    assert first == {"n": 3, "squares": [0.0, 1.0, 4.0], "pair": [True, None]}
    with jobs.resumed(partial) as run:
        assert run(counted, [(3,)]) == [first]


def counted(n):
    return {"n": np.int64(n), "squares": np.arange(n) ** 2.0, "pair": (np.True_, None)}


LONG = """
import os, sys, time
sys.path.insert(0, {root!r})
from tabular_pg.report import jobs

def work(n):
    open(os.path.join({folder!r}, f"{{n}} {{os.getpid()}}"), "w").close()
    time.sleep(600.0 if n > 5 else 0.0)
    return n

if __name__ == "__main__":
    with jobs.resumed({partial!r}) as run:
        run(work, [(n,) for n in range(20)])
"""


def started(folder):
    """Names of jobs that have started, and the processes that work on them."""
    pairs = [name.split() for name in os.listdir(folder)]
    return {int(n) for n, _ in pairs}, {int(process) for _, process in pairs}


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def waited_for(condition, seconds=60.0):
    """Whether it comes true; the limit is only there so that a failure ends."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def as_in_a_terminal():
    """Signals act, also where the tests run in the background or under nohup."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_a_run_keeps_its_results_and_leaves_no_worker(tmp_path, number):
    folder, partial, script = tmp_path / "jobs", tmp_path / "partial", tmp_path / "long.py"
    folder.mkdir()
    script.write_text(LONG.format(root=str(ROOT), folder=str(folder), partial=str(partial)))
    run = subprocess.Popen(
        [sys.executable, script], stderr=subprocess.PIPE, text=True,
        preexec_fn=as_in_a_terminal,
    )  # fmt: skip
    try:
        assert waited_for(lambda: max(started(folder)[0], default=0) > 5)
        assert waited_for(lambda: len(kept(partial)) == 6)
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
    finally:
        run.kill()
    workers = started(folder)[1]
    assert waited_for(lambda: not any(map(alive, workers)))
    assert kept(partial) == list(range(6))
    assert ("the next call goes on from here" in said) == (number is signal.SIGINT)


def test_results_are_stale_when_their_code_has_changed(tmp_path):
    code, partial = tmp_path / "mine.py", tmp_path / "partial"
    code.write_text("A = 1")
    with pytest.raises(RuntimeError, match="stop here"), jobs.resumed(partial, [code]) as run:
        assert run(noted, [(str(tmp_path), 6)]) == [36]
        raise RuntimeError("stop here")
    for text, times in (("A = 1", 1), ("A = 2", 2)):
        code.write_text(text)
        with pytest.raises(RuntimeError, match="stop here"), jobs.resumed(partial, [code]) as run:
            run(noted, [(str(tmp_path), 6)])
            raise RuntimeError("stop here")
        assert calls(tmp_path) == [6] * times


@pytest.mark.parametrize(
    ("sources", "error", "message"),
    [
        (["nowhere.py"], FileNotFoundError, r"sources\[0\] is 'nowhere.py', which is not there"),
        ("mine.py", ValueError, "sources is 'mine.py'; expected a sequence of files and folders"),
        ([3], TypeError, r"sources\[0\] is 3; expected the name of a file or folder"),
    ],
)
def test_code_that_is_not_there_is_refused(tmp_path, sources, error, message):
    with pytest.raises(error, match=message), jobs.resumed(tmp_path / "partial", sources):
        pytest.fail("it has started")
    assert not list(tmp_path.iterdir())
