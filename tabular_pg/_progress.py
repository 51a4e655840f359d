"""Watching over long computations: a progress bar, and Ctrl-C without losing what is there."""

from __future__ import annotations

import contextlib
import io
import math
import os
import signal
import sys
import threading
import time

QUIET = 1.0  # seconds before a bar is shown
EVERY, EVERY_IN_A_LOG = 0.2, 30.0  # seconds between two states of it, and before a log's first
SCALED = 10_000  # numbers from here on are shown as 10.0k
NOT_SHOWN = (OSError, ValueError, ImportError)  # a closed stream, say: no reason to end a run
SOON = 1e-9  # for tqdm: nothing is shown before there is something to count
_BARS = {}


class Watch:
    """Counts iterations, and turns the first Ctrl-C into ``interrupted = True``.

    A second Ctrl-C is raised as KeyboardInterrupt at once. Outside the main thread, and where the
    program has a handler of its own, signals are left alone.
    """

    def __init__(self, total):
        self.interrupted = False
        self._total, self._bar = total, None
        self._lock = threading.Lock()
        self._previous = None

    def __enter__(self):
        default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if default and threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *error):
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
        if self._bar is not None:
            self._bar.close()

    def _interrupt(self, number, frame):
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True

    def count(self, iterations):
        """Add ``iterations`` to those that are done.

        The clock starts with the first of them, so that no estimate counts what was compiled.
        """
        with self._lock:
            if self._bar is None:
                self._bar = Progress(self._total, "iterations", iterations)
            else:
                self._bar.add(iterations)


class Progress:
    """A bar of tqdm's, from the second second on: a line on a terminal, a widget in a notebook that
    has ipywidgets, else text; in a log a line every half minute.

    ``TQDM_DISABLE`` and tqdm's other variables are respected. ``done`` were there before the clock
    started.
    """

    def __init__(self, total, text, done=0):
        self.total, self.done = total, done
        self._first, self._text, self._bar = done, text, None
        self._start = time.monotonic()

    def add(self, number, text=""):
        """Count ``number`` more; ``text`` says of what, if that has changed."""
        self.done += number
        self._text = text or self._text
        try:
            self._show(number)
        except NOT_SHOWN:
            self._bar, self._start = None, math.inf

    def close(self):
        """Take the bar away."""
        with contextlib.suppress(*NOT_SHOWN):
            if self._bar is not None:
                self._bar.close()

    def _show(self, number):
        if self._bar is not None:
            self._bar.set_description(self._text, refresh=False)
            self._bar.update(number)
        elif sys.stderr is not None and time.monotonic() > self._start + QUIET:
            self._bar = self._shown()

    def _shown(self):
        tqdm, drawn = _tqdm()
        bar = tqdm(
            total=self.total, initial=self._first, desc=self._text, leave=False,
            unit_scale=self.total >= SCALED, delay=SOON, mininterval=EVERY,
            file=None if drawn else io.StringIO(), **(_width() if drawn else {}),
        )  # fmt: skip
        if bar.disable:
            return bar
        bar.start_t -= time.monotonic() - self._start  # estimates count from the start
        if not drawn:
            return _Lines(bar, self.done, self._start + EVERY_IN_A_LOG)
        bar.last_print_t = bar.start_t
        bar.update(self.done - self._first)
        return bar


class _Lines:
    """What a log is told by a bar that is not drawn: lines, for nothing can be drawn over there."""

    def __init__(self, bar, done, due):
        self._bar, self._due = bar, due
        bar.n = done

    def set_description(self, text, refresh):
        self._bar.set_description(text, refresh=refresh)

    def update(self, number):
        self._bar.n += number
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + EVERY_IN_A_LOG
            sys.stderr.write(f"{self._bar}\n")
            sys.stderr.flush()

    def close(self):
        self._bar.close()


def _tqdm():
    """The class of tqdm's for this place, and whether bars can be drawn there.

    ``tqdm.auto`` warns in notebooks without ipywidgets.
    """
    if _in_notebook():
        from tqdm import notebook

        if notebook.IProgress is not None:
            return notebook.tqdm, True
    from tqdm.std import tqdm

    return tqdm, _in_notebook() or sys.stderr.isatty()


def _in_notebook() -> bool:
    """Whether a kernel of Jupyter's runs this, whose stderr is no terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(shell, "config", ())


def _width() -> dict:
    """tqdm shows nothing on a terminal that does not know its width."""
    try:
        unknown = os.get_terminal_size(sys.stderr.fileno()).columns == 0
    except (OSError, ValueError, AttributeError):
        return {}
    return {"ncols": 80, "nrows": 24} if unknown else {"dynamic_ncols": True}


def progress(done, total, text):
    """So many of the steps are done, the next is ``text``: shown as ``Progress`` does."""
    bar = _BARS.get("bar")
    if bar is None or bar.total != total or done < bar.done:
        bar = _BARS["bar"] = Progress(total, "steps", done)
    bar.add(done - bar.done, text)
    if done == total:
        _BARS.pop("bar").close()
