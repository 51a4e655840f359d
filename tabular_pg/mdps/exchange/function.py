"""MDPs of a function that says what an action does in a state."""

from __future__ import annotations

from tabular_pg.checks.numbers import check_number, checked_flag
from tabular_pg.mdps.exchange.exploration import Exploration
from tabular_pg.mdps.exchange.outcomes import start_weights, weights_of
from tabular_pg.mdps.exchange.tables import of_transitions


def from_function(
    step,
    start=None,
    *,
    actions,
    gamma,
    states=None,
    terminal=None,
    max_states=1_000_000,
    mu=None,
    name="MDP",
    sparse=None,
    renormalize=False,
):
    """An MDP of a function that says what an action does in a state; states may be any objects.

    States are found breadth-first from ``start``, or are those given. ``mdp.labels`` has their
    names in the order of their numbers, and ``mdp.state_index`` the number of each.

    Parameters
    ----------
    step : function (state, action)
        Returns the outcomes, triples (probability, next state, reward) whose probabilities add up
        to 1; equal next states add up, and the reward is the expectation. The next state None ends
        the episode: it is one more state, the last, that is never left and pays nothing. No
        outcomes, or None for them, say that the action is not available.
    start : list of states, or dict {state: probability}, or one state
        Where episodes start: rho, uniform for a list. May be left out if there are ``states``.
    actions : sequence, or function of a state
        What the actions are called, or which of them a state has; numbered as they come.
    gamma : float
        Discount factor in [0, 1).
    states : sequence, optional
        All states, in the order of their numbers; then ``step`` must not leave them. By default
        those that are reached from ``start``.
    terminal : function of a state, optional
        Whether it is an end, which is never left and pays nothing; ``step`` is not asked there.
    max_states : int
        More are refused.
    mu : array_like (S,) or dict {state: weight}, optional
        As for :class:`tabular_pg.MDP`.
    name : str
    sparse : bool, optional
        Whether P is kept as a sparse matrix; by default if it has more than 1e7 entries.
    renormalize : bool
        As for :class:`tabular_pg.MDP`.

    Returns
    -------
    MDP

    Raises
    ------
    TypeError, ValueError
        Names the state, the action and the outcome, and what was expected.

    Examples
    --------
    >>> def step(state, action):
    ...     return [(0.9, min(state + action, 3), 1.0), (0.1, None, 0.0)]
    >>> MDP.from_function(step, 0, actions=[1, 2], gamma=0.9).labels.states
    (0, 1, 2, 3, None)
    """
    for what, function in (("step", step), ("terminal", terminal)):
        if not callable(function) and not (function is None and what == "terminal"):
            raise TypeError(f"{what} is {function!r}; expected a function")
    max_states = check_number("max_states", max_states, 1)
    renormalize = checked_flag("renormalize", renormalize)
    weights = start_weights(start, states)
    known = Exploration(step, actions, terminal, renormalize, max_states)
    known.explore(weights, states)
    numbers = known.all_numbers()
    return {
        **of_transitions(*known.columns(), known.shape(), sparse),
        "gamma": gamma,
        "rho": None if start is None else weights_of("start", weights, numbers),
        "mu": weights_of("mu", mu, numbers) if isinstance(mu, dict) else mu,
        "name": name,
        "renormalize": renormalize,
        "labels": known.labels(),
    }
