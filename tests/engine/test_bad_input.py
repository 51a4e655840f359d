"""Bad input gets an error that names the argument, where it is wrong and what was expected."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from tabular_pg import (
    MDP,
    DualAveragedSPI,
    HadamardPG,
    NaturalPG,
    ProjectedPG,
    SoftmaxPG,
    SoftPolicyIteration,
    optimize,
    optimum,
)
from tabular_pg.engine.method import Space, method
from tabular_pg.methods.softmax_flow import softmax_flow
from tabular_pg.theorem import theorem

P = np.full((2, 2, 2), 0.5)
r = np.array([[1.0, 0.0], [0.0, 0.5]])


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((P[0], r, 0.9), r"P has shape \(2, 2\)"),
        ((np.zeros((0, 1, 0)), np.zeros((0, 1)), 0.9), r"P has shape \(0, 1, 0\)"),
        ((np.zeros((0, 0, 0)), np.zeros((0, 0)), 0.9), r"P has shape .* S >= 1 and A >= 1$"),
        ((changed(P, (0, 1, 0), np.nan), r, 0.9), r"P\[0, 1, 0\] is nan"),
        ((changed(P, (1, 0), [1.5, -0.5]), r, 0.9), r"P\[1, 0, 1\] is -0.5; expected a prob"),
        ((changed(P, (1, 0, 0), 0.4), r, 0.9), r"P\[1, 0\] sums to 0.9.*renormalize=True"),
        ((P * (1 + 1e-10), r, 0.9), r"P\[0, 0\] sums to 1.0000000001"),
        ((np.array([["a"]]), r, 0.9), r"P is not an array of real numbers"),
        ((sparse.csr_matrix(P.reshape(4, 2))[:3], r, 0.9), r"P is sparse of shape \(3, 2\)"),
        ((P, r.T[:1], 0.9), r"r has shape \(1, 2\); expected \(S, A\) = \(2, 2\)"),
        ((P, changed(r, (1, 1), np.inf), 0.9), r"r\[1, 1\] is inf"),
        ((P, r, 1.1), r"gamma is 1.1; expected a number in \[0, 1\]"),
        ((P, r, 1.0), r"gamma is 1, and an episode that enters state.* never ends"),
        ((P, r, -0.1), r"gamma is -0.1"),
        ((P, r, float("nan")), r"gamma is nan"),
        ((P, r, "high"), r"gamma is 'high'"),
    ],
)
def test_bad_mdp(arguments, message):
    with pytest.raises(ValueError, match=message):
        MDP(*arguments)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("rho", [0.5, 0.4], r"rho sums to 0.9"),
        ("rho", [1.5, -0.5], r"rho\[1\] is -0.5"),
        ("mu", [1.0], r"mu has shape \(1,\); expected \(2,\)"),
        ("mu", [np.nan, 1.0], r"mu\[0\] is nan"),
    ],
)
def test_bad_distribution(key, value, message):
    with pytest.raises(ValueError, match=message):
        MDP(P, r, 0.9, **{key: value})


MODEL = MDP(P, r, 0.9)


@pytest.mark.parametrize(
    ("rule", "arguments", "message"),
    [
        (NaturalPG(eta=0.0), {}, r"eta is 0.0; expected a finite number > 0"),
        (NaturalPG(eta=-1.0), {}, r"eta is -1.0"),
        (NaturalPG(eta=np.nan), {}, r"eta is nan"),
        (NaturalPG(eta=np.inf), {}, r"eta is inf"),
        (NaturalPG(eta="1"), {}, r"eta is '1'; expected a number > 0"),
        (DualAveragedSPI(beta=1.5), {}, r"beta is 1.5; expected a number in \(0, 1\)"),
        ("npg", {}, r"rule is 'npg'; expected an instance of one of: .*NaturalPG"),
        (NaturalPG, {}, r"rule is .*NaturalPG"),
        (NaturalPG(1.0), {"tau": -0.1}, r"tau is -0.1; expected a finite number >= 0"),
        (NaturalPG(1.0), {"tau": np.nan}, r"tau is nan"),
        (NaturalPG(1.0), {"tau": "small"}, r"tau is 'small'"),
        (NaturalPG(1.0), {"tau": 1e-20}, r"tau is 1e-20; expected 0 or a number in \["),
        (NaturalPG(1.0), {"tau": 1e300}, r"tau is 1e\+300.*beyond|values up to"),
        (
            NaturalPG(eta=10**400),
            {},
            r"eta is beyond the range of floats; expected a finite",
        ),
        (NaturalPG(eta=1.7e308), {}, r"eta is 1.7e\+308; expected at most .* would overflow"),
        (ProjectedPG(1.0), {"tau": 0.1}, r"tau is 0.1; ProjectedPG is defined for tau = 0 only"),
        (HadamardPG(1.0), {"tau": 0.1}, r"tau is 0.1; HadamardPG is defined for tau = 0 only"),
        (SoftPolicyIteration(), {}, r"tau is 0; SoftPolicyIteration is defined for tau > 0 only"),
        (NaturalPG(1.0), {"policy": [[1, 0], [1, 0]]}, r"policy\[0, 1\] is 0.0; .* > 0"),
        (ProjectedPG(1.0), {"policy": [[2, -1], [1, 0]]}, r"policy\[0, 1\] is -1.0; .* >= 0"),
        (NaturalPG(1.0), {"policy": [[0.5, 0.4], [0.5, 0.5]]}, r"policy\[0\] sums to .*0.9"),
        (NaturalPG(1.0), {"policy": [[np.nan, 1], [0.5, 0.5]]}, r"policy\[0, 0\] is nan"),
        (NaturalPG(1.0), {"policy": [0.5, 0.5]}, r"policy has shape \(2,\); expected .*\(2, 2\)"),
        (NaturalPG(1.0), {"policy": "uniform"}, r"policy is not an array"),
        (NaturalPG(1.0), {"iterations": -1}, r"iterations is -1; expected an integer >= 0"),
        (NaturalPG(1.0), {"iterations": 2.5}, r"iterations is 2.5; expected an integer"),
        (NaturalPG(1.0), {"at": [0, 6]}, r"at\[1\] is 6; expected an integer in 0..5"),
        (NaturalPG(1.0), {"at": []}, r"at is \[\]; expected a non-empty sequence"),
        (NaturalPG(1.0), {"at": [0.5]}, r"at is \[0.5\]"),
    ],
)
def test_bad_run(rule, arguments, message):
    arguments = {"iterations": 5, **arguments}
    with pytest.raises((TypeError, ValueError), match=message):
        optimize(MODEL, rule, **arguments)


def test_gradient_rules_need_positive_mu():
    mdp = MDP(P, r, 0.9, mu=[1.0, 0.0])
    with pytest.raises(ValueError, match=r"mu\[1\] is 0.0; SoftmaxPG .* needs mu > 0"):
        optimize(mdp, SoftmaxPG(1.0), 3)
    assert optimize(mdp, NaturalPG(1.0), 3).gap[-1] > 0  # does not depend on mu


def test_first_argument_must_be_an_mdp():
    with pytest.raises(TypeError, match="mdp is of type tuple; expected MDP"):
        optimize((P, r, 0.9), NaturalPG(1.0), 3)


def test_vanishing_rewards():
    with pytest.raises(ValueError, match=r"r reaches 1e-300 .* rescale the rewards"):
        optimum(MDP(P, r * 1e-300, 0.9))


def test_complex_input():
    with pytest.raises(ValueError, match="P is not an array of real numbers"):
        MDP(P * 1j, r, 0.9)
    with pytest.raises(ValueError, match="P is not an array of real numbers"):
        MDP(None, r, 0.9)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"times": [1.0, 0.5]}, ValueError, "times is .* increasing"),
        ({"times": [np.inf]}, ValueError, "times is .* finite"),
        ({"copies": [1.0, 0.0]}, ValueError, r"copies\[1\] is 0.0"),
        ({"policy": [[1.0, 0.0], [1.0, 1.0]]}, ValueError, r"policy\[0, 1\] is 0.0"),
        ({"tolerance": 0.0}, ValueError, "tolerance is 0.0"),
        ({"mdp": (P, r)}, TypeError, "mdp is of type tuple"),
        ({"mdp": MDP(P, r, 0.9, mu=[1, 0])}, ValueError, r"mu\[1\] is 0.0"),
    ],
)
def test_bad_flow(arguments, error, message):
    arguments = {"mdp": MODEL, "times": [1.0], **arguments}
    with pytest.raises(error, match=message):
        softmax_flow(**arguments)


def test_bad_registration():
    with pytest.raises(TypeError, match="rules is .*NaturalPG.*; expected a tuple of rule classes"):
        theorem("X", "claim", rules=NaturalPG)
    with pytest.raises(ValueError, match="source is 'nobody'; expected one of"):
        theorem("X", "claim", rules=(NaturalPG,), source="nobody")
    with pytest.raises(ValueError, match="<lambda> has no docstring"):
        theorem("X", "claim", rules=(NaturalPG,))(lambda run: (0, 0))
    with pytest.raises(TypeError, match="rule is .*; expected a NamedTuple class"):
        method(dict, space=Space.SOFTMAX)
    with pytest.raises(TypeError, match="space is 'softmax'"):
        method(NaturalPG, space="softmax")


def test_overflowing_rewards():
    with pytest.raises(ValueError, match=r"r reaches 1e\+300"):
        optimum(MDP(P, r * 1e300, 0.9))


def test_renormalize_repairs_and_records():
    mdp = MDP(P * 1.01, r, 0.9, renormalize=True)
    np.testing.assert_allclose(mdp.P.sum(axis=2), 1, rtol=1e-15)
    assert mdp.correction == pytest.approx(0.01)
    with pytest.raises(ValueError, match=r"P\[0, 1\] is all zero and cannot be renormalized"):
        MDP(changed(P, (0, 1), 0.0), r, 0.9, renormalize=True)


@pytest.mark.parametrize("gap", [1e-11, 4e-14])
def test_doubtful_ties_are_warned_about(gap):
    mdp = MDP(P, [[1.0, 1.0 - gap], [0.0, 0.5]], 0.9)
    with pytest.warns(UserWarning, match="which actions are optimal is doubtful"):
        optimum(mdp)


def test_mdp_is_immutable():
    with pytest.raises(AttributeError):
        MODEL.gamma = 0.5
    with pytest.raises(ValueError, match="read-only"):
        MODEL.P[0, 0, 0] = 1.0


def test_sparse_and_expected_rewards_mean_the_same_model():
    full = np.arange(8.0).reshape(2, 2, 2)
    expected = (P * full).sum(axis=2)
    assert np.array_equal(MDP(P, full, 0.9).r, expected)
    assert np.array_equal(MDP(sparse.csr_matrix(P.reshape(4, 2)), expected, 0.9).r, expected)
