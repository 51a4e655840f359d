"""Coq accepts what the package exports, assumes nothing else, and refuses everything changed."""

from __future__ import annotations

import random
import re
from fractions import Fraction

import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from support.coq.export import (  # noqa: E402
    CLASSICAL_REALS,
    SUBJECTS,
    axioms,
    coqc,
    exported,
    has_coq,
)  # fmt: skip
from support.coq.mutations import MUTATIONS  # noqa: E402
from support.coq.verdicts import HEAD, mutants, statement, verdicts  # noqa: E402
from tabular_pg import instances  # noqa: E402
from tabular_pg.certified import RationalMDP, coq_library, write_coq  # noqa: E402
from tabular_pg.certified.coq.library import library_files  # noqa: E402
from tabular_pg.reasoning import dapo  # noqa: E402, F401  (it registers theorems)
from tabular_pg.theorem import REGISTRY  # noqa: E402
from tabular_pg.theorems.proofs.in_coq import PARTS_IN_COQ, PROVED_IN_COQ  # noqa: E402

needs_coq = pytest.mark.skipif(not has_coq(), reason="needs coqc (Debian: apt-get install coq)")
EXCLUDED_MIDDLE = "Classical_Prop.classic"
MUTATED = ("two_arms", "tied", "all_optimal", "tenths_4", "garnet_3", "chain", "frozen_lake")
EACH = 40


# ---------------------------------------------------------------- what Coq accepts


@needs_coq
def test_theorems_are_proved_and_assume_classical_reals_only(library):
    places = [*PROVED_IN_COQ.values(), *PARTS_IN_COQ.values()]
    names = [f"{file.removesuffix('.v')}.{name}" for file, name in places]
    names += ["values.checks_value_sound", "optimum.checks_optimum_sound"]
    names += ["run_soundness.checks_run_sound", "uniqueness.run_is_the_only_one"]
    names += ["td_pmd_runs.checks_td_sound", "td_pmd_runs.td_run_is_the_only_one"]
    names += [
        "printed.printed_theorem_is_false",
        "existence.every_policy_has_a_value",
        "mdp.value_is_solution",
    ]
    # The standard library's exp and ln rest on excluded middle as well.
    with_exp = [x for x in names if x.startswith(("multiplicative.N", "dapo."))]
    without = [x for x in names if x not in with_exp]
    assert assumed(library, without) == CLASSICAL_REALS
    assert assumed(library, with_exp) == CLASSICAL_REALS | {EXCLUDED_MIDDLE}


def assumed(library, names):
    """All that the theorems rest on."""
    lines = [f"From TabularPG Require {name.partition('.')[0]}.\n" for name in names]
    lines += [f"Print Assumptions {name}.\n" for name in names]
    (library / "assumed.v").write_text("".join(lines))
    code, said = coqc(library / "assumed.v", "-R", ".", "TabularPG")
    assert code == 0, said
    return axioms(said)


def test_registered_proofs_are_there():
    assert set(PROVED_IN_COQ) <= set(REGISTRY)
    for file, name in (*PROVED_IN_COQ.values(), *PARTS_IN_COQ.values()):
        text = (coq_library() / file).read_text()
        assert len(re.findall(rf"^\s*(?:Theorem|Lemma) {name}\b", text, flags=re.MULTILINE)) == 1


def test_the_library_leaves_nothing_open():
    assert sorted(library_files()) == sorted(x.stem for x in coq_library().glob("*.v"))
    for name in library_files():
        text = (coq_library() / f"{name}.v").read_text()
        assert not re.search(r"\b(Admitted|admit|Axiom|Parameter|Conjecture|Abort)\b", text), name
        assert len(text.splitlines()) <= 250, name


@needs_coq
@pytest.mark.parametrize("name", ["tied", "tenths_8", "garnet_5"])
def test_a_file_is_checked_alone(name, tmp_path):
    code, said = coqc(exported(name, tmp_path))
    assert code == 0, said
    first, *rest = said.partition("Axioms:")
    assert "Closed under the global context" in first  # the check itself
    assert axioms("".join(rest)) <= CLASSICAL_REALS
    assert sorted(x.suffix for x in tmp_path.iterdir() if x.suffix == ".v") == [".v"]


