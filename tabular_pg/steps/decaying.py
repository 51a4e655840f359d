"""Step sizes that fall like a power of the iteration."""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.step_size import step_size


class Decaying(NamedTuple):
    """``eta / (k + 1)**power`` at iteration k; a negative power makes steps grow."""

    eta: float
    power: float = 0.5

    def at(self, k):
        """The step size of iteration ``k``, in numbers of the kind that the fields are."""
        base = self.power * 0 + k + 1  # a number of the kind that the power is
        return self.eta / base**self.power


@step_size(Decaying, schedule=True, any_sign=("power",))
def decaying(step, k, problem, point):
    """eta (k + 1)^(-power)."""
    return step.eta / (k + 1.0) ** step.power
