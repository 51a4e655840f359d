"""A function compiled as far as its callers need, which take all of its code over: they optimize it
and turn it into machine code, once."""

from __future__ import annotations

import gc

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, Flags
from numba.core.dispatcher import _FunctionCompiler


class PartLibrary(JITCodeLibrary):
    """The code of a part, as it is before it is optimized."""

    def _optimize_final_module(self):
        """Left to the caller."""

    def _finalize_final_module(self):
        """What is left of it without machine code."""
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


class PartCompiler(Compiler):
    """Numba's own steps up to machine code."""

    def define_pipelines(self):
        state = self.state
        state.library = PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        return super().define_pipelines()


class Settings(Flags):
    """Numba's settings, and in words: it looks up what is compiled for them with every operator,
    and would compare setting by setting, one third of its time."""

    __slots__ = ("words",)

    def __init__(self, flags, words):
        super().__init__(flags)
        self.words = words

    def __eq__(self, other):
        return isinstance(other, Settings) and self.words == other.words

    def __hash__(self):
        return hash(self.words)

    def copy(self):
        """Another record for the same: numba lets some of these ask for no machine code, which
        what was compiled before does not depend on."""
        return Settings(self, self.words)


class KernelCompiler(_FunctionCompiler):
    """Numba's compiler with these settings."""

    def compile(self, args, return_type):
        """Numba's own, without looking for garbage: one tenth of the time, of hardly any use."""
        collects = gc.isenabled()
        gc.disable()
        try:
            return super().compile(args, return_type)
        finally:
            if collects:
                gc.enable()

    def _customize_flags(self, flags):
        if self.pipeline_class is PartCompiler:
            flags.no_compile = True
        return Settings(flags, repr(flags))
