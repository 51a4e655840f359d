"""Vectors of floats, of truth values, and arrays of them, as types of compiled code.

``in_lanes(array)`` has one axis less than the array (..., WIDTH), and entries that are vectors:
``x[s, a] += eta * A[s, a]`` is done for all lanes at once. So code without decisions on its data is
compiled for several MDPs from the source that is there for one of them; of ``if x > y`` numba says
that it cannot be typed. In ``choose(x > y, a, b)`` each lane decides for itself.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.core.imputils import impl_ret_borrowed
from numba.core.typeconv import Conversion
from numba.extending import (
    intrinsic,
    lower_cast,
    make_attribute_wrapper,
    models,
    overload_attribute,
    register_model,
)

WIDTH = 8
DOUBLES, BITS = (ir.VectorType(x, WIDTH) for x in (ir.DoubleType(), ir.IntType(1)))


class Lanes(types.Type):
    """The type of a vector of WIDTH floats; a number is one, the same in all lanes."""

    def can_convert_from(self, typingctx, other):
        """What numba asks: whether ``other`` can stand for one."""
        return Conversion.unsafe if isinstance(other, types.Number) else None

    def unify(self, typingctx, other):
        """What numba asks: the type of a variable that is this here and ``other`` there."""
        return self if isinstance(other, types.Number) else None


class Mask(types.Type):
    """The type of a vector of WIDTH truth values."""


class LaneArray(types.Type):
    """The type of an array of ``Lanes``."""

    def __init__(self, array):
        self.array, self.ndim = array, array.ndim - 1
        super().__init__(f"LaneArray({array})")


lanes, mask = Lanes("Lanes"), Mask("Mask")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, DOUBLES)


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, BITS)


@register_model(LaneArray)
class _LaneArrayModel(models.StructModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, [("data", kind.array)])


make_attribute_wrapper(LaneArray, "data", "data")


@overload_attribute(LaneArray, "shape", inline="never")
def _shape(array):
    return lambda array: array.data.shape[:-1]


@overload_attribute(LaneArray, "size", inline="never")
def _size(array):
    return lambda array: array.data.size // WIDTH


@intrinsic
def in_lanes(typingctx, array):
    """A C-contiguous array (..., WIDTH) of floats as an array of lanes."""
    if not isinstance(array, types.Array) or array.layout != "C":
        raise TypingError("expected a contiguous array")
    kind = LaneArray(array)

    def make(context, builder, sig, args):
        made = cgutils.create_struct_proxy(kind)(context, builder)
        made.data = args[0]
        return impl_ret_borrowed(context, builder, kind, made._getvalue())

    return kind(array), make


def splat(context, builder, kind, value):
    """A number in all lanes; lanes as they are."""
    if kind == lanes:
        return value
    value = context.cast(builder, value, kind, types.float64)
    empty, first = ir.Constant(DOUBLES, ir.Undefined), ir.Constant(ir.IntType(32), 0)
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(builder.insert_element(empty, value, first), empty, zeros)


@lower_cast(types.Number, Lanes)
def _from_number(context, builder, number, kind, value):
    return splat(context, builder, number, value)
