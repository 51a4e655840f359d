"""What a sweep found, read from its store as it is asked for: rows, curves, verdicts."""

from __future__ import annotations

import csv
import itertools
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from tabular_pg.checks.numbers import check_number, check_path
from tabular_pg.sweeps.store import Store

ASKED = {"instance": str, "rule": str, "eta": float, "step": str, "tau": float, "seed": int,
         "iterations": int}  # fmt: skip
GAPS = {"k": int, "log_gap": float, "log_sup_gap": float}
RUNS = ASKED | {"status": str} | GAPS | {"error": str, "message": str}
CURVES = ASKED | GAPS
VERDICTS = ASKED | {"theorem": str, "applies": bool, "holds": bool, "slack": float,
                    "violated_at": int, "why_not": str}  # fmt: skip
FAILED, MISSING = "FAILED", "MISSING"
BATCH = 10_000  # rows


@dataclass(frozen=True, repr=False)
class Results:
    """The runs of a grid, in its order.

    Attributes
    ----------
    tasks : tuple of Task
    store : Store
    """

    tasks: tuple
    store: Store

    def table(self) -> list[dict]:
        """A row a run: what was run, the last gap and how it ended, or the error.

        ``eta`` is None where the step size is no number; ``step`` has it then. ``status`` is the
        name of a :class:`tabular_pg.Status`, FAILED or MISSING.
        """
        return list(self._runs())

    def curves(self):
        """Rows, one by one, for every run and every iteration that was kept of it."""
        for task, (_, arrays) in self._finished():
            for values in zip(*(arrays[name].tolist() for name in GAPS), strict=True):
                yield _asked(task) | dict(zip(GAPS, values, strict=True))

    def verdicts(self):
        """Rows, one by one, for every run and every theorem that the grid asked about."""
        for task, (record, _) in self._finished():
            for said in record["verdicts"]:
                yield _asked(task) | said

    def failures(self) -> list[dict]:
        """A row for every run that failed, with its ``traceback``."""
        found = ((task, self.store.get(task.key)) for task in self.tasks)
        return [
            _asked(task) | {key: kept[0]["error"][key] for key in ("type", "message", "traceback")}
            for task, kept in found
            if kept and "error" in kept[0]
        ]

    def arrays(self, i) -> dict:
        """What was kept of run ``i``, by name, as of a :class:`tabular_pg.Run`.

        Raises
        ------
        LookupError
            If it has failed, or was not done.
        """
        task = self.tasks[check_number("i", i, 0, len(self.tasks) - 1)]
        kept = self.store.get(task.key)
        if kept is None or "error" in kept[0]:
            why = "has not been done" if kept is None else f"failed: {kept[0]['error']['message']}"
            raise LookupError(f"run {i} {why}")
        return kept[1]

    def write_table(self, path):
        """``table`` as a file .csv or, with pyarrow, .parquet."""
        _write(path, RUNS, self._runs())

    def write_curves(self, path):
        """``curves`` as a file .csv or, with pyarrow, .parquet."""
        _write(path, CURVES, self.curves())

    def write_verdicts(self, path):
        """``verdicts`` as a file .csv or, with pyarrow, .parquet."""
        _write(path, VERDICTS, self.verdicts())

    def _runs(self):
        for task in self.tasks:
            kept, row = self.store.get(task.key), dict.fromkeys(RUNS) | _asked(task)
            if kept is None:
                yield row | {"status": MISSING}
            elif "error" in kept[0]:
                error = kept[0]["error"]
                yield row | {"status": FAILED, "error": error["type"], "message": error["message"]}
            else:
                last = {name: kept[1][name][-1].item() for name in GAPS}
                yield row | {"status": kept[0]["status"]} | last

    def _finished(self):
        for task in self.tasks:
            kept = self.store.get(task.key)
            if kept and "error" not in kept[0]:
                yield task, kept

    def __len__(self):
        return len(self.tasks)

    def __repr__(self):
        status = [row["status"] for row in self._runs()]
        failed, missing = status.count(FAILED), status.count(MISSING)
        done = len(status) - failed - missing
        return f"Results({done} runs finished, {failed} failed, {missing} missing)"


def _asked(task) -> dict:
    return {name: getattr(task, name) for name in ASKED}


def _write(path, columns, rows):
    """Rows as a file that is whole or not there; a batch is in memory at a time."""
    check_path("path", path)
    path = Path(path)
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    if path.suffix not in writers:
        raise ValueError(f"path is {str(path)!r}; expected a name that ends in .csv or .parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        writers[path.suffix](draft, columns, rows)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _write_csv(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(path, columns, rows):
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise ImportError("a .parquet file needs pyarrow: pip install pyarrow") from None
    kinds = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64(),
             bool: pyarrow.bool_()}  # fmt: skip
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    rows = iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while batch := list(itertools.islice(rows, BATCH)):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))
