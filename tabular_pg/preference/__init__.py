"""Learning rewards from preferences on problems whose true reward is known."""

from tabular_pg.preference.control.best_of_n import best_of_n
from tabular_pg.preference.control.dpo import DPO, DirectRun, optimize_directly
from tabular_pg.preference.control.kl_control import Controlled, KLControl, controlled
from tabular_pg.preference.control.overoptimization import (
    Overoptimization,
    best_of_n_curve,
    overoptimization,
)
from tabular_pg.preference.control.scorecard import (
    Scorecard,
    pair_accuracy,
    regret_at_kl,
    scorecard,
)
from tabular_pg.preference.control.tables import expected_reward, kl
from tabular_pg.preference.control.tilted import beta_for_kl, optimal_value, regret, tilted_policy
from tabular_pg.preference.curation.agreement import (
    Agreement,
    AgreementFilter,
    agreement_purity,
    expected_agreement,
)
from tabular_pg.preference.curation.agreement_rule import agreement_filter
from tabular_pg.preference.curation.decontamination import decontaminate, overlaps
from tabular_pg.preference.curation.pipeline import Curation, Pipeline, skywork_rules
from tabular_pg.preference.curation.rules import (
    Curated,
    Record,
    adversarial_only,
    deduplicate,
    rating_filter,
    score_offsets,
    top_fraction,
)
from tabular_pg.preference.data.files import Ties, read_jsonl, read_table
from tabular_pg.preference.data.imported import Imported, Tokenized, preference_data, tokenized
from tabular_pg.preference.data.named_pairs import Pairs
from tabular_pg.preference.data.pairs import PreferenceData, concatenate
from tabular_pg.preference.data.real import (
    baseball_1987,
    baseball_1987_at_home,
    journal_citations,
)
from tabular_pg.preference.data.tokens import Tokens
from tabular_pg.preference.fitting.comparisons import Comparisons
from tabular_pg.preference.fitting.fit import fit
from tabular_pg.preference.fitting.identifiability import (
    Identifiability,
    Spectrum,
    identify,
    separating,
    spectrum,
)
from tabular_pg.preference.fitting.losses import (
    BradleyTerry,
    CrossEntropy,
    Focal,
    FocalPenalty,
    Hinge,
    MarginMSE,
    TemperatureBT,
    TemperedLog,
    pair_loss,
)
from tabular_pg.preference.fitting.result import Fit, Status
from tabular_pg.preference.theorems.fits import score_equations  # noqa: F401  (registers R1 to R7)
from tabular_pg.preference.world.annotators import Annotator, Rater, Scorer, choose, label_accuracy
from tabular_pg.preference.world.making import make_world
from tabular_pg.preference.world.sources import Annotated, Rated, ScoredPool, pooled, sources
from tabular_pg.preference.world.world import World

__all__ = [
    "Agreement",
    "AgreementFilter",
    "Annotated",
    "Annotator",
    "BradleyTerry",
    "Comparisons",
    "Controlled",
    "CrossEntropy",
    "Curated",
    "Curation",
    "DPO",
    "DirectRun",
    "Fit",
    "Focal",
    "FocalPenalty",
    "Hinge",
    "Identifiability",
    "Imported",
    "KLControl",
    "MarginMSE",
    "Overoptimization",
    "Pairs",
    "Pipeline",
    "PreferenceData",
    "Rated",
    "Rater",
    "Record",
    "Scorecard",
    "ScoredPool",
    "Scorer",
    "Spectrum",
    "Status",
    "TemperatureBT",
    "TemperedLog",
    "Ties",
    "Tokenized",
    "Tokens",
    "World",
    "adversarial_only",
    "agreement_filter",
    "agreement_purity",
    "baseball_1987",
    "baseball_1987_at_home",
    "best_of_n",
    "best_of_n_curve",
    "beta_for_kl",
    "choose",
    "concatenate",
    "controlled",
    "decontaminate",
    "deduplicate",
    "expected_agreement",
    "expected_reward",
    "fit",
    "identify",
    "journal_citations",
    "kl",
    "label_accuracy",
    "make_world",
    "optimal_value",
    "optimize_directly",
    "overlaps",
    "overoptimization",
    "pair_accuracy",
    "pair_loss",
    "pooled",
    "preference_data",
    "rating_filter",
    "read_jsonl",
    "read_table",
    "regret",
    "regret_at_kl",
    "score_offsets",
    "scorecard",
    "separating",
    "skywork_rules",
    "sources",
    "spectrum",
    "tilted_policy",
    "tokenized",
    "top_fraction",
]
