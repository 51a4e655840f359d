"""Without python-flint or Gymnasium all else works, and what needs them says how to get them."""

from __future__ import annotations

import subprocess
import sys

import pytest

WORKS = """
from tabular_pg import NaturalPG, check, instances, optimize
run = optimize(instances.bandit([0.9, 0.5, 0.1]), NaturalPG(1.0), 3)
assert any(v.holds for v in check(run))
"""


def printed_without(module, code):
    """What ``code`` prints in a fresh interpreter in which ``module`` cannot be imported."""
    blocked = f"import sys; sys.modules[{module!r}] = None\n{code}"
    command = [sys.executable, "-W", "error", "-c", blocked]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def message_of(statement):
    return f"try:\n    {statement}\nexcept ImportError as error:\n    print(error)\n"


@pytest.mark.parametrize("name", ["certified", "certified.check", "certified.rational"])
def test_without_flint(name):
    shown = printed_without("flint", WORKS + message_of(f"import tabular_pg.{name}"))
    assert "python-flint" in shown and "pip install 'tabular_pg[certified]'" in shown


def test_nothing_but_the_extra_imports_flint():
    assert printed_without("nothing", WORKS + "print('flint' in sys.modules)") == "False"


def test_without_gymnasium():
    shown = printed_without("gymnasium", WORKS + message_of("instances.frozen_lake()"))
    assert "Gymnasium" in shown and "tabular_pg[gymnasium]" in shown
