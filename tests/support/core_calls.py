"""What is called with odd values: everything public of the core."""

from __future__ import annotations

import importlib.util

import numpy as np

from support.odd_inputs import MODEL, Call, P, gaps, mu, parts, policy, r, rho
from tabular_pg import MDP, NaturalPG, instances, optimize, optimize_many, optimum
from tabular_pg.methods.softmax_flow import softmax_flow

NUMBERS = {"n_states": 4, "n_actions": 3, "gamma": 0.5, "seed": 2}


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
    "binary_counter": instance("binary_counter", n=3, gamma=0.5),
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
