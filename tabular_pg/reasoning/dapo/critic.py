"""Critics: estimates of the success probability of every state, each fitted by itself.

A critic minimizes the binary cross-entropy between its values and the mean outcomes of sampled
completions,

    min_phi sum_s n_s L_BCE(MC(s), V_phi(s))                                             (14, 15),
    L_BCE(y, p) = -(y log p + (1 - y) log(1 - p)),

with a weight n_s, the number of completions of a state. Critics are records with the one method
``fit(mdp, data) -> (S,)``; they differ in what states share. Whatever the critic, the value of a
terminal state is its reward, which is known.

References
----------
Liu et al. (2024), Improving Multi-Step Reasoning Abilities of Large Language Models with Direct
Advantage Policy Optimization, arXiv 2412.18279.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy import sparse
from scipy.special import expit, xlog1py, xlogy

from tabular_pg._machine import ONE_BLAS_THREAD
from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import (
    class_numbers,
    integer_array,
    real_numbers,
    real_vector,
    refuse_where,
)
from tabular_pg.checks.numbers import settle, shown
from tabular_pg.preference.fitting.comparisons import Comparisons
from tabular_pg.preference.fitting.linear import CLOSE, minimize_coefficients
from tabular_pg.preference.fitting.losses import BradleyTerry
from tabular_pg.reasoning.dapo.dataset import Outcomes
from tabular_pg.reasoning.episodic.validation import check_per_state, checked_problem

STEPS = 1000  # of Newton's method at most


def bce_loss(data, values) -> float:
    """The mean of L_BCE over all completions; infinite where a value excludes what was seen.

    Parameters
    ----------
    data : Outcomes
    values : (S,) probabilities.

    Raises
    ------
    ValueError
        Names the argument, the first offending index, its value and what was expected.
    """
    values = real_numbers("values", values)
    values = real_vector("values", values, values.size, "state")
    known = getattr(data, "n_states", None)
    if known not in (None, values.size):
        raise ValueError(f"values has length {values.size}; expected {known}, one per state")
    data = _checked(data, values.size)
    refuse_where((values < 0) | (values > 1), "values", values, "a number in [0, 1]")
    p = values[data.states]
    loss = -xlogy(data.means, p) - xlog1py(1 - data.means, -p)
    return float(data.counts @ loss) / data.counts.sum()


@dataclass(frozen=True)
class TabularCritic:
    """Every state has a value of its own: the mean outcome, smoothed by a Beta prior.

    That is the minimizer of the cross-entropy if ``prior`` more completions of every state had been
    seen, with mean outcome ``mean``; a state without completions has that value.

    Parameters
    ----------
    prior : float > 0
        How many completions the prior is worth.
    mean : float in (0, 1), optional
        The prior's mean outcome; by default that of all completions together.
    """

    prior: float = 1.0
    mean: float | None = None

    def __post_init__(self):
        _check_prior(self)

    def fit(self, mdp, data) -> np.ndarray:
        """(S,) the value of every state."""
        checked_problem(mdp)
        return _smoothed(mdp, data, np.arange(mdp.n_states), self.prior, self.mean)


@dataclass(frozen=True, eq=False)
class AggregatedCritic:
    """The states of one class share one value: the smoothed mean over all their completions.

    Parameters
    ----------
    state_map : array_like of int (S,)
        The class of every state, numbers >= 0. In a tree of prefixes ``unfolded(mdp).states`` makes
        those states share that are the same but for the way there.
    prior, mean :
        As for ``TabularCritic``, per class.
    """

    state_map: np.ndarray
    prior: float = 1.0
    mean: float | None = None

    __repr__ = compact

    def __post_init__(self):
        state_map = class_numbers("state_map", self.state_map)
        _check_prior(self)
        object.__setattr__(self, "state_map", state_map)

    def fit(self, mdp, data) -> np.ndarray:
        """(S,) the value of every state."""
        check_per_state(mdp, "state_map", self.state_map)
        return _smoothed(mdp, data, self.state_map, self.prior, self.mean)


@dataclass(frozen=True, eq=False)
class LinearCritic:
    """Logistic regression: the log-odds of success are linear in features of the state.

    Parameters
    ----------
    features : array_like or scipy sparse array (S, F)
        A column of ones is an intercept; none is added.
    ridge : float > 0
        ``ridge / 2 * |theta|^2`` is added to the sum of L_BCE over all completions: without it,
        states that always fail would send theta to infinity.

    Warns
    -----
    RuntimeWarning
        By ``fit``, where no log-odds are known to within 1e-8 of their size.
    """

    features: np.ndarray
    ridge: float = 1.0

    __repr__ = compact

    def __post_init__(self):
        features = self.features
        if sparse.issparse(features):
            features = sparse.csr_array(features)
            real_numbers("features", features.data)
        else:
            features = real_numbers("features", features)
        if features.ndim != 2 or 0 in features.shape:
            raise ValueError(f"features has shape {features.shape}; expected (S, F)")
        settle(self, "ridge", 0, kind=Real, open_ends=True)
        object.__setattr__(self, "features", features)

    def fit(self, mdp, data) -> np.ndarray:
        """(S,) the value of every state."""
        check_per_state(mdp, "features", self.features)
        data = _checked(data, mdp.n_states)
        comparisons = _against_chance(data, mdp.n_states)
        with ONE_BLAS_THREAD:
            found = minimize_coefficients(
                comparisons, BradleyTerry(), np.log(self.ridge), self.features, STEPS
            )
        if not found.distance <= CLOSE * (1 + found.spread):
            warnings.warn(
                f"the critic is not at its minimum: log-odds may be {found.distance:.3g} from it "
                f"after {found.iterations} steps",
                RuntimeWarning,
                stacklevel=2,
            )
        with np.errstate(under="ignore"):
            return _with_rewards(mdp, expit(found.scores))


@dataclass(frozen=True)
class ExactCritic:
    """The true values of the policy that the data are from: what a perfect critic would say."""

    def fit(self, mdp, data) -> np.ndarray:
        """(S,) the value of every state; of the data only the policy is used."""
        checked_problem(mdp)
        _check_type(data)
        return mdp.value(data.policy)


def _against_chance(data, n_states) -> Comparisons:
    """Every state against an item of score 0: it won as often as its completions were right."""
    won, lost = data.counts * data.means, data.counts * (1 - data.means)
    up, down = data.states[won > 0], data.states[lost > 0]
    return Comparisons(
        np.concatenate([up, np.full(down.size, n_states)]),
        np.concatenate([np.full(up.size, n_states), down]),
        np.concatenate([won[won > 0], lost[lost > 0]]),
        n_states,
        anchored=True,
    )


def _smoothed(mdp, data, state_map, prior, mean) -> np.ndarray:
    data = _checked(data, mdp.n_states)
    if mean is None:
        mean = data.counts @ data.means / data.counts.sum()
    classes, size = state_map[data.states], int(state_map.max()) + 1
    seen = np.bincount(classes, data.counts, size)
    right = np.bincount(classes, data.counts * data.means, size)
    return _with_rewards(mdp, ((right + prior * mean) / (seen + prior))[state_map])


def _with_rewards(mdp, values) -> np.ndarray:
    return np.where(np.diff(mdp.action_ptr) > 0, values, mdp.terminal_reward)


def _check_prior(critic):
    settle(critic, "prior", 0, kind=Real, open_ends=True)
    if critic.mean is not None:
        settle(critic, "mean", 0, 1, kind=Real, open_ends=True)


def _checked(data, n_states) -> Outcomes:
    """The data with new arrays, of at least one completion, of states up to ``n_states``."""
    _check_type(data)
    states = integer_array("data.states", data.states)
    counts = integer_array("data.counts", data.counts)
    if states.size == 0:
        raise ValueError("data has no completions; expected at least one")
    if counts.size != states.size:
        raise ValueError(f"data.counts has length {counts.size}; expected {states.size}, as states")
    means = real_vector("data.means", data.means, states.size, "state")
    wrong = (states < 0) | (states >= n_states)
    refuse_where(wrong, "data.states", states, f"a state, from 0 to {n_states - 1}")
    refuse_where(counts < 1, "data.counts", counts, "at least 1")
    refuse_where((means < 0) | (means > 1), "data.means", means, "a number in [0, 1]")
    return Outcomes(data.policy, states, counts, means)


def _check_type(data):
    if not isinstance(data, Outcomes):
        raise ValueError(f"data is {shown(data)}; expected Outcomes")
