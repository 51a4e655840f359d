"""Explicit models of PRISM and of Storm: transitions (.tra), rewards, labels (.lab)."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path

import numpy as np

from tabular_pg.checks.numbers import check_path
from tabular_pg.mdps.exchange.explicit_lines import Lines, action_numbers
from tabular_pg.mdps.exchange.tables import of_transitions
from tabular_pg.references import cited

PRISM_LABEL = re.compile(r'(\d+)="([^"]*)"')


@cited("kwiatkowska2011", "hensel2022")
def from_prism(
    transitions,
    gamma,
    *,
    rewards=(),
    labels=None,
    rho=None,
    mu=None,
    name=None,
    sparse=None,
    renormalize=False,
):
    """The MDP of explicit model files, as PRISM or Storm have them.

    A first line ``mdp`` in the file of transitions says that all files are as Storm has them, in
    which no other has a first line of counts; else all have, as in PRISM.

    Parameters
    ----------
    transitions : str or path
        The file ``.tra``: lines of state, choice, next state, probability and perhaps the name of
        an action. Where every choice has a name, and no state has one twice, choices with the same
        name are the same action, in the order in which they come; ``a0, a1, ...`` are numbers.
        Else the number of the choice is that of the action.
    gamma : float
        Discount factor in [0, 1), of which files say nothing.
    rewards : str or path, or a list of these
        Files with lines of state and reward, or of state, choice, next state and reward (PRISM's
        ``.srew`` and ``.trew``, Storm's ``.state.rew`` and ``.trans.rew``). They add up.
    labels : str or path, optional
        The file ``.lab``: where episodes start are the states with the label ``init``, uniformly.
    rho, mu : array_like (S,), optional
        As for :class:`tabular_pg.MDP`; rho goes before what ``labels`` say.
    name : str, optional
        The name of the file by default.
    sparse : bool, optional
        Whether P is kept as a sparse matrix; by default if it has more than 1e7 entries.
    renormalize : bool
        As for :class:`tabular_pg.MDP`; files with few digits need it.

    Returns
    -------
    MDP

    Raises
    ------
    ValueError
        Names the file, the line and what was expected.
    """
    check_path("transitions", transitions)
    lines = Lines(transitions)
    storm = lines.first == ["mdp"]
    rows = lines.table("iiif", 1, optional=True)
    s, choice, t = (np.array(x, dtype=np.int64) for x in list(zip(*rows, strict=True))[:3])
    p, size = np.array([row[3] for row in rows]), int(max(s.max(), t.max())) + 1
    if not storm:
        size = _counted(lines, s, choice, t)
    a, names = action_numbers(s, choice, [row[4] for row in rows])
    missing = np.setdiff1d(np.arange(size), s)
    if missing.size:
        raise ValueError(
            f"{transitions} has no transition of state {missing[0]}; expected at least one of "
            "every state (a deadlock, which PRISM and Storm can be told to mend by a loop)"
        )
    paid = _rewards(rewards, storm, s, choice, t)
    shape = size, int(a.max()) + 1 if names is None else len(names)
    if rho is None and labels is not None:
        rho = _starts(labels, size)
    return {
        **of_transitions(s, a, t, p, paid, shape, sparse),
        "gamma": gamma,
        "rho": rho,
        "mu": mu,
        "name": Path(transitions).stem if name is None else name,
        "renormalize": renormalize,
        "labels": None if names is None else (None, names),
    }


def _counted(lines, s, choice, t) -> int:
    """The number of states in PRISM's first line, which counts choices and transitions as well."""
    counts = lines.first
    choices = np.unique(np.stack([s, choice], axis=1), axis=0).shape[0]
    found = [str(x) for x in (choices, s.size)]
    if len(counts) != 3 or not all(x.isdecimal() for x in counts) or counts[1:] != found:
        raise ValueError(
            f"{lines.path} begins with {' '.join(counts)!r}; expected 'mdp' (Storm), or the "
            f"numbers of states, choices and transitions (PRISM), the last two being "
            f"{' '.join(found)}"
        )
    size = int(counts[0])
    if max(s.max(), t.max()) >= size or size > s.size:
        raise ValueError(
            f"{lines.path} begins with {size} states; expected {max(s.max(), t.max()) + 1}"
        )
    return size


def _rewards(files, storm, s, choice, t) -> np.ndarray:
    """The reward of every transition: those of its state and its own, of all files together."""
    paid = np.zeros(s.size)
    by_state, place = (
        {},
        {key: i for i, key in enumerate(zip(s.tolist(), choice.tolist(), t.tolist(), strict=True))},
    )
    for path in [files] if isinstance(files, str | PathLike) else files:
        check_path("rewards", path)
        lines = Lines(path)
        skipped = 0 if storm else 1
        of_states = lines.width(skipped) == 2
        for *key, reward in lines.table("if" if of_states else "iiif", skipped):
            if of_states:
                by_state[key[0]] = by_state.get(key[0], 0.0) + reward
            elif tuple(key) not in place:
                raise ValueError(
                    f"{path} has a reward for {' '.join(map(str, key))}; expected a state, a "
                    "choice and a next state of which there is a transition"
                )
            else:
                paid[place[tuple(key)]] += reward
    return paid + np.array([by_state.get(x, 0.0) for x in s.tolist()])


def _starts(path, size) -> np.ndarray:
    """(size,) uniform on the states with the label init."""
    check_path("labels", path)
    starts, known, declared = [], {}, False
    for i, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        fields = line.replace(":", " ").split()
        found = PRISM_LABEL.findall(line)
        if found:
            known = dict(found)
        elif line.startswith("#") or not fields or (declared and "init" in fields[:1]):
            declared = line.strip() == "#DECLARATION"
        elif declared:
            declared = False  # the line of names
        elif not fields[0].isdecimal() or int(fields[0]) >= size:
            raise ValueError(f"{path}, line {i} is {line!r}; expected a state below {size}, labels")
        elif "init" in [known.get(x, x) for x in fields[1:]]:
            starts.append(int(fields[0]))
    if not starts:
        raise ValueError(f"{path} has no state with the label init; expected one, or rho=")
    rho = np.zeros(size)
    rho[starts] = 1.0 / len(set(starts))
    return rho
