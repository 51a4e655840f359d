"""Every claim on every instance: figures, data, records and the verdict table.

Exits with status 1 if any theorem is violated anywhere.
"""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from experiments.policy_gradient import (
    entropy_natural_pg,
    entropy_softmax_pg,
    exponential_time,
    hadamard_pg,
    natural_pg,
    overview,
    projected_pg,
    soft_policy_iteration,
    softmax_pg,
)
from experiments.shared.claim import main

CLAIMS = [
    projected_pg.CLAIM,
    softmax_pg.CLAIM,
    natural_pg.CLAIM,
    entropy_softmax_pg.CLAIM,
    entropy_natural_pg.CLAIM,
    soft_policy_iteration.CLAIM,
    hadamard_pg.CLAIM,
    overview.CLAIM,
    exponential_time.CLAIM,
]

if __name__ == "__main__":
    main(CLAIMS)
