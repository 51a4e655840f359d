"""Gaps that are far below those of other states, or of other actions, or of float64."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from tabular_pg import (
    MDP,
    TDPMD,
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    ProjectedQAscent,
    SoftmaxPG,
    Solver,
    Status,
    instances,
    optimize,
)

TWO_BANDITS = np.zeros((2, 2, 2))
TWO_BANDITS[0, :, 0] = TWO_BANDITS[1, :, 1] = 1.0


def bandits(r, gamma=0.0, **weights):
    return MDP(TWO_BANDITS, r, gamma, **weights)


CASES = {
    "rewards of 1e200": (
        bandits([[1e200, 0], [1e198, 0]], rho=[1, 0]), NaturalPG(1e-199), 71, 0.0,
        np.log(4.476286225e-109),
    ),
    "one state converges faster": (
        bandits([[1, 0], [0.01, 0]], rho=[1, 0]), NaturalPG(100.0), 10, 0.0, -1000.0
    ),
    "rho of 1e-300": (
        bandits([[1, 0], [0, 0]], rho=[1e-300, 1]), NaturalPG(10.0), 30, 0.0, -990.7755279
    ),
    "softmax PG": (
        bandits([[1, 0], [0.01, 0]], rho=[1, 0], mu=[0.9, 0.1]), SoftmaxPG(2.0), 400, 1.0,
        -989.0398231,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_state_has_a_gap_of_its_own(name):
    mdp, rule, k, tau, expected = CASES[name]
    run = optimize(mdp, rule, k, tau=tau)
    assert run.log_gap[-1] == pytest.approx(expected, rel=1e-9)
    assert run.status is Status.COMPLETED
    if expected < -745:
        assert run.gap[-1] == 0
        assert f"10^{expected / np.log(10):.2f}"[:7] in repr(run)


@pytest.mark.parametrize("rest", [{}, {"solver": Solver.REUSE}, {"solver": Solver.SPARSE_LU}])
def test_gaps_that_lead_to_others(rest):
    """States 0 and 1 lead on by actions that vanish as e^-100k, state 2 stays where it is."""
    P = np.zeros((3, 2, 3))
    P[[0, 1, 2], 0, [0, 1, 2]] = P[[0, 1, 2], 1, [1, 2, 2]] = 1.0
    r = [[1.0, 0.0], [1.0, 0.0], [1.0, 1.0 - 1e-3]]
    run = optimize(MDP(P, r, 0.5), NaturalPG(100.0), 30, **rest)
    assert run.log_value_gap[-1, 2] == pytest.approx(np.log(2e-3 / (1 + np.exp(3.0))), rel=1e-6)
    np.testing.assert_allclose(run.log_value_gap[-1, :2], -3000 + np.log(2), rtol=0.02)


def test_gaps_of_many_digits_agree_with_one_scale_for_all():
    """Two copies of an MDP side by side, one of them started near its optimum."""
    one = instances.garnet(4, 3, 3, 0.9, seed=2)
    P = np.zeros((8, 3, 8))
    P[:4, :, :4] = P[4:, :, 4:] = one.P
    start = np.full((4, 3), 1 / 3)
    best = optimize(one, PolicyIteration(), 30).policies[-1]
    near = np.where(best > 0, 0.0, -1000.0)
    both = MDP(P, np.r_[one.r, one.r], 0.9)
    run = optimize(both, NaturalPG(1.0), 5, log_policy=np.r_[np.log(start), near])
    alone = optimize(one, NaturalPG(1.0), 5, log_policy=near)
    far = optimize(one, NaturalPG(1.0), 5)
    np.testing.assert_allclose(run.log_value_gap[:, 4:], alone.log_value_gap, rtol=1e-12)
    np.testing.assert_allclose(run.log_value_gap[:, :4], far.log_value_gap, rtol=1e-9)


def test_projected_gaps_below_float64_are_not_optimal():
    run = optimize(
        MDP(np.ones((1, 2, 1)), [[0.0, -1e-60]], 0.0), ProjectedPG(1e-10), 0,
        policy=[[1.0, 1e-300]],
    )  # fmt: skip
    assert run.status is Status.COMPLETED
    assert run.log_gap[0] == pytest.approx(-360 * np.log(10))


def test_subnormal_probabilities_count():
    run = optimize(MDP(np.ones((1, 2, 1)), [[1.0, 0.0]], 0.0), NaturalPG(1.0), 1,
                   policy=[[1.0, 1e-310]])  # fmt: skip
    assert run.log_gap[0] == pytest.approx(np.log(1e-310), rel=1e-6)


def test_an_end_that_has_no_gap_stays_without():
    run = optimize(instances.gridworld(4, 4, 0.9), NaturalPG(1e3), 50)
    assert np.isneginf(run.log_value_gap[:, -1]).all()


# ---- unavailable actions -----------------------------------------------------------------------

MASK = np.array([[True, True, False]])


def masked(r, gamma=0.0):
    return MDP(np.array([[[1.0], [1.0], [0.0]]]), [r], gamma, actions=MASK)


def test_losses_beyond_1e200_are_not_clipped():
    run = optimize(masked([0, -1e201, 0], 0.9), PolicyIteration(), 2, policy=[[0, 1, 0]])
    assert run.policies[1:].tolist() == [[[1, 0, 0]]] * 2


def test_steps_are_not_capped_by_actions_that_do_not_exist():
    run = optimize(masked([0, -1e-51, 0]), ProjectedQAscent(1e50), 3, policy=[[0, 1, 0]])
    np.testing.assert_allclose(run.policies[:, 0, 0], [0, 0.05, 0.1, 0.15], rtol=1e-12)


@pytest.mark.parametrize(
    ("rule", "tau"),
    [(NaturalPG(1.0), 0.0), (SoftmaxPG(0.5), 0.0), (HadamardPG(0.01), 0.0), (TDPMD(1.0), 0.3),
     (NaturalPG(1.0), 1e-9), (TDPMD(1.0), 1e-6), (SoftmaxPG(0.5), 0.2)],
)  # fmt: skip
@pytest.mark.parametrize("scale", [1.0, 1e-120, 1e120])
def test_a_mask_is_the_model_without_the_action(rule, tau, scale):
    small = instances.garnet(4, 2, 3, 0.9, seed=1)
    P = np.zeros((4, 3, 4))
    P[:, [0, 2]] = small.P
    r = np.zeros((4, 3))
    r[:, [0, 2]] = small.r
    mask = np.tile([True, False, True], (4, 1))
    rule = rule._replace(eta=rule.eta / scale)
    wide = optimize(MDP(P, r * scale, 0.9, actions=mask), rule, 30, tau=tau * scale)
    plain = optimize(MDP(small.P, small.r * scale, 0.9), rule, 30, tau=tau * scale)
    np.testing.assert_allclose(wide.log_gap, plain.log_gap, rtol=1e-10, atol=1e-9)


# ---- sparse ------------------------------------------------------------------------------------


def drifting_cube(n):
    """States in random order; probability .01 toward the goal and .1 away along each axis."""
    S, index = n**3, np.arange(n**3).reshape(n, n, n)
    names = np.random.default_rng(0).permutation(S)
    rows, columns, values, stay = [], [], [], np.ones(S)
    for axis in range(3):
        near, far = (
            np.moveaxis(index, axis, 0)[:-1].ravel(),
            np.moveaxis(index, axis, 0)[1:].ravel(),
        )
        for source, target, p in ((far, near, 0.01), (near, far, 0.1)):
            rows, columns = [*rows, source], [*columns, target]
            values.append(np.full(source.size, p))
            np.subtract.at(stay, source, p)
    rows, columns = (
        np.concatenate([*rows, index.ravel()]),
        np.concatenate([*columns, index.ravel()]),
    )
    values = np.concatenate([*values, stay])
    leaves = rows != 0
    entries = np.append(values[leaves], 1.0)
    at = names[np.append(rows[leaves], 0)], names[np.append(columns[leaves], 0)]
    move = sparse.csr_array((entries, at), shape=(S, S))
    P = sparse.csr_array(sparse.vstack([move, move]))[np.arange(2 * S).reshape(2, S).T.ravel()]
    r = np.zeros((S, 2))
    r[names[0], 0] = 1.0
    return MDP(P, r, 0.9, rho=np.eye(S)[names[-1]]), move


def test_entries_that_differ_by_two_hundred_orders():
    mdp, move = drifting_cube(25)
    run = optimize(mdp, NaturalPG(1.0), 0)
    b = mdp.r[:, 0] / 2
    e = b.copy()
    for _ in range(2000):
        e = b + mdp.gamma * (move @ e)
    assert e.min() < 1e-80 * e.max()
    np.testing.assert_allclose(run.value_gap[0], e, rtol=1e-11)


@pytest.mark.parametrize("solver", [Solver.GMRES, Solver.BICGSTAB])
def test_krylov_methods_are_right_or_say_that_they_are_not(solver):
    mdp, _ = drifting_cube(6)
    run = optimize(mdp, NaturalPG(1.0), 3, solver=solver)
    expected = optimize(mdp, NaturalPG(1.0), 3, solver=Solver.SPARSE_LU)
    np.testing.assert_allclose(run.value_gap, expected.value_gap, rtol=1e-9)


def test_a_solution_that_misses_the_accuracy_is_warned_about():
    mdp, _ = drifting_cube(12)
    with pytest.warns(UserWarning, match="SWEEPS left a componentwise backward error of"):
        optimize(mdp, NaturalPG(1.0), 0, solver=Solver.SWEEPS)
