"""A finite Markov decision process, validated once and then immutable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy import sparse

from tabular_pg._notebook import mdp_html
from tabular_pg.checks.discount import checked_gamma
from tabular_pg.checks.numbers import checked_flag
from tabular_pg.checks.probabilities import distributions
from tabular_pg.mdps.compressed import freeze, freeze_shared
from tabular_pg.mdps.endings import ending_rows, refuse_endless
from tabular_pg.mdps.exchange import reader
from tabular_pg.mdps.exchange.csv_files import from_csv, to_csv
from tabular_pg.mdps.exchange.explicit import from_prism
from tabular_pg.mdps.exchange.explicit_out import to_prism, to_storm
from tabular_pg.mdps.exchange.function import from_function
from tabular_pg.mdps.exchange.gymnasium import from_gymnasium
from tabular_pg.mdps.exchange.jaxdp import from_jaxdp
from tabular_pg.mdps.exchange.mdptoolbox import from_mdptoolbox, to_mdptoolbox
from tabular_pg.mdps.exchange.quantecon import from_quantecon, to_quantecon
from tabular_pg.mdps.labels import Labels, checked_labels
from tabular_pg.mdps.rewards import expected_rewards, plain_rewards
from tabular_pg.mdps.storage import mdp_arguments, mdp_content
from tabular_pg.mdps.transitions import (
    checked_rows,
    dense_transitions,
    given_mask,
    sparse_transitions,
)
from tabular_pg.references import add_sources
from tabular_pg.saved.archive import reading, write_archive


@dataclass(frozen=True, init=False, eq=False)
class MDP:
    """A finite MDP, discounted or with episodes that end, whose every entry has been checked.

    Parameters
    ----------
    P : array_like (S, A, S), or scipy sparse matrix (S*A, S), which is never made dense
        ``P[s, a, t]``, or ``P[s * A + a, t]`` if sparse, is the probability of moving from ``s``
        to ``t`` under ``a``. **Mind the order**: other software has one matrix (S, S) per action.
        ``np.stack(matrices, axis=1)`` makes the array of these, and
        ``sparse.vstack(matrices, format="csr")[np.arange(A * S).reshape(A, S).T.ravel()]`` the
        sparse matrix; an array (A, S, S) with A = S, or ``sparse.vstack`` alone, whose rows are
        ``a * S + s``, would be another MDP, which nothing can tell from the one that is meant.
        Rows must sum to 1 within 1e-12 times their length (S, or the number of entries of the
        longest row if sparse) and are divided by their sums if these differ from 1 by more than
        rounding; ``MDP(m.P, m.r, m.gamma)`` has every bit of ``m``. A CSR matrix in canonical
        format with float64 data is used without copying, and is made read-only; what is a view of
        memory that can be written to is copied.
    r : array_like (S, A) or, for dense P, (S, A, S)
        Reward of ``(s, a)``, or of ``(s, a, t)`` (its expectation is kept). Any finite reals.
    gamma : float
        Discount factor in [0, 1), or 1 for the total reward of episodes that end: rows may then
        sum to less than 1, and what is missing, beyond the tolerance, ends the episode. Every
        policy that takes all available actions has to end with probability 1.
    rho : array_like (S,), optional
        Distribution the error is measured under; uniform by default.
    mu : array_like (S,), optional
        Distribution the gradient is taken under; uniform by default.
    renormalize : bool
        Divide rows that miss the tolerance by their sums instead of refusing them, and take
        entries in [-1e-12, 0) for 0; the size of the largest correction of a sum is then in
        ``correction``.
    name : str
        How figures and tables call this MDP.
    actions : array_like of bool (S, A), optional
        Which actions are available, at least one in every state. Rows of P of the others must be
        all zero; their rewards are ignored and stored as 0. By default all are, except that an
        all-zero row of a sparse P stands for an unavailable action (for gamma = 1 it is refused,
        as it might be the end).
    ends : array_like (S, A), optional
        For gamma = 1, how likely each action ends the episode, where that is known better than as
        1 minus the sum of a row of floats. With it rows must sum to 1.
    labels : pair of sequences, optional
        What states and actions are called: S and A different hashable objects, None for either.

    Attributes
    ----------
    P : (S, A, S) array or, if ``sparse``, (S*A, S) scipy csr_array in canonical format.
    r : (S, A).
    actions : (S, A) array of bool, or None if every action is available.
    ends : (S, A) how likely an action ends the episode, for gamma = 1; else None.
    labels : pair ``(states, actions)`` of tuples or None, or None.
    sources : tuple of keys of the literature that what made it is from, which files keep.

    Raises
    ------
    TypeError, ValueError
        Names the argument, the first offending index, its value and what was expected.

    Warns
    -----
    UserWarning
        If P is a list of square matrices that may be one per action.
    """

    P: np.ndarray | sparse.csr_array
    r: np.ndarray
    gamma: float
    rho: np.ndarray
    mu: np.ndarray
    correction: float
    name: str
    actions: np.ndarray | None
    labels: Labels | None = None
    sources: tuple = ()
    ends: np.ndarray | None = None

    def __init__(
        self,
        P,
        r,
        gamma,
        *,
        rho=None,
        mu=None,
        renormalize=False,
        name="MDP",
        actions=None,
        labels=None,
        ends=None,
    ):
        renormalize, gamma = checked_flag("renormalize", renormalize), checked_gamma(gamma, ends)
        given, r = P, plain_rewards(r)
        if sparse.issparse(P):
            shape = r.shape
            P = sparse_transitions(P, shape, renormalize)
        else:
            P = dense_transitions(P, renormalize)
            shape = P.shape[:2]
        actions = given_mask(actions, shape)
        if gamma < 1:
            P, actions, correction = checked_rows(P, actions, shape, renormalize)
        else:
            P, actions, ends, correction = ending_rows(P, actions, ends, shape, renormalize)
        rho, mu = distributions(rho, mu, shape[0])
        fields = {
            "P": P,
            "r": expected_rewards(P, r, actions, shape),
            "gamma": gamma,
            "rho": rho,
            "mu": mu,
            "correction": correction,
            "name": str(name),
            "actions": actions,
            "labels": checked_labels(labels, shape),
            "ends": ends,
        }
        for key in ("P", "r", "rho", "mu", "actions", "ends"):
            freeze(fields[key])
        self.__dict__.update(fields)
        if ends is not None:
            refuse_endless(self)
        if self.sparse and given.format == "csr":
            freeze_shared(given, self.P)

    def __setstate__(self, state):
        for key, value in state.items():
            freeze(value)
            object.__setattr__(self, key, value)

    @property
    def n_states(self) -> int:
        """S."""
        return self.r.shape[0]

    @property
    def n_actions(self) -> int:
        """A."""
        return self.r.shape[1]

    @property
    def unit(self) -> float:
        """1 - gamma, or 1 for gamma = 1: visits under mu divided by this are expected numbers."""
        return 1.0 - self.gamma if self.gamma < 1 else 1.0

    @cached_property
    def n_nonzeros(self) -> int:
        """How many entries of P are stored, if it is sparse, or not 0; counted once."""
        return int(self.P.nnz if self.sparse else np.count_nonzero(self.P))

    @property
    def sparse(self) -> bool:
        """Whether P is kept as a sparse matrix."""
        return not isinstance(self.P, np.ndarray)

    @cached_property
    def state_index(self) -> dict:
        """The number of every state, by what it is called; empty if states have no labels."""
        names = None if self.labels is None else self.labels.states
        return {} if names is None else {name: s for s, name in enumerate(names)}

    def called(self, s, a=None) -> str:
        """How messages and tables call a state or a pair, in brackets; '' if there are no names."""
        return "" if self.labels is None else self.labels.of(s, a)

    def save(self, path) -> Path:
        """Write this MDP to one file, completely or not at all.

        It is an ``.npz`` of plain arrays and a JSON header with a format version and a hash of the
        content; ``MDP.load(path)`` has every bit of them. Labels come back as they are if they are
        strings, numbers, None or tuples of these, and as their text otherwise.
        """
        return write_archive(path, "MDP", mdp_content(self))

    @classmethod
    def load(cls, path) -> MDP:
        """The MDP that ``mdp.save(path)`` wrote, checked as every other one.

        Raises
        ------
        ValueError
            If the file is damaged, of something else or of a later version. Nothing in a file is
            run, whoever made it.
        OSError
            If there is no such file.
        """
        with reading(path, "MDP") as content:
            return cls._of(content)

    from_function, from_gymnasium = reader(from_function), reader(from_gymnasium)
    from_quantecon, to_quantecon = reader(from_quantecon), to_quantecon
    from_jaxdp = reader(from_jaxdp)
    from_mdptoolbox, to_mdptoolbox = reader(from_mdptoolbox), to_mdptoolbox
    from_prism, to_prism, to_storm = reader(from_prism), to_prism, to_storm
    from_csv, to_csv = reader(from_csv), to_csv

    @classmethod
    def _of(cls, content) -> MDP:
        arguments, correction, sources = mdp_arguments(content)
        mdp = cls(**arguments)
        object.__setattr__(mdp, "correction", correction)
        add_sources(mdp, sources)
        return mdp

    _repr_html_ = mdp_html

    def __repr__(self):
        return (
            f"MDP({self.name!r}, n_states={self.n_states}, n_actions={self.n_actions}, "
            f"gamma={self.gamma})"
        )
