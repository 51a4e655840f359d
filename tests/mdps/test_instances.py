"""Instances have the rows, optima and ties they claim; imported tables are their simulators'."""

import builtins
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabular_pg import BlandPolicyIteration, instances, optimize
from tabular_pg.mdps.mdp import MDP

INSTANCES = [
    instances.garnet(20, 3, 4, 0.9),
    instances.random_dense(7, 3, 0.9),
    instances.tied(6, 4, 0.9),
    instances.tied(6, 4, 0.9, same_dynamics=False),
    instances.bandit([1.0, -2.0, 0.5]),
    instances.two_armed_bandit(),
    instances.chain(5, 0.9),
    instances.river_swim(),
    instances.gridworld(3, 4, 0.9),
    instances.deep_sea(4),
    instances.gamma_chain(6, 0.9),
    instances.binary_counter(4, 0.9),
    instances.li_wei_chi_chen(),
    instances.li_wei_chi_chen_lumped(copies=10**6).mdp,
]
SEEDED = {
    "garnet": lambda seed: instances.garnet(12, 3, 4, 0.9, seed=seed),
    "random_dense": lambda seed: instances.random_dense(5, 3, 0.9, seed=seed),
    "tied": lambda seed: instances.tied(5, 3, 0.9, seed=seed),
    "tied, distinct": lambda seed: instances.tied(5, 3, 0.9, seed=seed, same_dynamics=False),
}


def solve(mdp, policy):
    """(V, Q) of a stochastic policy, by one linear system."""
    P = np.einsum("sa,sat->st", policy, mdp.P)
    V = np.linalg.solve(np.eye(mdp.n_states) - mdp.gamma * P, (policy * mdp.r).sum(axis=1))
    return V, mdp.r + mdp.gamma * mdp.P @ V


def policy_iterates(mdp, actions):
    """Deterministic policies of Howard's iteration and their values, until no gain > 1e-12."""
    states = np.arange(mdp.n_states)
    while True:
        V, Q = solve(mdp, np.eye(mdp.n_actions)[actions])
        yield actions, V, Q
        greedy = Q.argmax(axis=1)
        better = Q[states, greedy] > Q[states, actions] + 1e-12
        if not better.any():
            return
        actions = np.where(better, greedy, actions)


def optimal(mdp):
    """(actions, V*, Q*)."""
    *_, last = policy_iterates(mdp, np.zeros(mdp.n_states, dtype=int))
    return last


def same_bits(one, other):
    return all(
        getattr(one, field).tobytes() == getattr(other, field).tobytes()
        for field in ("P", "r", "rho", "mu")
    )


@pytest.mark.parametrize("mdp", INSTANCES, ids=lambda mdp: mdp.name)
def test_instance_is_a_named_mdp_with_exact_rows(mdp):
    assert isinstance(mdp, MDP)
    assert mdp.name not in ("", "MDP")
    assert np.abs(mdp.P.sum(axis=2) - 1).max() <= 4e-16
    assert (mdp.mu > 0).all()


def test_names_are_distinct():
    assert len({mdp.name for mdp in INSTANCES}) == len(INSTANCES)


@pytest.mark.parametrize("make", SEEDED.values(), ids=SEEDED.keys())
def test_seed_determines_every_bit(make):
    assert same_bits(make(3), make(3))
    assert not same_bits(make(3), make(4))


# ---- random instances --------------------------------------------------------------------


