"""Compiled functions whose machine code many others share: they call it, where a part becomes one
with each of them.

A call hands over what every array consists of. For dozens of arrays that takes 200 ns: these go by
reference.
"""

from __future__ import annotations

import hashlib
from functools import partial
from importlib import import_module

from llvmlite import binding
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin


def reference(value):
    """What ``value`` is the only entry of, made once before a loop: in compiled code a pointer to
    a copy of the record, which does not outlive the function that makes it."""
    return (value,)


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
    """``call(*args)``, which does what ``kernel`` does, and returns no arrays.

    The result has to be a global name of ``kernel``'s module, ``<its name>_apart``.
    """

    def call(*args):
        return kernel(*args)

    class Template(AbstractTemplate):
        key = call

        def generic(self, args, kws):
            return kernel.machine_code(args).signature

    call.kernel, where = kernel, (kernel.__module__, f"{kernel.__name__}_apart")
    if not hasattr(kernel, "machine_code"):  # nothing is compiled
        return call
    infer_global(call, types.Function(Template))

    @lower_builtin(call, types.VarArg(types.Any))
    def lower(context, builder, signature, args):
        result, kinds = signature.return_type, signature.args
        init = partial(_load, where, kinds)
        context.active_code_library._reload_init.add(init)
        convention = context.call_conv
        function = cgutils.get_or_insert_function(
            builder.module, convention.get_function_type(result, kinds), init()
        )
        status, value = convention.call_function(builder, function, result, kinds, args)
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return value

    return call


def _load(where, kinds) -> str:
    """Make the code for arguments of these types known to those who call it, by the name that is
    returned."""
    module, name = where
    version = getattr(import_module(module), name).kernel.machine_code(kinds)
    symbol = f"{module}.{name}-{hashlib.sha256(repr(kinds).encode()).hexdigest()}"
    address = version.library.get_pointer_to_function(version.fndesc.llvm_func_name)
    binding.add_symbol(symbol, address)
    return symbol
