"""The optimum of an MDP, plain and regularized, computed once and to more than float64.

Values are polished by iterative refinement against a double-double residual, so that A*, from
which every later number is built, has a small relative error entry by entry.
"""

from __future__ import annotations

import warnings
import weakref
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tabular_pg._floats import UNDERFLOW
from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import checked_real
from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.duals import Regularizer
from tabular_pg.optima.bellman import Bellman
from tabular_pg.optima.policy_iteration import policy_iteration
from tabular_pg.optima.regularized import (
    checked_regularizer,
    regularized_values,
    relative_duals,
)
from tabular_pg.optima.soft_optimal import Odds, soft_values

ACCURATE_SOLUTION = 1e-11  # componentwise backward error above which a solution is in doubt
ACCURATE = 1e-20  # what refinement must reach, relative to the rewards that a value adds up
SMALLEST_TAU, LARGEST_TAU = 1e-13, 1e100  # relative to the largest such sum
LARGEST_BESIDE_MAP = 1e16  # beyond, other regularizers than the entropy hide the rewards
LARGEST_VALUE, SMALLEST_REWARD = 1e250, 1e-250
KNOWN = weakref.WeakKeyDictionary()  # optima of MDPs in use, by tau and tie tolerance


@dataclass(frozen=True)
class Optimum:
    """Optimal values and the decision which actions are optimal.

    Attributes
    ----------
    V : (S,) V*_tau.
    A : (S, A) A*_tau <= 0, exactly 0 on optimal actions; all 0 for tau > 0. Unavailable actions
        have -inf.
    optimal : (S, A) whether the action is optimal; all available ones for tau > 0.
    Delta : smallest nonzero |A*(s, a)|; inf where every action is optimal.
    tolerance : the largest |A*| up to which an action was taken for optimal.
    tau : regularization.
    log_softmax : (S, A) log pi*_tau, which is log softmax(Q*_tau / tau) where the entropy
        regularizes, or None for tau = 0.
    doubt : why it is doubtful which actions are optimal, or how accurate the values are, or ''.
    tie_tolerance : what ``optimum`` was asked for.
    odds : Q*_tau / tau, the dual variables of pi*_tau, to twice the digits, up to a constant in
        each state; None for tau = 0.
    regularizer : what does; None for the entropy, or for tau = 0.
    powers : (S, A) of its dual variables at the optimum, see ``numerics.duals``; None likewise.
    """

    V: np.ndarray
    A: np.ndarray
    optimal: np.ndarray
    Delta: float
    tolerance: float
    tau: float
    log_softmax: np.ndarray | None
    doubt: str
    tie_tolerance: float | None = None
    odds: Odds | None = None
    regularizer: Regularizer | None = None
    powers: np.ndarray | None = None

    __repr__ = compact

    @cached_property
    def pi(self) -> np.ndarray:
        """(S, A) an optimal policy: deterministic for tau = 0, softmax(Q*_tau / tau) else."""
        if self.tau > 0:
            return np.exp(self.log_softmax)
        return np.eye(self.A.shape[1])[self.optimal.argmax(axis=1)]

    @cached_property
    def log_pi(self) -> np.ndarray:
        """(S, A) its logarithm."""
        with np.errstate(divide="ignore"):
            return np.log(self.pi) if self.log_softmax is None else self.log_softmax

    @property
    def Q(self) -> np.ndarray:
        """(S, A) Q*_tau; -inf for unavailable actions."""
        if self.regularizer is not None:
            return self.V[:, None] + self.tau * relative_duals(self)
        return self.V[:, None] + (self.tau * self.log_pi if self.tau > 0 else self.A)


def optimum(mdp, tau=0.0, *, tie_tolerance=None, regularizer=None) -> Optimum:
    """Solve for V*_tau by policy iteration (tau = 0) or Newton's method (tau > 0).

    An MDP in use is solved once; later calls return the same record.
    Soft policy iteration is Newton's method on ``V = T_tau V`` (Puterman and Brumelle, 1979, for
    the plain case). Values have twice the digits of a float, so that the data as given decide
    which actions are optimal, up to what the rounding of the data can do: of the rewards and rows
    of P of the two actions that are compared, and of the values they lead to. Integers, and
    probabilities 0 and 1, are not rounded.

    Parameters
    ----------
    mdp : MDP
    tau : float >= 0
        Weight of the entropy bonus, or of another regularizer.
    tie_tolerance : float >= 0, optional
        Actions with |A*| up to this are optimal, whatever the data are; 0 takes the data exactly
        as they are. By default the tolerance of an action is 16 times what rounding of its data
        can do.
    regularizer : Tsallis, Euclidean or LogBarrier of ``tabular_pg.mirrors``, optional
        Subtract tau h(pi(.|s)), h of this map, in place of adding the entropy; needs tau > 0, and
        gamma < 1 unless q < 1.

    Raises
    ------
    ValueError
        If tau is negative, not finite, or positive but beyond [1e-13, 1e100] times the value
        scale, 1e16 times with a regularizer; if there is a regularizer and tau = 0, or gamma = 1
        and q > 1; if the largest |r| or the values it can add up to are beyond [1e-250, 1e250].

    Warns
    -----
    UserWarning
        By default, if an action was taken for optimal although the data say otherwise, or if some
        |A*| is within a factor 1e4 above its tolerance; always, if values could not be refined to
        twice the digits.
    """
    if not isinstance(mdp, MDP):
        raise TypeError(f"mdp is of type {type(mdp).__name__}; expected MDP")
    tau, tie_tolerance = checked_tau(tau), checked_tie_tolerance(tie_tolerance)
    regularizer = checked_regularizer(mdp, tau, regularizer)
    known = KNOWN.setdefault(mdp, {})
    key = tau, tie_tolerance, regularizer
    if key not in known:
        known[key] = _computed(mdp, tau, tie_tolerance, regularizer)
    if known[key].doubt:
        warnings.warn(known[key].doubt, stacklevel=2)
    return known[key]


