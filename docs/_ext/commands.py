"""The commands on their page as they say it themselves.

```{commands}
```
"""

from __future__ import annotations

import click
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from tabular_pg.cli import COMMANDS, program
from tabular_pg.commands.answers import NAME

WIDTH = 90


class CommandsDirective(SphinxDirective):
    """The help of every command, each below its name."""

    def run(self):
        made = []
        for command in COMMANDS:
            section = nodes.section(ids=[f"tabular-pg-{command.name}"])
            section += nodes.title("", command.name)
            section += nodes.literal_block("", _help(command), language="text")
            made.append(section)
        return made


def _help(command) -> str:
    settings = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    with click.Context(program, info_name=NAME) as above:
        context = click.Context(command, parent=above, info_name=command.name, **settings)
        return command.get_help(context)


def setup(app):
    app.add_directive("commands", CommandsDirective)
    return {"parallel_read_safe": True}
