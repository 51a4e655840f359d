"""QuantEcon's ``DiscreteDP``, in both of its forms."""

from __future__ import annotations

import numpy as np
from scipy import sparse as compressed

from tabular_pg.checks.arrays import real_array
from tabular_pg.checks.discount import refuse_undiscounted
from tabular_pg.checks.numbers import shown
from tabular_pg.mdps.exchange.tables import kept
from tabular_pg.references import cited


@cited("batista2024")
def from_quantecon(ddp, *, rho=None, mu=None, name="DiscreteDP", sparse=None, renormalize=False):
    """The MDP of a QuantEcon ``DiscreteDP``, of product form or of state-action pairs.

    Actions with reward -inf, and pairs that are not listed, are not available. QuantEcon does not
    check probabilities; here they are.

    Parameters
    ----------
    ddp : quantecon.markov.DiscreteDP
        Looked at are ``R``, ``Q``, ``beta`` and, for state-action pairs, ``s_indices`` and
        ``a_indices``.
    rho, mu : array_like (S,), optional
        As for :class:`tabular_pg.MDP`; a ``DiscreteDP`` has none.
    name : str
    sparse : bool, optional
        Whether P is kept as a sparse matrix; by default if Q is, or P has more than 1e7 entries.
    renormalize : bool
        As for :class:`tabular_pg.MDP`.

    Returns
    -------
    MDP

    Raises
    ------
    TypeError, ValueError
        Names what is wrong, its index and value, and what was expected.
    """
    missing = [part for part in ("R", "Q", "beta") if not hasattr(ddp, part)]
    if missing:
        raise TypeError(f"ddp is {shown(ddp)}, without {missing[0]}; expected a DiscreteDP")
    s, a = getattr(ddp, "s_indices", None), getattr(ddp, "a_indices", None)
    tables = _product(ddp.R, ddp.Q) if s is None or a is None else _pairs(ddp, s, a, sparse)
    return {
        **tables,
        "gamma": ddp.beta,
        "rho": rho,
        "mu": mu,
        "name": name,
        "renormalize": renormalize,
    }


def to_quantecon(mdp):
    """This MDP as a QuantEcon ``DiscreteDP``.

    It has product form, with reward -inf for unavailable actions, or, if P is sparse, that of
    state-action pairs. rho, mu and labels have no place in it.

    Returns
    -------
    quantecon.markov.DiscreteDP

    Raises
    ------
    ImportError
        If QuantEcon is not installed.
    """
    try:
        from quantecon.markov import DiscreteDP
    except ImportError as error:
        raise ImportError("this needs QuantEcon: pip install quantecon") from error
    refuse_undiscounted(mdp, "QuantEcon")
    available = np.ones(mdp.r.shape, dtype=bool) if mdp.actions is None else mdp.actions
    if not mdp.sparse:
        return DiscreteDP(np.where(available, mdp.r, -np.inf), mdp.P, mdp.gamma)
    s, a = np.nonzero(available)
    Q = compressed.csr_matrix(mdp.P[np.flatnonzero(available)])
    return DiscreteDP(mdp.r[available], Q, mdp.gamma, s, a)


def _product(R, Q) -> dict:
    R = real_array("R", R, finite=False)
    available = R > -np.inf
    Q = real_array("Q", Q)
    if R.ndim != 2 or Q.shape != (*R.shape, R.shape[0]):
        raise ValueError(
            f"R has shape {R.shape} and Q {Q.shape}; expected (n, m) and (n, m, n), n states and m "
            "actions"
        )
    Q[~available] = 0.0  # whatever it is there
    return {"P": Q, "r": np.where(available, R, 0.0), "actions": available}


def _pairs(ddp, s, a, sparse) -> dict:
    rows, R = ddp.Q, real_array("R", ddp.R, finite=False)
    s, a = np.asarray(s, dtype=np.int64), np.asarray(a, dtype=np.int64)
    n, m = rows.shape[1], int(a.max()) + 1
    pair, listed = s * m + a, R > -np.inf
    if np.unique(pair).size < pair.size:
        raise ValueError("s_indices and a_indices list a pair twice; expected different pairs")
    if sparse is None and compressed.issparse(rows):
        sparse = True
    rows = compressed.coo_array(rows)
    counted = listed[rows.row]
    at = pair[rows.row][counted], rows.col[counted]
    P = compressed.coo_array((rows.data[counted], at), shape=(n * m, n)).tocsr()
    r, actions = np.zeros(n * m), np.zeros(n * m, dtype=bool)
    r[pair[listed]], actions[pair[listed]] = R[listed], True
    return {"P": kept(P, m, sparse), "r": r.reshape(n, m), "actions": actions.reshape(n, m)}
