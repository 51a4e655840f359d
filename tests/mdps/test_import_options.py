"""What an environment does outside its table is refused by name; tables of every kind are taken."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from tabular_pg import instances, optimum

gymnasium = pytest.importorskip("gymnasium")


def fake(P, **attributes):
    return SimpleNamespace(unwrapped=SimpleNamespace(P=P, spec=None, **attributes))


def make(id, **options):
    return gymnasium.make(id, **options)


TAXI = max(id for id in gymnasium.registry if id.startswith("Taxi-v"))
CLIFF = max(id for id in gymnasium.registry if id.startswith("CliffWalking-v"))
LAKE = "FrozenLake-v1"
LOOP = {0: {0: [(1.0, 1, 0.5, False)]}, 1: {0: [(1.0, 0, 0.0, False)]}}
END = {0: {0: [(1.0, 1, 0.5, False)]}, 1: {0: [(0.5, 0, 1.0, True), (0.5, 1, 0.0, False)]}}


def same(one, other):
    tables = [m.P.toarray().reshape(*m.r.shape, -1) if m.sparse else m.P for m in (one, other)]
    return all(map(np.array_equal, (tables[0], one.r, one.rho), (tables[1], other.r, other.rho)))


# ---- options and wrappers ----------------------------------------------------------------------


def test_a_passenger_who_changes_their_mind_is_refused():
    with pytest.raises(ValueError, match=r"fickle_passenger=True, which acts in step\(\)"):
        instances.from_gymnasium(make(TAXI, fickle_passenger=True), 0.9)


def doubled(env):
    return gymnasium.wrappers.TransformReward(env, lambda reward: 2 * reward)


class Own(gymnasium.Wrapper):
    """A wrapper of a user that ends no episode."""

    def step(self, action):
        observation, reward, _, truncated, info = super().step(action)
        return observation, reward, False, truncated, info


class Started(gymnasium.Wrapper):
    """A wrapper of a user that starts elsewhere."""

    def reset(self, **options):
        super().reset(**options)
        self.unwrapped.s = 1
        return 1, {}


class Seen(gymnasium.ObservationWrapper):
    """A wrapper of a user that shows the state in another way."""

    def observation(self, observation):
        return -observation


class Shorter(gymnasium.wrappers.TimeLimit):
    """A wrapper of a user that is like one of Gymnasium's."""


class Paid(gymnasium.RewardWrapper):
    """A wrapper of a user that pays otherwise."""

    def reward(self, reward):
        return reward - 1


REFUSED = {
    "TransformReward": doubled,
    "ClipReward": lambda env: gymnasium.wrappers.ClipReward(env, -1, 0.5),
    "NormalizeReward": gymnasium.wrappers.NormalizeReward,
    "StickyAction": lambda env: gymnasium.wrappers.StickyAction(env, 0.25),
    "RepeatAction": lambda env: gymnasium.wrappers.RepeatAction(env, 2),
    "TransformAction": lambda env: gymnasium.wrappers.TransformAction(
        env, lambda action: 3 - action, env.action_space
    ),
    "DelayObservation": lambda env: gymnasium.wrappers.DelayObservation(env, 1),
    "Own": Own,
    "Paid": Paid,
    "Started": Started,
}
HARMLESS = {
    "TimeLimit": lambda env: gymnasium.wrappers.TimeLimit(env, 7),
    "RecordEpisodeStatistics": gymnasium.wrappers.RecordEpisodeStatistics,
    "OrderEnforcing": gymnasium.wrappers.OrderEnforcing,
    "Seen": Seen,
    "Shorter": lambda env: Shorter(env, 5),
    "FlattenObservation": gymnasium.wrappers.FlattenObservation,
    "Wrapper": gymnasium.Wrapper,
}


@pytest.mark.parametrize("name", REFUSED)
def test_wrappers_that_change_transitions_or_rewards_are_refused_by_name(name):
    if name not in ("Own", "Paid", "Started") and not hasattr(gymnasium.wrappers, name):
        pytest.skip("unknown to this Gymnasium")
    wrapped = gymnasium.wrappers.RecordEpisodeStatistics(REFUSED[name](make(LAKE)))
    with pytest.raises(ValueError, match=f"wrapper {name}, .*env.unwrapped"):
        instances.from_gymnasium(wrapped, 0.9)
    assert instances.from_gymnasium(wrapped.unwrapped, 0.9).n_states == 17


@pytest.mark.parametrize("name", HARMLESS)
def test_wrappers_that_change_neither_are_taken(name):
    mdp = instances.from_gymnasium(HARMLESS[name](make(LAKE)), 0.9)
    assert same(mdp, instances.frozen_lake(4, 0.9))