@given(st.data(), st.integers(1, 15), st.integers(1, 4), st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_garnet_rows_reach_exactly_branching_states(data, n_states, n_actions, seed):
    branching = data.draw(st.integers(1, n_states))
    mdp = instances.garnet(n_states, n_actions, branching, 0.9, seed=seed)
    assert mdp.P.shape == (n_states, n_actions, n_states)
    assert ((mdp.P > 0).sum(axis=2) == branching).all()
    assert ((mdp.r >= 0) & (mdp.r <= 1)).all()


def test_garnet_probabilities_are_uniform_spacings():
    P = instances.garnet(40, 40, 3, 0.9).P
    p = P[P > 0]  # 4800 spacings of two uniform points: mean 1/3, E p^2 = 2 / (3 * 4)
    assert p.mean() == pytest.approx(1 / 3)
    assert (p**2).mean() == pytest.approx(1 / 6, abs=0.01)
    assert (P > 0).sum(axis=(0, 1)) == pytest.approx(np.full(40, 120), abs=5 * np.sqrt(120))


@given(
    st.integers(1, 8),
    st.integers(3, 5),
    st.floats(0, 0.99),
    st.integers(0, 2**32),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_tied_has_exactly_two_optimal_actions(n_states, n_actions, gamma, seed, same):
    mdp = instances.tied(n_states, n_actions, gamma, seed=seed, same_dynamics=same)
    _, _, Q = optimal(mdp)
    Q = np.sort(Q, axis=1)[:, ::-1]
    assert np.abs(Q[:, 0] - Q[:, 1]).max() <= 1e-13  # as well as LAPACK solves; see below
    assert (Q[:, 0] - Q[:, 2]).min() >= 0.1 - 1e-12


def test_tied_with_the_same_dynamics_is_the_same_bit_for_bit():
    mdp = instances.tied(10, 4, 0.97, seed=5)
    _, _, Q = optimal(mdp)
    for s, (a, b) in enumerate(np.argsort(-Q, axis=1)[:, :2]):
        assert (mdp.P[s, a] == mdp.P[s, b]).all()
        assert mdp.r[s, a] == mdp.r[s, b]


@pytest.mark.parametrize("gamma", [0.5, 0.9, 0.99])
def test_tied_with_distinct_dynamics_ties_to_1e_15_in_exact_arithmetic(gamma):
    mdp = instances.tied(5, 3, gamma, seed=2, same_dynamics=False)
    _, _, Q = optimal(mdp)
    pairs = np.argsort(-Q, axis=1)[:, :2]
    V = exact_value(mdp, pairs[:, 0])
    for s, pair in enumerate(pairs):
        assert (mdp.P[s, pair[0]] != mdp.P[s, pair[1]]).any()
        one, other = (exact_backup(mdp, V, s, a) for a in pair)
        assert abs(float(one - other)) <= (1e-15 if gamma != 0.5 else 0.0)


def exact_backup(mdp, V, s, a):
    mean = sum(Fraction(float(p)) * v for p, v in zip(mdp.P[s, a], V, strict=True))
    return Fraction(float(mdp.r[s, a])) + Fraction(mdp.gamma) * mean


def exact_value(mdp, actions):
    """V of a deterministic policy in rational arithmetic, by Gauss-Jordan elimination."""
    size, gamma = mdp.n_states, Fraction(mdp.gamma)
    rows = [
        [(s == t) - gamma * Fraction(float(mdp.P[s, a, t])) for t in range(size)]
        + [Fraction(float(mdp.r[s, a]))]
        for s, a in enumerate(actions)
    ]
    for i in range(size):
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(size):
            if j != i:
                rows[j] = [x - rows[j][i] * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[-1] for row in rows]


# ---- classical instances -----------------------------------------------------------------


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6), st.floats(0, 0.95))
@settings(max_examples=50, deadline=None)
def test_bandit_value_is_the_best_mean(means, gamma):
    _, V, _ = optimal(instances.bandit(means, gamma))
    assert V[0] == pytest.approx(max(means) / (1 - gamma), rel=1e-12, abs=1e-9)


def test_two_armed_bandit_has_the_gap_exactly():
    mdp = instances.two_armed_bandit(gap=0.3)
    assert mdp.r[0, 0] - mdp.r[0, 1] == 0.3
    assert ((mdp.r >= 0) & (mdp.r <= 1)).all()


