"""Hyper-parameters with an entry for every state and action."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from support.reference import gaps
from tabular_pg import MDP, REGISTRY, TDPMD, Run, WeightedTDPMD, instances, mirrors, optimize, steps
from tabular_pg.search import worst_case

MDP_ = instances.garnet(4, 3, 2, 0.6, seed=1)
WEIGHTS = np.random.default_rng(0).uniform(0.3, 1.0, (4, 3))
ERRORS = np.random.default_rng(1).normal(size=(4, 3))
MAPS = [
    mirrors.Entropy(),
    mirrors.Tsallis(0.5),
    mirrors.Tsallis(1.5),
    mirrors.Euclidean(),
    mirrors.LogBarrier(),
]


@pytest.mark.parametrize("tau", [0.1, 0.0])
def test_weights_of_one_are_whole_updates(tau):
    run, same = (optimize(MDP_, r, 60, tau=tau) for r in (WeightedTDPMD(2.0, 1.0), TDPMD(2.0)))
    np.testing.assert_allclose(run.gap, same.gap, rtol=1e-12)
    ones = optimize(MDP_, WeightedTDPMD(2.0, np.ones((4, 3))), 20, tau=tau)
    np.testing.assert_allclose(ones.gap, same.gap[:21], rtol=1e-11)


@pytest.mark.parametrize("tau", [0.1, 0.0])
def test_a_constant_error_moves_nothing_where_weights_are_one_number(tau):
    rules = WeightedTDPMD(2.0, 0.5, 0.7), WeightedTDPMD(2.0, 0.5)
    run, same = (optimize(MDP_, rule, 60, tau=tau) for rule in rules)
    np.testing.assert_allclose(run.gap, same.gap, rtol=1e-12)


@pytest.mark.parametrize("tau", [0.1, 1e-3, 0.0])
@pytest.mark.parametrize("mirror", MAPS)
def test_tables_agree_with_many_digits(mirror, tau):
    rule = optimize(MDP_, WeightedTDPMD(2.0, WEIGHTS, ERRORS, mirror), 0, tau=tau).rule
    run = optimize(MDP_, rule, 40, tau=tau)
    slow = np.array(gaps(MDP_, rule, 40, tau=tau, digits=100), dtype=float)
    np.testing.assert_allclose(run.value_gap, slow, rtol=1e-9)


@pytest.mark.parametrize("mirror", MAPS)
def test_without_regularization_steps_may_grow(mirror):
    """Down to gaps that subtraction cannot see, or to an optimum."""
    rule = WeightedTDPMD(steps.Geometric(0.5, 1.3), WEIGHTS, ERRORS, mirror)
    run = optimize(MDP_, rule, 20)
    slow = gaps(MDP_, run.rule, 20, digits=400)
    with np.errstate(divide="ignore"):
        found = np.log(run.scaled_gap) + run.log_scale[:, None]
    expected = [[mp.log(x) if x > mp.mpf(10) ** -370 else -mp.inf for x in row] for row in slow]
    np.testing.assert_allclose(found, np.array(expected, dtype=float), atol=1e-9)


@pytest.mark.parametrize("tau", [0.1, 0.0])
def test_tables_where_actions_are_missing(tau):
    actions = np.ones((4, 3), dtype=bool)
    actions[1, 2] = actions[3, 0] = False
    mdp = MDP(np.where(actions[:, :, None], MDP_.P, 0.0), MDP_.r, 0.6, actions=actions)
    for mirror in MAPS:
        run = optimize(mdp, WeightedTDPMD(2.0, WEIGHTS, ERRORS, mirror), 30, tau=tau)
        slow = np.array(gaps(mdp, run.rule, 30, tau=tau, digits=60), dtype=float)
        np.testing.assert_allclose(run.value_gap, slow, rtol=1e-9, atol=1e-40)


def test_a_map_that_is_no_sum_of_powers_is_refused_for_any_tau():
    for tau in (0.0, 0.1):
        with pytest.raises(TypeError, match="expected a map .* that is a sum of powers"):
            optimize(MDP_, WeightedTDPMD(1.0, 0.5, 0.0, mirrors.AlphaDivergence(0.5)), 5, tau=tau)


def test_a_run_goes_on_from_zeros_that_it_has_reached():
    """The critic begins anew, the policy does not: its digits are those of the run."""
    rule = WeightedTDPMD(0.1, 0.5, 0.0, mirrors.Euclidean())
    run = optimize(MDP_, rule, 18)
    more = optimize(MDP_, rule, 0, log_policy=run.log_policies[-1])
    assert (run.policies[-1] == 0).any() and np.array_equal(more.policies[0], run.policies[-1])


@pytest.mark.parametrize("tau", [0.1, 0.0])
def test_tables_are_saved_certified_and_short_to_read(tau, tmp_path):
    certified = pytest.importorskip("tabular_pg.certified", reason="needs python-flint")
    run = optimize(MDP_, WeightedTDPMD(2.0, WEIGHTS, ERRORS), 20, tau=tau)
    assert Run.load(run.save(tmp_path / "run.npz")).rule == run.rule
    certificate = certified.certify(run)
    again = certified.Certificate.load(certificate.save(tmp_path / "certificate.npz"))
    assert again.method.rule == certificate.method.rule
    assert len(repr(run)) < 500 and repr(run.rule).startswith("WeightedTDPMD(eta=2.0, weights=((0.")


@pytest.mark.parametrize(
    ("weights", "factor", "constant"),
    [([[0.75, 0.75], [1.0, 1.0]], 16.0, 16.0), (1.0, 4.0, 64.0)],
)
def test_the_slower_critic_of_the_closed_form_is_the_faster_method(weights, factor, constant):
    """Chen, Li, Sun and Wei (2026), eq. 15: the gap is factor^-k / constant, down to 1e-300."""
    P = np.zeros((2, 2, 2))
    P[0, :, 1] = P[1, :, 0] = 1.0
    mdp = MDP(P, [[0.5, 0.0], [0.5, 0.0]], 0.5)
    error = [[0.25, 0.0], [0.5, 0.0]]  # so that Q^0 differs by 3/4 and 1 from action to action
    run = optimize(mdp, WeightedTDPMD(1.0, weights, error, mirrors.Euclidean()), 230, tau=1.0)
    np.testing.assert_allclose(
        run.log_gap[1:], -run.k[1:] * np.log(factor) - np.log(constant), atol=1e-12
    )
    assert run.log_gap[-1] < np.log(1e-138)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"weights": 2.0}, "weights is 2.0; expected a number in (0, 1]"),
        ({"weights": 2 * WEIGHTS}, r"weights[0, 0] is 1.49"),
        ({"weights": WEIGHTS[:2]}, "weights has shape (2, 3); expected (S, A) = (4, 3)"),
        ({"weights": WEIGHTS[0]}, "weights has shape (3,); expected a number, or (S, A)"),
        ({"weights": -WEIGHTS}, "weights[0, 0] is -0.745"),
        ({"weights": 0.0}, "weights is 0.0; expected a finite number > 0"),
        ({"weights": "x"}, "weights is not an array of real numbers"),
        ({"error": np.nan}, "error is nan; expected a finite number"),
        ({"error": [[1.0, 2.0], [3.0]]}, "error[1] has length 1; expected 2"),
    ],
)
def test_wrong_tables_are_refused(fields, said):
    rule = WeightedTDPMD(**{"eta": 1.0, "weights": 0.5, **fields})
    with pytest.raises(ValueError) as error:
        optimize(MDP_, rule, 5, tau=0.1)
    assert said in str(error.value)


def test_searches_refuse_rules_with_tables():
    with pytest.raises(ValueError, match="WeightedTDPMD, which has fields that are no real"):
        worst_case(REGISTRY["G6w"], WeightedTDPMD, n_states=2, n_actions=2, gamma=0.9, iterations=5)
