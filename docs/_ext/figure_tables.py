"""Tables that scripts have written in plain text, as the rest of the pages is set."""

from __future__ import annotations

from docutils import nodes
from theorems import link, marked_up

from tabular_pg.theorem import REGISTRY


def set_tables(app, doctree):
    """Claims as on the pages of theorems, with links, and numbers with errors that do not break."""
    for row in doctree.findall(nodes.row):
        texts = [entry.astext() for entry in row]
        if texts[0] in REGISTRY and len(row) > 1 and len(row[0]) == len(row[1]) == 1:
            row[0][0][:] = [link(texts[0], app.env.docname)]
            row[1][0][:] = marked_up(REGISTRY[texts[0]].claim)
    for table in doctree.findall(nodes.table):
        for text in list(table.findall(nodes.Text)):
            if " +- " in text:
                text.parent.replace(text, nodes.Text(text.replace(" +- ", "\u00a0±\u00a0")))


def setup(app):
    app.connect("doctree-read", set_tables)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