def _computed(mdp, tau, tie_tolerance, regularizer) -> Optimum:
    largest = np.abs(mdp.r).max()
    _refuse_scale(mdp, tau, largest, max(largest, tau * np.log(mdp.n_actions)) / mdp.unit)
    bellman = Bellman(mdp)
    found = policy_iteration(bellman, tie_tolerance)
    if mdp.ends is not None:
        _refuse_scale(mdp, tau, largest, float(found.reach.max()))
    if tau == 0:
        available = bellman.available
        del bellman  # whose systems are as large as P
        return _plain(available, found, tie_tolerance)
    scale = float(found.reach.max())
    largest = LARGEST_TAU if regularizer is None else LARGEST_BESIDE_MAP
    if scale > 0 and not SMALLEST_TAU * scale <= tau <= largest * scale:
        raise ValueError(
            f"tau is {tau}; expected 0 or a number in [{SMALLEST_TAU * scale:.3g}, "
            f"{largest * scale:.3g}] ({SMALLEST_TAU} to {largest} times the value scale)"
        )
    optimal = np.broadcast_to(bellman.available, mdp.r.shape).copy()
    A = np.where(optimal, 0.0, -np.inf)
    if regularizer is not None:
        best = regularized_values(bellman, tau, regularizer, found.V, found.V_low)
        return Optimum(
            best.V, A, optimal, np.inf, 0.0, tau, best.log_pi, "", tie_tolerance, best.odds,
            regularizer, best.powers,
        )  # fmt: skip
    V, odds = soft_values(bellman, tau, found.V, found.V_low)
    log_pi = odds.log_softmax
    return Optimum(V, A, optimal, np.inf, 0.0, tau, log_pi, "", tie_tolerance, odds)


def _refuse_scale(mdp, tau, largest, reach):
    """Raise ValueError if the ``largest`` reward, or what rewards add up to, is beyond floats."""
    if not reach <= LARGEST_VALUE or 0 < largest < SMALLEST_REWARD:
        raise ValueError(
            f"r reaches {largest:.3g} (tau is {tau}, gamma {mdp.gamma}): values up to {reach:.3g} "
            f"are beyond [{SMALLEST_REWARD:.0e}, {LARGEST_VALUE:.0e}]; rescale the rewards"
        )


def checked_tau(tau) -> float:
    """``tau`` as a float, refused unless finite and >= 0."""
    return checked_real("tau", tau)


def checked_tie_tolerance(tolerance) -> float | None:
    """``tolerance`` as a float, or None."""
    return None if tolerance is None else checked_real("tie_tolerance", tolerance)


def _plain(available, found, tie_tolerance) -> Optimum:
    tolerance = found.tolerance
    optimal = -found.A <= tolerance
    largest = float(tolerance.max(where=optimal, initial=0.0))
    del tolerance  # with many states every table of these counts
    doubt = _inaccuracy(found)
    if not doubt and tie_tolerance is None:
        doubt = _doubt(found, optimal)
    A = np.where(optimal, 0.0, found.A)
    Delta = float(-A.max(where=available & ~optimal, initial=-np.inf))
    return Optimum(found.V, A, optimal, Delta, largest, 0.0, None, doubt, tie_tolerance)


def _inaccuracy(found) -> str:
    """Why values are not what they should be, or ''."""
    doubtful = "which actions are optimal is doubtful"
    low = (found.reach > 0) & (found.reach < UNDERFLOW)
    if low.any():
        s = int(np.argmax(low))
        return (
            f"V*({s}) = {found.V[s]:.3g} is below the range of floats, as perhaps those of other "
            f"states: which of their actions are optimal is not resolved"
        )
    if found.left > ACCURATE:
        return f"values are accurate to {found.left:.1g} only: {doubtful}"
    if found.backward_error > ACCURATE_SOLUTION:
        return (
            f"values have a componentwise backward error of {found.backward_error:.1g}: small ones "
            f"may be wrong, and {doubtful}"
        )
    return ""


def _doubt(found, optimal) -> str:
    """Why it is doubtful which actions are optimal, or ''."""
    snapped = optimal & (np.abs(found.A) > found.sure)
    near = ~optimal & (-found.A < found.near)
    remedy = "tie_tolerance=0 takes the data exactly as they are"
    for wrong, text in (
        (snapped, "is taken for 0, although the data say otherwise: it is within"),
        (near, "is too near"),
    ):
        if wrong.any():
            s, a = np.argwhere(wrong)[0]
            return (
                f"A*({s}, {a}) = {found.A[s, a]:.3g} {text} the tie tolerance "
                f"{found.tolerance[s, a]:.3g}: which actions are optimal is doubtful ({remedy})"
            )
    return ""
