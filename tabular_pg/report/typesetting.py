"""Theorems on a page: their text typeset, with Greek letters, relations and scripts, and what is
said about them."""

from __future__ import annotations

import re
from html import escape

from tabular_pg.references import OWN
from tabular_pg.verdicts.verdict import Kind

WORDS = {
    "gamma": "γ", "eta": "η", "tau": "τ", "rho": "ρ", "mu": "μ", "pi": "π", "nu": "ν", "xi": "ξ",
    "theta": "θ", "lambda": "λ", "Delta": "Δ", "delta": "δ", "alpha": "α", "beta": "β",
    "kappa": "κ", "phi": "φ", "Phi": "Φ", "sigma": "σ", "chi": "χ", "eps": "ε", "sum": "Σ",
    "prod": "Π", "grad": "∇", "inf": "inf",
}  # fmt: skip
SIGNS = (("<=", "≤"), (">=", "≥"), ("||", "‖"), ("->", "→"), (" - ", " − "))
NAME = re.compile(r"(?<![A-Za-z])(" + "|".join(WORDS) + r")(?![a-z])")
MINUS = re.compile(
    r"(?<![^{(^ ])-(?=\S)|(?<=[\w)}])-(?=\d|\(|[α-ωΑ-Ω](?![a-z])|[A-Za-z]\d*\b(?!-))"
)
SCRIPT = re.compile(r"(?<=\S)(?<!tabular)([_^])(\{|[+*]|[A-Za-zα-ωΑ-Ω0-9][a-z0-9]*\*?)")
KINDS = {
    Kind.UPPER: "upper bound",
    Kind.LOWER: "lower bound",
    Kind.EQUAL: "identity",
    Kind.ASYMPTOTIC: "limit",
}
TAU = {True: "τ > 0", False: "τ = 0", None: "any τ ≥ 0"}
PROOF = re.compile(r"(?<=[.;:)]) (?=(?:Proof|Its proof|Sketch)\b)")
TAGS = {"_": "sub", "^": "sup"}


def typeset(text) -> list:
    """Text, and pairs of a tag, "sub" or "sup", and a list of the same kind."""
    text = text.replace("eta^ ", "η̂ ").replace("eta^)", "η̂)").replace("r^ ", "r̂ ")
    for plain, sign in SIGNS:
        text = text.replace(plain, sign)
    return _scripts(MINUS.sub("−", NAME.sub(lambda found: WORDS[found[1]], text)))


def _scripts(text) -> list:
    made, at = [], 0
    while found := SCRIPT.search(text, at):
        made.append(text[at : found.start()])
        inner, at = found[2], found.end()
        if inner == "{":
            end = _closing(text, at)
            inner, at = text[at:end], end + 1
        made.append((TAGS[found[1]], _scripts(inner)))
    made.append(text[at:])
    return [part for part in made if part not in ("", ("sub", []), ("sup", []))]


def _closing(text, start) -> int:
    """Where the brace that is open before ``start`` is closed."""
    depth = 1
    for i in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return len(text)


def as_html(text) -> str:
    """The typeset text as HTML."""
    return _html(typeset(text))


def _html(parts) -> str:
    return "".join(
        escape(part) if isinstance(part, str) else f"<{part[0]}>{_html(part[1])}</{part[0]}>"
        for part in parts
    )


def source(theorem) -> str:
    """Where a theorem is from."""
    return "this package" if theorem.source == OWN else theorem.reference.rstrip(".")


def claim_and_proof(theorem) -> tuple[str, str]:
    """What a theorem states, and the sketch of its proof, if its statement has one."""
    claim, *proof = PROOF.split(theorem.statement, maxsplit=1)
    return claim.rstrip(";:"), "".join(proof)
