"""Files of CRAAM, PRISM and Storm come in and go out with every bit; faults have their line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from support.models import models, same, table
from tabular_pg import MDP, instances, optimum

RIVER = """idstatefrom,idaction,idstateto,probability,reward
0,0,0,1,5
0,1,0,0.7,0
0,1,1,0.3,0
1,0,0,1,0
1,1,1,0.6,0
1,1,2,0.4,1
"""
DICE = """3 4 7
0 0 1 0.5 go
0 0 2 0.5 go
0 1 0 1 stay
1 0 1 0.25 stay
1 0 2 0.25 stay
1 0 0 1/2 stay
2 0 2 1 go
"""


@settings(max_examples=50)
@given(models())
def test_csv_there_and_back_is_the_same_mdp(tmp_path_factory, mdp):
    path = mdp.to_csv(tmp_path_factory.mktemp("csv") / "mdp.csv")
    assert same(mdp, MDP.from_csv(path, mdp.gamma))


@settings(max_examples=50)
@given(models())
def test_explicit_files_there_and_back_are_the_same_mdp(tmp_path_factory, mdp):
    stem = tmp_path_factory.mktemp("explicit") / "mdp"
    for write in (mdp.to_prism, mdp.to_storm)[: 1 if (mdp.r < 0).any() else 2]:
        tra, rewards, labels = write(stem)
        found = MDP.from_prism(tra, mdp.gamma, rewards=rewards, labels=labels)
        assert same(mdp, found)
        assert np.array_equal(found.rho > 0, mdp.rho > 0)


@settings(max_examples=20)
@given(models())
def test_storm_reads_what_is_written(tmp_path_factory, mdp):
    stormpy = pytest.importorskip("stormpy")
    mdp = MDP(mdp.P, np.abs(mdp.r), mdp.gamma, rho=mdp.rho, actions=mdp.actions)
    tra, rewards, labels = mdp.to_storm(tmp_path_factory.mktemp("storm") / "mdp")
    model = stormpy.build_model_from_explicit(tra, labels, transition_rewards=rewards)
    P, available = table(mdp), np.ones(mdp.r.shape, bool) if mdp.actions is None else mdp.actions
    pairs = list(zip(*np.nonzero(available), strict=True))
    assert model.nr_states == mdp.n_states and model.nr_choices == len(pairs)
    kept = model.reward_models  # which owns the matrix
    paid = kept[""].transition_rewards
    for row, (s, a) in enumerate(pairs):
        for entry in model.transition_matrix.get_row(row):
            assert entry.value == P[s, a, entry.column]
        for entry in paid.get_row(row):
            assert entry.value == mdp.r[s, a]
    assert set(model.labeling.get_states("init")) == set(np.flatnonzero(mdp.rho))


def test_names_of_actions_are_kept(tmp_path):
    P = np.stack([np.eye(2), np.eye(2)[::-1]], axis=1)
    mdp = MDP(P, [[0.0, 1.0], [2.0, 0.0]], 0.5, labels=(None, ("stay", "swap")))
    tra, rewards, labels = mdp.to_prism(tmp_path / "two")
    assert tra.read_text().splitlines()[:2] == ["2 4 4", "0 0 0 1.0 stay"]
    assert MDP.from_prism(tra, 0.5, rewards=rewards).labels == (None, ("stay", "swap"))


def test_names_say_which_action_a_choice_is(tmp_path):
    path = tmp_path / "dice.tra"
    path.write_text(DICE)
    (tmp_path / "dice.lab").write_text('0="init" 1="deadlock" 2="done"\n0: 2 0\n2: 2\n')
    (tmp_path / "dice.srew").write_text("# Reward structure\n3 1\n1 2.5\n")
    (tmp_path / "dice.trew").write_text("3 4 2\n0 0 1 1\n0 1 0 3\n")
    rewards = [tmp_path / "dice.srew", str(tmp_path / "dice.trew")]
    mdp = MDP.from_prism(path, 0.9, rewards=rewards, labels=tmp_path / "dice.lab")
    assert mdp.name == "dice" and mdp.labels == (None, ("go", "stay"))
    assert mdp.actions.tolist() == [[True, True], [False, True], [True, False]]
    assert mdp.r.tolist() == [[0.5, 3.0], [0.0, 2.5], [0.0, 0.0]]
    assert mdp.P[1, 1].tolist() == [0.5, 0.25, 0.25] and mdp.rho.tolist() == [1, 0, 0]
    path.write_text(DICE.replace(" go", "").replace(" stay", ""))
    assert MDP.from_prism(path, 0.9).actions.tolist() == [[True, True], [True, False]] + [
        [True, False]
    ]


def test_files_of_storm_have_no_counts(tmp_path):
    (tmp_path / "m.tra").write_text("MDP\n0 0 1 1\n\n1 0 0 0.5\n1 0 1 0.5\n")
    (tmp_path / "m.state.rew").write_text("0 2\n1 3\n")
    (tmp_path / "m.lab").write_text("#DECLARATION\ninit other\n#END\n0 other\n1 init other\n")
    mdp = MDP.from_prism(
        tmp_path / "m.tra", 0.5, rewards=tmp_path / "m.state.rew", labels=tmp_path / "m.lab"
    )
    assert mdp.r.tolist() == [[2.0], [3.0]] and mdp.rho.tolist() == [0, 1]


def test_states_that_are_only_led_to_are_ends(tmp_path):
    path = tmp_path / "river.csv"
    path.write_text("\ufeff" + RIVER)
    mdp = MDP.from_csv(path, 0.9)
    assert mdp.name == "river" and mdp.P[2, :, 2].tolist() == [1, 1] and mdp.r[2].tolist() == [0, 0]
    assert mdp.r[1, 1] == 0.4 and optimum(mdp).V[0] == pytest.approx(50)


CSV_FAULTS = {
    "header": (("idaction", "action"), "expected idaction, too"),
    "number": (("0.7", "x"), "line 3: probability is 'x'; expected a finite number"),
    "negative": (("0.7", "-0.7"), "line 3: probability is '-0.7'; expected one >= 0"),
    "id": (("0,1,0", "0,1.5,0"), "line 3: idaction is '1.5'; expected an integer"),
    "fields": (("0,0,0,1,5", "0,0,0,1"), "line 2 has 4 fields; expected 5"),
    "gap": (("1,1,2,", "1,1,7,"), "the state 7 and no line with the state 2"),
    "sum": (("0.7", "0.6"), r"P\[0, 1\] sums to 0\.8999"),
    "nan": (("0.4,1", "0.4,nan"), "line 7: reward is 'nan'"),
}


@pytest.mark.parametrize("name", CSV_FAULTS)
def test_faults_in_csv_files_have_their_line(tmp_path, name):
    change, match = CSV_FAULTS[name]
    path = tmp_path / "river.csv"
    path.write_text(RIVER.replace(*change))
    with pytest.raises(ValueError, match=match):
        MDP.from_csv(path, 0.9)


def test_robust_mdps_are_refused(tmp_path):
    lines = ["idstatefrom,idaction,idoutcome,idstateto,probability,reward"]
    path = tmp_path / "robust.csv"
    path.write_text("\n".join([*lines, "0,0,0,0,1,0", "0,0,1,0,1,5"]))
    with pytest.raises(ValueError, match="several outcomes for state 0, action 0"):
        MDP.from_csv(path, 0.9)
    path.write_text("\n".join([*lines, "0,0,0,0,1,0", "0,1,1,0,1,5"]))
    assert MDP.from_csv(path, 0.9).r.tolist() == [[0, 5]]


TRA_FAULTS = {
    "header": (("3 4 7", "3 4"), "begins with '3 4'; expected 'mdp'"),
    "counts": (("3 4 7", "3 5 7"), "begins with '3 5 7'"),
    "states": (("3 4 7", "2 4 7"), "begins with 2 states; expected 3"),
    "more states": (("3 4 7", "4 4 7"), "no transition of state 3"),
    "fields": (("0 1 0 1 stay", "0 1 0"), "line 4 has 3 fields; expected 4"),
    "number": (("0 1 0 1", "0 x 0 1"), "line 4 has 'x'; expected an integer"),
    "names": (("0 0 2 0.5 go", "0 0 2 0.5 stay"), "choice 0 of state 0 has the actions"),
    "sum": (("1/2", "1/4"), r"P\[1, 1\] sums to 0.75"),
}


@pytest.mark.parametrize("name", TRA_FAULTS)
def test_faults_in_explicit_files_have_their_line(tmp_path, name):
    change, match = TRA_FAULTS[name]
    path = tmp_path / "dice.tra"
    path.write_text(DICE.replace(*change))
    with pytest.raises(ValueError, match=match):
        MDP.from_prism(path, 0.9)


def test_rewards_and_starts_that_do_not_fit_are_refused(tmp_path):
    path, other = tmp_path / "dice.tra", tmp_path / "other"
    path.write_text(DICE)
    other.write_text("3 4 1\n0 0 0 1\n")
    with pytest.raises(ValueError, match="a reward for 0 0 0; expected .* there is a transition"):
        MDP.from_prism(path, 0.9, rewards=other)
    other.write_text('0="deadlock"\n0: 0\n')
    with pytest.raises(ValueError, match="no state with the label init"):
        MDP.from_prism(path, 0.9, labels=other)
    other.write_text('0="init"\n9: 0\n')
    with pytest.raises(ValueError, match="line 2 is '9: 0'; expected a state below 3"):
        MDP.from_prism(path, 0.9, labels=other)


def test_storm_has_no_negative_rewards(tmp_path):
    mdp = MDP(np.ones((1, 2, 1)), [[1.0, -0.5]], 0.5)
    with pytest.raises(ValueError, match=r"r\[0, 1\] is -0.5; expected rewards >= 0"):
        mdp.to_storm(tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_files_are_whole_or_not_there(tmp_path):
    with pytest.raises(TypeError, match="stem is 3"):
        instances.chain(3, 0.5).to_prism(3)
    with pytest.raises(TypeError, match="path is 3"):
        MDP.from_csv(3, 0.5)
