"""The one way this package compiles a function; ``compiled.cache`` keeps the result on disk."""

from __future__ import annotations

import numba

from tabular_pg.compiled.kernel import Kernel


def njit(function, tag="", **options):
    """``function`` compiled without the interpreter lock and cached on disk.

    ``tag`` names what a function from a factory was made for: one with a closure needs one.
    """
    return _compiled(function, options, tag)


def njit_reordered(function, **options):
    """The same, with leave to reorder sums: harmless, where all terms are nonnegative."""
    return njit(function, fastmath={"reassoc", "contract"}, **options)


def njit_borrowing(function, tag="", **options):
    """The same, for what makes no arrays: those that it is given need not be counted, and counting
    is more than half of the time of an iteration with few states.

    One that returns arrays, or records of them, may be called by others of its kind alone: whoever
    counts would give back what it was never given.
    """
    return njit(function, tag, _nrt=False, **options)


def njit_inlined(function, tag=""):
    """The same, for a part of a compiled loop: a call that passes many arrays costs 200 ns."""
    return njit_borrowing(function, tag, forceinline=True)


def njit_reordered_inlined(function):
    """The same, with leave to reorder sums."""
    return njit_reordered(function, forceinline=True, _nrt=False)


def njit_contracted_inlined(function):
    """The same, with leave to round products and sums once: for series."""
    return njit_borrowing(function, fastmath={"contract"}, forceinline=True)


def njit_foreign(function, tag="", refuse=lambda: None, **options):
    """``function`` of somebody else's code, or around it, compiled and cached on disk where it can
    be known what it was made from, and ``refuse()`` raises no TypeError."""
    return _compiled(function, options, tag, True, refuse)


def njit_around(function, tag, native):
    """``njit_inlined`` for what is around functions of this package, if ``native``, or of somebody
    else. It makes no arrays, and these return none."""
    if native:
        return njit_inlined(function, tag)
    return njit_foreign(function, tag, _nrt=False)


def _compiled(function, options, *known):
    if numba.config.DISABLE_JIT:
        return function
    settings = {"nogil": True, "error_model": "numpy", "_nrt": True, **options}
    return Kernel(function, settings, *known)
