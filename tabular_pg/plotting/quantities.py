"""What is drawn of a run: its errors in the field's terms, as logarithms, and against what."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tabular_pg.checks.numbers import shown
from tabular_pg.engine.step_size import step_of
from tabular_pg.gaps.coordinates import Probabilities
from tabular_pg.gaps.duals import Duals, log_ratios
from tabular_pg.numerics.wide import log_size
from tabular_pg.plotting.records import decades, log10
from tabular_pg.verdicts.quantities import best_advantage, gradient_norm
from tabular_pg.verdicts.wide_run import WideRun

TINY = -30.0  # log of an x for which log(1 + x) is x to all digits


class Quantity(NamedTuple):
    """A number per recorded iterate of a run: how papers write it, and its natural logarithm."""

    label: str  # ``%s`` stands for the index tau where the problem is regularized
    logarithm: Callable
    regularized: bool | None = None  # whether it is there for tau > 0, for tau = 0, or for both


def _log_kl(run):
    """(K,) log max_s KL(pi* || pi^k), from the optimal policy that is nearest."""
    if run.tau > 0:
        return _log_offset_kl(_log_offsets(run), run.optimum.log_pi).max(axis=1)
    lost, kept = (_log_mass(run, optimal) for optimal in (False, True))
    with np.errstate(divide="ignore", over="ignore"):
        near = np.where(lost < TINY, lost, np.log(-np.log1p(-np.exp(np.minimum(lost, -0.5)))))
        return np.where(lost < -0.5, near, np.log(-kept)).max(axis=1)


def _log_offsets(run):
    """(K, S, A) log pi^k - log pi*, 0 where there is no action."""
    if run.coordinates is Duals:
        return log_ratios(run.iterates, run.optimum)
    return np.where(np.isneginf(run.optimum.log_pi), 0, run.iterates)


def _log_offset_kl(xi, log_pi):
    """(K, S) log sum_a pi* (e^xi - 1 - xi), which is KL(pi* || pi* e^xi), also where xi^2
    underflows."""
    middle = np.clip(xi, -1e300, -TINY)
    with np.errstate(divide="ignore", invalid="ignore"):
        small = 2 * np.log(np.abs(xi)) - np.log(2) + np.log1p(middle / 3)
        terms = np.log(np.expm1(middle) - middle)
        terms = np.where(np.abs(xi) < 1e-4, small, np.where(xi < -TINY, terms, xi))
        terms = np.where(np.isneginf(xi), np.inf, terms)
        return np.logaddexp.reduce(np.where(np.isneginf(log_pi), -np.inf, log_pi + terms), axis=2)


def _log_mass(run, optimal):
    """(K, S) log of the probability of the optimal actions, or of the others."""
    chosen = run.plain_optimum.optimal == optimal
    with np.errstate(divide="ignore"):
        return np.logaddexp.reduce(np.where(chosen, run.log_policies, -np.inf), axis=2)


def _log_policy_error(run):
    xi = _log_offsets(run)
    with np.errstate(divide="ignore"):
        return np.log(np.abs(xi).max(axis=(1, 2)))


def _log_gradient_norm(run):
    if not run.method.visitation or run.coordinates is Probabilities:
        raise ValueError(
            f"y is 'gradient_norm', of which {type(run.rule).__name__} keeps nothing; expected a "
            "rule that follows the gradient in softmax logits"
        )
    return log_size(gradient_norm(WideRun(run)))


def _log_step_size(run):
    _check_steps(run, "y is 'step_size'")
    with np.errstate(divide="ignore"):
        return np.log(run.step_sizes)


QUANTITIES = {
    "gap": Quantity(r"$V^{*}%s(\rho)-V^k%s(\rho)$", lambda run: run.log_gap),
    "sup_gap": Quantity(r"$\|V^{*}%s-V^k%s\|_\infty$", lambda run: run.log_sup_gap),
    "kl": Quantity(r"$\max_s\,\mathrm{KL}(\pi^{*}%s(\cdot|s)\,\|\,\pi^k(\cdot|s))$", _log_kl),
    "suboptimal_probability": Quantity(
        r"$\max_s\,\pi^k(a\notin\mathcal{A}^{*}_s\,|\,s)$",
        lambda run: _log_mass(run, False).max(axis=1),
    ),
    "log_policy_error": Quantity(
        r"$\|\log\pi^k-\log\pi^{*}%s\|_\infty$", _log_policy_error, regularized=True
    ),
    "advantage_gap": Quantity(
        r"$\max_{s,a}\,A^k(s,a)$",
        lambda run: log_size(best_advantage(WideRun(run)).max(axis=1)),
        regularized=False,
    ),
    "gradient_norm": Quantity(r"$\|\nabla_{\!\theta} V^k%s(\mu)\|_2$", _log_gradient_norm),
    "step_size": Quantity(r"$\eta_k$", _log_step_size),
}
"""What ``y`` may be: the gap under rho and its maximum over states, of the regularized values for
tau > 0; the divergence from the (nearest) optimal policy; the probability of suboptimal actions for
tau = 0; the error of log pi; the largest advantage; the gradient in softmax logits; the step."""

ABSCISSAS = {
    "iteration": "iteration $k$",
    "log_iteration": "iteration $k$",
    "step_sum": r"$\sum_{j<k}\eta_j$",
    "log_step_sum": r"$\sum_{j<k}\eta_j$",
}
"""What ``x`` may be: iterations, or the sum of step sizes, which is the time of a flow."""


def checked_name(name, value, known) -> str:
    """One of the known names, else ValueError, which lists them."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} is {shown(value)}; expected one of {', '.join(known)}")
    return str(value)


def measured(run, y) -> np.ndarray:
    """(K,) the base-10 logarithm of a quantity on a run; nan where it has lost its digits.

    Raises
    ------
    ValueError
        If the run has no such quantity.
    """
    quantity = QUANTITIES[y]
    if quantity.regularized not in (None, run.tau > 0):
        stated = "tau > 0" if quantity.regularized else "tau = 0"
        raise ValueError(f"y is {y!r}, which is there for {stated}; tau is {run.tau}")
    return decades(quantity.logarithm(run))


def axis_label(y, runs) -> str:
    """How papers write a quantity; with tau where one of the runs is regularized."""
    label = QUANTITIES[y].label
    index = r"_\tau" if any(run.tau > 0 for run in runs) else ""
    return label.replace("%s", index)


def abscissa(run, x):
    """A function from iterations of a run to what it is drawn against."""
    if x.endswith("iteration"):
        return lambda k: np.asarray(k, dtype=float)
    _check_steps(run, f"x is {x!r}")
    if run.constant_step:
        return lambda k: run.step_sizes[0] * np.asarray(k, dtype=float)
    sums = np.concatenate([[0.0], np.cumsum(run.all_steps)])
    return lambda k: sums[k]


def _check_steps(run, said):
    if step_of(run.rule) is None:
        raise ValueError(f"{said}, and {type(run.rule).__name__} has no step size; expected one")


def against(x, abscissas):
    """Abscissas as drawn, and which of them are: those without a logarithm are left out."""
    kept = abscissas > 0 if x.startswith("log_") else np.ones(abscissas.shape, dtype=bool)
    return (log10(abscissas[kept]) if x.startswith("log_") else abscissas[kept]), kept
