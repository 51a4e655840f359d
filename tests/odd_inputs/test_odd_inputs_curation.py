"""Every argument of worlds, annotators, sources, files and curation takes odd values rightly."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from support.learning_calls import CALLS as LEARNING
from support.odd_calls import call, forgotten, with_seed
from support.odd_inputs import complaints
from tabular_pg import preference as pref
from tabular_pg.preference import (
    Annotated,
    Annotator,
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


ITEMS = {"world": WORLD, "first": [0, 1], "second": [2, 0]}
BOTH = {"first": "first|second"}
CALLS = {
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
    "agreement_filter": curated(
        pref.agreement_filter, data=DATA, rewards=FIT, sources=("web",)
    )._replace(fine=("function", "class")),  # which are called
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
    "Fit.save": "a path, tried with MDP.save",
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
    assert not forgotten([pref], {**LEARNING, **CALLS}, WITHOUT)
