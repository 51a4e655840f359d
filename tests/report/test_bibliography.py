"""``references.bib`` is what BibTeX takes it for, and says of everything here where it is from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tabular_pg
from experiments.__main__ import LITERATURE
from tabular_pg import MDP, REGISTRY, NaturalPG, SoftmaxPG, check, instances, optimize, steps
from tabular_pg.engine.method import METHODS
from tabular_pg.preference import DPO, BradleyTerry, Hinge
from tabular_pg.reasoning.dapo import DAPO
from tabular_pg.references import ENTRIES, OWN, PACKAGE, REFERENCES, cited, sources_of
from tabular_pg.report import bibtex, verdict_rows
from tabular_pg.sweeps import Grid, sweep

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(tabular_pg.__file__).with_name("references.bib")
REQUIRED = {
    "article": {"author", "title", "journal", "year", "volume", "pages"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "book": {"author", "title", "publisher", "year"},
    "unpublished": {"author", "title", "note"},
    "misc": {"author", "title", "year"},
}
GARNET = ["archibald1995", "bhatnagar2009"]
MODEL = instances.garnet(4, 2, 2, 0.9)


def keys(what=()):
    """The keys in what is to be cited, without the package itself, which is always there."""
    found = re.findall(r"^@\w+\{(\w+),$", bibtex(what), flags=re.MULTILINE)
    assert PACKAGE in found and found == sorted(set(found))
    return [key for key in found if key != PACKAGE]


@pytest.fixture(scope="module")
def parsed():
    """The file as pybtex, which is not what the package reads it with, has it."""
    database = pytest.importorskip("pybtex.database", reason="needs pybtex: tabular_pg[report]")
    return database.parse_file(str(FILE)).entries


def test_the_file_is_read_as_pybtex_reads_it(parsed):
    assert list(parsed) == list(ENTRIES) == sorted(ENTRIES)
    for key, entry in parsed.items():
        fields = {name: " ".join(value.split()) for name, value in entry.fields.items()}
        names = ENTRIES[key].fields["author"].split(" and ")
        assert ENTRIES[key].kind == entry.type
        assert fields | {"author": ENTRIES[key].fields["author"]} == ENTRIES[key].fields
        assert [str(person) for person in entry.persons["author"]] == [
            name if "{The" in name else name for name in names
        ]


def test_every_entry_has_what_its_kind_requires(parsed):
    for key, entry in parsed.items():
        assert REQUIRED[entry.type] <= {*entry.fields, *entry.persons}, key
        year = entry.fields["year"]
        assert re.fullmatch(r"(19|20)\d\d", year)
        assert "--" in entry.fields.get("pages", "--") or entry.fields["pages"].isdecimal(), key
        assert "doi.org" not in entry.fields.get("doi", ""), key
        assert ("eprint" in entry.fields) == ("archiveprefix" in entry.fields), key
        assert re.fullmatch(r"\d{4}\.\d{4,5}", entry.fields.get("eprint", "0000.00000")), key


def test_what_is_cited_is_what_pybtex_prints_without_a_warning(parsed):
    engine = pytest.importorskip("pybtex.database").parse_string(bibtex(list(ENTRIES)), "bibtex")
    assert list(engine.entries) == list(ENTRIES)
    plain = pytest.importorskip("pybtex.style.formatting.plain").Style()
    text = [x.text.render_as("text") for x in plain.format_entries(engine.entries.values())]
    assert len(text) == len(ENTRIES) and any("Szepesvári" in line for line in text)


def test_the_package_is_cited_as_it_says_of_itself():
    said = dict(re.findall(r"^([a-z-]+): (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE))
    fields = ENTRIES[PACKAGE].fields
    assert REFERENCES[PACKAGE].lower() == (
        f"the tabular_pg authors. {said['title'].strip(chr(34))}. {said['date-released'][:4]}."
    )
    assert fields["note"] == f"Version {said['version']}" == f"Version {tabular_pg.__version__}"
    assert keys() == []


def test_every_key_is_of_something():
    used = {t.source for t in REGISTRY.values()} | {PACKAGE, OWN, *LITERATURE}
    things = [*METHODS, *vars(steps).values(), *vars(instances).values(), DAPO, DPO, BradleyTerry]
    readers = [getattr(MDP, name) for name in dir(MDP) if name.startswith("from_")]
    for thing in (*things, *readers, Hinge):
        used.update(sources_of(thing))
    for page in (ROOT / "docs" / "methods").glob("*.md"):
        for found in re.findall(r"^```\{literature\} (.*)$", page.read_text(), re.MULTILINE):
            used.update(found.split())
    assert used == set(REFERENCES)


def test_every_method_is_of_something():
    ours = [rule for rule in METHODS if rule.__module__.startswith("tabular_pg.")]
    assert len(ours) >= 10 and all(sources_of(rule) for rule in ours)


def test_short_texts():
    assert REFERENCES["xiao2022"] == (
        "Xiao. On the convergence rates of policy gradient methods. JMLR 23, 2022."
    )
    assert REFERENCES["liu2024dapo"].startswith("Liu et al. Improving multi-step")
    assert REFERENCES["mei2020"].endswith("Schuurmans. On the global convergence rates of softmax "
                                          "policy gradient methods. ICML 2020.")  # fmt: skip
    assert REFERENCES["chen2026"].endswith("updates. Manuscript, October 2026.")
    assert not any(set(r"{}\\") & set(text) for text in REFERENCES.values())


def test_of_a_run_its_method_its_step_and_its_model():
    assert keys(optimize(MODEL, NaturalPG(1.0), 3)) == [*GARNET, "kakade2001"]
    assert keys(optimize(MODEL, NaturalPG(1.0), 3, tau=0.1)) == [*GARNET, "cen2022"]
    searched = optimize(instances.bandit([1.0, 0.0]), SoftmaxPG(steps.Armijo()), 3)
    assert keys(searched) == ["agarwal2021", "armijo1966", "sutton2018"]
    assert keys(optimize(MDP(MODEL.P, MODEL.r, 0.9), NaturalPG(1.0), 3)) == ["kakade2001"]


def test_of_verdicts_those_that_apply():
    run = optimize(MODEL, NaturalPG(1.0), 30)
    verdicts = check(run)
    sources = {v.theorem.source for v in verdicts if v.applies} - {OWN}
    assert sources and keys(verdicts) == sorted(sources)
    assert keys(verdict_rows("rates", "garnet", [run])) == sorted({*GARNET, "kakade2001", *sources})


def test_of_names_ids_and_classes():
    assert keys("P7a") == keys(REGISTRY["P7a"]) == [REGISTRY["P7a"].source]
    assert keys(["SPMA(eta=0.5)", "Armijo", "river_swim", "lan2023"]) == sorted(
        ["asad2024", "armijo1966", "strehl2008", "osband2013", "lan2023"]
    )
    assert keys(NaturalPG) == keys(NaturalPG(0.1)) == ["cen2022", "kakade2001"]
    assert keys(instances.garnet) == keys(MODEL) == GARNET
    assert keys([DPO(1.0), Hinge(), BradleyTerry()]) == [
        "bradley1952", "liu2024skywork", "rafailov2023",
    ]  # fmt: skip


def test_of_a_sweep_and_of_rows_of_its_tables(tmp_path):
    grid = Grid({"mine": ("garnet", {"n_states": 4, "n_actions": 2, "branching": 2, "gamma": 0.9})},
                NaturalPG(1.0), 5, theorems=["N3a", "P7a"])  # fmt: skip
    results = sweep(grid, tmp_path / "store", workers=1)
    assert keys(results) == [*GARNET, "cen2022", "kakade2001"]
    assert keys(results.table()) == ["cen2022", "kakade2001"]  # "mine" is no name
    row = {"theorem": "P7a", "rule": "SPMA", "instance": "chain(n_states=3)", "step": None}
    assert keys(row) == sorted(["asad2024", "dearden1998", REGISTRY["P7a"].source])


def test_of_a_certificate():
    certified = pytest.importorskip("tabular_pg.certified", reason="needs python-flint")
    run = optimize(instances.bandit([1.0, 0.0]), NaturalPG(1.0), 3)
    assert "kakade2001" in keys(certified.certify(run))
    assert keys(certified.certified_check(run, theorems=[REGISTRY["N1"]])) == ["xiao2022"]


def test_models_keep_where_they_are_from(tmp_path):
    MODEL.save(tmp_path / "garnet.npz")
    assert MDP.load(tmp_path / "garnet.npz").sources == tuple(GARNET)
    plain = MDP(MODEL.P, MODEL.r, 0.9)
    assert plain.sources == () and MDP.load(plain.save(tmp_path / "plain.npz")).sources == ()
    assert instances.li_wei_chi_chen_lumped().mdp.sources == ("li2023",)


def test_what_is_not_known_is_said(monkeypatch):
    with pytest.raises(ValueError, match="what is 'garnett'; expected .* such as garnet"):
        bibtex("garnett")
    for what in (3, None, [None]):
        with pytest.raises(ValueError, match="expected a run, a verdict"):
            bibtex(what)
    with pytest.raises(ValueError, match="key is 'nobody1900'; expected one of agarwal2021"):
        cited("nobody1900")