@needs_coq
@pytest.mark.parametrize("alone", [True, False])
def test_the_printed_theorem_is_refuted(alone, library, tmp_path):
    folder = tmp_path if alone else library
    file = exported("refutation", folder, alone=alone)
    code, said = coqc(file, *([] if alone else ["-R", ".", "TabularPG"]))
    assert code == 0, said
    assert axioms(said[said.index("Axioms:") :]) <= CLASSICAL_REALS


@needs_coq
def test_values_of_policies_are_checked(library, tmp_path):
    """Half of each arm is worth (1 + 0) / 2 / (1 - gamma) = 500/999, and nothing else."""
    text = statement(exported("two_arms", tmp_path, alone=False).read_text())
    asked = "Definition over (v : Z) := {| unit := 999; numerators := [v] |}.\n"
    asked += "".join(
        f"Eval vm_compute in checks_value M [share 2 {p}] (over {v}).\n"
        for p in ("[1; 1]", "[2; 0]", "[3; (-1)]", "[1; 0]")
        for v in (500, 501, 1000, 1500)
    )
    (library / "asked.v").write_text(HEAD + text + asked)
    code, said = coqc(library / "asked.v", "-R", ".", "TabularPG")
    assert code == 0, said
    answers = re.findall("= (true|false)", said)
    assert [i for i, x in enumerate(answers) if x == "true"] == [0, 6] and len(answers) == 16


# ---------------------------------------------------------------- what it refuses


@needs_coq
@pytest.mark.parametrize("name", MUTATED)
def test_every_changed_file_is_refused(name, library, tmp_path):
    text, changed = mutants(exported(name, tmp_path, alone=False), MUTATIONS, EACH)
    found = verdicts(library, [text, *changed, text])
    assert found[0] == found[len(changed) + 1] == (True, True)
    accepted = [changed[i - 1] for i in range(1, EACH + 1) if all(found.get(i, (False,)))]
    assert not accepted, accepted[0]
    # Most are refused by the claim, too: only a table whose optimum is the same is not.
    assert sum(found.get(i, (False, False))[1] for i in range(1, EACH + 1)) < EACH / 2


@needs_coq
def test_whole_changed_files_do_not_compile(library, tmp_path):
    whole = exported("tied", tmp_path, alone=False).read_text()
    start = whole.index("Definition M")
    for seed in range(8):
        draw = random.Random(seed)
        changed = whole[:start] + MUTATIONS[seed](whole[start:], draw)
        (library / "changed.v").write_text(changed)
        code, said = coqc(library / "changed.v", "-R", ".", "TabularPG")
        assert code != 0, changed[start:]
        assert "Error" in said


# ---------------------------------------------------------------- bad input


def test_floats_and_what_is_no_mdp_are_refused(tmp_path):
    path = tmp_path / "x.v"
    with pytest.raises(TypeError, match=r"MDP in float64; expected a RationalMDP.*40 states"):
        write_coq(path, instances.two_armed_bandit(0.5))
    with pytest.raises(TypeError, match="subject is of type list; expected a RationalMDP"):
        write_coq(path, [])
    with pytest.raises(ValueError, match="digits is 3, and subject is no run of NaturalPG, Soft"):
        write_coq(path, RationalMDP.of(SUBJECTS["two_arms"]()), digits=3)
    assert not list(tmp_path.iterdir())


def test_large_mdps_are_refused_with_the_size_that_works(tmp_path):
    large = RationalMDP.of(instances.garnet(60, 4, 4, gamma=0.95, seed=1))
    with pytest.raises(ValueError, match=r"60 states, 4 actions .*; expected at most about \d\d "):
        write_coq(tmp_path / "x.v", large)
    arms = RationalMDP([[[Fraction(int(t == s)) for t in range(257)]] for s in range(257)],
                       [[0]] * 257, 0)  # fmt: skip
    with pytest.raises(ValueError, match="257 states; expected at most 256"):
        write_coq(tmp_path / "x.v", arms)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.txt", "1.v", "a b.v", "ä.v"])
def test_names_that_coq_does_not_take_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match="expected a name like optimum.v"):
        write_coq(tmp_path / name, RationalMDP.of(SUBJECTS["two_arms"]()))
