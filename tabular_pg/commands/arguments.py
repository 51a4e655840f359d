"""The arguments and options that several commands share, and what shells complete in them."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from tabular_pg import instances
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.step_size import STEP_SIZES
from tabular_pg.theorem import REGISTRY

FORMATS = ("npz", "csv", "prism", "storm")


def command(*examples, code="0 if all went well, 2 on an error"):
    """A command with examples, and what its exit code says, below its help."""
    lines = "\n".join(f"  tabular-pg {line}" for line in examples)
    plural = "s" if len(examples) > 1 else ""
    epilog = f"\b\nExample{plural}:\n{lines}\n\nExit code: {code}."
    settings = {"max_content_width": 100, "help_option_names": ["-h", "--help"]}
    return click.command(epilog=epilog, context_settings=settings)


def _instances(context, parameter, incomplete):
    names = [name for name in instances.__all__ if not name.startswith(("from_", "Lumped"))]
    return [*_begun(names, incomplete), CompletionItem(incomplete, type="file")]


def _methods(context, parameter, incomplete):
    return _begun([rule.__name__ for rule in METHODS], incomplete)


def _steps(context, parameter, incomplete):
    return _begun([step.__name__ for step in STEP_SIZES], incomplete)


def _theorems(context, parameter, incomplete):
    before, comma, last = incomplete.rpartition(",")
    begun = _begun(REGISTRY, last)
    return [CompletionItem(before + comma + x.value, help=REGISTRY[x.value].claim) for x in begun]


def _begun(names, incomplete):
    return [CompletionItem(name) for name in names if name.lower().startswith(incomplete.lower())]


def complete_things(context, parameter, incomplete):
    """Ids of theorems, methods and instances: all that can be cited."""
    named = (_theorems, _methods, _steps, _instances)
    return [item for one in named for item in one(context, parameter, incomplete)]


complete_theorems, complete_methods = _theorems, _methods
model = click.argument("model", shell_complete=_instances)
models = click.argument("models", nargs=-1, required=True, shell_complete=_instances)
rule = click.argument("method", shell_complete=_methods)
optional_rule = click.argument("method", required=False, shell_complete=_methods)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _together(*options):
    """A decorator for all of them, listed in this order."""

    def decorate(function):
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


of_model = _together(
    click.option("--gamma", type=float, help="Discount factor, for files that have none."),
    click.option("--from", "source", type=click.Choice(FORMATS), help="What the file is, if its "
                 "name does not end in .npz, .csv or .tra."),
    click.option("--max-states", type=int, help="Enumerate an environment of Gymnasium that has no "
                 "table, up to so many states."),
)  # fmt: skip
of_run = _together(
    click.option("--iterations", "-n", type=int, help="How many; 1000 by default."),
    click.option("--tau", type=float, help="Weight of the entropy bonus; 0 by default."),
    click.option("--eta", shell_complete=_steps, help="The step size, if METHOD has no argument: a "
                 "number, or as 'Armijo()'."),
    click.option("--start", type=click.Path(), help="Where to start: a saved run, where it ended, "
                 "or a policy (S, A) as .npy; uniform by default."),
    click.option("--until", type=float, help="End where the advantage gap guarantees that no error "
                 "is larger, in any state."),
)  # fmt: skip
theorem_ids = click.option(
    "--theorem", "ids", multiple=True, shell_complete=_theorems, metavar="ID[,ID...]",
    help="Only these; all about the method by default.",
)  # fmt: skip