@pytest.mark.parametrize("slip", [0.0, 0.1, 0.4])
def test_chain_is_optimally_walked_right(slip):
    actions, V, Q = optimal(instances.chain(6, 0.9, slip=slip))
    assert (actions == 1).all()
    assert (Q[:, 1] > Q[:, 0]).all()
    if slip == 0:
        assert pytest.approx(0.9 ** np.arange(5, -1, -1) / 0.1) == V


def test_chain_that_always_slips_swaps_the_actions():
    straight, slipping = instances.chain(4, 0.9, slip=0), instances.chain(4, 0.9, slip=1)
    assert (slipping.P[:, ::-1] == straight.P).all()
    assert (slipping.r[:, ::-1] == straight.r).all()


def test_river_swim_is_optimally_swum_right_when_patient():
    for gamma in (0.95, 0.99):
        actions, _, _ = optimal(instances.river_swim(gamma=gamma))
        assert (actions == 1).all()
    impatient, _, _ = optimal(instances.river_swim(gamma=0.3))
    assert impatient[0] == 0


def test_river_swim_has_the_classical_numbers():
    mdp = instances.river_swim(4)
    right = [[0.4, 0.6, 0, 0], [0.05, 0.6, 0.35, 0], [0, 0.05, 0.6, 0.35], [0, 0, 0.4, 0.6]]
    assert mdp.P[:, 1] == pytest.approx(np.array(right))
    assert (mdp.P[:, 0] == np.eye(4)[[0, 0, 1, 2]]).all()
    assert (mdp.r == [[0.005, 0], [0, 0], [0, 0], [0, 1]]).all()


def test_gridworld_without_slip_has_value_gamma_to_the_distance():
    mdp = instances.gridworld(3, 4, 0.9, slip=0)
    _, V, _ = optimal(mdp)
    row, column = np.divmod(np.arange(12), 4)
    distance = (2 - row) + (3 - column)
    assert V[:-1] == pytest.approx(0.9 ** (distance[:-1] - 1))
    assert V[-1] == 0


def test_gridworld_slips_sideways_and_bounces_off_walls():
    mdp = instances.gridworld(2, 3, 0.9, slip=0.2)
    assert mdp.P[0, 0] == pytest.approx([0.9, 0.1, 0, 0, 0, 0])  # up: bounces; left too
    assert mdp.P[1, 2] == pytest.approx([0.1, 0, 0.1, 0, 0.8, 0])  # down
    assert mdp.r[2] == pytest.approx([0, 0.1, 0.8, 0.1])  # above the goal
    assert (mdp.P[5, :, 5] == 1).all()
    assert (mdp.r[5] == 0).all()


@pytest.mark.parametrize("size", [1, 2, 5])
def test_deep_sea_returns_what_moving_right_returns(size):
    mdp = instances.deep_sea(size, gamma=0.9)
    _, V, _ = optimal(mdp)
    closed = 0.9 ** (size - 1) - 0.01 / size * (1 - 0.9**size) / 0.1
    assert mdp.rho @ V == pytest.approx(closed, rel=1e-13)


def test_deep_sea_pays_the_treasure_in_one_cell_only():
    mdp = instances.deep_sea(3)
    assert np.flatnonzero(mdp.r.max(axis=1) > 0).tolist() == [8]
    assert (mdp.P[9, :, 9] == 1).all()
    assert (mdp.P[6:9, :, 9] == 1).all()


# ---- lower bounds ------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "gamma"), [(1, 0.5), (12, 0.9), (40, 0.99)])
def test_gamma_chain_makes_policy_iteration_contract_by_gamma_only(n, gamma):
    mdp = instances.gamma_chain(n, gamma)
    best = np.append(gamma ** np.arange(n + 1) / (1 - gamma), 0)
    iterates = list(policy_iterates(mdp, np.ones(n + 2, dtype=int)))
    assert len(iterates) == n + 1
    assert iterates[-1][1] == pytest.approx(best, rel=1e-12)
    gaps = np.array([(best - V).max() for _, V, _ in iterates[:n]])
    k = np.arange(n)
    assert gaps == pytest.approx((2 - 1.001**k) * gamma**k * gaps[0], rel=1e-10)


