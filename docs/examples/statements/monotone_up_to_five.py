"""False: softmax policy gradient with entropy is monotone up to eta_s tau = 4, not 5."""

from tabular_pg import SoftmaxPG, theorem
from tabular_pg.verdicts.assumptions import state_step_times_tau_below


@theorem(
    "X1",
    "the error never grows for eta_s tau <= 5",
    rules=(SoftmaxPG,),
    regularized=True,
    assumes=(state_step_times_tau_below(5),),
)
def monotone(run):
    """e_{k+1}(s) <= e_k(s) in every state, for eta_s^k tau <= 5."""
    return run.value_gap[1:], run.value_gap[:-1]
