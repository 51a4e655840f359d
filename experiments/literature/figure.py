"""A figure of a paper as a script: its setting, what it shows there, and what is seen here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from experiments.shared.command_line import quick_options
from tabular_pg import Status, check
from tabular_pg._files import write_whole
from tabular_pg._tables import markdown_table
from tabular_pg.plotting import Curve, decades, log10, save_figure
from tabular_pg.references import REFERENCES


@dataclass
class Drawn:
    """What a figure shows, with the runs behind it."""

    panels: list
    seen: dict  # what is seen here: numbers and words, by what they are
    runs: list = field(default_factory=list)


@dataclass(frozen=True)
class Figure:
    """One figure of one paper.

    ``draw(quick)`` returns what is ``Drawn``; ``setting`` is that of the paper, with what is
    different here, ``shown`` what it shows there, ``differs`` what is not so here, and why.
    """

    source: str  # a key of the literature
    setting: str
    shown: str
    draw: Callable
    shared_legend: bool = False
    differs: str = ""

    @property
    def name(self) -> str:
        """Of its files."""
        return f"literature_{self.source}"

    def main(self, arguments=None):
        """Draw it from the command line; exit with status 1 if a theorem is violated."""
        options = quick_options(self.setting, "a small run that tries everything", arguments)
        drawn = self.draw(options.quick)
        violated = [
            f"{run!r}: {verdict}"
            for run in drawn.runs
            for verdict in check(run)
            if verdict.applies and not verdict.holds
        ]
        record = {
            "source": REFERENCES[self.source],
            "setting": " ".join(self.setting.split()),
            "shown": " ".join(self.shown.split()),
            "differs": " ".join(self.differs.split()),
            "seen": drawn.seen,
            "quick": options.quick,
            "runs": len(drawn.runs),
            "violated": violated,
        }
        shared = self.shared_legend
        save_figure(self.name, drawn.panels, options.out, record, columns=False,
                    shared_legend=shared)  # fmt: skip
        text = self.text(drawn.seen)
        write_whole(options.out / f"{self.name}.md", text)
        print(text, *violated, f"results are in {options.out}", sep="\n")
        sys.exit(1 if violated else 0)

    def text(self, seen) -> str:
        """What it is about and what is seen, in Markdown."""
        lines = [f"**{REFERENCES[self.source]}**", " ".join(self.setting.split())]
        lines += [f"*Shown there:* {' '.join(self.shown.split())}"]
        lines += [f"*Different here:* {' '.join(self.differs.split())}"] if self.differs else []
        lines += ["*Seen here:*"]
        return "\n\n".join([*lines, markdown_table(["what", ""], seen.items())]) + "\n"


def error_curve(label, run, log_x=False, every=None, values=None):
    """log10 of the sup-norm error, or of other ``values``, against iterations."""
    shown = decades(run.log_sup_gap) if values is None else log10(values)
    kept = np.isfinite(shown) & ((run.k > 0) | (not log_x))
    if every is not None:
        kept &= run.k % every == 0
    x = log10(run.k[kept]) if log_x else run.k[kept].astype(float)
    return Curve(label, x, shown[kept], optimal=run.status is Status.OPTIMAL)


def iterations_to(run, error, every=1, log_gap=None) -> int | None:
    """The first recorded iteration at which no state's error, or what ``log_gap`` is of, is above
    ``error``; None if none. Only multiples of ``every`` count."""
    log_gap = run.log_sup_gap if log_gap is None else log_gap
    below = np.flatnonzero((log_gap <= np.log(error)) & (run.k % every == 0))
    return int(run.k[below[0]]) if below.size else None
