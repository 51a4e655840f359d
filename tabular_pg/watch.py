"""Watching over long computations: a progress line, and Ctrl-C without losing what is there."""

from __future__ import annotations

import signal
import sys
import threading
import time

QUIET = 1.0  # seconds before the first progress line
EVERY = 0.2  # seconds between two of them


class Watch:
    """Counts iterations, and turns the first Ctrl-C into ``interrupted = True``.

    The progress line goes to a terminal's standard error, and nowhere else. A second Ctrl-C is
    raised as KeyboardInterrupt at once. Outside the main thread, and where the program has a
    handler of its own, signals are left alone.
    """

    def __init__(self, total):
        self.interrupted = False
        self._total, self._done = total, 0
        self._start = self._shown = time.monotonic()
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
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
        if self._shown > self._start and self._terminal:
            sys.stderr.write("\r\033[K")

    def _interrupt(self, number, frame):
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True

    def count(self, iterations):
        """Add ``iterations`` to those that are done."""
        with self._lock:
            self._done += iterations
            now = time.monotonic()
            if not self._terminal or now < max(self._start + QUIET, self._shown + EVERY):
                return
            self._shown = now
            left = (now - self._start) * (self._total / max(self._done, 1) - 1)
            sys.stderr.write(
                f"\r{self._done / self._total:4.0%} of {self._total:.3g} iterations, "
                f"{left:.0f} s left\033[K"
            )
            sys.stderr.flush()
