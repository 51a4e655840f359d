"""The one way this package compiles a function; ``_cache`` keeps the result on disk."""

from __future__ import annotations

import numba

from tabular_pg._cache import KernelCache


def njit(function, tag="", **options):
    """``function`` compiled without the interpreter lock and cached on disk.

    ``tag`` names what a function from a factory was made for: one with a closure needs one.
    """
    dispatcher = numba.njit(function, **{"nogil": True, "error_model": "numpy", **options})
    if hasattr(dispatcher, "_cache"):  # not under NUMBA_DISABLE_JIT
        dispatcher._cache = KernelCache(function, tag)
    return dispatcher


def njit_reordered(function, **options):
    """The same, with leave to reorder sums: harmless, where all terms are nonnegative."""
    return njit(function, fastmath={"reassoc", "contract"}, **options)


def njit_inlined(function, tag=""):
    """The same, for a part of a compiled loop: a call that passes many arrays costs 200 ns."""
    return njit(function, tag, forceinline=True)


def njit_reordered_inlined(function):
    """Both."""
    return njit_reordered(function, forceinline=True)


def njit_uncached(function, tag=""):
    """``function`` compiled anew in every process: for code that lives outside the package."""
    return numba.njit(function, nogil=True, error_model="numpy")
