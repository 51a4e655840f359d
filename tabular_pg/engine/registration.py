"""What can be registered: records of hyper-parameters, and functions that numba compiles."""

from __future__ import annotations

import dis
import functools
import inspect
import math

import numpy as np
from numba import typeof, types
from numba.core.errors import TypingError

from tabular_pg._jit import njit_foreign, njit_inlined
from tabular_pg.checks.numbers import as_float, is_real, said, shown
from tabular_pg.gaps.point import Point

PACKAGE = __name__.partition(".")[0]
NUMBER, TRUTH = "a number", "True or False"  # what a function may be expected to return


def is_record(value) -> bool:
    """Whether it is a NamedTuple class."""
    return isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields")


def tell_apart(record):
    """Records of this class equal none of another one: as tuples they would, with equal fields."""

    def same(self, other):
        return type(self) is type(other) and tuple.__eq__(self, other)

    record.__eq__, record.__ne__ = same, lambda self, other: not same(self, other)
    record.__hash__ = tuple.__hash__


def is_native(*parts) -> bool:
    """Whether all classes and functions are of this package, whose sources name the folder that
    compiled code is kept in."""
    modules = (str(getattr(part, "__module__", "")) for part in parts if part is not None)
    return all(module.partition(".")[0] == PACKAGE for module in modules)


def compiled(function, native):
    """``function`` as a part of compiled loops."""
    return (njit_inlined if native else njit_foreign)(function)


def checked_field(name, value, any_sign=False) -> float:
    """One hyper-parameter as a float: finite, and positive unless it may have any sign."""
    expected = "a finite number" if any_sign else "a finite number > 0"
    if not is_real(value):
        raise TypeError(f"{name} is {shown(value)}; expected {expected}".replace("finite ", ""))
    number = as_float(value)
    if not math.isfinite(number) or not (number > 0 or any_sign):
        raise ValueError(f"{name} is {said(value, number)}; expected {expected}")
    return number


def refuse_function(function, arguments, role="kernel"):
    """Raise TypeError for what is no function of Python with these ``arguments``, or assigns to a
    field of a point."""
    name, expected = getattr(function, "__name__", repr(function)), ", ".join(arguments)
    if not callable(function):
        raise TypeError(f"{role} is {function!r}; expected a function ({expected})")
    try:
        signature = inspect.signature(function)
        signature.bind(*arguments)
    except ValueError:  # a function that is not written in Python
        raise TypeError(f"{role} is {function!r}; expected a function of Python") from None
    except TypeError:
        raise TypeError(f"{role} is {name}{signature}; expected ({expected})") from None
    if hasattr(function, "py_func"):
        raise TypeError(f"{role} is {name}, compiled already; expected {name}.py_func")
    stored = [step.argval for step in dis.get_instructions(function) if step.opname == "STORE_ATTR"]
    field = next((name for name in stored if name in Point._fields), None)
    if field is not None:
        raise TypeError(
            f"{role} {name} assigns to the attribute {field}, which is fixed; expected it to "
            "overwrite entries, as in point.x[s, a] = ... or point.x[:] = ..."
        )


def refuse_names(record, any_sign):
    """Raise ValueError for names in ``any_sign`` that are no fields of the record."""
    for name in any_sign:
        if name not in record._fields:
            fields = record._fields
            raise ValueError(f"any_sign has {name!r}; expected some of the fields {fields}")


def _loaded(function, *operations) -> set:
    """The names that a function loads by instructions that begin so."""
    found = [step for step in dis.get_instructions(function) if step.opname.startswith(operations)]
    return {
        name
        for step in found
        for name in (step.argval if isinstance(step.argval, tuple) else (step.argval,))
    }


def reads_argument(function, position) -> bool:
    """Whether a function reads its argument at this position, whatever it calls it."""
    name = function.__code__.co_varnames[position]
    return name in _loaded(function, "LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE")


def refuse_visits(function, visitation, record, role="kernel"):
    """Raise ValueError for a function that reads ``point.d``, which nobody has said to compute.

    A record with a field of that name leaves open whose ``d`` it is.
    """
    if "d" in _loaded(function, "LOAD_ATTR") - set(record._fields) and not visitation:
        raise ValueError(
            f"{role} {function.__name__} reads point.d, and visitation is False; expected "
            "visitation=True"
        )


