"""Runs that are made together are those that ``optimize`` makes one by one."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest

from tabular_pg import MDP, NaturalPG, ProjectedPG, SoftmaxPG, optimize, optimize_many, optimum
from tabular_pg.batches.batch import COMPILED, advanced
from tabular_pg.engine import alike
from tabular_pg.engine.method import METHODS, Regularization
from tabular_pg.engine.run import Run, Status
from tabular_pg.mirrors import Entropy

pytestmark = pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
GAMMA, STEPS = 0.9, 30
NUMBERS = (
    "iterates", "scaled_gap", "A", "d", "least_policy", "least_optimal_mass", "gap_sum",
    "log_scale",
)  # fmt: skip
OTHERS = (
    "tau", "status", "solver", "backward_error", "factorizations", "refinements", "steps",
    "log_below", "recorded_log_policies",
)  # fmt: skip
FIELDS = {"mirror": Entropy(), "inner": 2}
RULES = [
    cls(*(FIELDS.get(name, 0.3) for name in cls._fields if name not in cls._field_defaults))
    for cls, method in METHODS.items()
    if method.native and method.regularization is not Regularization.REQUIRED
]


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Few runs are many enough."""
    monkeypatch.setattr(alike, "FEWEST", 4)
    monkeypatch.setattr(alike, "PIECE", 20_000)


