"""True: natural policy gradient never loses value, whatever its step size."""

from tabular_pg import NaturalPG, theorem


@theorem("X2", "the error of natural policy gradient never grows", rules=(NaturalPG,))
def improves(run):
    """e_{k+1}(s) <= e_k(s) in every state, for every step size."""
    return run.value_gap[1:], run.value_gap[:-1]