def test_a_class_with_a_step_of_its_own_is_warned_about():
    lake = type(make(LAKE).unwrapped)

    class Windy(lake):
        def step(self, action):
            return super().step(0)

    class Painted(lake):
        def render(self):
            return None

    with pytest.warns(UserWarning, match="Windy has its own step; only its table P is read"):
        instances.from_gymnasium(Windy(), 0.9)
    assert same(instances.from_gymnasium(Painted(), 0.9), instances.frozen_lake(4, 0.9))


# ---- options that are in the table stay right ---------------------------------------------------


def frequencies(env, mdp, states, repeats):
    """How far the rows of some states are from what the simulator does, in standard errors."""
    env, worst = env.unwrapped, 0.0
    env.reset(seed=0)
    for s in states:
        for a in range(mdp.n_actions):
            counts = np.zeros(mdp.n_states)
            for _ in range(repeats):
                env.s = s
                t, _, ended, *_ = env.step(a)
                counts[mdp.n_states - 1 if ended else t] += 1
            error = np.sqrt(mdp.P[s, a] * (1 - mdp.P[s, a]) / repeats)
            off = np.abs(counts / repeats - mdp.P[s, a])
            assert (off[error == 0] == 0).all()
            worst = max(worst, (off[error > 0] / error[error > 0]).max(initial=0))
    return worst


@pytest.mark.parametrize(
    ("id", "options"),
    [
        (TAXI, {"is_rainy": True}),
        (CLIFF, {"is_slippery": True}),
        (LAKE, {"is_slippery": False}),
        (LAKE, {"desc": ["SFFH", "FHFF", "FFFG"]}),
        (LAKE, {"success_rate": 0.8, "reward_schedule": (3, -2, 0.5)}),
    ],
)
def test_options_of_the_table_are_those_of_the_simulator(id, options):
    try:
        env = make(id, **options)
    except TypeError:
        pytest.skip("unknown to this Gymnasium")
    mdp = instances.from_gymnasium(env, 0.9)
    states = np.random.default_rng(0).choice(mdp.n_states - 1, 8, replace=False)
    assert frequencies(env, mdp, states.tolist(), 300) < 5
    assert np.abs(mdp.P.sum(axis=2) - 1).max() < 4e-16


def test_random_maps_have_the_values_of_value_iteration():
    generate = gymnasium.envs.toy_text.frozen_lake.generate_random_map
    for seed in range(3):
        mdp = instances.from_gymnasium(make(LAKE, desc=generate(size=5, seed=seed)), 0.9)
        V = np.zeros(mdp.n_states)
        for _ in range(400):
            V = (mdp.r + 0.9 * mdp.P @ V).max(axis=1)
        np.testing.assert_allclose(optimum(mdp).V, V, atol=1e-12)


