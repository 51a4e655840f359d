"""A finite-horizon deterministic problem as a level-ordered graph, checked once, then immutable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tabular_pg.checks.numbers import check_type, checked_beta, shown
from tabular_pg.mdps.mdp import MDP
from tabular_pg.reasoning.episodic import discounted, evaluation, text
from tabular_pg.reasoning.episodic.graphs import Image, reachable, unfolded
from tabular_pg.reasoning.episodic.validation import (
    checked_graph,
    checked_policy,
    checked_start,
    checked_support,
)


@dataclass(frozen=True, init=False, eq=False)
class EpisodicMDP:
    """A problem of finitely many steps whose every path from a root has been checked to end.

    An edge is one action in one state and leads to a state of the next level; an episode ends in a
    state without actions and earns that state's reward; nothing is discounted. Policies are arrays
    (E,) of probabilities that sum to 1 over the edges of each state.

    Parameters
    ----------
    level_offsets : array_like of int (L+1,)
        Level ``l`` are the states from ``level_offsets[l]`` up to ``level_offsets[l + 1]``, at
        least one. The states of the first level are the roots.
    action_ptr : array_like of int (S+1,)
        The edges of state ``s`` are those from ``action_ptr[s]`` up to ``action_ptr[s + 1]``.
    successor : array_like of int (E,)
        Where each edge leads, a state of the next level.
    terminal_reward : array_like (S,)
        In [0, 1]; 0 in states that have actions.
    name : str
        How figures and tables call this problem.
    edge_label, state_label : callable(int) -> str, optional
        What a step, or a state, is called in text.

    Raises
    ------
    ValueError
        Names the argument, the first offending index, its value and what was expected.
    """

    level_offsets: np.ndarray
    action_ptr: np.ndarray
    successor: np.ndarray
    terminal_reward: np.ndarray
    name: str
    edge_label: Callable[[int], str] | None
    state_label: Callable[[int], str] | None

    def __init__(
        self,
        level_offsets,
        action_ptr,
        successor,
        terminal_reward,
        *,
        name="EpisodicMDP",
        edge_label=None,
        state_label=None,
    ):
        for argument, label in (("edge_label", edge_label), ("state_label", state_label)):
            if label is not None and not callable(label):
                raise ValueError(
                    f"{argument} is {shown(label)}; expected a function of a number, or None"
                )
        fields = checked_graph(level_offsets, action_ptr, successor, terminal_reward)
        labels = {"name": str(name), "edge_label": edge_label, "state_label": state_label}
        self.__setstate__(fields | labels)

    def __setstate__(self, state):
        for key, value in state.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, key, value)

    @property
    def n_states(self) -> int:
        """How many states there are, with the terminal ones."""
        return self.terminal_reward.size

    @property
    def n_edges(self) -> int:
        """How many actions all states have together."""
        return self.successor.size

    @property
    def n_roots(self) -> int:
        """How many states the first level has: they are the first ones."""
        return int(self.level_offsets[1])

    @property
    def horizon(self) -> int:
        """Steps of the longest episodes: the number of levels minus 1."""
        return self.level_offsets.size - 2

    @cached_property
    def source(self) -> np.ndarray:
        """(E,) the state that each edge leaves."""
        source = np.repeat(np.arange(self.n_states), np.diff(self.action_ptr))
        source.setflags(write=False)
        return source

    @property
    def _graph(self):
        return self.action_ptr, self.successor, self.terminal_reward

    def uniform_policy(self) -> np.ndarray:
        """(E,) every action of a state with the same probability."""
        counts = np.diff(self.action_ptr)
        return np.repeat(1.0 / np.maximum(counts, 1), counts)

    def value(self, policy) -> np.ndarray:
        """(S,) expected reward at the end, from every state; a terminal state's own reward."""
        return evaluation.backup(*self._graph, checked_policy(self, policy))

    def q_value(self, policy) -> np.ndarray:
        """(E,) the value of where each edge leads."""
        return self.value(policy)[self.successor]

    def advantage(self, policy) -> np.ndarray:
        """(E,) how much each edge raises the value."""
        return evaluation.advantages(self.action_ptr, self.successor, self.value(policy))

    def optimal_value(self) -> np.ndarray:
        """(S,) the largest reward that can be reached from every state."""
        return evaluation.greedy_backup(*self._graph)

    def visitation(self, policy, start=None) -> np.ndarray:
        """(S,) expected visits of one episode: not normalized, they sum to its expected length + 1.

        Parameters
        ----------
        start : int, array_like (n_roots,) or None
            A root, a distribution over the roots, or uniform.
        """
        policy, start = checked_policy(self, policy), checked_start(self, start)
        return evaluation.visits(self.action_ptr, self.successor, policy, start)

    def kl_value(self, policy, reference, beta) -> np.ndarray:
        """(S,) expected reward minus beta times all KL(policy_s || reference_s) from there on.

        Raises
        ------
        ValueError
            If the reference is 0 where the policy is not: the value would be -inf.
        """
        policy = checked_policy(self, policy)
        reference = checked_policy(self, reference, "reference")
        checked_support(policy, reference)
        return evaluation.kl_backup(*self._graph, policy, reference, checked_beta(beta))

    def kl_optimal(self, reference, beta) -> tuple[np.ndarray, np.ndarray]:
        """(S,) the largest ``kl_value`` and (E,) the policy that has it in every state.

        It is proportional to ``reference * exp(V*_beta(successor) / beta)``: 0 where the reference
        is, and where the exponential is below the float64 range.
        """
        reference = checked_policy(self, reference, "reference")
        return evaluation.soft_backup(*self._graph, reference, checked_beta(beta))

    def to_discounted(self, gamma) -> MDP:
        """The same problem with discounting: V(root) is gamma^(H-1) times that of H-step episodes.

        P is sparse; terminal states absorb; rho is uniform over the roots, mu over all states.
        """
        return discounted.to_discounted(self, gamma)

    def to_undiscounted(self) -> MDP:
        """The same problem as an MDP with gamma = 1, with the same values and expected visits.

        P is sparse; a terminal state has one action, which earns its reward and ends the episode;
        rho is uniform over the roots, mu over all states.
        """
        return discounted.to_undiscounted(self)

    def render(self, edges) -> str:
        """A trajectory as text, one step per line; entries of -1 at its end are padding."""
        return text.render(self, edges)

    def subproblem(self, roots) -> EpisodicMDP:
        """The part that is reachable from ``roots``, renumbered; they are its roots, in order.

        To carry policies over, use ``reachable(mdp, roots)``, which also has the edges' numbers.
        """
        return self.image(reachable(self, roots))

    def unfold(self) -> EpisodicMDP:
        """The tree of all prefixes, in which no two paths share a state; see ``unfolded``."""
        return self.image(unfolded(self))

    def image(self, image: Image) -> EpisodicMDP:
        """A graph that maps onto this one, with the rewards and labels of what its states are."""
        check_type("image", image, Image)
        return EpisodicMDP(
            *image[:3],
            self.terminal_reward[image.states],
            name=self.name,
            edge_label=text.relabelled(self.edge_label, image.edges),
            state_label=text.relabelled(self.state_label, image.states),
        )

    def __repr__(self):
        return (
            f"EpisodicMDP({self.name!r}, n_states={self.n_states}, n_edges={self.n_edges}, "
            f"n_roots={self.n_roots}, horizon={self.horizon})"
        )