def without_result(kernel):
    """A kernel that is not compiled (NUMBA_DISABLE_JIT), and refuses to return something."""
    if kernel is None or hasattr(kernel, "nopython_signatures"):
        return kernel

    @functools.wraps(kernel)
    def checked(*arguments):
        result = kernel(*arguments)
        if result is not None:
            raise TypeError(_returns_something(kernel, f"a {type(result).__name__}"))

    return checked


def refuse_result(*kernels):
    """Raise TypeError if a version of a kernel, as far as compiled, returns something."""
    for kernel in kernels:
        for signature in getattr(kernel, "nopython_signatures", ()):
            if signature.return_type != types.none:
                what = f"a result of type {signature.return_type}"
                raise TypeError(_returns_something(kernel, what))


def _returns_something(kernel, what) -> str:
    return (
        f"the kernel {kernel.__name__} returns {what}; expected None: it overwrites point.x (or "
        "point.memory), as in point.x[s, a] = ... or point.x[:] = ..."
    )


def answering(function, role, expected):
    """A function that is not compiled, and refuses what :func:`refuse_answer` does."""
    if hasattr(function, "nopython_signatures"):
        return function

    @functools.wraps(function)
    def checked(*arguments):
        try:
            result = function(*map(_read_only, arguments))
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise TypeError(_writes(function, role)) from None
        if not (isinstance(result, bool | np.bool_) if expected == TRUTH else is_real(result)):
            raise TypeError(_answers(function, role, f"a {type(result).__name__}", expected))
        return result

    return checked


def refuse_answer(function, role, expected, arguments):
    """Raise TypeError for a function to compile that writes into its ``arguments``, or returns
    something else than a NUMBER, or a TRUTH."""
    if not hasattr(function, "nopython_signatures"):
        return
    kinds = tuple(_read_only_type(typeof(value)) for value in arguments)
    try:
        function.compile(kinds)
    except TypingError as error:
        if "readonly" not in str(error):
            raise
        raise TypeError(_writes(function, role)) from None
    returned = types.unliteral(function.overloads[kinds].signature.return_type)
    if not isinstance(
        returned, types.Boolean if expected == TRUTH else types.Integer | types.Float
    ):
        what = f"a result of type {returned}"
        if isinstance(returned, types.Optional):
            what = "nothing in some cases"
        raise TypeError(_answers(function, role, what, expected))


def _read_only(value):
    """The value with arrays that cannot be written into."""
    if isinstance(value, np.ndarray):
        value = value.view()
        value.setflags(write=False)
    elif hasattr(value, "_fields"):
        value = type(value)(*map(_read_only, value))
    return value


def _read_only_type(kind):
    """The same for types of numba's."""
    if isinstance(kind, types.Array):
        return kind.copy(readonly=True)
    if isinstance(kind, types.BaseNamedTuple):
        return types.BaseTuple.from_types(map(_read_only_type, kind), kind.instance_class)
    return kind


def _writes(function, role) -> str:
    return (
        f"{role} {function.__name__} writes into what it is given; expected it to read that alone, "
        "and to write into copies, as in pi = point.pi.copy()"
    )


def _answers(function, role, what, expected) -> str:
    what = "nothing" if what in ("a NoneType", "a result of type none") else what
    return f"{role} {function.__name__} returns {what}; expected {expected}"


def role_of(record) -> str:
    """How messages call what is registered for a step size."""
    return f"the step size {record.__name__}:"


def refuse_answers(size, step, problem, point, trial):
    """Raise TypeError for functions of a step size that do not return what they have to, or write
    into what they are given."""
    if size.native:
        return
    role = role_of(size.record)
    far = (1.0,) if size.distance else ()
    for function, expected, arguments in (
        (size.kernel, NUMBER, (step, 0, problem, point, *far)),
        (size.propose, NUMBER, (step, 0, 0.0, problem, point)),
        (size.accept, TRUTH, (step, problem, point, trial)),
    ):
        if function is not None:
            refuse_answer(function, role, expected, arguments)
