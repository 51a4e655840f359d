"""Functions that stand for others, which are chosen by the types of what they are given."""

from __future__ import annotations

from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global


def chosen(function, choose):
    """Let compiled code that calls ``function`` call what ``choose(*types)`` returns, a compiled
    function. (Numba's ``overload`` would compile one more around it.)"""

    class Template(AbstractTemplate):
        key = function

        def generic(self, args, kws):
            kernel = types.Dispatcher(choose(*args))
            signature = kernel.get_call_type(self.context, args, kws)
            self._found = kernel.get_overload(signature)
            return signature

        def get_impl_key(self, signature):
            return self._found

    infer_global(function, types.Function(Template))


def chosen_by_storage(function, dense, sparse):
    """The same for a first argument P, which is an array or a SparseModel."""
    chosen(function, lambda P, *others: dense if isinstance(P, types.Array) else sparse)