@pytest.mark.parametrize(("n", "gamma"), [(1, 0.5), (2, 0.99), (6, 0.9), (11, 0.3)])
def test_binary_counter_is_counted_down_one_by_one(n, gamma):
    mdp, start = instances.binary_counter(n, gamma), np.tile([1.0, 0.0], (2 * n + 2, 1))
    start[n - 1] = [0.0, 1.0]
    run = optimize(mdp, BlandPolicyIteration(), 2**n, policy=start, at=range(2**n + 1))
    V = run.optimum.V - run.value_gap
    number = (V[:, :n] < V[:, n : 2 * n]) @ 2 ** np.arange(n)
    np.testing.assert_array_equal(number[:-1], np.arange(2**n)[::-1])
    assert run.sup_gap[-2] == 0 < run.sup_gap[-3] and run.optimum.optimal[:n, 0].all()
    assert run.optimum.V[0] == pytest.approx(gamma**n)


def li_values(gamma, horizon):
    s = np.arange(1.0, horizon + 1)
    return np.concatenate([[0], gamma ** (2 * s), gamma ** (2 * s + 1)])


@pytest.mark.parametrize(
    ("gamma", "horizon", "copies"), [(0.97, 9, 3), (0.97, 17, 1), (0.99, 4, 2)]
)
def test_li_wei_chi_chen_has_the_claimed_optimum(gamma, horizon, copies):
    lumped, counts = instances.li_wei_chi_chen_lumped(gamma, horizon, copies)
    full = instances.li_wei_chi_chen(gamma, horizon, copies)
    claimed = li_values(gamma, horizon)
    for mdp, V in [(lumped, claimed), (full, np.repeat(claimed, counts))]:
        _, _, Q = optimal(mdp)
        assert Q[:, 1] == pytest.approx(V, rel=1e-12)
        assert (Q[1:, 1] > Q[1:, [0, 2]].max(axis=1)).all()


def test_li_wei_chi_chen_thresholds_are_where_the_preferences_switch():
    gamma, horizon = 0.97, 9
    mdp, _ = instances.li_wei_chi_chen_lumped(gamma, horizon)
    s = np.arange(1, horizon + 1)
    tau = gamma ** (2 * s / 3) / 2
    V = np.concatenate([[0], tau, gamma * tau])  # every state at its threshold
    Q = mdp.r + gamma * mdp.P @ V
    assert Q[horizon + s, 1] == pytest.approx(Q[horizon + s, 0])
    assert Q[3 : horizon + 1, 2] == pytest.approx(Q[3 : horizon + 1, 0])
    assert Q[3 : horizon + 1, 1] == pytest.approx(gamma**0.5 * mdp.r[3 : horizon + 1, 2])


def symmetric_policy(lumped, seed):
    return np.random.default_rng(seed).dirichlet(np.ones(3), size=lumped.n_states)


@pytest.mark.parametrize("copies", [1, 3, 50])
def test_lumping_is_exact(copies):
    lumped, counts = instances.li_wei_chi_chen_lumped(copies=copies)
    full = instances.li_wei_chi_chen(copies=copies)
    members = np.repeat(np.arange(lumped.n_states), counts)
    assert full.n_states == counts.sum() == 2 * copies + 17
    merged = np.zeros((full.n_states, 3, lumped.n_states))
    for state, group in enumerate(members):
        merged[:, :, group] += full.P[:, :, state]
    assert merged == pytest.approx(lumped.P[members], abs=1e-15)
    for weights, pushed in [(full.mu, lumped.mu), (full.rho, lumped.rho)]:
        assert np.bincount(members, weights) == pytest.approx(pushed, rel=1e-14)
    policy = symmetric_policy(lumped, copies)
    assert solve(full, policy[members])[0] == pytest.approx(solve(lumped, policy)[0][members])


