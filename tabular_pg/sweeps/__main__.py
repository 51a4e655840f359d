"""``python -m tabular_pg.sweeps study.py store``: the command ``tabular-pg sweep``."""

import sys

from tabular_pg.cli import main

if __name__ == "__main__":
    main(["sweep", *sys.argv[1:]])
