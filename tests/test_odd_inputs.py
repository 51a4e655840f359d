"""Every argument of every public function of the core takes odd values rightly or by an error."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from odd_inputs import Call, complaints
from scipy import sparse

from tabular_pg import MDP, NaturalPG, Solver, check, instances, optimize, optimize_many, optimum
from tabular_pg.flow import softmax_flow

P = np.array(
    [
        [[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]],
        [[0.0, 0.0, 1.0], [0.5, 0.25, 0.25]],
        [[0.25, 0.5, 0.25], [1.0, 0.0, 0.0]],
    ]
)
r = np.array([[1.0, 0.0], [0.0, 0.5], [0.25, 0.5]])
rho, mu = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
policy = np.array([[0.5, 0.5], [0.25, 0.75], [0.75, 0.25]])
MODEL = MDP(P, r, 0.75, rho=rho, mu=mu)
NUMBERS = {"n_states": 4, "n_actions": 3, "gamma": 0.5, "seed": 2}


def parts(mdp):
    table = mdp.P.toarray() if mdp.sparse else mdp.P
    return [table.ravel(), mdp.r, mdp.gamma, mdp.rho, mdp.mu, mdp.actions is None]


def gaps(runs):
    return [[run.k, run.gap, run.tau] for run in (runs if isinstance(runs, list) else [runs])]


def with_step(eta):
    return optimize(MODEL, NaturalPG(eta), 2)


def instance(name, **good):
    named = {"n_actions": "n_actions|n_states|branching", "n_states": "n_states|branching"}
    odd = tuple(key for key in good if key not in ("sparse", "same_dynamics"))
    return Call(getattr(instances, name), good, odd, parts, named)


MODEL_ARGUMENTS = {"P": P, "r": r, "gamma": 0.75, "rho": rho, "mu": mu, "renormalize": False}
MODEL_ARGUMENTS |= {"actions": np.ones((3, 2), dtype=bool)}
CALLS = {
    "MDP": Call(
        MDP, MODEL_ARGUMENTS, ("P", "r", "gamma", "rho", "mu"), parts,
        {"P": "P|r"}, ("rho", "mu"),
    ),
    "MDP with a mask": Call(MDP, MODEL_ARGUMENTS, ("actions",), parts, {}, ("actions",)),
    "MDP, rewards of transitions": Call(
        MDP, {"P": P, "r": np.repeat(r[:, :, None], 3, axis=2), "gamma": 0.5}, ("r",), parts
    ),
    "optimum": Call(
        optimum, {"mdp": MODEL, "tau": 0.5, "tie_tolerance": 0.0}, ("mdp", "tau", "tie_tolerance"),
        lambda best: [best.V, best.tau], {}, ("tie_tolerance",),
    ),
    "optimize": Call(
        optimize,
        {"mdp": MODEL, "rule": NaturalPG(1.0), "iterations": 3, "tau": 0.5, "policy": policy,
         "at": [0, 2, 3]},
        ("mdp", "rule", "iterations", "tau", "policy", "at"), gaps, {"at": "at"}, ("policy", "at"),
    ),
    "step size": Call(with_step, {"eta": 0.5}, ("eta",), gaps),
    "optimize_many": Call(
        optimize_many, {"mdp": MODEL, "rule": NaturalPG(1.0), "iterations": 2, "tau": 0.5},
        ("mdp", "rule", "iterations"), gaps, {name: f"{name}|lists" for name in ("mdp", "rule")},
        fine=("empty list",),  # no run at all
    ),
    "softmax_flow": Call(
        softmax_flow,
        {"mdp": MODEL, "times": [0.5, 1.0, 2.0], "copies": np.array([1.0, 2.0, 4.0]),
         "policy": policy, "tolerance": 2.0**-10},
        ("mdp", "times", "copies", "policy", "tolerance"), list, {}, ("copies", "policy"),
    ),
    "garnet": instance("garnet", **NUMBERS, branching=2),
    "sparse garnet": instance("garnet", **NUMBERS, branching=2, sparse=True),
    "random_dense": instance("random_dense", **NUMBERS),
    "tied": instance("tied", **NUMBERS),
    "bandit": instance("bandit", means=[0.5, 0.25, 1.0], gamma=0.5)
    ._replace(fine=("seven entries",)),
    "two_armed_bandit": instance("two_armed_bandit", gap=0.5, gamma=0.5),
    "chain": instance("chain", n_states=3, gamma=0.5, slip=0.25),
    "river_swim": instance("river_swim", n_states=3, gamma=0.5),
    "gridworld": instance("gridworld", height=2, width=3, gamma=0.5, slip=0.25),
    "sparse gridworld": instance("gridworld", height=2, width=3, gamma=0.5, slip=0.25, sparse=True),
    "deep_sea": instance("deep_sea", size=2, gamma=0.5),
    "gamma_chain": instance("gamma_chain", n=3, gamma=0.5, epsilon=0.25),
    "li_wei_chi_chen": instance("li_wei_chi_chen", gamma=0.96875, horizon=4, copies=2, p=2.0**-8)
    ._replace(optional=("p",)),
}  # fmt: skip

if importlib.util.find_spec("flint"):
    from tabular_pg.certified import RationalMDP, certified_run, certify

    HUGE_IS_EXACT = ("nested huge one", "huge", "huge fraction", "huge Decimal")
    HUGE_IS_EXACT += ("huger than can be shown",)

    def exact(mdp):
        return [mdp.source()]

    def enclosures(certificate):
        return [str(certificate.gap), certificate.digits >= 10]

    CALLS["RationalMDP"] = Call(
        RationalMDP, {"P": P, "r": r, "gamma": 0.75, "rho": rho, "mu": mu},
        ("P", "r", "gamma", "rho", "mu"), exact, {}, ("rho", "mu"), HUGE_IS_EXACT,
    )  # fmt: skip
    CALLS["certified_run"] = Call(
        certified_run,
        {"mdp": MODEL, "rule": NaturalPG(1.0), "iterations": 2, "tau": 0, "policy": policy,
         "at": [0, 2], "digits": 10},
        ("mdp", "rule", "iterations", "tau", "policy", "at", "digits"), enclosures, {},
        ("policy", "at"), HUGE_IS_EXACT,
    )  # fmt: skip
    CALLS["certify"] = Call(
        certify, {"run": optimize(MODEL, NaturalPG(1.0), 2), "digits": 10}, ("run", "digits"),
        enclosures,
    )  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_odd_inputs_are_taken_rightly_or_refused_by_name(name):
    found = complaints(CALLS[name])
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])


# ---- what is refused, and what a message says of it --------------------------------------------

SPARSE = sparse.csr_array(P.reshape(6, 3))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([SPARSE[:3], SPARSE[3:]], r, 0.9), ValueError, r"P is a list of sparse .*s \* A \+ a"),
        ((SPARSE, sparse.csr_array(r), 0.9), ValueError, r"r is sparse.*r\.toarray\(\)"),
        ((SPARSE, P, 0.9), ValueError, r"r has shape \(3, 2, 3\).*P\.multiply\(R\)"),
        ((P.transpose(1, 0, 2), r, 0.9), ValueError, r"\(A, S, S\): .*P\.transpose\(1, 0, 2\)"),
        ((P.transpose(0, 2, 1), r, 0.9), ValueError, r"\(S, S, A\): .*P\.transpose\(0, 2, 1\)"),
        ((P.reshape(6, 3), r, 0.9), ValueError, r"P\.reshape\(S, A, S\)"),
        ((P[:, 0], r[:, :1], 0.9), ValueError, r"P\[:, None\]"),
        ((P, r.T, 0.9), ValueError, r"r has shape \(2, 3\).*r\.T"),
        ((P, r[:, 0], 0.9), ValueError, r"r has shape \(3,\).*np\.repeat"),
        (({0: {}}, r, 0.9), ValueError, r"P is not an array of real numbers: got \{0: "),
        ((P, r * 1j, 0.9), ValueError, "r is not an array of real numbers: entries are complex"),
        ((P, [[10**400, 0], [0, 0], [0, 0]], 0.9), ValueError, r"r\[0, 0\] is beyond the range"),
    ],
)
def test_messages_name_the_remedy(arguments, error, message):
    with pytest.raises(error, match=message):
        MDP(*arguments)


def test_a_cube_in_another_order_is_recognized_where_it_can_be():
    cube = np.concatenate([P, P[:, ::-1][:, :1]], axis=1)
    with pytest.raises(ValueError, match=r"np\.moveaxis\(P, 1, 2\)"):
        MDP(cube.transpose(0, 2, 1), np.zeros((3, 3)), 0.9)
    mask = np.ones((3, 3), dtype=bool)
    mask[0, 2] = False
    cube[0, 2] = 0
    assert MDP(cube, np.zeros((3, 3)), 0.9, actions=mask).actions is not None
    with pytest.raises(ValueError, match=r"P\.transpose\(1, 0, 2\)"):
        MDP(cube.transpose(1, 0, 2), np.zeros((3, 3)), 0.9, actions=mask)
    with pytest.warns(UserWarning, match=r"one per action.*np\.stack\(P, axis=1\)"):
        MDP([np.eye(2), np.eye(2)], np.zeros((2, 2)), 0.9)
    MDP(np.array([np.eye(2), np.eye(2)]), np.zeros((2, 2)), 0.9)


def test_the_ways_from_matrices_per_action_that_the_docstring_names():
    matrices, shape = [P[:, a] for a in range(2)], (2, 3)
    assert np.array_equal(MDP(np.stack(matrices, axis=1), r, 0.9).P, P)
    A, S = shape
    stacked = sparse.vstack([sparse.csr_array(m) for m in matrices], format="csr")
    mdp = MDP(stacked[np.arange(A * S).reshape(A, S).T.ravel()], r, 0.9)
    assert np.array_equal(mdp.P.toarray().reshape(3, 2, 3), P)


@pytest.mark.parametrize("value", ["False", 0, None, 1.0, np.array([True])])
def test_options_are_booleans(value):
    with pytest.raises(TypeError, match="renormalize is .*; expected True or False"):
        MDP(P, r, 0.9, renormalize=value)
    with pytest.raises(TypeError, match="sparse is "):
        instances.garnet(3, 2, 2, 0.9, sparse=value)


def test_solvers_are_members_of_their_enum():
    with pytest.raises(TypeError, match="solver is 'GMRES'; expected None or one of Solver"):
        optimize(MODEL, NaturalPG(1.0), 2, solver="GMRES")
    assert optimize(MODEL, NaturalPG(1.0), 2, solver=Solver.ELIMINATION).gap.size == 3


def test_many_runs_from_arrays_and_generators():
    rule, taus = NaturalPG(1.0), [0.25, 0.5]
    expected = gaps(optimize_many(MODEL, rule, 2, tau=taus))
    for given in (np.array(taus), tuple(taus), iter(taus), (tau for tau in taus)):
        assert str(gaps(optimize_many(MODEL, rule, 2, tau=given))) == str(expected)
    runs = optimize_many(MODEL, (NaturalPG(eta) for eta in (1.0, 2.0)), 2)
    assert [run.rule.eta for run in runs] == [1.0, 2.0]
    starts = np.stack([policy, policy[::-1]])
    assert len(optimize_many(MODEL, rule, 2, policy=starts)) == 2
    with pytest.raises(ValueError, match="lists have lengths .*expected at most 100000"):
        optimize_many(MODEL, rule, 2, tau=itertools.count())


# ---- bits are kept -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 7, 100, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_an_mdp_made_of_the_parts_of_another_has_its_bits(size, seed):
    rng = np.random.default_rng(seed)
    rows, (one, other) = rng.dirichlet(np.ones(size), (size, 1)), rng.dirichlet(np.ones(size), 2)
    rows = rows * (1 + 1e-13 * rng.standard_normal((size, 1, 1)))
    for table in (rows, sparse.csr_array(rows[:, 0])):
        mdp = MDP(table, np.zeros((size, 1)), 0.9, rho=one, mu=other * (1 + 1e-13))
        again = MDP(mdp.P, mdp.r, mdp.gamma, rho=mdp.rho, mu=mdp.mu)
        assert all(map(np.array_equal, parts(mdp), parts(again)))
        assert abs(mdp.P.sum(axis=-1) - 1).max() < 1e-14
    default = MDP(rows, np.zeros((size, 1)), 0.9)
    assert np.array_equal(MDP(rows, default.r, 0.9, rho=default.rho).rho, default.rho)


def test_what_sums_to_1_within_rounding_is_left_alone():
    for row in ([0.06, 0.94], [0.1] * 10, [1 / 3] * 3, [0.7, 0.2, 0.1], [0.8, 0.2 - 2.0**-53]):
        size = len(row)
        mdp = MDP(np.tile(row, (size, 1, 1)), np.zeros((size, 1)), 0.9, rho=row, mu=row)
        assert mdp.P[0, 0].tolist() == mdp.rho.tolist() == mdp.mu.tolist() == row
        assert (
            MDP(sparse.csr_array(np.tile(row, (size, 1))), mdp.r, 0.9).P.data.tolist() == row * size
        )


def test_many_equal_entries_of_a_sparse_row_are_not_touched():
    size = 200_000
    row = sparse.csr_array((np.full(size, 1 / size), (np.zeros(size, int), np.arange(size))))
    stay = sparse.eye_array(size, format="csr")[1:]
    mdp = MDP(sparse.vstack([row, stay], format="csr"), np.zeros((size, 1)), 0.9)
    assert (mdp.P.data[:size] == 1 / size).all()


def test_what_is_negative_by_rounding_is_waived_on_request():
    left = 1 - 0.8 - 0.2
    assert left < 0
    row = [0.8, 0.2, left]
    for table in (np.tile(row, (3, 1, 1)), sparse.csr_array(np.tile(row, (3, 1)))):
        with pytest.raises(ValueError, match=r"P\[0, 0, 2\] is -5.*pass renormalize=True"):
            MDP(table, np.zeros((3, 1)), 0.9)
        mdp = MDP(table, np.zeros((3, 1)), 0.9, renormalize=True)
        assert mdp.P.min() == 0
        assert (table if sparse.issparse(table) else table).min() == left
    with pytest.raises(ValueError, match=r"P\[0, 0, 1\] is -0.5; expected a probability >= 0$"):
        MDP([[[1.5, -0.5]], [[1, 0]]], np.zeros((2, 1)), 0.9, renormalize=True)


def test_sums_beyond_floats_cannot_be_renormalized():
    with pytest.raises(ValueError, match=r"P\[0, 0\] sums to inf"):
        MDP([[[1e308, 1e308]], [[1, 0]]], np.zeros((2, 1)), 0.9, renormalize=True)


# ---- nobody else can change an MDP -------------------------------------------------------------


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"])
def test_sparse_matrices_cannot_be_changed_afterwards(form):
    given = SPARSE.asformat(form).copy()
    mdp = MDP(given, r, 0.9)
    before = mdp.P.toarray()
    with contextlib.suppress(ValueError, TypeError, NotImplementedError):
        given[0, 0] = 0.75
    for name in ("data", "row", "col", "indices", "indptr"):
        with contextlib.suppress(ValueError, AttributeError, TypeError):
            getattr(given, name)[...] = 0
    assert np.array_equal(mdp.P.toarray(), before)


def view_of_array():
    whole = np.concatenate([SPARSE.data, [0.0]])
    return whole, whole[:-1]


def locked_view_of_array():
    whole, view = view_of_array()
    view.setflags(write=False)
    return whole, view


def view_of_bytes():
    memory = bytearray(SPARSE.data.tobytes())
    return np.frombuffer(memory), np.frombuffer(memory)


@pytest.mark.parametrize("make", [view_of_array, locked_view_of_array, view_of_bytes])
def test_what_data_are_a_view_of_cannot_change_them(make):
    whole, view = make()
    given = sparse.csr_array((view, SPARSE.indices.copy(), SPARSE.indptr.copy()), (6, 3))
    mdp = MDP(given, r, 0.9)
    whole[:] = 0
    assert np.array_equal(mdp.P.data, SPARSE.data) and not mdp.P.data.flags.writeable


# ---- what is used as it should be --------------------------------------------------------------


def test_models_runs_and_verdicts_are_pickled():
    for mdp in (MODEL, MDP(SPARSE, r, 0.9)):
        again = pickle.loads(pickle.dumps(mdp))
        assert all(map(np.array_equal, parts(mdp), parts(again))) and again.sparse == mdp.sparse
        with pytest.raises(ValueError, match="read-only"):
            (again.P.data if again.sparse else again.P)[...] = 0
    run = optimize(MODEL, NaturalPG(1.0), 3)
    assert np.array_equal(pickle.loads(pickle.dumps(run)).gap, run.gap)
    for verdict in check(run):
        again = pickle.loads(pickle.dumps(verdict))
        assert (again.holds, str(again)) == (verdict.holds, str(verdict))


def test_zero_and_constant_rewards_have_no_gap():
    for value in (0.0, 1.0, -3.5):
        run = optimize(MDP(P, np.full((3, 2), value), 0.9), NaturalPG(1.0), 3)
        assert (run.gap == 0).all() and (run.optimum.V == value / (1 - 0.9)).all() or value != 0
        assert np.abs(run.gap).max() <= 1e-14


def test_runs_in_threads_are_those_of_one_thread():
    runs = [optimize(MODEL, NaturalPG(eta), 5).gap for eta in (0.5, 1.0, 2.0)]
    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(lambda eta: optimize(MODEL, NaturalPG(eta), 5).gap, (0.5, 1.0, 2.0)))
    assert all(map(np.array_equal, runs, again))
