"""A theorem beside what it bounds, as a curve."""

from __future__ import annotations

import numpy as np

from tabular_pg.checks.numbers import check_text, check_type, checked_flag
from tabular_pg.engine.run import Run, Status
from tabular_pg.plotting.records import Curve, decades, log10
from tabular_pg.verdicts.verdict import Kind, Verdict


def bound_curve(verdict, label, *, run=None, x=None, log_x=False) -> Curve:
    """What a theorem measures on a run and what it proves about that, as base-10 logarithms.

    Of several numbers at one iteration the one is drawn that is nearest to its bound; what a law
    for large k tends to is drawn as a limit.

    Parameters
    ----------
    verdict : Verdict
        As ``check(run)`` returns it; its ``k``, ``measured`` and ``proved`` are drawn.
    label : str
        Name of the curve.
    run : Run, optional
        The run that it is about. With it, errors go on below 1e-308, where the verdict has zeros;
        the curve ends with a cross where the run is optimal; and where the theorem does not apply
        the sup-norm error is drawn alone.
    x : function, optional
        From iterations to abscissas; default the iterations themselves.
    log_x : bool
        Whether the logarithms of abscissas are drawn; iterations with none are left out.

    Returns
    -------
    Curve

    Raises
    ------
    ValueError
        If the theorem is about numbers below 0, or does not apply and there is no run.

    Examples
    --------
    >>> from tabular_pg import NaturalPG, check, instances, optimize
    >>> run = optimize(instances.two_armed_bandit(gap=0.5), NaturalPG(1.0), 100)
    >>> (verdict,) = (v for v in check(run) if v.theorem.id == "N1")
    >>> curve = bound_curve(verdict, "natural PG", run=run, log_x=True)
    >>> bool((curve.measured <= curve.proved).all())
    True
    """
    _check(verdict, label, run, log_x)
    k, measured, claimed = _sides(verdict, run)
    x = np.asarray(k if x is None else x(k), dtype=float)
    kept = x > 0 if log_x else np.ones(x.shape, dtype=bool)
    drawn = log10(x) if log_x else x
    claims = {}
    if verdict.applies:
        claims["limit" if verdict.theorem.kind is Kind.ASYMPTOTIC else "proved"] = claimed[kept]
    optimal = run is not None and run.status is Status.OPTIMAL
    return Curve(label, drawn[kept], measured[kept], **claims, optimal=optimal)


def _check(verdict, label, run, log_x):
    check_type("verdict", verdict, Verdict)
    check_text("label", label)
    checked_flag("log_x", log_x)
    if run is not None:
        check_type("run", run, Run)
    elif not verdict.applies:
        raise ValueError(
            f"verdict is {verdict!r}, of a theorem that does not apply; expected one that does, or "
            "the run, whose error is then drawn alone"
        )


def _sides(verdict, run):
    """Iterations, and the logarithms of what was measured and of what is claimed of it."""
    if not verdict.applies:
        return run.k, decades(run.log_sup_gap), None
    measured, claimed = _tightest(verdict)
    if (measured < 0).any():
        raise ValueError(
            f"verdict is about theorem {verdict.theorem.id}, about numbers below 0; expected one "
            "about errors"
        )
    logarithm = log10(measured)
    for error, log_error in (("sup_gap", "log_sup_gap"), ("gap", "log_gap")) if run else ():
        if np.array_equal(verdict.measured, getattr(run, error)):
            logarithm = decades(getattr(run, log_error))  # which goes on where the error is 0
    return verdict.k, logarithm, log10(claimed)


def _tightest(verdict):
    """One (measured, proved) per iteration: where they are nearest to each other."""
    measured, proved = (
        np.reshape(side, (len(verdict.k), -1)) for side in (verdict.measured, verdict.proved)
    )
    with np.errstate(all="ignore"):
        slack = np.abs(np.log(measured / proved))
    slack = np.where(np.isnan(slack), np.inf, slack)
    rows = np.arange(len(slack))
    nearest = slack.argmin(axis=1)
    return measured[rows, nearest], proved[rows, nearest]
