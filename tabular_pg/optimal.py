"""The optimum of an MDP, plain and entropy-regularized, computed once and to more than float64.

Values are polished by iterative refinement against a double-double residual, so that A*, from
which every later number is built, has a small relative error entry by entry.
"""

from __future__ import annotations

import warnings
import weakref
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tabular_pg.double_double import accumulate, advantages, sparse_advantages
from tabular_pg.mdp import MDP
from tabular_pg.systems.choice import linear_solver
from tabular_pg.systems.products import next_values

TIE_TOLERANCE = 1e-14  # relative to max |V*| + max |r|: an |A*| below this counts as a tie
SURE_TIE = 1e-15  # relative to the same: below this it is rounding of P and r, and no doubt
DOUBTFUL = 1e3  # a Delta within this factor of the tolerance is warned about
SMALLEST_TAU, LARGEST_TAU = 1e-13, 1e100  # relative to the same
LARGEST_VALUE, SMALLEST_REWARD = 1e250, 1e-250
FLOAT_TOLERANCE = 1e-12  # gains up to this, relative to the same, are left to refined values
SWEEPS = 5000
REFINEMENTS, NEGLIGIBLE = 4, 1e-28
NEWTON_STEPS = 500
POLICY_ITERATIONS = 10_000
_KNOWN = weakref.WeakKeyDictionary()  # optima of MDPs in use, by tau


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
    tolerance : |A*| up to this size was taken for a tie.
    tau : regularization.
    log_softmax : (S, A) log softmax(Q*_tau / tau), or None for tau = 0.
    doubt : why it is doubtful which actions are optimal, or ''.
    """

    V: np.ndarray
    A: np.ndarray
    optimal: np.ndarray
    Delta: float
    tolerance: float
    tau: float
    log_softmax: np.ndarray | None
    doubt: str

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
        return self.V[:, None] + (self.tau * self.log_pi if self.tau > 0 else self.A)


def optimum(mdp: MDP, tau: float = 0.0) -> Optimum:
    """Solve for V*_tau by policy iteration (tau = 0) or Newton's method (tau > 0).

    An MDP in use is solved once; later calls return the same record.
    Soft policy iteration is Newton's method on ``V = T_tau V`` (Puterman and Brumelle, 1979, for
    the plain case). Actions whose advantage is within ``tolerance`` of 0 are optimal; a run that
    starts from this optimum is exact for an MDP whose rewards differ by at most that.

    Parameters
    ----------
    mdp : MDP
    tau : float >= 0
        Weight of the entropy bonus.

    Raises
    ------
    ValueError
        If tau is negative, not finite, or positive but beyond [1e-13, 1e100] times the value
        scale; if the largest |r| or the values it can add up to are beyond [1e-250, 1e250].

    Warns
    -----
    UserWarning
        If some |A*| is within a factor 1e3 above the tolerance, or below it but larger than
        rounding: which actions are optimal is then doubtful.
    """
    tau = checked_tau(tau)
    known = _KNOWN.setdefault(mdp, {})
    if tau not in known:
        known[tau] = _computed(mdp, tau)
    if known[tau].doubt:
        warnings.warn(known[tau].doubt, stacklevel=2)
    return known[tau]


def _computed(mdp, tau) -> Optimum:
    largest = np.abs(mdp.r).max()
    reach = max(largest, tau * np.log(mdp.n_actions)) / (1 - mdp.gamma)
    if reach > LARGEST_VALUE or 0 < largest < SMALLEST_REWARD:
        raise ValueError(
            f"r reaches {largest:.3g} (tau is {tau}, gamma {mdp.gamma}): values up to {reach:.3g} "
            f"are beyond [{SMALLEST_REWARD:.0e}, {LARGEST_VALUE:.0e}]; rescale the rewards"
        )
    bellman = _Bellman(mdp)
    V, V_low, A, scale = _policy_iteration(bellman)
    if tau > 0:
        if scale > 0 and not SMALLEST_TAU * scale <= tau <= LARGEST_TAU * scale:
            raise ValueError(
                f"tau is {tau}; expected 0 or a number in [{SMALLEST_TAU * scale:.3g}, "
                f"{LARGEST_TAU * scale:.3g}] (1e-13 to 1e100 times the value scale)"
            )
        return _soft(bellman, tau, V, V_low)
    return _plain(bellman.available, V, A, scale)


def checked_tau(tau) -> float:
    """``tau`` as a float, refused unless finite and >= 0."""
    try:
        number = float(tau)
    except (TypeError, ValueError):
        raise ValueError(f"tau is {tau!r}; expected a number >= 0") from None
    if not (np.isfinite(number) and number >= 0):
        raise ValueError(f"tau is {number}; expected a finite number >= 0")
    return number


class _Bellman:
    """Systems and advantages of an MDP, whose unavailable actions have the advantage -inf."""

    def __init__(self, mdp):
        self.r, self.gamma, self._systems = mdp.r, mdp.gamma, linear_solver(mdp)
        self.P = self._systems.model
        self.available = True if mdp.actions is None else mdp.actions

    def solve(self, pi, b):
        """Overwrite ``b`` by (I - gamma P_pi)^{-1} b."""
        self._systems.update(pi)
        self._systems.solve(b)

    def again(self, b):
        """The same for the same policy."""
        self._systems.solve(b)

    def advantages(self, V, V_low=None):
        """``r + gamma P V - V`` (S, A), as a pair of floats if V is one."""
        P = self.P
        if V_low is None:
            A = np.empty(self.r.shape)
            next_values(P, self.gamma, V, A)
            A += self.r
            A -= V[:, None]
            return self.masked(A)
        kernel = advantages if isinstance(P, np.ndarray) else sparse_advantages
        A, A_low = kernel(P, self.r, self.gamma, V, V_low)
        return self.masked(A), A_low

    def masked(self, A):
        """``A`` (S, A), with -inf for unavailable actions."""
        if self.available is not True:
            A[~self.available] = -np.inf
        return A


def _nearly_greedy(bellman):
    """(S,) actions that are greedy after enough sweeps of value iteration.

    On a large grid policy iteration alone would see the goal come nearer by a few states per
    system that it solves; a sweep costs a hundredth of a system.
    """
    V, Q = np.zeros(len(bellman.r)), np.empty(bellman.r.shape)
    for _ in range(SWEEPS):
        next_values(bellman.P, bellman.gamma, V, Q)
        Q += bellman.r
        new = bellman.masked(Q).max(axis=1)
        V, step = new, new - V
        if np.ptp(step) <= FLOAT_TOLERANCE * np.abs(V).max():
            break
    return Q.argmax(axis=1)


def _policy_iteration(bellman):
    """Howard's method; an action is switched only if that gains more than the tie tolerance.

    First in float64, as far as that goes, then with values to twice the digits.
    """
    S, A = bellman.r.shape
    states, largest = np.arange(S), np.abs(bellman.r).max()
    if isinstance(bellman.P, np.ndarray):
        chosen = bellman.masked(bellman.r.copy()).argmax(axis=1)
    else:
        chosen = _nearly_greedy(bellman)
    precise = False
    for _ in range(POLICY_ITERATIONS):
        V = bellman.r[states, chosen]
        bellman.solve(np.eye(A)[chosen], V)
        scale = np.abs(V).max() + largest
        if not precise:
            advantage = bellman.advantages(V)
            better = advantage.max(axis=1) > FLOAT_TOLERANCE * scale
            precise = not better.any()
        if precise:
            V_low = np.zeros(S)
            for _ in range(REFINEMENTS):
                advantage, low = bellman.advantages(V, V_low)
                step = advantage[states, chosen] + low[states, chosen]
                bellman.again(step)
                accumulate(V, V_low, step)
                if np.abs(step).max() <= NEGLIGIBLE * scale:
                    break
            advantage, _ = bellman.advantages(V, V_low)
            better = advantage.max(axis=1) > TIE_TOLERANCE * scale
            if not better.any():
                return V, V_low, advantage, scale
        chosen = np.where(better, advantage.argmax(axis=1), chosen)
    raise RuntimeError(f"policy iteration did not end within {POLICY_ITERATIONS} steps")


def _plain(available, V, A, scale) -> Optimum:
    tolerance = TIE_TOLERANCE * scale
    optimal = A >= -tolerance
    exact, A = A, np.where(optimal, 0.0, A)
    worse = available & ~optimal
    Delta = float(-A[worse].max()) if worse.any() else np.inf
    doubt = ""
    doubtful = (-exact > SURE_TIE * scale) & (-exact < DOUBTFUL * tolerance)
    if doubtful.any():
        s, a = np.argwhere(doubtful)[0]
        doubt = (
            f"A*({s}, {a}) = {exact[s, a]:.3g} is too near the tie tolerance {tolerance:.3g}: "
            "which actions are optimal is doubtful"
        )
    return Optimum(V, A, optimal, Delta, tolerance, 0.0, None, doubt)


def _soft(bellman, tau, V, V_low) -> Optimum:
    previous = np.inf
    for _ in range(NEWTON_STEPS):
        A, A_low = bellman.advantages(V, V_low)
        top = A.max(axis=1, keepdims=True)
        weights = np.exp((A - top) / tau + A_low / tau)
        total = weights.sum(axis=1, keepdims=True)
        residual = (top / tau + np.log(total))[:, 0]  # of T_tau V = V, divided by tau
        size = np.abs(residual).max()
        if size < 1e-12 and size >= previous / 2:
            break
        previous = size
        step = tau * residual
        bellman.solve(weights / total, step)
        accumulate(V, V_low, step)
    else:
        raise RuntimeError(f"Newton's method for tau = {tau} stopped at residual {size:.3g}")
    log_pi = (A - top) / tau + A_low / tau - np.log(total)
    optimal = np.broadcast_to(bellman.available, A.shape).copy()
    return Optimum(V, np.zeros_like(A), optimal, np.inf, 0.0, tau, log_pi, "")
