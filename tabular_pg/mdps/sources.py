"""Which literature an MDP is from: what makes it says so, and it keeps that."""

from __future__ import annotations

from functools import wraps

from tabular_pg.references import add_sources, cited


def from_literature(*keys):
    """Say of the MDPs that the decorated function makes which ``REFERENCES`` they are from."""

    def decorate(function):
        @wraps(function)
        def make(*arguments, **options):
            made = function(*arguments, **options)
            add_sources(getattr(made, "mdp", made), keys)
            return made

        return cited(*keys)(make)

    return decorate
