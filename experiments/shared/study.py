"""A study as a script: jobs that resume, a record of named numbers, and what is made from it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from experiments.shared.command_line import quick_options
from experiments.shared.estimates import as_kept
from tabular_pg._files import write_whole
from tabular_pg.plotting import save_figure
from tabular_pg.report import resumed

CODE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Study:
    """One study. What it shows is made from its record, last.

    Attributes
    ----------
    name : str
        Of its files.
    statement : str
        What is asked and how it is measured.
    full, quick : dict
        The arguments of ``results`` in either kind of run.
    results : function
        ``results(run, **settings)``: named numbers, of jobs that ``run(function, jobs)`` does.
    tables : function
        From results to tables in Markdown.
    figures : dict
        By name of the figure, functions from results to its panels.
    constants : dict
        What else made the results, for the record.
    shared_legend : bool
        Of all panels.
    violated : function
        From results to what should not be.
    """

    name: str
    statement: str
    full: dict
    quick: dict
    results: Callable
    tables: Callable
    figures: dict
    constants: dict = field(default_factory=dict)
    shared_legend: bool = False
    violated: Callable = lambda results: []

    def main(self, arguments=None):
        """Run it from the command line; exit with status 1 if something is violated."""
        options = quick_options(self.statement, "a small run that tries everything", arguments)
        settings = self.quick if options.quick else self.full
        with resumed(options.out / f".{self.name}.partial", [CODE]) as run:
            record = {
                "statement": " ".join(self.statement.split()),
                "quick": options.quick,
                "settings": self.constants | settings,
                "results": self.results(run, **settings),
            }
            record = as_kept(record)
            self.write(record, options.out)
        failed = self.violated(record["results"])
        print(*failed, f"results are in {options.out}", sep="\n")
        sys.exit(1 if failed else 0)

    def write(self, record, out):
        """Figures and tables of a record, which is kept beside the first of the figures."""
        for name, panels in self.figures.items():
            kept = record if name == self.name else record | {"results": f"in {self.name}.json"}
            drawn, shared = list(panels(record["results"])), self.shared_legend
            save_figure(name, drawn, out, kept, columns=False, shared_legend=shared)
        text = "\n".join(self.tables(record["results"]))
        write_whole(out / f"{self.name}.md", text)
        print(text)


def over_seeds(run, function, jobs, seeds) -> list[list]:
    """For every job the results of all seeds, which are the last argument of the function."""
    found = iter(run(function, [(*job, seed) for job in jobs for seed in seeds]))
    return [[next(found) for _ in seeds] for _ in jobs]