def softmax_pg(mdp, step, iterations):
    """Policy of softmax PG from uniform; ``step`` is (S,)."""
    theta = np.zeros((mdp.n_states, mdp.n_actions))
    for _ in range(iterations):
        policy = np.exp(theta) / np.exp(theta).sum(axis=1, keepdims=True)
        V, Q = solve(mdp, policy)
        P = np.einsum("sa,sat->st", policy, mdp.P)
        visits = np.linalg.solve((np.eye(mdp.n_states) - mdp.gamma * P).T, mdp.mu)
        theta += (step * visits)[:, None] * policy * (Q - V[:, None])
    return policy


def test_softmax_pg_on_the_lumped_chain_with_divided_gradients_is_that_on_the_full_chain():
    lumped, counts = instances.li_wei_chi_chen_lumped(copies=4)
    full = instances.li_wei_chi_chen(copies=4)
    expected = softmax_pg(full, np.full(full.n_states, 5.0), 200)
    got = softmax_pg(lumped, 5.0 / counts, 200)
    assert np.abs(got - 1 / 3).max() > 0.1
    assert np.repeat(got, counts, axis=0) == pytest.approx(expected, rel=1e-10)


# ---- the import from Gymnasium -----------------------------------------------------------


def fake(P, **attributes):
    return SimpleNamespace(unwrapped=SimpleNamespace(P=P, spec=None, **attributes))


def test_import_adds_up_duplicate_successors_and_averages_rewards():
    env = fake({0: {0: [(0.25, 0, 4.0, False), (0.5, 0, 0.0, False), (0.25, 1, 8.0, False)]},
                1: {0: [(1.0, 0, 1.0, False)]}})  # fmt: skip
    mdp = instances.from_gymnasium(env, 0.9)
    assert mdp.P.tolist() == [[[0.75, 0.25]], [[1.0, 0.0]]]
    assert mdp.r.tolist() == [[3.0], [1.0]]


def test_import_sends_terminated_transitions_to_one_absorbing_state():
    env = fake({0: {0: [(0.5, 1, 2.0, True), (0.5, 1, 0.0, False)]},
                1: {0: [(1.0, 0, 7.0, True)]}})  # fmt: skip
    mdp = instances.from_gymnasium(env, 0.9)
    assert mdp.P.tolist() == [[[0, 0.5, 0.5]], [[0, 0, 1]], [[0, 0, 1]]]
    assert mdp.r.tolist() == [[1.0], [7.0], [0.0]]


def test_import_takes_numpy_integers_lists_and_flags():
    env = fake([[[(1.0, np.int64(1), np.int64(-1), np.bool_(False))]], [[(1, 0, 0, np.False_)]]])
    mdp = instances.from_gymnasium(env, 0.9)
    assert mdp.P.tolist() == [[[0, 1]], [[1, 0]]]
    assert mdp.r.tolist() == [[-1.0], [0.0]]


def test_import_takes_rho_from_the_environment_and_leaves_mu_uniform():
    table = {0: {0: [(1.0, 1, 0, False)]}, 1: {0: [(1.0, 0, 0, True)]}}
    mdp = instances.from_gymnasium(fake(table, initial_state_distrib=[0.25, 0.75]), 0.9)
    assert mdp.rho.tolist() == [0.25, 0.75, 0.0]
    assert mdp.mu == pytest.approx(np.full(3, 1 / 3))
    assert instances.from_gymnasium(fake(table), 0.9).rho == pytest.approx(np.full(3, 1 / 3))


def stay(s, **changes):
    outcome = {"p": 1.0, "successor": s, "reward": 0.0, "terminated": False, **changes}
    return {0: [tuple(outcome.values())]}


