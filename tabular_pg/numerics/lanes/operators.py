"""Arithmetic, comparisons, choices and entries of arrays, of ``Lanes``."""

from __future__ import annotations

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, overload

from tabular_pg.numerics.lanes.kinds import DOUBLES, LaneArray, lanes, mask, splat

FUSED = ("contract",)  # a product and a sum in one instruction, where there is one


def _typed(op, accepts, result):
    """Tell numba the type of an operation on arguments that are accepted."""

    class Template(AbstractTemplate):
        key = op

        def generic(self, args, kws):
            return signature(result, *args) if accepts(*args) else None

    infer_global(op)(Template)


def _numbers(*kinds):
    some = any(kind == lanes for kind in kinds)
    return some and all(kind == lanes or isinstance(kind, types.Number) for kind in kinds)


def _operation(operators, make, result=lanes):
    """Let the operators take lanes, or lanes and numbers; ``make(builder, a, b)`` does it."""

    def lower(context, builder, sig, args):
        a, b = (splat(context, builder, *x) for x in zip(sig.args, args, strict=True))
        return make(builder, a, b)

    for op in operators:
        _typed(op, lambda *kinds: len(kinds) == 2 and _numbers(*kinds), result)
        for first, second in ((lanes, lanes), (lanes, types.Number), (types.Number, lanes)):
            lower_builtin(op, first, second)(lower)


def _compared(sign):
    return lambda builder, a, b: builder.fcmp_ordered(sign, a, b)


def _extreme(sign):
    return lambda builder, a, b: builder.select(builder.fcmp_ordered(sign, a, b), a, b)


_operation((operator.add, operator.iadd), lambda builder, a, b: builder.fadd(a, b, flags=FUSED))
_operation((operator.sub, operator.isub), lambda builder, a, b: builder.fsub(a, b, flags=FUSED))
_operation((operator.mul, operator.imul), lambda builder, a, b: builder.fmul(a, b, flags=FUSED))
_operation((operator.truediv, operator.itruediv), lambda builder, a, b: builder.fdiv(a, b))
_operation((min,), _extreme("<"))
_operation((max,), _extreme(">"))
_operation((operator.lt,), _compared("<"), mask)
_operation((operator.le,), _compared("<="), mask)
_operation((operator.gt,), _compared(">"), mask)
_operation((operator.ge,), _compared(">="), mask)
_operation((operator.eq,), _compared("=="), mask)
_typed(operator.neg, lambda *kinds: kinds == (lanes,), lanes)
_typed(operator.and_, lambda *kinds: kinds == (mask, mask), mask)


@lower_builtin(operator.neg, lanes)
def _neg(context, builder, sig, args):
    return builder.fneg(args[0])


@lower_builtin(operator.and_, mask, mask)
def _and(context, builder, sig, args):
    return builder.and_(*args)


def choose(condition, a, b):
    """``a`` where the condition holds, ``b`` where not: of numbers, or in each lane for itself."""
    return a if condition else b


@overload(choose, inline="never")
def _choose(condition, a, b):
    if condition == mask:
        return lambda condition, a, b: _selected(condition, a, b)
    return lambda condition, a, b: a if condition else b


@intrinsic
def _selected(typingctx, condition, a, b):
    def make(context, builder, sig, args):
        pair = (splat(context, builder, *x) for x in zip(sig.args[1:], args[1:], strict=True))
        return builder.select(args[0], *pair)

    return lanes(condition, a, b), make


def _is_index(array, index):
    if not isinstance(array, LaneArray):
        return False
    parts = index if isinstance(index, types.BaseTuple) else (index,)
    return len(parts) == array.ndim and all(isinstance(i, types.Integer) for i in parts)


_typed(operator.getitem, _is_index, lanes)
_typed(
    operator.setitem,
    lambda array, index, value: (
        _is_index(array, index) and (value == lanes or _numbers(lanes, value))
    ),
    types.none,
)


def _place(context, builder, kinds, array, index):
    """Where the vector of an entry is."""
    kind, at = kinds
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    data = context.make_array(kind.array)(context, builder, data)
    parts, of = [index], [at]
    if isinstance(at, types.BaseTuple):
        parts, of = cgutils.unpack_tuple(builder, index), at
    parts = [context.cast(builder, i, k, types.intp) for i, k in zip(parts, of, strict=True)]
    place, shape = parts[0], cgutils.unpack_tuple(builder, data.shape)
    for size, part in zip(shape[1:], parts[1:], strict=False):
        place = builder.add(builder.mul(place, size), part)
    return builder.gep(builder.bitcast(data.data, DOUBLES.as_pointer()), [place])


@lower_builtin(operator.getitem, LaneArray, types.Any)
def _get(context, builder, sig, args):
    return builder.load(_place(context, builder, sig.args, *args), align=8)


@lower_builtin(operator.setitem, LaneArray, types.Any, types.Any)
def _set(context, builder, sig, args):
    value = splat(context, builder, sig.args[2], args[2])
    builder.store(value, _place(context, builder, sig.args[:2], *args[:2]), align=8)
    return context.get_dummy_value()


@intrinsic
def unpacked(typingctx, array, like):
    """The entries of an array (n,), of lanes or of floats, as a tuple; n is the length of ``like``,
    which is a tuple."""
    several = isinstance(array, LaneArray)
    kind = types.UniTuple(lanes if several else types.float64, len(like))

    def make(context, builder, sig, args):
        if several:
            start = _place(context, builder, (array, types.intp), args[0], _integer(0))
        else:
            start = context.make_array(array)(context, builder, args[0]).data
        places = (builder.gep(start, [_integer(i)]) for i in range(len(like)))
        return context.make_tuple(builder, kind, [builder.load(x, align=8) for x in places])

    return kind(array, like), make


def _integer(value):
    return ir.Constant(ir.IntType(64), value)
