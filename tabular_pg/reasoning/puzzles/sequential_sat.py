"""Satisfiability, one variable at a time: a tree in which mistakes show late."""

from __future__ import annotations

from numbers import Integral
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import plain_array
from tabular_pg.checks.numbers import check_number
from tabular_pg.reasoning.episodic import EpisodicMDP
from tabular_pg.reasoning.puzzles.sizes import refuse_size

MAX_VARIABLES = 20


class Clauses(NamedTuple):
    """The text of partial assignments to the variables of formulas.

    States are numbered by level, formula and the bits of the values so far, the first variable in
    the highest bit.

    Attributes
    ----------
    literals : (R, C, 3) 1, -1, 2, -2, ...: the variables, from 1, negative where negated.
    """

    n_variables: int
    literals: np.ndarray

    __repr__ = compact

    def state(self, s) -> str:
        """The values so far: ``formula 0: 101 assigned (left: 30 of 50 clauses)``."""
        formula, values = self._values(s)
        signs = "".join("01"[value] for value in values) or "nothing"
        return f"formula {formula}: {signs} assigned (left: {self._left(formula, values)})"

    def edge(self, e) -> str:
        """The step and what it leaves: ``x3 = 1 (left: 12 of 50 clauses)``."""
        formula, values = self._values(int(e) + self.literals.shape[0])
        return f"x{len(values)} = {values[-1]} (left: {self._left(formula, values)})"

    def _values(self, s):
        n_roots = self.literals.shape[0]
        level = (int(s) // n_roots + 1).bit_length() - 1
        formula, bits = divmod(int(s) - n_roots * (2**level - 1), 2**level)
        return formula, [bits >> (level - 1 - i) & 1 for i in range(level)]

    def _left(self, formula, values) -> str:
        literals = self.literals[formula]
        signs = np.zeros(self.n_variables + 1)
        signs[1 : len(values) + 1] = 2 * np.array(values) - 1
        true = (signs[np.abs(literals)] * literals > 0).any(axis=1)
        return f"{(~true).sum()} of {true.size} clauses"


def sequential_sat(n_variables=12, n_clauses=50, seed=0) -> EpisodicMDP:
    """The tree of all assignments to a random 3-SAT formula; the reward is 1 where it holds.

    The variables get their values in order, false or true. A clause has three distinct variables,
    each negated with probability 1/2. One formula's tree has ``2**(n_variables + 1) - 1`` states.

    Parameters
    ----------
    n_variables : int
        From 3 to 20.
    seed : int, or sequence of int
        Several seeds make several formulas, one root each.

    Raises
    ------
    ValueError
        If an argument is out of range, or the trees together would be too large.
    """
    n_variables = check_number("n_variables", n_variables, 3, MAX_VARIABLES)
    n_clauses = check_number("n_clauses", n_clauses, 1)
    given = plain_array("seed", seed, "integers")
    seeds = given.tolist() if given.ndim else [seed]
    if not seeds:
        raise ValueError("seed is empty; expected at least one")
    for i, one in enumerate(seeds):
        check_number("seed" if not given.ndim else f"seed[{i}]", one, 0, kind=Integral)
    refuse_size(
        f"{n_variables} variables and {len(seeds)} seeds",
        len(seeds) * (2 ** (n_variables + 1) - 2),
        "fewer of either",
    )
    literals = np.stack([_formula(n_variables, n_clauses, one) for one in seeds])
    n_roots, levels = len(seeds), 2 ** np.arange(n_variables + 2) - 1
    n_states, n_inner = n_roots * levels[-1], n_roots * levels[-2]
    reward = np.zeros(n_states)
    reward[n_inner:] = np.concatenate([_satisfied(n_variables, each) for each in literals])
    text = Clauses(n_variables, literals)
    return EpisodicMDP(
        n_roots * levels,
        2 * np.minimum(np.arange(n_states + 1), n_inner),
        np.arange(n_roots, n_states),
        reward,
        name=f"SequentialSAT({n_variables} variables, {n_clauses} clauses)",
        edge_label=text.edge,
        state_label=text.state,
    )


def _formula(n_variables, n_clauses, seed) -> np.ndarray:
    """(C, 3) literals."""
    rng = np.random.default_rng(seed)
    variables = rng.random((n_clauses, n_variables)).argsort(axis=1)[:, :3] + 1
    return variables * rng.choice([-1, 1], size=(n_clauses, 3))


def _satisfied(n_variables, literals) -> np.ndarray:
    """(2^n,) whether each assignment satisfies all clauses."""
    assignments = np.arange(2**n_variables)
    good = np.ones(assignments.size, dtype=bool)
    for clause in literals:
        holds = np.zeros_like(good)
        for literal in clause:
            value = assignments >> (n_variables - abs(literal)) & 1
            holds |= value == (literal > 0)
        good &= holds
    return good