BAD_ENVIRONMENTS = {
    "an id": ("FrozenLake-v1", "env is 'FrozenLake-v1', which has no table env.unwrapped.P"),
    "no table": (SimpleNamespace(unwrapped=SimpleNamespace()), "no table env.unwrapped.P"),
    "empty": (fake({}), "P has 0 states and no action"),
    "no actions": (fake({0: {}}), "P has 1 states and no action"),
    "state keys": (fake({0: stay(0), 2: stay(0)}), r"P has 2 states but no P\[1\]"),
    "action keys": (fake({0: {1: [(1.0, 0, 0, False)]}}), r"P\[0\] has no action 0"),
    "ragged": (
        fake({0: stay(0), 1: {0: [], 1: []}}),
        r"P\[1\] has 2 actions; expected 1, as P\[0\] has",
    ),
    "observation space": (
        fake({0: stay(0)}, observation_space=SimpleNamespace(n=3)),
        "P has 1 entries for the observation_space; expected 3",
    ),
    "action space": (
        fake({0: stay(0)}, action_space=SimpleNamespace(n=2)),
        "P has 1 entries for the action_space; expected 2",
    ),
    "successor": (fake({0: stay(5)}), r"P\[0\]\[0\] leads to state 5; expected one in 0..0"),
    "fractional successor": (fake({0: stay(0.5)}), r"outcome of P\[0\]\[0\] is .* expected \(prob"),
    "three entries": (fake({0: {0: [(1.0, 0, 0.0)]}}), r"expected \(probability, next state"),
    "negative": (
        fake({0: {0: [(-0.5, 0, 0, False), (1.5, 0, 0, False)]}}),
        r"P\[0\]\[0\] has probability -0.5; expected one >= 0",
    ),
    "not summing": (fake({0: stay(0, p=0.9)}), r"P\[0, 0\] sums to 0.9; expected 1"),
    "reward": (fake({0: stay(0, reward=np.nan)}), r"r\[0, 0\] is nan; expected a finite number"),
    "start": (
        fake({0: stay(0)}, initial_state_distrib=[0.5, 0.5]),
        r"initial_state_distrib has shape \(2,\); expected \(1,\)",
    ),
}


@pytest.mark.parametrize(("env", "message"), BAD_ENVIRONMENTS.values(), ids=BAD_ENVIRONMENTS)
def test_import_refuses_what_is_not_a_transition_table(env, message):
    with pytest.raises(ValueError, match=message):
        instances.from_gymnasium(env, 0.9)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    real_import = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "gymnasium":
            raise ImportError("No module named 'gymnasium'")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for make in (instances.frozen_lake, instances.taxi, instances.cliff_walking):
        with pytest.raises(ImportError, match=r"pip install tabular_pg\[gymnasium\]"):
            make()


ENVIRONMENTS = {
    "frozen_lake(4)": lambda gamma: instances.frozen_lake(4, gamma),
    "frozen_lake(8)": lambda gamma: instances.frozen_lake(8, gamma),
    "taxi": instances.taxi,
    "cliff_walking": instances.cliff_walking,
}
OPTIONS = {"frozen_lake(4)": {"map_name": "4x4"}, "frozen_lake(8)": {"map_name": "8x8"}}


def simulator(key, mdp):
    gymnasium = pytest.importorskip("gymnasium")
    newest = max(id for id in gymnasium.registry if id.startswith(mdp.name.split()[0] + "-v"))
    env = gymnasium.make(newest, **OPTIONS.get(key, {})).unwrapped  # no time limit
    env.reset(seed=0)
    return env


def step_from(env, s, a):
    env.s = s
    return env.step(a)


