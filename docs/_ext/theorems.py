"""Theorems on the pages as they are in the registry, so that no page can say anything else.

    ```{theorem} N2a              the theorem, with a label that {thm}`N2a` links to
    ```
    ```{guarantees} NaturalPG     a table of all theorems about a rule, each with its link
    :tau: zero                    (or positive; without it, both)
    ```
    ```{literature} mei2020 xiao2022
    ```

An id or a rule that is not registered is an error, a theorem that has no place is a warning.
"""

from __future__ import annotations

import re
from importlib import import_module

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from worst_cases import worst_case_of

from tabular_pg.references import OWN, REFERENCES
from tabular_pg.report.typesetting import KINDS, TAU, claim_and_proof, source, typeset
from tabular_pg.theorem import REGISTRY, Confidence, sorted_theorems
from tabular_pg.theorems.proofs.in_coq import proof_in_coq

for room in ("tabular_pg", "tabular_pg.preference", "tabular_pg.reasoning.dapo"):
    import_module(room)  # registers its theorems

log = logging.getLogger(__name__)
PACKAGE = [t for t in sorted_theorems() if t.formula.__module__.startswith("tabular_pg.")]
RULES = {rule.__name__: rule for t in PACKAGE for rule in t.rules}
CONFIDENCE = {
    Confidence.DERIVED: "proved here",
    Confidence.CHECKED: "argued here, one step rests on a numerical check",
    Confidence.QUOTED: "constants as printed in the source",
    Confidence.RECALLED: "constants recalled from the source",
}

SCRIPTS = {"sub": nodes.subscript, "sup": nodes.superscript}


def marked_up(text) -> list:
    """Nodes for a statement in plain text: Greek letters, relations, sub- and superscripts."""
    return _nodes(typeset(text))


def _nodes(parts) -> list:
    return [
        nodes.Text(part) if isinstance(part, str) else SCRIPTS[part[0]]("", "", *_nodes(part[1]))
        for part in parts
    ]


def statement(theorem) -> str:
    """What is claimed, without the sketch of its proof: the page has the proof."""
    return claim_and_proof(theorem)[0]


# ---------------------------------------------------------------- what a page can say


def label(id) -> str:
    return f"theorem-{id}".lower()


class TheoremDirective(SphinxDirective):
    """The theorem with this id."""

    required_arguments = 1
    has_content = True

    def run(self):
        id = self.arguments[0]
        if id not in REGISTRY:
            raise self.error(f"no theorem {id!r}; expected one of {', '.join(REGISTRY)}")
        theorem = REGISTRY[id]
        box = nodes.container(classes=["theorem"], ids=[label(id)])
        title = nodes.paragraph("", "", nodes.Text(f"{id}. "), classes=["theorem-title"])
        title += marked_up(theorem.claim)
        box += title
        text = nodes.paragraph()
        text += marked_up(statement(theorem))
        box += text
        rules = ", ".join(rule.__name__ for rule in theorem.rules)
        facts = f"{KINDS[theorem.kind]} · {TAU[theorem.regularized]} · {rules} · "
        facts += f"{CONFIDENCE[theorem.confidence]} · source: {source(theorem)}"
        facts += f" · {proof_in_coq(id)}" if proof_in_coq(id) else ""
        box += nodes.paragraph("", facts, classes=["theorem-facts"])
        box += self.parse_content_to_nodes()
        box += worst_case_of(theorem)
        self._remember(id, box)
        return [box]

    def _remember(self, id, box):
        places = self.env.domaindata["std"]
        known = places["labels"].get(label(id))
        if known and known[0] != self.env.docname:
            log.warning("theorem %s is on %s already", id, known[0], location=box)
        places["labels"][label(id)] = self.env.docname, label(id), id
        places["anonlabels"][label(id)] = self.env.docname, label(id)


class TheoremRole(SphinxRole):
    """A link to the theorem with this id."""

    def run(self):
        if self.text not in REGISTRY:
            message = self.inliner.reporter.error(f"no theorem {self.text!r}", line=self.lineno)
            return [nodes.problematic(self.rawtext, self.rawtext)], [message]
        return [link(self.text, self.env.docname)], []


def link(id, docname):
    reference = addnodes.pending_xref(
        "", refdomain="std", reftype="ref", reftarget=label(id), refexplicit=True, refdoc=docname,
        refwarn=False,  # a theorem without a place is warned about once, below
    )  # fmt: skip
    reference += nodes.inline("", id, classes=["theorem-link"])
    return reference


class GuaranteesDirective(SphinxDirective):
    """All theorems about a rule."""

    required_arguments = 1
    option_spec = {"tau": lambda text: directives.choice(text, ("zero", "positive"))}

    def run(self):
        name = self.arguments[0]
        if name not in RULES:
            raise self.error(f"no theorem is about {name!r}; expected one of {', '.join(RULES)}")
        left_out = {"zero": True, "positive": False}.get(self.options.get("tau"))
        found = [
            t for t in PACKAGE
            if RULES[name] in t.rules and (left_out is None or t.regularized is not left_out)
        ]  # fmt: skip
        if not found:
            raise self.error(f"no theorem is about {name} with this tau")
        rows = [
            (
                [link(t.id, self.env.docname)],
                marked_up(t.claim),
                [nodes.Text(KINDS[t.kind])],
                [nodes.Text(short_source(t))],
            )
            for t in found
        ]
        return [table(("id", "claim", "kind", "source"), rows, (8, 62, 12, 18))]


class LiteratureDirective(SphinxDirective):
    """A list of references, by their keys."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        unknown = [key for key in self.arguments[0].split() if key not in REFERENCES]
        if unknown:
            raise self.error(f"no reference {unknown[0]!r}; expected {', '.join(REFERENCES)}")
        listed = nodes.bullet_list()
        for key in self.arguments[0].split():
            listed += nodes.list_item("", nodes.paragraph("", REFERENCES[key]))
        return [listed]


def short_source(theorem) -> str:
    """The source in a few characters, for tables."""
    if theorem.source == OWN:
        return "this package"
    names, year = re.match(r"([a-z]+?)(\d{4})", theorem.source).groups()
    how = {Confidence.QUOTED: ", quoted", Confidence.RECALLED: ", recalled"}
    return f"{names.capitalize()} {year}{how.get(theorem.confidence, '')}"


def table(head, rows, widths):
    made = nodes.table(classes=["guarantees"])
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    top, body = nodes.thead(), nodes.tbody()
    top += _row([[nodes.Text(name)] for name in head])
    body += [_row(row) for row in rows]
    group += [top, body]
    made += group
    return made


def _row(cells):
    row = nodes.row()
    for cell in cells:
        paragraph = nodes.paragraph()
        paragraph += cell
        row += nodes.entry("", paragraph)
    return row


def warn_about_missing(app, env):
    """Every theorem of the package has its place."""
    labels = env.domaindata["std"]["labels"]
    missing = [t.id for t in PACKAGE if label(t.id) not in labels]
    if missing:
        log.warning("no page has the theorems %s", ", ".join(missing))


def setup(app):
    app.add_directive("theorem", TheoremDirective)
    app.add_directive("guarantees", GuaranteesDirective)
    app.add_directive("literature", LiteratureDirective)
    app.add_role("thm", TheoremRole())
    app.connect("env-check-consistency", warn_about_missing)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
