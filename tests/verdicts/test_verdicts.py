"""What a verdict says, and what it must not say: nothing holds that was not compared."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from tabular_pg import (
    MDP,
    REGISTRY,
    HadamardPG,
    NaturalPG,
    ProjectedPG,
    SoftmaxPG,
    SoftPolicyIteration,
    check,
    instances,
    optimize,
    optimum,
)
from tabular_pg.numerics.wide import log_size
from tabular_pg.theorem import verdict

GARNET = instances.garnet(5, 3, 2, 0.9, seed=0)
FAR = optimize(GARNET, NaturalPG(50.0), 400, tau=0.05)  # down to 1e-435
PLAIN = optimize(GARNET, NaturalPG(50.0), 2000)  # likewise
SOFT = optimize(GARNET, SoftPolicyIteration(), 12, tau=0.1)  # down to less than 1e-633


def of(id, run, **changes):
    return verdict(replace(REGISTRY[id], **changes), run)


def too_small(theorem, by=1e-6, from_k=300):
    """The theorem with a bound that is far too small from iteration ``from_k`` on."""

    def formula(run):
        measured, proved, *rounding = theorem.formula(run)
        k = run.k[: len(proved)].reshape(-1, *[1] * (proved.ndim - 1))
        return measured, np.where(k >= from_k, by, 1.0) * proved, *rounding

    return formula


@pytest.mark.parametrize(("id", "run"), [("G3e", FAR), ("G3", FAR), ("N4", PLAIN), ("N2a", PLAIN)])
def test_bounds_are_compared_below_the_range_of_floats(id, run):
    start = {FAR: 340, PLAIN: 1500}[run]
    found = of(id, run)
    assert found.holds and found.not_compared == 0 and found.not_compared_from is None
    assert found.last_k >= 399 and found.last_slack < 1e6
    by = 1e6 if REGISTRY[id].kind.name == "LOWER" else 1e-6
    wrong = of(id, run, formula=too_small(REGISTRY[id], by / 100 if by < 1 else by, start))
    assert wrong.holds is False and wrong.first_violation.k == start
    assert run.log_sup_gap[start] < np.log(1e-308) or id == "N4"


def test_what_cannot_be_compared_is_not_said_to_hold():
    def as_floats(run):
        return np.array(run.sup_gap, dtype=float), 2 * np.array(run.sup_gap, dtype=float)

    found = of("G3e", FAR, formula=as_floats)
    first = int(FAR.k[(FAR.sup_gap < 1e-290).argmax()])
    assert found.holds and found.not_compared_from == first
    assert found.not_compared == (FAR.sup_gap < 1e-290).sum()
    assert str(found).endswith(f"; nothing compared from k = {first} on (below float64)")
    tiny = lambda run: (1e-300 * np.array(run.sup_gap, dtype=float), 1e-295)  # noqa: E731
    nothing = of("G3e", FAR, formula=tiny)
    assert nothing.holds is None and not nothing.applies
    assert "nothing was compared" in nothing.why_not


def test_a_bound_of_zero_is_violated_by_a_number_without_logarithms_too():
    found = of("G3e", FAR, formula=lambda run: (np.array(run.sup_gap, dtype=float), 0.0))
    assert found.holds is False and found.first_violation.k == 0
    assert found.not_compared == (FAR.sup_gap < 1e-290).sum()


def test_offsets_of_one_state_that_have_underflowed_are_not_compared():
    """The others of the same iterate have not: state 0 is at its optimum long before state 1."""
    P = np.eye(2)[:, None, :].repeat(2, axis=1)
    mdp = MDP(P, [[0.5, 0], [0.02, 0]], 0.0, mu=[0.98, 0.02])
    run = optimize(mdp, SoftmaxPG(1.0), 8000, tau=1.0)
    size = np.abs(run.iterates).max(axis=2)
    assert ((size[:, 0] < 1e-290) & (size[:, 1] > 1e-250)).any()
    for found in check(run):
        assert found.holds is not False, str(found)
    assert of("E2i", run).not_compared > 0


def test_offsets_that_have_underflowed_are_not_compared():
    found = of("G3e", SOFT)
    assert SOFT.status.name == "UNDERFLOW"
    assert found.holds and found.not_compared_from is not None
    assert np.isneginf(SOFT.log_sup_gap[-1])


def test_zeros_of_an_optimal_iterate_are_compared():
    run = optimize(GARNET, ProjectedPG(10.0), 400)
    assert run.status.name == "OPTIMAL"
    for found in check(run):
        assert found.not_compared == 0, str(found)


def test_a_formula_that_overflows_is_evaluated_in_numbers_of_any_size():
    run = optimize(GARNET, NaturalPG(50.0), 50, tau=0.05)

    def formula(run):
        large = (run.gap * 1e300) * 1e300
        return large / large, 1.0 + 0.0 * run.gap

    found = of("G3e", run, formula=formula)
    assert found.holds and found.not_compared == 0


def test_a_verdict_has_no_truth_value():
    found = of("G3e", FAR)
    with pytest.raises(TypeError, match=r"ask for verdict.holds is True"):
        bool(found)
    with pytest.raises(TypeError, match="neither true nor false"):
        all(check(FAR))
    with pytest.raises(TypeError, match="G3e"):
        assert found


def test_texts_are_short():
    verdicts = check(FAR)
    assert len(repr(verdicts)) < 120 * len(verdicts)
    assert repr(of("G3r", FAR)).startswith("Verdict(G3r n/a: no recorded iterate")
    assert repr(REGISTRY["N6"]).startswith("Theorem(N6: e_{k+1} <= gamma e_k")
    assert repr(of("G3e", FAR)) == "Verdict(G3e holds, slack 59.07)"


def test_the_last_slack_is_beside_the_smallest():
    run = optimize(GARNET, NaturalPG(1.0), 100, tau=0.1)
    found = of("G2", run)
    ratios = found.proved[1:] / found.measured[1:]
    assert found.slack == ratios.min() and found.last_slack == ratios[-1] > 10 * found.slack
    assert found.last_k == 100
    assert str(found).endswith(f"holds, slack {found.slack:.4g}, {found.last_slack:.3g} at k = 100")
    assert str(of("G3s", run)).endswith("holds, slack 1")  # the same at the last k: said once


def test_verdicts_pickle():
    for found in check(FAR):
        again = pickle.loads(pickle.dumps(found))
        assert (again.holds, again.found) == (found.holds, found.found)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (None, "run is None; expected a Run, as optimize returns it"),
        ([FAR, FAR], "run is a list of 2; expected one Run: check them one by one"),
        ((FAR,), "run is a tuple of 1; expected one Run"),
        ("run", "run is 'run'; expected a Run"),
        (GARNET, r"run is <class '.*MDP'>; expected a Run"),
        (NaturalPG, "run is <class 'type'>; expected a Run"),
    ],
)
def test_what_is_not_a_run_is_refused(run, message):
    with pytest.raises(TypeError, match=message):
        check(run)
    with pytest.raises(TypeError, match=message):
        verdict(REGISTRY["N1"], run)


def test_what_is_not_a_theorem_is_refused():
    with pytest.raises(TypeError, match="theorem is 'N1'; expected a Theorem"):
        verdict("N1", FAR)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (lambda run: {}[run.tau], "its formula raised KeyError: 0.05"),
        (lambda run: run.gap, "its formula raised TypeError: it returned a ndarray; expected"),
        (lambda run: (run.gap[:3], 1.0), "its formula raised ValueError: measured has 3 rows"),
        (lambda run: (run.nothing, 1.0), "its formula raised AttributeError"),
    ],
)
def test_a_broken_theorem_does_not_stop_the_others(formula, message, monkeypatch):
    monkeypatch.setitem(REGISTRY, "X9", replace(REGISTRY["G3e"], id="X9", formula=formula))
    (broken,) = (v for v in check(FAR) if v.theorem.id == "X9")
    assert message in broken.why_not and broken.holds is None
    assert str(broken).startswith("X9 ") and broken.found in repr(broken)
    assert sum(v.holds is True for v in check(FAR)) >= 9


# Runs on which a theorem that is true was called violated.


@pytest.mark.parametrize("tau", [1e-3, 1e-2, 0.1])
def test_small_tau_is_allowed_its_rounding(tau):
    run = optimize(MDP(np.ones((1, 3, 1)), [[1e6, 0, 3e5]], 0.9), SoftPolicyIteration(), 4, tau=tau)
    assert not [str(v) for v in check(run) if v.holds is False]


@pytest.mark.parametrize("seed", range(12))
def test_tau_at_a_billionth_of_the_rewards(seed):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(3), (3, 3))
    mdp = MDP(P / P.sum(axis=2, keepdims=True), 1e4 * rng.random((3, 3)), 0.9)
    run = optimize(mdp, SoftPolicyIteration(), 5, tau=10 ** rng.uniform(-5, -4))
    assert not [str(v) for v in check(run) if v.holds is False]


ARMS = MDP(np.ones((1, 3, 1)), [[0, 0, 1]], 0.99)


@pytest.mark.parametrize("eta", [1e-3, 0.1, 0.3, 1.0])
def test_large_t_is_not_reached_by_one_giant_step(eta):
    run = optimize(ARMS, SoftmaxPG(eta), 3000, policy=[[1e-12, 0.9999 - 1e-12, 1e-4]])
    assert of("S5m", run).holds is None


def test_large_t_is_reached_where_the_proof_says():
    """The regime of S5 and S5m is where a recorded iterate proves the bound from then on."""
    bandit = optimize(instances.two_armed_bandit(0.5), SoftmaxPG(0.4), 2000)
    found = of("S5", bandit)
    claimed = np.isfinite(found.proved)
    assert found.holds and claimed.any() and not claimed[:3].any()
    assert (np.diff(claimed.astype(int)) >= 0).all()  # once true it stays so
    assert of("S5m", bandit).holds
    forged = replace(bandit, scaled_gap=bandit.scaled_gap * 0.9 ** np.arange(2001.0)[:, None])
    assert of("S5", forged).holds is False


@pytest.mark.parametrize("eta", [2.6e-9, 1e-7, 1e-5])
def test_a_rate_that_is_rounding_is_not_compared(eta):
    rng = np.random.default_rng(3)
    P = rng.dirichlet(np.ones(3), (3, 3))
    mdp = MDP(P / P.sum(axis=2, keepdims=True), rng.random((3, 3)), 0.9)
    pi = optimum(mdp, 0.5).pi * (1 + 1e-9 * rng.standard_normal((3, 3)))
    run = optimize(mdp, SoftmaxPG(eta), 20, tau=0.5, policy=pi / pi.sum(axis=1, keepdims=True))
    assert of("E4", run).holds is None


# Theorems that rarely say anything, and a run about which they do.

RARELY = {
    "P7x": lambda: optimize(*_smooth(0.3), 50),
    "P7a": lambda: optimize(*_smooth(0.3), 50),
    "S3a": lambda: optimize(instances.two_armed_bandit(0.5), SoftmaxPG(0.2), 5000),
    "S4": lambda: optimize(instances.bandit([0.9, 0.5, 0.1]), SoftmaxPG(0.4), 50),
    "S4u": lambda: optimize(instances.bandit([0.9, 0.5, 0.1]), SoftmaxPG(0.4), 50),
    "S5": lambda: optimize(instances.two_armed_bandit(0.5), SoftmaxPG(0.4), 2000),
    "S5m": lambda: optimize(MDP(np.ones((1, 2, 1)), [[1, 0]], 0.2), SoftmaxPG(1.0), 2000),
    "S7e": lambda: optimize(
        instances.two_armed_bandit(0.5), SoftmaxPG(0.03), 90_000, policy=[[5e-4, 1 - 5e-4]]
    ),
    "H3c": lambda: optimize(instances.two_armed_bandit(0.5), HadamardPG(0.5), 400),
}


def _smooth(gamma):
    mdp = instances.garnet(3, 2, 2, gamma, seed=7)
    return mdp, ProjectedPG((1 - gamma) ** 3 / (2 * gamma * mdp.n_actions))


@pytest.mark.parametrize("id", RARELY)
def test_theorems_that_rarely_apply_do_so_somewhere(id):
    found = of(id, RARELY[id]())
    assert found.applies and found.holds, str(found)


@pytest.mark.parametrize("gamma", [1e-3, 1e-2, 0.1])
@pytest.mark.parametrize("policy", [[[0, 1]], [[0.5, 0.5]], [[0.01, 0.99]]])
def test_the_corrected_bound_of_agarwal_where_the_printed_one_fails(gamma, policy):
    """64 gamma S A < 1 for the two smaller of them."""
    eta = (1 - gamma) ** 3 / (4 * gamma)
    run = optimize(MDP(np.ones((1, 2, 1)), [[1, 0]], gamma), ProjectedPG(eta), 20, policy=policy)
    found = of("P7a", run)
    assert found.holds and np.isinf(found.proved[0]) and np.isfinite(found.proved[1:]).all()


def test_log_sizes_of_the_gaps_are_those_of_the_run():
    from tabular_pg.verdicts.wide_run import WideRun

    np.testing.assert_allclose(log_size(WideRun(FAR).sup_gap), FAR.log_sup_gap, rtol=1e-14)
