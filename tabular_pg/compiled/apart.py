"""Compiled functions whose machine code many others share: they call it, where a part becomes one
with each of them.

Arguments go by reference: handing over what an array consists of, for dozens of arrays, takes
200 ns.
"""

from __future__ import annotations

import hashlib
from functools import partial
from importlib import import_module

from llvmlite import binding
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin

from tabular_pg._jit import njit_borrowing


def reference(value):
    """``value``, to be given to functions that are compiled apart; made once, before a loop."""
    return value


class _Reference(AbstractTemplate):
    key = reference

    def generic(self, args, kws):
        return types.CPointer(args[0])(args[0])


infer_global(reference, types.Function(_Reference))


@lower_builtin(reference, types.Any)
def _make_reference(context, builder, signature, args):
    value = context.data_model_manager[signature.args[0]].as_data(builder, args[0])
    return cgutils.alloca_once_value(builder, value)


def apart(kernel):
    """``call(first, second)``: what ``kernel`` returns, a float, for what these refer to.

    The result has to be a global name of ``kernel``'s module, ``<its name>_apart``.
    """

    def call(first, second):
        return kernel(first, second)

    def entry(first, second):
        return kernel(first[0], second[0])

    class Template(AbstractTemplate):
        key = call

        def generic(self, args, kws):
            if all(isinstance(kind, types.CPointer) for kind in args):
                return types.float64(*args)
            return None

    infer_global(call, types.Function(Template))
    call.code = njit_borrowing(entry, kernel.__name__)
    where = kernel.__module__, f"{kernel.__name__}_apart"

    @lower_builtin(call, types.CPointer, types.CPointer)
    def lower(context, builder, signature, args):
        init = partial(_load, where, signature.args)
        context.active_code_library._reload_init.add(init)
        kind = context.call_conv.get_function_type(types.float64, signature.args)
        function = cgutils.get_or_insert_function(builder.module, kind, init())
        status, result = context.call_conv.call_function(
            builder, function, types.float64, signature.args, args
        )
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return result

    return call


def _load(where, kinds) -> str:
    """Make the code for arguments of these types known to those who call it, by the name that is
    returned."""
    module, name = where
    symbol = f"{module}.{name}-{hashlib.sha256(repr(kinds).encode()).hexdigest()}"
    binding.add_symbol(symbol, getattr(import_module(module), name).code.address(kinds))
    return symbol
