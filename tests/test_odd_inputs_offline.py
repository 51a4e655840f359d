"""Every argument of everything public that learns from preferences takes odd values rightly."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from odd_inputs import call, complaints, forgotten, with_seed

from tabular_pg import preference as pref
from tabular_pg.preference import (
    DPO,
    Annotated,
    Annotator,
    BradleyTerry,
    CrossEntropy,
    PreferenceData,
    Rated,
    Rater,
    ScoredPool,
    Scorer,
    Tokens,
    make_world,
)

PAIRS = np.array([[0, 1], [1, 0], [1, 2], [2, 0]])
WORLD = make_world(40, 3, seed=1, benchmark=8, nuisance=1)
TOKENS = Tokens([0, 3, 5], [0, 1, 2, 1, 2])
ARRAYS = {
    "pair_id": [0, 1, 2], "chosen": [0, 1, 4], "rejected": [1, 2, 5], "prompt": [0, 0, 1],
    "source": [0, 1, 0], "task": [0, 0, 1], "scores": [[0.5, 0.25], [1.0, 0.5], [0.5, 2.0]],
    "ratings": [[2.0, 1.0], [1.0, 1.0], [0.0, 4.0]], "adversarial": [True, False, True],
}  # fmt: skip
NAMES = {"source_names": ("web", "crowd"), "task_names": ("math", "chat")}
DATA = PreferenceData(**ARRAYS, **NAMES, tokens=TOKENS)
FILE = pref.Pairs((("p", "a"), ("p", "b")), PAIRS[:1], np.ones(1), (None,), np.full((1, 2), np.nan))
FIT = pref.fit(PAIRS, 6, ridge=0.5)
REFERENCE = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
POLICY = np.array([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]])
REWARDS, GOLD = np.array([[1.0, 0.5, 0.0], [0.0, 0.5, 2.0]]), np.array([[0.5, 1.0, 0.0]] * 2)
NO_ITEMS = ("empty list", "nested empty list", "empty array", "empty (0, 2)")
MANY = ("empty list", "empty array", "generator", "map", "seven entries")
NO_FILE = ("string", "empty string", "numpy string")  # an OSError names it
FLAGS = ("True", "False", "numpy True")


def judge(kind, **good):
    return call(
        kind, digest=lambda made: kind.prefers(made, WORLD, [0, 1], [2, 0]).tolist(), **good
    )


def kind_of_source(kind, optional=(), **good):
    def drawn(made):
        found = pref.sources(WORLD, 1.0, bias=0.5, flip=0.25, seed=0, specs={"one": made})["one"]
        return found.pairs.tolist()

    return call(kind, digest=drawn, **good)._replace(
        named={"mixture": r"mixture"}, optional=optional, fine=FLAGS if "flagged" in good else ()
    )


def curated(function, **good):
    named = {"sources": "sources?"}
    return call(function, digest=lambda made: made.data.pair_id.tolist(), **good)._replace(
        named=named
    )


FIT_ARGUMENTS = ("pairs", "n_items", "loss", "features", "ridge", "weights", "iterations")


def fitted(loss):
    return pref.fit(PAIRS, 3, loss=loss, ridge=0.5)


def parameter(loss, name, value):
    def scores(**changes):
        return fitted(loss(**changes))

    return call(scores, digest=lambda found: found.scores.tolist(), **{name: value})


def dpo(beta, ridge):
    return pref.optimize_directly(PAIRS, [0, 0, 0], [0.5, 0.25, 0.25], DPO(beta, ridge))


def kept_tokens(tokens):
    return [tokens.ptr.tolist(), tokens.values.tolist()]


def with_file(function, name, text, **good):
    """A call of what reads a file, made anew for every call as its text stands here."""

    def reading(path, **arguments):
        if path is not None:
            return function(path, **arguments)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_text(text)
            return function(path, **arguments)

    found = call(reading, digest=lambda found: found.pairs.tolist(), path=None, **good)
    return found._replace(optional=("path",), fine=NO_FILE)


OF_POLICIES = {"policy": POLICY, "reference": REFERENCE}
OF_REWARDS = {"reference": REFERENCE, "rewards": REWARDS}
ITEMS = {"world": WORLD, "first": [0, 1], "second": [2, 0]}
BOTH = {"first": "first|second"}
CALLS = {
    "fit": call(
        pref.fit, digest=lambda found: found.scores.tolist(), pairs=PAIRS, n_items=3,
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
    "make_world": call(
        make_world, digest=lambda world: world.reward.tolist(), prompts=10, responses=2, seed=1,
        benchmark=4, nuisance=1, correlations=(0.5, -0.5, 0.0, 0.25), specific=0.5, level=1.0,
        offset=1.0, blur=0.5, contamination=0.25,
    ),
    "World.table": call(
        WORLD.table, values=np.arange(WORLD.n_items) / 2, prompts=[0, 2]
    )._replace(optional=("prompts",), fine=NO_ITEMS),
    "World.training_prompts": call(WORLD.training_prompts, category=1),
    "World.correct": call(WORLD.correct, data=DATA),
    "Annotator": judge(Annotator, temperature=2.0, flip=0.25, bias=0.5),
    "Rater": judge(Rater, noise=0.5, flip=0.25, bias=0.5, step=2.0),
    "Scorer": judge(Scorer, noise=0.5, flip=0.25, bias=0.5, offset=0.5, unit=2.0),
    "Annotator.prefers": call(Annotator().prefers, **ITEMS)._replace(named=BOTH),
    "Rater.prefers": call(Rater().prefers, **ITEMS)._replace(named=BOTH),
    "Scorer.prefers": call(Scorer().prefers, **ITEMS)._replace(named=BOTH),
    "Rater.rate": call(
        with_seed(Rater().rate), world=WORLD, items=[0, 3], rng=None
    )._replace(fine=NO_ITEMS, optional=("rng",)),
    "Scorer.score": call(
        with_seed(Scorer().score), world=WORLD, items=[0, 3], rng=None
    )._replace(fine=NO_ITEMS, optional=("rng",)),
    "choose": call(
        with_seed(pref.choose), annotator=Annotator(), **ITEMS, rng=None
    )._replace(named=BOTH, optional=("rng",)),
    "label_accuracy": call(
        pref.label_accuracy, annotator=Annotator(), **ITEMS
    )._replace(named=BOTH),
    "ScoredPool": kind_of_source(
        ScoredPool, size=5, mixture=(0.5, 0.0, 0.25, 0.25), strength=0.5, inflation=0.25,
        bias_share=0.5, flip_share=0.5, noise=0.5,
    ),
    "Annotated": kind_of_source(
        Annotated, ("opposed",), size=5, mixture=(0.5, 0.0, 0.25, 0.25), strength=0.5,
        bias_share=0.5, flip_share=0.5, temperature=0.5, opposed=0.5,
    ),
    "Annotated, flagged": kind_of_source(Annotated, flagged=True, size=5, mixture=(1, 0, 0, 0)),
    "Rated": kind_of_source(
        Rated, size=5, mixture=(0.5, 0.0, 0.25, 0.25), strength=0.5, bias_share=0.5,
        flip_share=0.5, noise=0.5,
    ),
    "sources": call(
        pref.sources, digest=lambda found: found["one"].pairs.tolist(), world=WORLD, scale=1.0,
        bias=0.5, flip=0.25, seed=0, specs={"one": Annotated(5, (1, 0, 0, 0))},
    ),
    "pooled": call(pref.pooled, digest=len, by_name={"web": DATA}),
    "Tokens": call(Tokens, digest=kept_tokens, ptr=[0, 3, 5], values=[0, 1, 2, 1, 2])
    ._replace(named={"values": "values|ptr"}),
    "Tokens.part": call(TOKENS.part, digest=kept_tokens, first=0, last=1),
    "PreferenceData": call(
        PreferenceData, digest=lambda data: [data.pairs.tolist(), data.scores.tolist()], **ARRAYS,
        **NAMES, tokens=TOKENS,
    )._replace(fine=("nan (3, 2)",), named={"pair_id": "pair|pair_id"}),
    "PreferenceData.of": call(
        lambda source, empty: DATA.of(source, empty=empty), source="web", empty=False
    )._replace(fine=FLAGS),
    "PreferenceData.about": call(lambda task: DATA.about(task), task="math"),
    "PreferenceData.select": call(
        DATA.select, digest=lambda data: data.pair_id.tolist(), rows=[0, 2]
    )._replace(fine=NO_ITEMS),
    "concatenate": call(pref.concatenate, digest=len, parts=[DATA]),
    "deduplicate": curated(pref.deduplicate, data=DATA),
    "score_offsets": call(pref.score_offsets, data=DATA, offsets={"web": 0.5}),
    "score_offsets, a number": call(
        lambda offset: pref.score_offsets(DATA, {"web": offset}), offset=0.5
    )._replace(named={"offset": "offsets"}),
    "top_fraction": curated(
        pref.top_fraction, data=DATA, fractions={"math": 0.5}, sources=("web",),
        offsets={"web": 0.5}, default=0.5, of=DATA,
    )._replace(optional=("offsets", "default", "of")),
    "top_fraction, a number": curated(
        lambda fraction: pref.top_fraction(DATA, {"math": fraction}, sources=["web"]), fraction=0.5
    )._replace(named={"fraction": "fractions"}),
    "rating_filter": curated(pref.rating_filter, data=DATA, sources=("web",)),
    "adversarial_only": curated(pref.adversarial_only, data=DATA, sources=("web",)),
    "agreement_filter": curated(pref.agreement_filter, data=DATA, rewards=FIT, sources=("web",)),
    "decontaminate": curated(pref.decontaminate, data=DATA, benchmark=TOKENS.part(1, 2), n=2),
    "overlaps": call(pref.overlaps, texts=TOKENS, benchmark=TOKENS.part(1, 2), n=2),
    "Pipeline": call(
        lambda steps: pref.Pipeline(steps).run(DATA), digest=lambda made: len(made.data),
        steps=(pref.deduplicate,),
    )._replace(named={"steps": "steps"}, fine=("empty list", "empty array")),
    "Pipeline.run": call(
        pref.Pipeline((pref.deduplicate,)).run, digest=lambda made: len(made.data), data=DATA
    ),
    "skywork_rules": call(
        pref.skywork_rules, digest=lambda made: len(made.steps), rewards=FIT, benchmark=TOKENS,
        adversarial=True, of=DATA,
    )._replace(optional=("rewards", "benchmark", "of"), fine=("function", "class", *FLAGS)),
    "read_jsonl": with_file(
        pref.read_jsonl, "a.jsonl", '{"prompt": "p", "chosen": "a", "rejected": "b", "x": 1}',
        ties=pref.Ties.DROP, ignore=["x"],
    ),
    "read_table": with_file(
        pref.read_table, "a.csv", "winner,loser,n,tied\na,b,2,1\n", columns=("winner", "loser"),
        counts="n", tied="tied", ties=pref.Ties.HALVE,
    )._replace(optional=("path", "tied")),
    "preference_data": call(
        pref.preference_data, digest=lambda made: made.data.pairs.tolist(), pairs=FILE,
        vocabulary={"p": 0}, unnamed="nobody", tasks=["math"],
    )._replace(optional=("vocabulary", "tasks"), fine=NO_FILE),
    "tokenized": call(
        pref.tokenized, digest=lambda made: made.tokens.values.tolist(), texts=["a b", "b"],
        vocabulary={"b": 0},
    )._replace(optional=("vocabulary",), fine=("list of strings", "empty list", "empty array")),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_odd_inputs_are_taken_rightly_or_refused_by_name(name):
    found = complaints(CALLS[name])
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])


WITHOUT = {
    "AgreementFilter BradleyTerry CrossEntropy": "no arguments",
    "KLControl": "a record that only `controlled` makes",
    "baseball_1987 baseball_1987_at_home journal_citations": "no arguments",
    "Agreement Comparisons Controlled Curated Curation DirectRun Fit Identifiability Imported "
    "Overoptimization Pairs Record Scorecard Spectrum Tokenized World": "results",
    "Comparisons. BradleyTerry. CrossEntropy. Focal. FocalPenalty. Hinge. MarginMSE. TemperatureBT."
    " TemperedLog. ScoredPool. Annotated. Rated.": "kernels, whose callers check the arguments",
    "Status Ties": "enumerations",
}


def test_nothing_public_is_forgotten():
    assert not forgotten([pref], CALLS, WITHOUT)
