"""Models of pymdptoolbox (and mdptoolbox-hiive): one matrix (S, S) per action."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse as compressed

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import real_array
from tabular_pg.checks.discount import refuse_undiscounted
from tabular_pg.mdps.exchange.tables import kept
from tabular_pg.references import cited


class Toolbox(NamedTuple):
    """What every class of ``mdptoolbox.mdp`` begins with: ``ValueIteration(*these)``."""

    transitions: np.ndarray | list  # (A, S, S), or A sparse matrices (S, S)
    reward: np.ndarray  # (S, A)
    discount: float

    __repr__ = compact


@cited("chades2014")
def from_mdptoolbox(
    transitions,
    reward,
    discount,
    *,
    rho=None,
    mu=None,
    name="MDP",
    sparse=None,
    renormalize=False,
):
    """The MDP of the arguments that pymdptoolbox takes; **the first axis is the action**.

    Axes are never guessed: whatever S and A are, ``transitions[a][s, t]`` is the probability of
    moving from s to t under a, and an array ``reward`` of two axes is (S, A).

    Parameters
    ----------
    transitions : array_like (A, S, S), or sequence of A arrays or sparse matrices (S, S)
    reward : array_like (S,), (S, A) or (A, S, S), or sequence of A arrays or sparse matrices (S, S)
        Of a state, of a pair, or of a transition, of which the expectation is kept.
    discount : float
        Discount factor in [0, 1).
    rho, mu : array_like (S,), optional
        As for :class:`tabular_pg.MDP`; pymdptoolbox has none.
    name : str
    sparse : bool, optional
        Whether P is kept as a sparse matrix; by default if ``transitions`` are.
    renormalize : bool
        As for :class:`tabular_pg.MDP`.

    Returns
    -------
    MDP

    Raises
    ------
    ValueError
        Names what is wrong, its shape, and what was expected.
    """
    matrices = _matrices("transitions", transitions)
    A, S = len(matrices), matrices[0].shape[0]
    if sparse is None:
        sparse = any(map(compressed.issparse, matrices))
    if any(matrix.shape != (S, S) for matrix in matrices):
        shapes = sorted({matrix.shape for matrix in matrices})
        raise ValueError(
            f"transitions are {A} matrices of shapes {shapes}; expected (S, S), one for each action"
        )
    if sparse:
        rows = compressed.vstack(matrices, format="csr")
        P = kept(rows[np.arange(A * S).reshape(A, S).T.ravel()], A, sparse)
    else:
        P = np.stack([_array(matrix) for matrix in matrices], axis=1)
    r = _rewards(reward, matrices, S, A)
    options = {"rho": rho, "mu": mu, "name": name, "renormalize": renormalize}
    return {"P": P, "r": r, "gamma": discount, **options}


def to_mdptoolbox(mdp) -> Toolbox:
    """This MDP as pymdptoolbox takes it: ``mdptoolbox.mdp.PolicyIteration(*mdp.to_mdptoolbox())``.

    Returns
    -------
    Toolbox
        (transitions, reward, discount): an array (A, S, S), or a list of A sparse matrices if P
        is sparse; an array (S, A); gamma.

    Raises
    ------
    ValueError
        If some action is not available, for which pymdptoolbox has no form.
    """
    refuse_undiscounted(mdp, "pymdptoolbox")
    if mdp.actions is not None:
        s, a = np.argwhere(~mdp.actions)[0]
        raise ValueError(
            f"actions[{s}, {a}] is False; expected every action in every state, as in pymdptoolbox"
        )
    A = mdp.n_actions
    if mdp.sparse:
        transitions = [compressed.csr_matrix(mdp.P[a::A]) for a in range(A)]
    else:
        transitions = np.ascontiguousarray(mdp.P.transpose(1, 0, 2))
    return Toolbox(transitions, np.array(mdp.r), mdp.gamma)


def _matrices(name, values) -> list:
    """A matrix for each action: sparse ones as they are, others as arrays."""
    if compressed.issparse(values):
        raise ValueError(f"{name} is one sparse matrix; expected a list of them, one per action")
    objects = _of_objects(values)
    if (isinstance(values, list | tuple) or objects) and any(map(compressed.issparse, values)):
        return [x if compressed.issparse(x) else _array(x) for x in values]
    whole = real_array(name, list(values) if objects else values)
    if whole.ndim != 3 or 0 in whole.shape:
        raise ValueError(f"{name} has shape {whole.shape}; expected (A, S, S)")
    return list(whole)


def _of_objects(values) -> bool:
    return isinstance(values, np.ndarray) and values.dtype.kind == "O"


def _array(matrix) -> np.ndarray:
    return matrix.toarray() if compressed.issparse(matrix) else np.asarray(matrix, dtype=float)


def _rewards(reward, matrices, S, A) -> np.ndarray:
    """(S, A) expected rewards."""
    if compressed.issparse(reward):
        reward = reward.toarray()
    listed = isinstance(reward, list | tuple) or _of_objects(reward)
    if listed and any(compressed.issparse(x) for x in reward):
        parts = _matrices("reward", reward)
    else:
        listed = isinstance(reward, list | tuple) and isinstance(reward[0], np.ndarray)
        reward = real_array("reward", reward)
        if listed and reward.ndim == 2:
            raise ValueError(
                f"reward is a list of {len(reward)} vectors, of which nothing says whether they "
                "are of states or of actions; expected an array (S, A)"
            )
        if reward.shape == (S,):
            return np.repeat(reward[:, None], A, axis=1)
        if reward.shape == (S, A):
            return reward
        parts = list(reward) if reward.ndim == 3 else []
    if len(parts) != A or any(part.shape != (S, S) for part in parts):
        found = getattr(reward, "shape", None) or f"{len(parts)} matrices"
        hint = ""
        if found == (A, S):
            hint = "; this looks like (A, S): transpose it, reward.T"
        elif found == (S, A, S):
            hint = "; this looks like (S, A, S): transpose it, reward.transpose(1, 0, 2)"
        raise ValueError(
            f"reward has shape {found}; expected (S,), (S, A) or (A, S, S) with S = {S} and "
            f"A = {A}{hint}"
        )
    return np.stack([_mean(p, x) for p, x in zip(matrices, parts, strict=True)], axis=1)


def _mean(p, x) -> np.ndarray:
    """(S,) the rewards x (S, S) under the probabilities p (S, S)."""
    if compressed.issparse(x):
        x = compressed.csr_array(x)
        product = x.multiply(compressed.csr_array(p))
        return np.asarray(product.sum(axis=1)).ravel()
    if compressed.issparse(p):
        return np.asarray(compressed.csr_array(p).multiply(x).sum(axis=1)).ravel()
    return (p * x).sum(axis=1)
