"""The optimum of a rational MDP, as a Coq file that proves it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabular_pg.certified.coq.tables import checksum, fraction, listed, over_one, table, values


@dataclass(frozen=True)
class Claim:
    """What ``checks_optimum`` is asked about; numbers in units of 1 / unit."""

    unit: int
    numerators: list
    optimal: list
    from_start: object
    delta: object


def claim_of(mdp) -> Claim:
    """The largest values of ``mdp``, its optimal actions and Delta, exactly."""
    losses = -mdp.advantages
    best = losses.argmin(axis=1)
    pi = np.zeros(losses.shape, dtype=int)
    pi[np.arange(mdp.n_states), best] = 1
    V = mdp.q(pi.tolist())[np.arange(mdp.n_states), best]
    unit, numerators = over_one(V)
    positive = [x for x in losses.ravel() if x > 0]
    return Claim(
        unit,
        numerators,
        [[a for a, x in enumerate(row) if x == 0] for row in losses],
        (mdp.rho @ V) * unit,
        min(positive) * unit if positive else mdp.gamma * 0,
    )


def record(claim) -> str:
    """The value of optimum.v's type ``optimum_claim`` for ``claim``."""
    optimal = listed((listed(map(str, actions)) for actions in claim.optimal), 14)
    return f"""{{|
  best := {values(claim.unit, claim.numerators)};
  optimal := ({optimal})%nat;
  from_start := {fraction(claim.from_start)};
  delta := {fraction(claim.delta)}
|}}"""


def optimum_text(mdp, claim) -> str:
    """Definitions, claim and proof for the optimum of ``mdp``."""
    return f"""\
Definition M : table := {table(mdp)}.

Definition claim : optimum_claim := {record(claim)}.

(* The table is the one that was written. *)
Lemma transcribed : checksum M = {checksum(mdp)}.
Proof. vm_compute. reflexivity. Qed.

Lemma checked : checks_optimum M claim = true.
Proof. vm_compute. reflexivity. Qed.

(* No stationary policy has a larger value in any state than numerators / unit; those that take
   the listed actions only have this value; every other action loses at least delta / unit. *)
Theorem optimum_of_M : is_optimum M claim.
Proof. exact (checks_optimum_sound M claim checked). Qed.

Print Assumptions checked.
Print Assumptions optimum_of_M.
"""
