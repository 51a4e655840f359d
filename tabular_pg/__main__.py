"""``python -m tabular_pg``: the command line of ``cli``."""

from tabular_pg.cli import main

if __name__ == "__main__":
    main()
