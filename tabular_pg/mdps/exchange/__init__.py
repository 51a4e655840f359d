"""Models of other software, in and out.

What reads one returns the arguments of :class:`tabular_pg.MDP`; ``reader`` makes class methods of
it. What writes one is a method as it is.
"""

from __future__ import annotations

from functools import wraps
from inspect import Parameter, signature

from tabular_pg.references import add_sources, sources_of


def reader(function):
    """A class method that makes what it is of from the arguments that ``function`` returns."""

    @wraps(function)
    def read(cls, *arguments, **options):
        made = cls(**function(*arguments, **options))
        add_sources(made, sources_of(function))
        return made

    given = signature(function)
    own = Parameter("cls", Parameter.POSITIONAL_ONLY)
    parameters = [own, *given.parameters.values()]
    read.__signature__ = given.replace(parameters=parameters, return_annotation="MDP")
    return classmethod(read)
