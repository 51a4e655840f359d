"""Explicit model files as PRISM and Storm read them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tabular_pg._files import write_all
from tabular_pg.checks.discount import refuse_undiscounted
from tabular_pg.checks.numbers import check_path
from tabular_pg.mdps.exchange.csv_files import transitions

WORD = re.compile(r"[A-Za-z_]\w*")


def to_prism(mdp, stem) -> list[Path]:
    """Write this MDP as PRISM's ``-importmodel`` reads it, every bit of it.

    The files are ``stem.tra``, ``stem.trew`` and ``stem.lab``, where the states with rho > 0 have
    the label ``init``. Actions are named by their labels if these are words, else ``a0, a1, ...``,
    where some are not available. gamma, mu, the weights of rho and labels of states have no place
    in them.
    """
    refuse_undiscounted(mdp, "a file of Prism")
    rows, choices = _rows(mdp)
    n, m = len(choices), len(rows)
    labels = '0="init" 1="deadlock"\n' + "".join(f"{s}: 0\n" for s in np.flatnonzero(mdp.rho))
    paid = [f"{s} {c} {t} {r!r}" for s, c, t, _, r, _ in rows if r]
    return _write(
        stem,
        {
            ".tra": [f"{mdp.n_states} {n} {m}", *_lines(rows)],
            ".trew": [f"{mdp.n_states} {n} {len(paid)}", *paid],
            ".lab": labels.splitlines(),
        },
    )


def to_storm(mdp, stem) -> list[Path]:
    """Write this MDP as Storm's explicit format, every bit of it.

    The files are ``stem.tra``, ``stem.trans.rew`` and ``stem.lab``; else as :func:`to_prism`.

    Raises
    ------
    ValueError
        If a reward is negative, which Storm does not read.
    """
    refuse_undiscounted(mdp, "a file of Storm")
    if (mdp.r < 0).any():
        s, a = np.argwhere(mdp.r < 0)[0]
        raise ValueError(f"r[{s}, {a}] is {mdp.r[s, a]}; expected rewards >= 0, as Storm does")
    rows, _ = _rows(mdp)
    starts = [f"{s} init" for s in np.flatnonzero(mdp.rho)]
    return _write(
        stem,
        {
            ".tra": ["mdp", *_lines(rows)],
            ".trans.rew": [f"{s} {c} {t} {r!r}" for s, c, t, _, r, _ in rows],
            ".lab": ["#DECLARATION", "init deadlock", "#END", *starts],
        },
    )


def _rows(mdp):
    """(state, choice, next state, probability, reward, name) of transitions; the choices."""
    names, number, rows, last = _names(mdp), {}, [], (-1, -1)
    for s, a, t, p, r in transitions(mdp):
        if (s, a) != last:
            number[s, a] = number[last] + 1 if last[0] == s else 0
            last = s, a
        rows.append((s, number[s, a], t, p, r, "" if names is None else names[a]))
    return rows, number


def _names(mdp):
    labels = None if mdp.labels is None else mdp.labels.actions
    if labels and all(isinstance(x, str) and WORD.fullmatch(x) for x in labels):
        return labels
    return None if mdp.actions is None else [f"a{a}" for a in range(mdp.n_actions)]


def _lines(rows):
    return [f"{s} {c} {t} {p!r} {name}".rstrip() for s, c, t, p, _, name in rows]


def _write(stem, contents) -> list[Path]:
    check_path("stem", stem)
    files = {Path(f"{stem}{end}"): "\n".join(lines) + "\n" for end, lines in contents.items()}
    write_all(files)
    return list(files)
