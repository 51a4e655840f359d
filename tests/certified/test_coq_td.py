"""Coq accepts runs of TD-PMD in the Euclidean norm, and refuses them once anything is changed."""

from __future__ import annotations

from fractions import Fraction

import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from support.coq.export import CLASSICAL_REALS, axioms, coqc, exported, has_coq  # noqa: E402
from support.coq.models import of_the_docs, table_mdp  # noqa: E402
from support.coq.mutations import (  # noqa: E402
    OF_TD_RUNS,
    changed_gap,
    changed_td_iterate,
    changed_td_rule,
    changed_top,
)
from support.coq.runs import TD_RUNS, critic  # noqa: E402
from support.coq.verdicts import OF_TD_RUNS as ABOUT_TD_RUNS  # noqa: E402
from support.coq.verdicts import greedy, mutants, verdicts  # noqa: E402
from tabular_pg import instances, optimize  # noqa: E402
from tabular_pg.certified import RationalMDP, certified_run, certify, write_coq  # noqa: E402

needs_coq = pytest.mark.skipif(not has_coq(), reason="needs coqc (Debian: apt-get install coq)")
HALF, TENTH = Fraction(1, 2), Fraction(1, 10)
EACH = 32


# ---------------------------------------------------------------- what Coq accepts


@needs_coq
def test_a_run_is_checked_alone(tmp_path):
    code, said = coqc(exported("td", tmp_path))
    assert code == 0, said
    first, *rest = said.partition("Axioms:")
    assert "Closed under the global context" in first  # the check itself
    assert axioms("".join(rest)) <= CLASSICAL_REALS


@needs_coq
@pytest.mark.parametrize("name", TD_RUNS)
def test_runs_are_checked_with_the_library(name, library):
    code, said = coqc(exported(name, library, alone=False), "-R", ".", "TabularPG")
    assert code == 0, said
    assert axioms(said[said.index("Axioms:") :]) <= CLASSICAL_REALS


def small(name):
    """Runs at the edge of what is there, and their digits."""
    one_action = RationalMDP([[[0, 1]], [[1, 0]]], [[1], [0]], HALF)
    garnet = instances.garnet(3, 2, 2, gamma=0.9, seed=1)
    absorbed = RationalMDP(
        [[[HALF, HALF], [TENTH, 1 - TENTH]], [[0, 1], [0, 1]]], [[1, 0], [1, 1]], HALF, rho=[0, 1]
    )
    return {
        "nothing lost": (certified_run(absorbed, critic(), 2, tau=3, digits=1), 6),
        "no steps": (certified_run(of_the_docs(), critic(), 0, tau=TENTH), 6),
        "one action": (certified_run(one_action, critic(), 2, tau=TENTH), 6),
        "many digits": (certified_run(of_the_docs(), critic(), 3, tau=3), 40),
        "one digit": (certified_run(table_mdp(2, 2, 5), critic(error=TENTH), 3, tau=1), 1),
        "floats": (certify(optimize(garnet, critic(0.3, 0.7, 0.1), 1, tau=0.5)), 6),
        "vertices": (certified_run(table_mdp(4, 3, 4), critic(1000), 3, tau=TENTH), 6),
    }[name]


@needs_coq
@pytest.mark.parametrize(
    "name",
    ["nothing lost", "no steps", "one action", "many digits", "one digit", "floats", "vertices"],
)
def test_runs_at_the_edges_are_checked(name, library):
    run, digits = small(name)
    path = library / f"small_{name.replace(' ', '_')}.v"
    text = write_coq(path, run, alone=False, digits=digits).read_text()
    assert text.count("loses_within := ") == 1 + int(run.k[-1])
    code, said = coqc(path, "-R", ".", "TabularPG")
    assert code == 0, said


# ---------------------------------------------------------------- what it refuses


@needs_coq
@pytest.mark.parametrize("name", ["td", "td_tables", "td_tied"])
def test_every_changed_run_is_refused(name, library, tmp_path):
    file = exported(name, tmp_path, alone=False)
    text, changed = mutants(file, OF_TD_RUNS, EACH)
    said = verdicts(library, [text, *changed, text], ABOUT_TD_RUNS, greedy(file.read_text()))
    assert said[0] == said[EACH + 1] == (True, True)
    accepted = [changed[i - 1] for i in range(1, EACH + 1) if all(said.get(i, (False,)))]
    assert not accepted, accepted[0]


@needs_coq
@pytest.mark.parametrize("name", ["td", "td_tables", "td_tenths"])
@pytest.mark.parametrize(
    ("change", "count"),
    [(changed_td_iterate, 16), (changed_td_rule, 12), (changed_top, 12), (changed_gap, 6)],
)
def test_the_checker_refuses_whatever_the_sums(name, change, count, library, tmp_path):
    file = exported(name, tmp_path, alone=False)
    text, changed = mutants(file, [change], count)
    said = verdicts(library, [text, *changed, text], ABOUT_TD_RUNS, greedy(file.read_text()))
    assert said.pop(0) == said.pop(count + 1) == (True, True)
    assert not any(claim for _, claim in said.values())
    assert len(said) > count / 2  # the others have a denominator of 0


@needs_coq
def test_a_policy_that_is_not_greedy_proves_nothing(library, tmp_path):
    file = exported("td", tmp_path, alone=False)
    text, _ = mutants(file, [changed_gap], 1)
    other = "Definition greedy : choices := [share 2 [1; 1]; share 2 [1; 1]].\n"
    assert verdicts(library, [text], ABOUT_TD_RUNS, other) == {0: (True, False)}


@needs_coq
@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("paces := repeat (1 # 1) 4", "paces := repeat (1 # 1) 3"),
        ("paces := repeat (1 # 1) 4", "paces := repeat (1 # 1) 5"),
        ("learns_by := repeat (repeat (1 # 2) 2) 2", "learns_by := repeat (repeat (1 # 2) 2) 1"),
        ("pays := (1 # 2)", "pays := ((-1) # 2)"),
    ],
)
def test_other_shapes_are_refused(was, now, library, tmp_path):
    file = exported("td", tmp_path, alone=False)
    text, _ = mutants(file, [changed_gap], 1)
    assert was in text
    said = verdicts(library, [text.replace(was, now)], ABOUT_TD_RUNS, greedy(file.read_text()))
    assert said == {0: (False, False)}
