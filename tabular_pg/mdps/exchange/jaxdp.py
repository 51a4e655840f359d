"""Models of jaxdp: columns are distributions, and rewards are of transitions."""

from __future__ import annotations

import numpy as np

from tabular_pg.checks.arrays import real_array

TOLERANCE = 1e-5  # jaxdp's own: its numbers are float32 unless told otherwise
FIELDS = ("transition", "reward", "initial", "terminal")


def from_jaxdp(model, gamma, *, rho=None, mu=None, name="jaxdp"):
    """The MDP of a ``jaxdp.MDP``, which has no discount factor of its own.

    Its ``transition[a, t, s]`` is the probability of moving from s to t under a, and its
    ``reward[a, s, t]`` the reward of that, of which the expectation is kept. Its ``initial``
    is rho. Terminal states are absorbing with reward 0 there, and stay so. Probabilities, which are
    float32 unless jaxdp was told otherwise, are divided by their sums; ``MDP.correction`` says by
    how much these were not 1.

    Parameters
    ----------
    model : jaxdp.MDP
        One, without an axis of batches.
    gamma : float
        Discount factor in [0, 1).
    rho, mu : array_like (S,), optional
        As for :class:`tabular_pg.MDP`; the model's ``initial`` by default.
    name : str

    Returns
    -------
    MDP

    Raises
    ------
    TypeError
        If ``model`` is not a model of jaxdp.
    ValueError
        Names the array that is wrong, its shape or entry, and what was expected.
    """
    missing = [field for field in FIELDS if not hasattr(model, field)]
    if missing:
        raise TypeError(
            f"model is of type {type(model).__name__}, which has no {missing[0]}; expected a "
            "jaxdp.MDP"
        )
    transition, reward, initial, terminal = (
        real_array(f"model.{field}", getattr(model, field)) for field in FIELDS
    )
    if transition.ndim != 3 or transition.shape[1] != transition.shape[2] or not transition.size:
        raise ValueError(f"model.transition has shape {transition.shape}; expected (A, S, S)")
    if reward.shape != transition.shape:
        raise ValueError(f"model.reward has shape {reward.shape}; expected {transition.shape}")
    S = transition.shape[1]
    if terminal.shape != (S,) or initial.shape != (S,):
        shapes = f"{initial.shape} and {terminal.shape}"
        raise ValueError(f"model.initial and model.terminal have shapes {shapes}; expected ({S},)")
    P = np.ascontiguousarray(transition.transpose(2, 0, 1))  # (S, A, S)
    _refuse_leaving(P, reward, terminal)
    for name_of, sums in (("transition", P.sum(axis=2)), ("initial", initial.sum(keepdims=True))):
        if not (np.abs(sums - 1) <= TOLERANCE).all():
            at = np.unravel_index(int(np.argmax(np.abs(sums - 1))), sums.shape)
            column = f"transition[{at[1]}, :, {at[0]}]" if name_of == "transition" else name_of
            raise ValueError(f"model.{column} sums to {sums[at]:g}; expected 1")
    return {
        "P": P,
        "r": reward.transpose(1, 0, 2),
        "gamma": gamma,
        "rho": initial / initial.sum() if rho is None else rho,
        "mu": mu,
        "name": name,
        "renormalize": True,
    }


def _refuse_leaving(P, reward, terminal):
    """Terminal states stay where they are, for nothing; jaxdp itself does not look at that."""
    for s in np.flatnonzero(terminal):
        a = int(np.argmin(P[s, :, s]))
        if abs(P[s, a, s] - 1) > TOLERANCE or np.abs(reward[:, s]).max() > TOLERANCE:
            raise ValueError(
                f"model.terminal[{s}] is {terminal[s]:g}, but state {s} is left or rewarded "
                f"(it stays with probability {P[s, a, s]:g} under action {a}); expected an "
                "absorbing state with reward 0"
            )
