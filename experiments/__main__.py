"""The one list of scripts, and ``python -m experiments``, which runs them.

python -m experiments figures             what `make figures` makes
python -m experiments --quick --out DIR   a quick run of every script, and claims made from it
python -m experiments NAME ...            full runs of some
python -m experiments literature          the same of all whose names begin so
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
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
    after_all: bool = False  # it waits until all before it have ended


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
    "dapo_claims": Script("reasoning/claims.py", (FULL, QUICK), after_all=True),
    "reward_curation": Script("preference/curation.py"),
    "reward_losses": Script("preference/losses.py"),
    "reward_filter": Script("preference/filter.py"),
    "reward_optimization": Script("preference/optimization.py"),
    "reward_verifier": Script("preference/verifier.py"),
    "reward_identifiability": Script("preference/identifiability.py"),
    "reward_claims": Script("preference/claims.py", (FULL, QUICK), after_all=True),
}


def main(arguments=None):
    """Run scripts until one fails, and exit as that one does."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description="Run scripts.")
    add, known = parser.add_argument, f"figures, or some of {', '.join(SCRIPTS)}"
    add("names", nargs="*", help=f"{known}, or what their names begin with before a _")
    add("--quick", action="store_true", help="quick runs, of all if none is named")
    add("--out", help="folder for the results")
    add("--jobs", type=int, default=1, metavar="N",
        help="scripts at a time; of more than 1 each says what it says when it ends")  # fmt: skip
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}; expected a number >= 1")
    given = [*["--quick"] * options.quick, *(["--out", options.out] if options.out else [])]
    if options.names == ["figures"] and not given:
        plan = [(script, its) for script in SCRIPTS.values() for its in script.arguments]
    elif "figures" in options.names:
        parser.error("figures stands alone: scripts have their own arguments there")
    elif options.names:
        chosen = {name: _called(name) for name in options.names}
        for name, scripts in chosen.items():
            if not scripts:
                parser.error(f"name is {name!r}; expected {known}")
        once = dict.fromkeys(script for scripts in chosen.values() for script in scripts)
        plan = [(script, given) for script in once]
    elif options.quick:
        plan = [(script, given) for script in SCRIPTS.values()]
    else:
        parser.error("nothing is named; expected figures, names, or --quick for all")
    sys.exit(_run(plan, options.jobs))


def _called(name):
    """The scripts of that name, or whose names begin so."""
    return [script for key, script in SCRIPTS.items() if name in (key, key.partition("_")[0])]


def _run(plan, jobs) -> int:
    """Run scripts until one fails, ``jobs`` at a time, and wait for those that run, also after
    Ctrl-C, which they have seen, too: they save what they have."""
    waiting, running, code = list(plan), [], 0
    while running or (waiting and not code):
        try:
            while waiting and not code and len(running) < (1 if waiting[0][0].after_all else jobs):
                running.append(_Job(*waiting.pop(0), aloud=jobs == 1))
            time.sleep(0.05)
            for job in [job for job in running if job.process.poll() is not None]:
                ended = job.end()
                running.remove(job)
                code = code or ended
        except KeyboardInterrupt:
            continue
    return code


class _Job:
    """A script that runs."""

    def __init__(self, script, arguments, aloud):
        self.said = None if aloud else tempfile.TemporaryFile()  # noqa: SIM115
        command = [sys.executable, HERE / script.path, *arguments]
        self.process = subprocess.Popen(command, stdout=self.said, stderr=self.said)

    def end(self) -> int:
        """How it has ended, when all that it has said is printed; after a Ctrl-C perhaps again."""
        if self.said is not None and not self.said.closed:
            self.said.seek(0)
            sys.stdout.write(self.said.read().decode(errors="replace"))
            sys.stdout.flush()
            self.said.close()
        return self.process.returncode


if __name__ == "__main__":
    main()
