"""Scripts of this folder find the packages of their checkout first."""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[3]))

import experiments.clone  # noqa: E402, F401  (says what is missing)