@pytest.mark.parametrize("key", ENVIRONMENTS)
def test_imported_rows_are_the_frequencies_of_the_simulator(key):
    pytest.importorskip("gymnasium")
    mdp = ENVIRONMENTS[key](0.9)
    env, end = simulator(key, mdp), mdp.n_states - 1
    deterministic = set(np.unique(mdp.P)) == {0.0, 1.0}
    assert deterministic == ("frozen" not in key)
    repeats = 1 if deterministic else {17: 800, 65: 150}[mdp.n_states]
    counts, totals = np.zeros_like(mdp.P), np.zeros_like(mdp.r)
    for s in range(end):
        for a in range(mdp.n_actions):
            for _ in range(repeats):
                successor, reward, terminated, _, _ = step_from(env, s, a)
                counts[s, a, end if terminated else successor] += 1
                totals[s, a] += reward
    tolerance = 5 * np.sqrt(mdp.P * (1 - mdp.P) / repeats)
    assert (np.abs(counts[:end] / repeats - mdp.P[:end]) <= tolerance[:end]).all()
    if deterministic:
        assert (totals[:end] == mdp.r[:end]).all()
    else:  # rewards are 0 or 1, so that a mean reward is a probability
        assert (
            np.abs(totals / repeats - mdp.r) <= 5 * np.sqrt(mdp.r * (1 - mdp.r) / repeats)
        ).all()


def rollout_return(env, rng, gamma, steps):
    env.reset(seed=int(rng.integers(2**31)))
    total = 0.0
    for t in range(steps):
        _, reward, terminated, _, _ = env.step(int(rng.integers(env.action_space.n)))
        total += gamma**t * reward
        if terminated:
            break
    return total


@pytest.mark.parametrize("key", ENVIRONMENTS)
def test_value_of_the_uniform_policy_is_the_mean_return_of_rollouts(key):
    pytest.importorskip("gymnasium")
    gamma = 0.9
    mdp = ENVIRONMENTS[key](gamma)
    env, rng = simulator(key, mdp), np.random.default_rng(0)
    V, _ = solve(mdp, np.full(mdp.r.shape, 1 / mdp.n_actions))
    rollouts = 4000 if "frozen" in key else 250
    returns = [rollout_return(env, rng, gamma, steps=200) for _ in range(rollouts)]
    error = np.std(returns) / np.sqrt(rollouts)
    assert error > 0
    assert abs(np.mean(returns) - mdp.rho @ V) <= 4.5 * error


def test_imports_have_the_known_optimal_values():
    pytest.importorskip("gymnasium")
    cliff = instances.cliff_walking(0.99)
    assert cliff.rho @ optimal(cliff)[1] == pytest.approx(-(1 - 0.99**13) / 0.01)
    lake = instances.frozen_lake(4, 0.99)
    assert lake.rho @ optimal(lake)[1] == pytest.approx(0.542, abs=1e-3)


def test_import_accepts_wrapped_environments_and_refuses_blackjack():
    gymnasium = pytest.importorskip("gymnasium")
    wrapped = gymnasium.wrappers.TimeLimit(gymnasium.make("FrozenLake-v1"), 5)
    assert same_bits(instances.from_gymnasium(wrapped, 0.9), instances.frozen_lake(4, 0.9))
    with pytest.raises(ValueError, match=r"no table env\.unwrapped\.P"):
        instances.from_gymnasium(gymnasium.make("Blackjack-v1"), 0.9)


# ---- refused arguments -------------------------------------------------------------------

