"""Every claim on every instance: figures, data, records and the verdict table.

Exits with status 1 if any theorem is violated anywhere.
"""

import clone  # noqa: F401
import entropy_natural_pg
import entropy_softmax_pg
import exponential_time
import hadamard_pg
import natural_pg
import overview
import projected_pg
import soft_policy_iteration
import softmax_pg
from common import main

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