def gamblers_problem(goal=32, p=0.4):
    table = {0: {}, goal: {}}
    for s in range(1, goal):
        table[s] = {}
        for a in range(goal // 2):
            stake = min(a + 1, s, goal - s)
            won = s + stake
            table[s][a] = [(p, won, float(won == goal), won == goal)]
            table[s][a].append((1 - p, s - stake, 0.0, s == stake))
    for s in (0, goal):
        table[s] = {a: [(1.0, s, 0.0, True)] for a in range(goal // 2)}
    return {s: table[s] for s in range(goal + 1)}


def test_gamblers_problem_has_the_values_of_bold_play():
    mdp = instances.from_gymnasium(fake(gamblers_problem()), 1 - 1e-12)

    def bold(x):  # the chance to reach 1 from x, of Dubins and Savage
        if x in (0, 1):
            return x
        return 0.4 * bold(2 * x) if x <= 0.5 else 0.4 + 0.6 * bold(2 * x - 1)

    found = optimum(mdp, tie_tolerance=0.0).V[:33]
    expected = [bold(s / 32) for s in range(32)] + [0.0]
    np.testing.assert_allclose(found, expected, atol=1e-9)


# ---- tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("attribute", ["initial_state_distrib", "isd"])
def test_starts_of_either_name_become_rho(attribute):
    mdp = instances.from_gymnasium(fake(END, **{attribute: [0.25, 0.75]}), 0.9)
    assert mdp.rho.tolist() == [0.25, 0.75, 0.0]
    with pytest.raises(ValueError, match=rf"{attribute}\[1\] is -0.25"):
        instances.from_gymnasium(fake(END, **{attribute: [1.25, -0.25]}), 0.9)
    with pytest.raises(ValueError, match=rf"{attribute} sums to 0.75"):
        instances.from_gymnasium(fake(END, **{attribute: [0.25, 0.5]}), 0.9)
    with pytest.raises(ValueError, match=f"{attribute} is a masked array"):
        start = np.ma.array([0.25, 0.75], mask=[0, 1])
        instances.from_gymnasium(fake(END, **{attribute: start}), 0.9)


def test_starts_of_two_names_must_agree():
    both = {"initial_state_distrib": [0.5, 0.5], "isd": [1.0, 0.0]}
    with pytest.raises(ValueError, match="initial_state_distrib and isd of env differ"):
        instances.from_gymnasium(fake(END, **both), 0.9)
    both["isd"] = np.array([0.5, 0.5])
    assert instances.from_gymnasium(fake(END, **both), 0.9).rho.tolist() == [0.5, 0.5, 0.0]


def test_an_environment_of_the_older_family_needs_no_unwrapped():
    old = SimpleNamespace(P=LOOP, isd=np.array([1.0, 0.0]), nS=2, nA=1)
    assert instances.from_gymnasium(old, 0.9).rho.tolist() == [1.0, 0.0]


def test_numpy_keys_and_integer_rewards():
    table = {np.int64(0): {np.int8(0): [(np.float32(1), np.uint8(0), 3, 0)]}}
    mdp = instances.from_gymnasium(fake(table), 0.9)
    assert mdp.P.tolist() == [[[1.0]]] and mdp.r.tolist() == [[3.0]]


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (("1.0", 0, 0.0, False), "expected .probability, next state"),
        ((True, 0, 0.0, False), "expected .probability, next state"),
        ((1.0, 0, "0", False), "expected .probability, next state"),
        ((1.0, 0, None, False), "expected .probability, next state"),
        ((1.0, 0, 1j, False), "expected .probability, next state"),
        ((1.0, 0, 0.0, "False"), "expected .probability, next state"),
        ((1.0, 0, 0.0, None), "expected .probability, next state"),
        ((1.0, True, 0.0, False), "expected .probability, next state"),
        ((1.0, 10**400, 0.0, False), "leads to state 1000"),
        ((1.0, 0, 10**400, False), r"r\[0, 0\] is inf"),
        ((np.timedelta64(1), 0, 0.0, False), "expected .probability, next state"),
    ],
)
def test_odd_outcomes_are_refused(outcome, message):
    with pytest.raises(ValueError, match=message):
        instances.from_gymnasium(fake({0: {0: [outcome]}}), 0.9)


@pytest.mark.parametrize("table", [3, "ab", {0: 3}, {0: {0: 3}}, {0: {0: None}}, [None]])
def test_odd_tables_are_refused(table):
    with pytest.raises(ValueError, match=r"P(\[0\])*(\[0\])? |P is"):
        instances.from_gymnasium(fake(table), 0.9)


@pytest.mark.parametrize("sparse", [False, True])
def test_what_an_error_advises_is_taken(sparse):
    short = {0: {0: [(0.5, 0, 0.0, False)]}}
    with pytest.raises(ValueError, match="renormalize=True"):
        instances.from_gymnasium(fake(short), 0.9, sparse=sparse)
    mdp = instances.from_gymnasium(fake(short), 0.9, renormalize=True, sparse=sparse)
    assert mdp.P.sum() == 1 and mdp.correction == 0.5
    left = {0: {0: [(0.8, 0, 0.0, False), (0.2, 0, 0.0, True), (1 - 0.8 - 0.2, 0, 1.0, False)]}}
    with pytest.raises(ValueError, match="has probability -5.*renormalize=True"):
        instances.from_gymnasium(fake(left), 0.9, sparse=sparse)
    assert instances.from_gymnasium(fake(left), 0.9, renormalize=True, sparse=sparse).r[0, 0] == 0
    empty = {0: {0: [(1.0, 1, 0.0, True)], 1: []}, 1: {0: [], 1: [(1.0, 0, 0.0, False)]}}
    with pytest.raises(ValueError, match=r"P\[0, 1\] is all zero.*actions=mask"):
        instances.from_gymnasium(fake(empty), 0.9, sparse=sparse)
    mask = np.eye(2, dtype=bool)
    mdp = instances.from_gymnasium(fake(empty), 0.9, actions=mask, sparse=sparse)
    assert mdp.actions.tolist() == [[True, False], [False, True], [True, True]]
    with pytest.raises(ValueError, match=r"actions has shape \(3, 2\).*\(S, A\) = \(2, 2\)"):
        instances.from_gymnasium(fake(empty), 0.9, actions=np.ones((3, 2), bool), sparse=sparse)


@pytest.mark.parametrize("table", [LOOP, END])
def test_sparse_tables_are_the_dense_ones(table):
    dense, compressed = (
        instances.from_gymnasium(fake(table), 0.9, sparse=s) for s in (0 > 1, True)
    )
    assert compressed.sparse and not dense.sparse and same(dense, compressed)


def test_a_large_table_is_built_sparse():
    size = 60
    env = make(
        LAKE, desc=["S" + "F" * (size - 1)] + ["F" * size] * (size - 2) + ["F" * (size - 1) + "G"]
    )
    tracemalloc.start()
    mdp = instances.from_gymnasium(env, 0.9)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert mdp.sparse and mdp.n_states == size**2 + 1 and mdp.rho[0] == 1
    assert peak < 50e6  # dense: 415 MB
    assert not instances.from_gymnasium(make(LAKE), 0.9).sparse