def mdps(S, A, n=20, seed=0):
    """Random ones: dense, deterministic with ties, and with rewards of any sign."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        P, r = rng.dirichlet(np.ones(S), (S, A)), rng.normal(size=(S, A))
        if i % 3 == 1:
            P, r = np.eye(S)[rng.integers(S, size=(S, A))], rng.integers(0, 2, (S, A))
        rho, mu = rng.dirichlet(np.ones(S), 2)
        yield MDP(P, r, GAMMA, rho=rho, mu=mu)


def again(mdp):
    """Another MDP of the same numbers, whose optimum is not known."""
    return MDP(mdp.P, mdp.r, mdp.gamma, rho=mdp.rho, mu=mdp.mu)


def same(found, run):
    """Every attribute; with other digits only where runs were in lanes."""
    exact = not found.method.lanes
    np.testing.assert_array_equal(found.k, run.k)
    np.testing.assert_array_equal(found.start, run.start)
    assert found.rule == run.rule
    for name in OTHERS:
        np.testing.assert_array_equal(getattr(found, name), getattr(run, name), err_msg=name)
    for name in NUMBERS:
        ours, theirs = getattr(found, name), getattr(run, name)
        assert ours.shape == theirs.shape, name
        assert not ours.flags.writeable, name
        if exact:
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
            continue
        size = np.abs(theirs)
        if name == "A":  # the advantages of likely actions are small beside the others
            size = size.max(axis=2, keepdims=True)
        assert ((ours == theirs) | (np.abs(ours - theirs) <= 1e-12 * size)).all(), name
    for name in ("V", "A", "optimal", "Delta"):
        np.testing.assert_array_equal(getattr(found.optimum, name), getattr(run.optimum, name))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_they_are_those_of_optimize(rule):
    for S, A in ((1, 2), (3, 2), (4, 3)):
        models = list(mdps(S, A))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runs = optimize_many(models, rule, STEPS)
            for mdp, found in zip(models, runs, strict=True):
                assert found.mdp is mdp
                assert found.optimum is optimum(mdp)
                same(found, optimize(again(mdp), rule, STEPS))


def test_most_are_made_together(monkeypatch):
    made = []

    def counted(plans):
        made.extend(alike_made(plans))
        return made[-len(plans) :]

    alike_made = alike.made_together
    monkeypatch.setattr("tabular_pg.engine.optimize.made_together", counted)
    optimize_many(list(mdps(3, 2)), NaturalPG(0.3), STEPS)
    assert sum(run is not None for run in made) >= 12


def test_each_has_its_own_step_and_start():
    models, rng = list(mdps(3, 2)), np.random.default_rng(1)
    rules = [NaturalPG(eta) for eta in np.geomspace(0.01, 10, 20)]
    starts = rng.dirichlet(np.ones(2), (20, 3))
    for cls in (NaturalPG, SoftmaxPG, ProjectedPG):
        rules = [cls(rule.eta) for rule in rules]
        runs = optimize_many(models, rules, STEPS, policy=starts, at=[0, 7, STEPS])
        logs = optimize_many(models, rules, STEPS, log_policy=np.log(starts), at=[0, 7, STEPS])
        for mdp, rule, start, found, log in zip(models, rules, starts, runs, logs, strict=True):
            options = {"at": [0, 7, STEPS]}
            same(found, optimize(again(mdp), rule, STEPS, policy=start, **options))
            same(log, optimize(again(mdp), rule, STEPS, log_policy=np.log(start), **options))


def test_several_starts_on_one_mdp():
    (mdp,), starts = mdps(3, 2, 1), np.random.default_rng(2).dirichlet(np.ones(2), (9, 3))
    runs = optimize_many(mdp, NaturalPG(1.0), STEPS, policy=starts)
    assert len({id(run.optimum) for run in runs}) == 1
    for start, found in zip(starts, runs, strict=True):
        same(found, optimize(again(mdp), NaturalPG(1.0), STEPS, policy=start))


def test_what_nobody_asked_for_is_made_once_for_all(monkeypatch):
    calls = []

    def counted(batch, method, like, at, kept):
        calls.append(kept)
        return advanced(batch, method, like, at, kept)

    monkeypatch.setattr(alike, "advanced", counted)
    monkeypatch.setattr(alike, "PIECE", 2**19)
    runs = optimize_many([MDP(m.P, m.r, GAMMA) for m in mdps(3, 2)], SoftmaxPG(0.3), STEPS)
    assert calls == [alike.KEPT]
    made = [run for run in runs if "piece" in vars(run)]
    assert not any(name in vars(run) for run in made for name in alike.OTHERS)
    piece = made[0].piece
    expected, _ = advanced(piece.batch, piece.method, piece.like, piece.at)
    for run in made:
        for name in alike.Records._fields:
            np.testing.assert_array_equal(getattr(run, name), getattr(expected, name)[run.row])
    assert calls == [alike.KEPT, alike.OTHERS]
    with pytest.raises(AttributeError, match="'RunOfPiece' object has no attribute 'advantage'"):
        made[0].advantage  # noqa: B018


def test_a_copy_is_a_run_of_its_own(tmp_path):
    run = optimize_many(list(mdps(3, 2)), NaturalPG(1.0), STEPS)[0]
    copies = (
        pickle.loads(pickle.dumps(run)),
        replace(run, tau=0.0),
        Run.load(run.save(tmp_path / "x")),
    )
    for copy in copies[:1] + copies[2:]:
        assert type(copy) is Run
    for copy in copies:
        for name in (*NUMBERS, "k"):
            np.testing.assert_array_equal(getattr(copy, name), getattr(run, name))


def test_gaps_below_the_range_of_floats():
    """Runs of huge steps leave the lanes; all of their numbers are those of a run alone."""
    models = list(mdps(3, 2))
    for run, mdp in zip(optimize_many(models, NaturalPG(1e3), STEPS), models, strict=True):
        alone = optimize(again(mdp), NaturalPG(1e3), STEPS)
        np.testing.assert_allclose(run.log_gap, alone.log_gap, rtol=1e-12, atol=1e-12)
        assert run.status is alone.status


def test_all_that_is_different_finds_its_way():
    models = [*mdps(3, 2, 9), *mdps(2, 2, 9), *mdps(3, 2, 3)]
    models += [MDP(m.P, m.r, 0.5) for m in mdps(2, 2, 9)]
    models += [MDP([[[0], [1]]], [[0.0, 1.0]], 0.5, actions=[[False, True]])]
    taus = [0.5 if i % 4 == 0 else 0.0 for i in range(len(models))]
    runs = optimize_many(models, NaturalPG(1.0), 5, tau=taus)
    for mdp, tau, run in zip(models, taus, runs, strict=True):
        assert isinstance(run, Run)
        assert run.tau == tau
        np.testing.assert_allclose(run.gap, optimize(mdp, NaturalPG(1.0), 5, tau=tau).gap, 1e-12)


def test_doubts_are_spoken_of():
    P = np.ones((1, 2, 1))
    models = [MDP(P, [[0.3, 0.1 + 0.2]], GAMMA) for _ in range(4)]
    models += [MDP(P, [[0.0, 1.0]], GAMMA) for _ in range(4)]
    with pytest.warns(UserWarning, match="which actions are optimal is doubtful") as told:
        runs = optimize_many(models, NaturalPG(1.0), 3)
    assert len(told) == 4
    assert [bool(run.optimum.doubt) for run in runs] == [True] * 4 + [False] * 4


def test_errors_are_those_of_optimize():
    models = list(mdps(2, 2, 6))
    largest = MDP(models[0].P, 1e200 * np.array([[0.0, 1.0], [0.0, 1.0]]), GAMMA)
    with pytest.raises(ValueError, match="eta is .*a step would overflow"):
        optimize_many([*models, largest], NaturalPG(1e200), 3)
    with pytest.raises(ValueError, match=r"policy\[1\] sums to"):
        wrong = np.full((2, 2), 0.5)
        wrong[1] = 0.6
        optimize_many(models, NaturalPG(1.0), 3, policy=[np.full((2, 2), 0.5)] * 5 + [wrong])
    with pytest.raises(ValueError, match=r"mu\[0\] is 0.0; SoftmaxPG takes its gradient"):
        without = MDP(models[0].P, models[0].r, GAMMA, mu=[0.0, 1.0])
        optimize_many([*models, without], SoftmaxPG(0.1), 3)


def test_a_population_that_is_interrupted(monkeypatch):
    models, begun = list(mdps(3, 2)), []

    def stop(plans):
        begun.append(len(plans))
        return made_together(plans)

    made_together = alike.made_together
    monkeypatch.setattr("tabular_pg.engine.optimize.made_together", stop)
    monkeypatch.setattr("tabular_pg.engine.optimize.cores", lambda: 1)
    monkeypatch.setattr(alike, "PIECE", 1)

    class Interrupted:
        def __init__(self, total):
            self.interrupted = False

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def count(self, iterations):
            self.interrupted = True

    monkeypatch.setattr("tabular_pg.engine.optimize.Watch", Interrupted)
    runs = optimize_many(models, NaturalPG(1.0), STEPS)
    assert begun == [8]
    assert {run.status for run in runs[8:]} == {Status.INTERRUPTED}
    assert all(run.k[-1] == 0 for run in runs[8:])
    done = [run for run in runs[:8] if run.status is Status.COMPLETED]
    assert len(done) >= 4
    assert all(run.k[-1] == STEPS for run in done)
