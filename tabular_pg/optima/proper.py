"""Policies at gamma = 1 that end every episode, and what a policy earns that does not.

A policy is proper if its episodes end with probability 1, from every state. Values are the best
that proper policies come near to. They are finite unless a class of states that some policy never
leaves earns something per round, and policy iteration finds one then: it starts at a proper policy
and switches only to what is better, A > 0, of which the mean over a class that is never left is
what the class earns.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.mdps.endings import Pairs, named


class Proper:
    """The proper deterministic policies of an MDP with gamma = 1."""

    def __init__(self, mdp):
        self.mdp, self.pairs = mdp, Pairs(mdp.P, mdp.r.shape)
        self.actions = np.ones(mdp.r.shape, dtype=bool) if mdp.actions is None else mdp.actions

    def first(self) -> np.ndarray:
        """(S,) actions that lead to an end by the fewest steps, if all goes well: a proper policy,
        as every step comes nearer with a positive probability."""
        ends, pairs, S = self.mdp.ends, self.pairs, self.mdp.n_states
        distance = pairs.distance((ends > 0).any(axis=1), self.actions)
        nearer = distance[pairs.target] < distance[pairs.source]
        mass = np.bincount(pairs.pair, pairs.p * nearer, ends.size).reshape(ends.shape)
        mass = np.where((distance == 0)[:, None], ends, mass)
        return np.where(self.actions, mass, -1.0).argmax(axis=1).reshape(S)

    def endless(self, kept) -> np.ndarray:
        """The states of a class that a policy never leaves which takes the pairs ``kept`` (S, A);
        none of a proper one."""
        ending = (kept & (self.mdp.ends > 0)).any(axis=1)
        lost = self.pairs.distance(ending, kept) < 0
        return self.pairs.closed_class(kept, lost) if lost.any() else np.flatnonzero(lost)

    def refuse_improper(self, chosen):
        """Raise ValueError if the deterministic policy ``chosen`` (S,), a better one than a proper
        one, is not proper: values are not bounded then."""
        kept = np.zeros(self.actions.shape, dtype=bool)
        kept[np.arange(chosen.size), chosen] = True
        states = self.endless(kept)
        if states.size:
            s = int(states[np.abs(self.mdp.r[states, chosen[states]]).argmax()])
            raise ValueError(
                f"gamma is 1, and a policy that never leaves {named(self.mdp, states)} earns more "
                f"with every round, as by r[{s}, {chosen[s]}] = {self.mdp.r[s, chosen[s]]:.6g}: "
                "values are not bounded"
            )

    def cycle(self, optimal) -> np.ndarray:
        """The states, if any, in which one can stay for ever by actions of which all are optimal,
        so that nothing is lost and no episode ends."""
        return self.pairs.component(optimal & self.actions & (self.mdp.ends == 0))


def refuse_endless(mdp, optimal, start, name):
    """Raise ValueError if, at gamma = 1, policies with exact zeros of the method ``name`` may go
    round for ever: where nothing is lost by it, or from the ``start`` (S, A) on."""
    if mdp.ends is None:
        return
    proper = Proper(mdp)
    states = proper.cycle(optimal)
    if states.size:
        raise ValueError(
            f"gamma is 1, and optimal actions can stay in {named(mdp, states)} for ever, where "
            f"rewards add up to 0: {name}, whose policies have exact zeros, may never end there; "
            "expected a softmax method, or a cost of every round"
        )
    states = proper.endless(start > 0)
    if states.size:
        raise ValueError(
            f"policy never leaves {named(mdp, states)}; expected one that ends every episode, as "
            "gamma is 1"
        )
