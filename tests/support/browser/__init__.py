"""Pages in headless Chromium, where there is one: Debian's package ``chromium``, say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

NAMES = "chromium", "chromium-browser", "google-chrome"
PATIENCE = 10_000  # milliseconds of the page's own time


def chromium():
    """The program, or a skipped test that says what is missing."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("needs chromium, or its path in CHROMIUM")
    return found


def shown(page, folder, *options, size=(1200, 900)):
    """What the page is once its scripts have run, and what it has said on the console."""
    command = [
        chromium(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}",
        "--no-zygote", "--single-process",  # where a sandbox forbids what processes need
        "--enable-logging=stderr", "--v=0", f"--virtual-time-budget={PATIENCE}",
        f"--window-size={size[0]},{size[1]}", *options, page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, re.findall(r"CONSOLE[^\]]*\] (.*)", done.stderr)
