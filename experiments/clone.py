"""Scripts run from a clone: the package beside them is found, and what it needs is named."""

import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("numpy", "scipy", "numba", "matplotlib", "threadpoolctl", "tqdm")

if str(ROOT) not in sys.path:
    sys.path.insert(1, str(ROOT))  # after the scripts' own folder, before what is installed
missing = [name for name in NEEDED if find_spec(name) is None]
if missing:
    sys.exit(
        f"{', '.join(missing)}: not installed for {sys.executable}. "
        f"In {ROOT}: python -m pip install --editable '.[certified,gymnasium]'"
    )