REFUSED = [
    (instances.garnet, (0, 2, 1, 0.9), "n_states is 0; expected an integer >= 1"),
    (instances.garnet, (2.5, 2, 1, 0.9), "n_states is 2.5; expected an integer >= 1"),
    (instances.garnet, (5, 0, 1, 0.9), "n_actions is 0; expected an integer >= 1"),
    (instances.garnet, (5, 2, 6, 0.9), r"branching is 6; expected an integer in \[1, 5\]"),
    (instances.garnet, (5, 2, 0, 0.9), r"branching is 0; expected an integer in \[1, 5\]"),
    (
        instances.garnet,
        (5, 2, 2, 1.0),
        "gamma is 1, and an episode that .* never ends",
    ),
    (instances.garnet, (5, 2, 2, 0.9, -1), "seed is -1; expected an integer >= 0"),
    (instances.garnet, (5, 2, 2, 0.9, None), "seed is None; expected an integer >= 0"),
    (instances.random_dense, (0, 2, 0.9), "n_states is 0; expected an integer >= 1"),
    (instances.random_dense, (2, "3", 0.9), "n_actions is '3'; expected an integer >= 1"),
    (instances.tied, (5, 2, 0.9), "n_actions is 2; expected an integer >= 3"),
    (instances.tied, (5, 3, 1.0), "gamma is 1, and an episode that .* never ends"),
    (instances.tied, (5, 3, "0.9"), r"gamma is '0.9'; expected a finite number in \[0, 1\]"),
    (instances.bandit, ([],), r"means has shape \(0,\); expected \(K,\) with K >= 1"),
    (instances.bandit, ([0.0, np.inf],), r"means\[1\] is inf; expected a finite number"),
    (instances.bandit, ([0.0], -0.1), r"gamma is -0.1; expected a number in \[0, 1\]"),
    (instances.two_armed_bandit, (0.0,), "gap is 0.0; expected a finite number > 0"),
    (instances.two_armed_bandit, (np.inf,), "gap is inf; expected a finite number > 0"),
    (instances.chain, (1, 0.9), "n_states is 1; expected an integer >= 2"),
    (instances.chain, (5, 0.9, 1.1), r"slip is 1.1; expected a finite number in \[0, 1\]"),
    (instances.chain, (5, 0.9, np.nan), r"slip is nan; expected a finite number in \[0, 1\]"),
    (instances.river_swim, (1,), "n_states is 1; expected an integer >= 2"),
    (instances.gridworld, (0, 3, 0.9), "height is 0; expected an integer >= 1"),
    (instances.gridworld, (3, 0, 0.9), "width is 0; expected an integer >= 1"),
    (instances.gridworld, (3, 3, 0.9, -1), r"slip is -1; expected a finite number in \[0, 1\]"),
    (instances.deep_sea, (0,), "size is 0; expected an integer >= 1"),
    (instances.gamma_chain, (0, 0.9), "n is 0; expected an integer >= 1"),
    (instances.binary_counter, (0, 0.9), "n is 0; expected an integer >= 1"),
    (instances.binary_counter, (3, 1), r"gamma is 1; expected a finite number in \(0, 1\)"),
    (instances.gamma_chain, (5, 1), r"gamma is 1; expected a finite number in \(0, 1\)"),
    (instances.gamma_chain, (5, 0.9, 0), "epsilon is 0; expected a finite number > 0"),
    (instances.gamma_chain, (5, 0.9, 0.2), r"epsilon is 0.2; expected \(1 \+ epsilon\)"),
    (instances.li_wei_chi_chen, (1.0,), r"gamma is 1.0; expected a finite number in \(0, 1\)"),
    (instances.li_wei_chi_chen, (0.97, 2), "horizon is 2; expected an integer >= 3"),
    (instances.li_wei_chi_chen, (0.97, 18), "a_1 is optimal: .* it is not at s = 18"),
    (instances.li_wei_chi_chen, (0.97, 9, 0), "copies is 0; expected an integer >= 1"),
    (instances.li_wei_chi_chen, (0.97, 9, 2, 0), r"p is 0; expected a finite number in \(0, 1\)"),
    (instances.li_wei_chi_chen_lumped, (0.97, 9, 1.5), "copies is 1.5; expected an integer >= 1"),
    (instances.frozen_lake, (5,), "size is 5; expected 4 or 8"),
]


@pytest.mark.parametrize(("make", "args", "message"), REFUSED)
def test_bad_arguments_are_named(make, args, message):
    with pytest.raises(ValueError, match=message):
        make(*args)
