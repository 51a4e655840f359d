"""The page of a study: what it says, that its code runs, and what is refused."""

from __future__ import annotations

import contextlib
import html
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tabular_pg import (
    MDP,
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    SoftmaxPG,
    check,
    instances,
    optimize,
    steps,
)
from tabular_pg.report import verdict_rows, write_report
from tabular_pg.report.page import _short
from tabular_pg.report.reproduction import code_for
from tabular_pg.report.typesetting import as_html, claim_and_proof
from tabular_pg.theorem import REGISTRY

pytest.importorskip("jinja2")
VOID = {"meta", "link", "input", "br"}


class Tags(HTMLParser):
    """Tags that are closed in order, and addresses that lead out of the page."""

    def __init__(self):
        super().__init__()
        self.open, self.outside = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and not value.startswith(("#", "data:")):
                self.outside.append(value)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def rows_of(*runs, instance="garnet"):
    return verdict_rows("test", instance, runs)


@pytest.fixture(scope="module")
def runs():
    return [optimize(instances.garnet(4, 2, 2, 0.9), rule, 20) for rule in
            (NaturalPG(1.0), ProjectedPG(0.1))]  # fmt: skip


def test_a_page_is_whole_and_needs_nothing_else(tmp_path, runs):
    path = write_report(
        tmp_path / "new" / "index.html", rows_of(*runs), title="<b>T</b> & co", statement="a < b",
        proofs={"N1": "proofs.html#n1"}, made=lambda run: "instances.garnet(4, 2, 2, 0.9)",
    )  # fmt: skip
    text, tags = path.read_text(), Tags()
    tags.feed(text)
    assert tags.open == [] and tags.outside == ["proofs.html#n1"]
    assert "&lt;b&gt;T&lt;/b&gt; &amp; co" in text and "<b>" not in text and "a &lt; b" in text
    for row in rows_of(*runs):
        assert (f'id="{row.verdict.theorem.id}"' in text) == row.verdict.applies
    applied = sum(row.verdict.applies for row in rows_of(*runs))
    assert f"{applied} verdicts on 2\nruns: none violated" in text
    assert "@misc{tabular_pg," in text and "instances.garnet(4, 2, 2, 0.9)" in text
    assert path.read_text() == write_report(
        path, rows_of(*runs), title="<b>T</b> & co", statement="a < b",
        proofs={"N1": "proofs.html#n1"}, made=lambda run: "instances.garnet(4, 2, 2, 0.9)",
    ).read_text()  # fmt: skip


def test_a_violation_is_first(tmp_path):
    broken = optimize(instances.garnet(4, 2, 2, 0.9), NaturalPG(1.0), 20)
    broken.iterates.setflags(write=True)
    sabotaged = type(broken)(**{
        name: getattr(broken, name) * (1e3 if name in ("scaled_gap", "gap_sum") else 1)
        if name in ("scaled_gap", "gap_sum") else getattr(broken, name)
        for name in broken.__dataclass_fields__
    })  # fmt: skip
    rows = rows_of(broken) + rows_of(sabotaged, instance="sabotaged")
    assert any(row.verdict.holds is False for row in rows)
    text = write_report(tmp_path / "page.html", rows, title="T").read_text()
    cell = re.search(r'<td class="number violated" data-order="-1.0" title="(.*?)">', text)
    assert "VIOLATED at k" in cell[1] and "none violated" not in text
    section = text[text.index('<h2 id="N1"') :]
    assert section.index("VIOLATED") < section.index("holds, slack")


def executed(code) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, {})
    return said.getvalue()


MASKED = MDP(
    [[[0, 1], [1, 0]], [[0, 1], [0, 0]]], [[1.0, 0.0], [0.5, 0.0]], 0.5, rho=[1, 0],
    actions=[[True, True], [True, False]],
)  # fmt: skip
AGAIN = {
    "plain": lambda m: optimize(m, NaturalPG(1 / 3), 30),
    "tau": lambda m: optimize(m, NaturalPG(0.1), 30, tau=0.3),
    "start": lambda m: optimize(m, SoftmaxPG(0.1), 5, policy=[[0.1, 0.9]] * m.n_states),
    "recorded": lambda m: optimize(m, ProjectedPG(0.1), 12, at=[0, 3, 12]),
    "steps": lambda m: optimize(m, HadamardPG(steps.Geometric(0.01, 1.1)), 12),
    "without": lambda m: optimize(m, PolicyIteration(), 3),
}


@pytest.mark.parametrize("name", AGAIN)
@pytest.mark.parametrize("made", ["", "instances.garnet(4, 2, 2, 0.9)"])
def test_the_code_makes_the_run_again(name, made):
    run = AGAIN[name](instances.garnet(4, 2, 2, 0.9))
    ids = [v.theorem.id for v in check(run) if v.applies]
    wanted = "".join(f"{v}\n" for v in check(run) if v.theorem.id in ids)
    assert executed(code_for(run, ids, made)) == wanted


def test_the_code_of_a_model_with_masks_and_weights():
    run = optimize(MASKED, NaturalPG(1.0), 4)
    ids = [v.theorem.id for v in check(run)]
    assert executed(code_for(run, ids)) == "".join(f"{v}\n" for v in check(run))


def test_the_code_of_a_large_model_reads_a_file():
    run = optimize(instances.garnet(30, 4, 2, 0.9), NaturalPG(1.0), 2)
    assert 'mdp = MDP.load("mdp.npz")' in code_for(run, ["N1"])


def test_what_is_typeset():
    assert as_html("e_{k+1} <= gamma e_k^2 - eta") == (
        "e<sub>k+1</sub> ≤ γ e<sub>k</sub><sup>2</sup> − η"
    )
    assert as_html("a < b & <i>") == "a &lt; b &amp; &lt;i&gt;"
    claim, proof = claim_and_proof(REGISTRY["N3a"])
    assert proof.startswith("Proof") and "Proof" not in claim and len(claim) > 20
    for theorem in REGISTRY.values():
        text = re.sub(r"</?su[bp]>", "", as_html(theorem.statement))
        assert "<" not in text and html.unescape(text)


def test_numbers_are_short():
    slacks = (1.0, 1.234, 999.4, 1234.5, 123456.0, 4.5512e41, 0.5)
    assert [*map(_short, slacks)] == ["1", "1.23", "999", "1234", "1.23e5", "4.55e41", "0.5"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rows": []}, "rows are empty"),
        ({"rows": [3]}, r"rows\[0\]"),
        ({"rows": 3}, "rows"),
        ({"title": 3}, "title is 3"),
        ({"path": 3}, "path is 3"),
        ({"tightness": __file__}, "is no record of how tight theorems are"),
    ],
)
def test_what_is_refused(tmp_path, runs, change, match):
    arguments = {"path": tmp_path / "page.html", "rows": rows_of(runs[0]), "title": "T"} | change
    with pytest.raises((TypeError, ValueError), match=match):
        write_report(**arguments)
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_a_search_is_shown(tmp_path, runs):
    record = "figures/tightness.json"
    text = write_report(tmp_path / "page.html", rows_of(runs[0]), title="T",
                        tightness=record).read_text()  # fmt: skip
    assert text.count("Nearly worst instance: ") > 5
    assert np.all([f'id="{id}"' in text for id in ("N1", "N2a")])
