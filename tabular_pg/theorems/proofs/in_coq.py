"""Theorems whose proofs Coq has checked, for every finite MDP: file and name, by id.

The files are in the folder ``tabular_pg/certified/coq``. What is stated there is the theorem of
the docs, or the part of it that the name says; a test compiles them and looks at what they assume.
"""

from __future__ import annotations

PROVED_IN_COQ = {
    "PI1": ("policy_iteration.v", "PI1_contraction"),
    "PC1": ("policy_iteration.v", "PC1_improvement"),
    "PC2": ("policy_iteration.v", "PC2_contraction"),
    "PS1": ("policy_iteration.v", "PS1_sum_contracts"),
    "N2b": ("multiplicative.v", "N2b_improvement"),
    "H1s": ("multiplicative.v", "H1s_improvement"),
    "P1": ("projected_rates.v", "P1_improvement"),
    "P1a": ("projected.v", "P1a_row"),
    "P1b": ("projected.v", "P1b_row"),
    "P2s": ("projected_rates.v", "P2s_rate"),
    "P3": ("termination.v", "P3_termination"),
    "P4": ("termination.v", "P4_linear"),
    "P6": ("projected_rates.v", "P6_rate"),
    "D3": ("dapo.v", "D3_improvement"),
    "D3a": ("dapo.v", "D3a_regularized_monotone"),
    "D3b": ("dapo.v", "D3b_monotone"),
}
PARTS_IN_COQ = {  # what theorems rest on
    "L2": ("improvement.v", "performance_difference_advantages"),
    "L6": ("improvement.v", "improvement_is_kept"),
    "L7": ("improvement.v", "possible_improvement"),
    "L8": ("improvement.v", "master_worst_state"),
    "L9": ("master_mean.v", "master_mean"),
    "L10": ("projected_rates.v", "recursion"),
    "N1, its monotonicity": ("multiplicative.v", "N1_monotone"),
    "D1, its multiplier": ("dapo.v", "D1_multiplier"),
}


def proof_in_coq(id) -> str:
    """Where Coq has checked the theorem ``id``: "proved in Coq (file, name)", or nothing."""
    if id not in PROVED_IN_COQ:
        return ""
    file, name = PROVED_IN_COQ[id]
    return f"proved in Coq ({file}, {name})"
