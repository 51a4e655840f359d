"""What the writers of a page should not have to think of: claims in tables that scripts have
written, numbers with errors, and what stands beside a formula."""

from __future__ import annotations

import re

from docutils import nodes

from tabular_pg.theorem import REGISTRY
from theorems import link, marked_up

OPENING, CLOSING = re.compile(r"\($"), re.compile(r"^[.,;:)?]+")


def set_tables(app, doctree):
    """Claims as on the pages of theorems, with links; numbers and their errors on one line."""
    for table in doctree.findall(nodes.table):
        rows = list(table.findall(nodes.row))
        if [entry.astext() for entry in rows[0][:2]] == ["theorem", "claim"]:
            for id, claim in (row[:2] for row in rows[1:]):
                theorem = REGISTRY[id.astext()]
                id[0][:] = [link(theorem.id, app.env.docname)]
                claim[0][:] = marked_up(theorem.claim)
        for text in list(table.findall(nodes.Text)):
            if " +- " in text:
                text.parent.replace(text, nodes.Text(text.replace(" +- ", "\u00a0±\u00a0")))


def keep_together(app, doctree):
    """No line ends before the end of a proof, or between a formula and the parenthesis before or
    the punctuation after it."""
    for text in list(doctree.findall(nodes.Text)):
        if " ∎" in text:
            text.parent.replace(text, nodes.Text(text.replace(" ∎", "\u00a0∎")))
    for math in list(doctree.findall(nodes.math)):
        parent, at = math.parent, math.parent.index(math)
        before = parent[at - 1] if at > 0 else None
        after = parent[at + 1] if at + 1 < len(parent) else None
        opened = isinstance(before, nodes.Text) and OPENING.search(before)
        closed = isinstance(after, nodes.Text) and CLOSING.search(after)
        whole = nodes.inline(classes=["together"])
        if opened:
            parent[at - 1] = nodes.Text(before[: opened.start()])
            whole += nodes.Text(opened[0])
        if closed:
            parent[at + 1] = nodes.Text(after[closed.end() :])
        if opened or closed:
            parent[at] = whole
            whole += [math, *([nodes.Text(closed[0])] if closed else [])]


def setup(app):
    app.connect("doctree-read", set_tables)
    app.connect("doctree-read", keep_together)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
