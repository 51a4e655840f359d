"""What is called with odd values: everything public that learns from preferences."""

from __future__ import annotations

import numpy as np

from support.odd_calls import call
from tabular_pg import preference as pref
from tabular_pg.preference import (
    DPO,
    BradleyTerry,
    CrossEntropy,
    make_world,
)

PAIRS = np.array([[0, 1], [1, 0], [1, 2], [2, 0]])
WORLD = make_world(40, 3, seed=1, benchmark=8, nuisance=1)
FIT = pref.fit(PAIRS, 6, ridge=0.5)
REFERENCE = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
POLICY = np.array([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]])
REWARDS, GOLD = np.array([[1.0, 0.5, 0.0], [0.0, 0.5, 2.0]]), np.array([[0.5, 1.0, 0.0]] * 2)
NO_ITEMS = ("empty list", "nested empty list", "empty array", "empty (0, 2)")
MANY = ("empty list", "empty array", "generator", "map", "seven entries")
NO_FILE = ("string", "empty string", "numpy string")  # an OSError names it
FLAGS = ("True", "False", "numpy True")


FIT_ARGUMENTS = ("pairs", "n_items", "loss", "features", "ridge", "weights", "iterations")


def fitted(loss):
    return pref.fit(PAIRS, 3, loss=loss, ridge=0.5)


def parameter(loss, name, value):
    def scores(**changes):
        return fitted(loss(**changes))

    return call(scores, digest=lambda found: found.scores.tolist(), **{name: value})


def dpo(beta, ridge):
    return pref.optimize_directly(PAIRS, [0, 0, 0], [0.5, 0.25, 0.25], DPO(beta, ridge))


OF_POLICIES = {"policy": POLICY, "reference": REFERENCE}
OF_REWARDS = {"reference": REFERENCE, "rewards": REWARDS}
CALLS = {
    "fit": call(
        pref.fit, digest=lambda found: found.scores.round(12).tolist(), pairs=PAIRS, n_items=3,
        loss=BradleyTerry(), features=np.array([[1.0, 0.0], [0.5, 1.0], [0.0, 0.25]]), ridge=0.5,
        weights=np.array([1.0, 2.0, 0.5, 1.0]), iterations=100, per_component=False,
    )._replace(optional=("features", "weights", "iterations"), odd=FIT_ARGUMENTS),
    "fit, per component": call(
        lambda per_component: pref.fit(PAIRS, 3, per_component=per_component),
        digest=lambda found: found.scores.tolist(), per_component=False,
    )._replace(fine=FLAGS),
    "identify": call(
        pref.identify, digest=lambda found: found.components.tolist(), pairs=PAIRS, n_items=3
    ),
    "spectrum": call(
        pref.spectrum, digest=lambda found: found[0].eigenvalues.tolist(), pairs=PAIRS, n_items=3,
        weights=np.array([1.0, 2.0, 0.5, 1.0]), eigenvalues=2,
    )._replace(optional=("weights",)),
    "separating": call(
        pref.separating, pairs=PAIRS[2:], n_items=3, features=np.array([[0.0], [1.0], [0.5]])
    ),
    "pair_loss": call(
        pref.pair_loss, loss=CrossEntropy(), chosen=np.array([1.0, 0.5]), rejected=[0.5, 2.0]
    )._replace(named={"chosen": "chosen|rejected"}, fine=NO_ITEMS),
    "Focal": parameter(pref.Focal, "gamma", 2.0),
    "FocalPenalty": parameter(pref.FocalPenalty, "gamma", 2.0),
    "Hinge": parameter(pref.Hinge, "margin", 1.0),
    "MarginMSE": parameter(pref.MarginMSE, "margin", 1.0),
    "TemperatureBT": parameter(pref.TemperatureBT, "temperature", 2.0),
    "TemperedLog": parameter(pref.TemperedLog, "t", 0.5),
    "DPO": call(dpo, digest=lambda run: run.log_policy.tolist(), beta=0.5, ridge=0.25),
    "optimize_directly": call(
        pref.optimize_directly, digest=lambda run: run.log_policy.tolist(), pairs=PAIRS,
        prompts=[0, 0, 0], reference=[0.5, 0.25, 0.25], rule=DPO(0.5, 0.25),
    ),
    "kl": call(pref.kl, **OF_POLICIES),
    "expected_reward": call(pref.expected_reward, policy=POLICY, rewards=REWARDS),
    "regret": call(pref.regret, **OF_POLICIES, rewards=REWARDS, beta=0.5),
    "tilted_policy": call(pref.tilted_policy, **OF_REWARDS, beta=0.5),
    "optimal_value": call(pref.optimal_value, **OF_REWARDS, beta=0.5),
    "best_of_n": call(pref.best_of_n, **OF_REWARDS, n=3),
    "beta_for_kl": call(pref.beta_for_kl, digest=float, **OF_REWARDS, target=0.25),
    "overoptimization": call(
        pref.overoptimization, digest=lambda curve: np.ravel(curve).tolist(), reference=REFERENCE,
        proxy=REWARDS, gold=GOLD, betas=[1.0, 0.5],
    )._replace(fine=MANY),
    "best_of_n_curve": call(
        pref.best_of_n_curve, digest=lambda curve: np.ravel(curve).tolist(), reference=REFERENCE,
        proxy=REWARDS, gold=GOLD, ns=[1, 4],
    )._replace(fine=MANY),
    "controlled": call(
        pref.controlled, digest=lambda run: run.regret.tolist(), reference=REFERENCE, reward=GOLD,
        estimate=REWARDS, beta=0.5,
    ),
    "pair_accuracy": call(pref.pair_accuracy, rewards=REWARDS, fitted=GOLD),
    "scorecard": call(
        pref.scorecard, digest=lambda card: card.average, world=WORLD,
        scores=np.arange(WORLD.n_items) / 2,
    ),
    "regret_at_kl": call(
        pref.regret_at_kl, digest=float, world=WORLD, scores=np.arange(WORLD.n_items) / 2, kl=0.5
    ),
    "expected_agreement": call(
        pref.expected_agreement, digest=lambda found: found.purity, label=[0.5, 0.75],
        reward=[1.0, 0.5],
    )._replace(named={"label": "label|reward"}),
    "agreement_purity": call(
        pref.agreement_purity, label_accuracy=[0.5, 0.75], reward_accuracy=[1.0, 0.5]
    )._replace(
        named={"label_accuracy": "label_accuracy|reward_accuracy"}
    ),
}  # fmt: skip
