"""What a command answers, and how the program says it: text, an exit code, and errors in a line."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import traceback
import warnings
from typing import NamedTuple

import click

from tabular_pg._files import plain

FINE, WRONG, ERROR = 0, 1, 2
SAID_WELL = (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError)
NAME, COMPLETION = "tabular-pg", "_TABULAR_PG_COMPLETE"


class Answer(NamedTuple):
    """What is printed, and the exit code; what is said besides, on the stream for errors."""

    text: str
    code: int = FINE
    besides: str = ""


class Program(click.Group):
    """A group whose commands return answers."""

    def main(self, args=None, **options):
        """Run the command, print its answer and exit with its code."""
        sys.exit(answered(super().main, sys.argv[1:] if args is None else list(args)))

    def invoke(self, ctx):
        """The answer of the command; an exit, of a file that it reads, is an error."""
        try:
            return super().invoke(ctx)
        except SystemExit as ended:
            raise click.ClickException(f"SystemExit: {ended}") from ended


def answered(run, arguments) -> int:
    """The exit code of a command, what it says having been printed."""
    debug = arguments[:1] == ["--debug"]
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            warnings.simplefilter("always", UserWarning)
            answer = run(arguments, prog_name=NAME, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        _say(error.format_message())
        return ERROR
    except click.ClickException as error:
        return _failed(error, f"error: {_line(error.format_message())}{_hint(error)}", debug)
    except SystemExit as ended:  # of click: completions are done, or help is not read
        return ended.code if COMPLETION in os.environ else _unread(FINE)
    except (KeyboardInterrupt, click.Abort) as error:
        return _failed(error, "interrupted", debug)
    except Exception as error:
        return _failed(error, f"error: {_said(error)}", debug)
    if not isinstance(answer, Answer):  # of --help and --version, which have been printed
        return answer if isinstance(answer, int) else FINE
    if answer.besides:
        _say(answer.besides)
    try:
        if answer.text:
            print(answer.text)
        sys.stdout.flush()
    except BrokenPipeError:
        return _unread(answer.code)
    return answer.code


def json_text(value) -> str:
    """``value`` as JSON; what is not finite is null, for which JSON has no number."""
    return json.dumps(_finite(plain(value, finite=False)), indent=2, allow_nan=False)


def columns(heads, rows) -> str:
    """Rows under their heads, right-aligned."""
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.rjust, row, widths)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _failed(error, line, debug) -> int:
    if debug:
        _say("".join(traceback.format_exception(error)))
    _say(line)
    return ERROR


def _say(text):
    """Print on the stream for errors, which may be closed."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def _unread(code) -> int:
    """The code, where the reader of a pipe has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _said(error) -> str:
    """An error in one line; with its type where its text alone would be a riddle."""
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(x) for x in (error.filename, error.strerror) if x is not None)
    text = _line(str(error))
    return text if text and isinstance(error, SAID_WELL) else f"{type(error).__name__}: {text}"


def _line(text) -> str:
    return " ".join(text.split())


def _hint(error) -> str:
    context = getattr(error, "ctx", None)
    return f" (see {context.command_path} --help)" if context else ""


def _warn(message, category, filename, lineno, file=None, line=None):
    _say(f"warning: {_line(str(message))}")
