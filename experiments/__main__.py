"""The one list of scripts, and ``python -m experiments``, which runs them one after the other.

python -m experiments figures             what `make figures` makes
python -m experiments --quick --out DIR   a quick run of every script, and claims made from it
python -m experiments NAME ...            full runs of some
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent


FULL, QUICK = (), ("--quick",)


class Script(NamedTuple):
    """A script of this folder, and its arguments in ``figures``, once for every run of it.

    Full runs of studies take minutes, and their records are kept; there, ``figures`` makes quick
    ones in a folder of their own. Tables of claims are made from the records in either folder.
    """

    path: str
    arguments: tuple[tuple[str, ...], ...] = (QUICK,)


BANDITS = "mei2020", "mei2026", "wang2026"  # in a folder of their own
LITERATURE = (
    "bhandari2021", "cen2022", "chelu2024", "chen2024", "chen2026", "johnson2023", "ju2026",
    "labbi2026", "mei2020", "mei2021", "mei2026", "mueller2024", "protopapas2024", "vaswani2022",
    "wang2026", "xiao2022",
)  # fmt: skip
SCRIPTS = {  # by the names of the files that they write into figures/
    "rates": Script("rates.py", (FULL,)),
    "certified": Script("policy_gradient/certified.py", (FULL,)),
    "tightness": Script("tightness.py"),
    "known_worst_cases": Script("known_worst_cases.py"),
    "which_method": Script("which_method.py"),
    **{
        f"literature_{paper}": Script(f"literature/{'bandits/' * (paper in BANDITS)}{paper}.py")
        for paper in LITERATURE
    },
    "dapo_exact": Script("reasoning/exact.py", (FULL, QUICK)),
    "dapo_budget": Script("reasoning/budget.py"),
    "dapo_critic": Script("reasoning/critic.py"),
    "dapo_cotraining": Script("reasoning/cotraining.py"),
    "dapo_claims": Script("reasoning/claims.py", (FULL, QUICK)),
    "reward_curation": Script("preference/curation.py"),
    "reward_losses": Script("preference/losses.py"),
    "reward_filter": Script("preference/filter.py"),
    "reward_optimization": Script("preference/optimization.py"),
    "reward_verifier": Script("preference/verifier.py"),
    "reward_identifiability": Script("preference/identifiability.py"),
    "reward_claims": Script("preference/claims.py", (FULL, QUICK)),
}


def main(arguments=None):
    """Run scripts until one fails, and exit as that one does."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments", description="Run scripts one after the other."
    )
    parser.add_argument("names", nargs="*", help=f"figures, or some of {', '.join(SCRIPTS)}")
    parser.add_argument("--quick", action="store_true", help="quick runs, of all if none is named")
    parser.add_argument("--out", help="folder for the results")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in ("figures", *SCRIPTS):
            parser.error(f"name is {name!r}; expected figures, or some of {', '.join(SCRIPTS)}")
    given = [*["--quick"] * options.quick, *(["--out", options.out] if options.out else [])]
    if options.names == ["figures"] and not given:
        plan = [(script.path, its) for script in SCRIPTS.values() for its in script.arguments]
    elif "figures" in options.names:
        parser.error("figures stands alone: scripts have their own arguments there")
    elif options.names:
        plan = [(SCRIPTS[name].path, given) for name in options.names]
    elif options.quick:
        plan = [(script.path, given) for script in SCRIPTS.values()]
    else:
        parser.error("nothing is named; expected figures, names, or --quick for all")
    for path, its in plan:
        _run([sys.executable, HERE / path, *its])


def _run(command):
    """Wait for a script, also after Ctrl-C, which it has seen, too: it saves what it has."""
    process = subprocess.Popen(command)
    code = None
    while code is None:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue
    if code != 0:
        sys.exit(code)


if __name__ == "__main__":
    main()
