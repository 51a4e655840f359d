"""Breadth-first over what a function says: states, actions and transitions, numbered as found."""

from __future__ import annotations

from array import array

import numpy as np

from tabular_pg.checks.numbers import shown
from tabular_pg.mdps.exchange.outcomes import checked_outcomes

END = None  # what users call the state after the end of an episode


class Exploration:
    """What is known so far: the numbers of states and of actions, and columns of transitions."""

    def __init__(self, step, actions, terminal, renormalize, most, names=()):
        self.step, self.terminal, self.renormalize = step, terminal, renormalize
        self.most, self.closed, self.ends = most, False, False
        self.numbers, self.order, self.absorbing = {}, [], []
        self.actions = {name: a for a, name in enumerate(names)}
        self.of = actions if callable(actions) else None
        if self.of is None:
            for action in _listed("actions", actions):
                if self._known("actions", action, self.actions):
                    raise ValueError(f"actions has {shown(action)} twice; expected different ones")
                self._action("actions", action)
        self.s, self.a, self.t = array("q"), array("q"), array("q")
        self.p, self.r = array("d"), array("d")

    def explore(self, start, states):
        """Follow every action from every state that is given, or that is reached from a start."""
        for state in start if states is None else _listed("states", states):
            if state is END:
                raise ValueError("states has None, which stands for the end of an episode")
            if states is not None and self._known("states", state, self.numbers):
                raise ValueError(f"states has {shown(state)} twice; expected different ones")
            self._state("states", state)
        self.closed = states is not None
        for state in self.order:  # which grows
            self._visit(state)
        if not self.actions:
            raise ValueError("actions is empty; expected at least one")
        if self.ends:
            end = len(self.order)
            self.absorbing.append(end)
            self.t = array("q", (end if t < 0 else t for t in self.t))
        for s in self.absorbing:
            self._loop(s)

    def labels(self) -> tuple:
        """What states and actions are called."""
        return (*self.order, *[END] * self.ends), tuple(self.actions)

    def shape(self) -> tuple[int, int]:
        """(S, A)."""
        return len(self.order) + self.ends, len(self.actions)

    def all_numbers(self) -> dict:
        """The number of every state, that of the end included."""
        return self.numbers | ({END: len(self.order)} if self.ends else {})

    def columns(self) -> tuple:
        """s, a, t, p and rewards of all transitions."""
        return tuple(map(np.asarray, (self.s, self.a, self.t, self.p, self.r)))

    def _visit(self, state):
        if self.terminal is not None and self.terminal(state):
            self.absorbing.append(self.numbers[state])
            return
        where, available = "actions", False
        listed = tuple(self.actions)
        if self.of is not None:
            where = f"actions({shown(state)})"
            listed = _listed(where, self.of(state))
        for action in listed:
            a = self._action(where, action)
            called = f"step({shown(state)}, {shown(action)})"
            outcomes = checked_outcomes(self.step(state, action), called, self.renormalize)
            available = available or bool(outcomes)
            for p, successor, reward in outcomes:
                t = -1 if successor is END else self._state(called, successor)
                self.ends = self.ends or t < 0
                self._append(self.numbers[state], a, t, p, reward)
        if not available:
            raise ValueError(
                f"state {shown(state)} has no available action; expected at least one (terminal=, "
                "a function of a state, says which are ends)"
            )

    def _append(self, *transition):
        for column, value in zip((self.s, self.a, self.t, self.p, self.r), transition, strict=True):
            column.append(value)

    def _loop(self, s):
        for a in range(len(self.actions)):
            self._append(s, a, s, 1.0, 0.0)

    def _state(self, where, state) -> int:
        if self._known(where, state, self.numbers):
            return self.numbers[state]
        if self.closed:
            raise ValueError(f"{where} leads to {shown(state)}; expected one of states")
        if len(self.order) == self.most:
            raise ValueError(
                f"{where} leads to state number {self.most} (counted from 0): there are more than "
                f"max_states={self.most}; expected fewer, or a larger max_states"
            )
        self.order.append(state)
        return self.numbers.setdefault(state, len(self.numbers))

    def _action(self, where, action) -> int:
        self._known(where, action, self.actions)
        return self.actions.setdefault(action, len(self.actions))

    @staticmethod
    def _known(where, name, numbers) -> bool:
        try:
            return name in numbers
        except TypeError:
            raise TypeError(
                f"{where} has {shown(name)}, which is not hashable; expected a tuple or the like"
            ) from None


def _listed(name, values) -> tuple:
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} is {shown(values)}; expected a sequence of hashable objects")
    return tuple(values)
