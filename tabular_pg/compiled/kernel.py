"""Compiled functions: parts of others, and whole where Python calls them.

Numba optimizes every function on its own, turns it into machine code and adds an entry for Python.
A loop of forty functions inlines them all and does that once more, so that it was most of the time
that one waited for a first result.
"""

from __future__ import annotations

import numba
from llvmlite import binding
from numba.core.compiler import Compiler, compile_result
from numba.core.registry import CPUDispatcher
from numba.core.targetconfig import ConfigStack

from tabular_pg.compiled.cache import KernelCache
from tabular_pg.compiled.parts import KernelCompiler, PartCompiler, PartLibrary


class Kernel(CPUDispatcher):
    """A compiled function: a part where other compiled functions call it, whole where Python does.

    ``tag``, ``root`` and ``refuse`` are those of ``KernelCache``; ``foreign`` makes this the root.
    """

    def __init__(self, function, settings, tag="", foreign=False, refuse=lambda: None):
        entries = {"nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        super().__init__(function, None, settings | entries, PartCompiler)
        self._compiler = KernelCompiler(
            function, self.targetdescr, settings | entries, {}, PartCompiler
        )
        known = function, tag, self if foreign else None, refuse
        self._cache, self._whole = PartCache(*known), None
        self._settings, self._known = settings, known

    def add_overload(self, version):
        """Make a version known to its callers; Python is no such."""
        version = version._replace(entry_point=object())  # by which numba finds it
        known = version.entry_point, version.fndesc, [version.library]
        self.targetctx.insert_user_function(*known)
        self.overloads[tuple(version.signature.args)] = version

    def get_call_template(self, args, kws):
        """How compiled code calls this, if both count arrays or none does: else memory that is in
        use would be given back, or none ever."""
        found = super().get_call_template(args, kws)
        caller, counts = ConfigStack.top_or_none(), self._settings["_nrt"]
        if caller is not None and bool(caller.nrt) is not counts:
            kind = self.overloads[tuple(found[2])].signature.return_type
            if self.targetctx.data_model_manager[kind].contains_nrt_meminfo():
                name = self.py_func.__name__
                raise TypeError(
                    f"the kernel {name} returns a result of type {kind}; expected None or a number"
                    if counts
                    else f"{name} returns arrays, which its caller counts and it does not"
                )
        return found

    def machine_code(self, kinds):
        """The version, whole, for arguments of these types."""
        whole = self._as_whole()
        whole.compile(kinds)
        return whole.overloads[kinds]

    def _compile_for_args(self, *args, **kwargs):
        """What Python calls for arguments of these types, from now on without asking here."""
        whole = self._as_whole()
        entry = whole._compile_for_args(*args, **kwargs)
        for kinds, version in list(whole.overloads.items()):
            if version.entry_point is entry:
                self._insert([kind._code for kind in kinds], entry, False)
        return entry

    def _as_whole(self):
        """The same function with machine code of its own."""
        if self._whole is None:
            whole = numba.njit(self.py_func, no_cfunc_wrapper=True, **self._settings)
            whole._compiler = KernelCompiler(
                self.py_func, self.targetdescr, whole.targetoptions, {}, Compiler
            )
            whole._cache = KernelCache(*self._known)
            whole._cache_hits, whole._cache_misses = self._cache_hits, self._cache_misses
            self._whole = whole
        return self._whole

    def _reduce_states(self):
        """What is pickled of it."""
        function, tag, root, _ = self._known
        made_by = function, self._settings, tag, root is not None
        return {"uuid": str(self._uuid), "made_by": made_by}

    @classmethod
    def _rebuild(cls, uuid, made_by):
        known = cls._memo.get(uuid)
        if known is None:
            known = cls(*made_by)
            known._set_uuid(uuid)
        return known


class PartCache(KernelCache):
    """The versions of a part on disk: all but machine code."""

    form = "part"

    def pack(self, version):
        """What is kept of a version."""
        library, fndesc = version.library, version.fndesc
        code = library._get_module_for_linking().as_bitcode()
        fndesc.typemap = fndesc.calltypes = None  # as numba does
        return library.name, code, fndesc, version.signature, list(library._reload_init)

    def unpack(self, target_context, name, code, fndesc, signature, reload_init):
        """The version again."""
        for initialize in reload_init:
            initialize()
        library = PartLibrary(target_context.codegen(), name)
        library._final_module, library._finalized = binding.parse_bitcode(code), True
        library._reload_init.update(reload_init)
        return compile_result(
            typing_context=target_context.typing_context, target_context=target_context,
            library=library, fndesc=fndesc, signature=signature, reload_init=reload_init,
            objectmode=False, lifted=(), entry_point=None, call_helper=None, environment=None,
            typing_error=None, type_annotation=None, metadata=None,
        )  # fmt: skip
