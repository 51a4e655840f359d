"""How a rule becomes a method: a frozen record of hyper-parameters, a kernel, a policy space.

Loops are compiled once per registration, around its kernel: numba tells records apart by the name
of their class and the types of their fields alone, so that a loop for all rules would run the
kernel of another class of that name. Into compiled code hyper-parameters go as a plain tuple.
"""

from __future__ import annotations

import enum
import threading
from typing import NamedTuple

from tabular_pg._jit import njit, njit_borrowing, njit_foreign, njit_inlined
from tabular_pg.engine.around import (
    PARTS,
    begin_once,
    begin_twice,
    rule_before,
    rule_now,
    step_once,
    step_twice,
)
from tabular_pg.engine.registration import (
    compiled,
    is_native,
    is_record,
    refuse_function,
    refuse_names,
    refuse_result,
    refuse_visits,
    tell_apart,
    without_result,
)
from tabular_pg.engine.step_size import STEP_SIZES, Constant
from tabular_pg.gaps.coordinates import Logits, Offsets, Probabilities
from tabular_pg.gaps.duals import Duals

METHODS: dict[type, Method] = {}
LOCK = threading.Lock()
STEPS, STARTS = ("rule", "k", "problem", "point"), ("rule", "problem", "point")


class Space(enum.Enum):
    """Where a rule's iterates live."""

    SOFTMAX = "log-probabilities: every action keeps a positive probability"
    SIMPLEX = "probabilities, with exact zeros"


class Regularization(enum.Enum):
    """For which weights of the entropy bonus a rule is defined."""

    NONE = "tau = 0 only"
    REQUIRED = "tau > 0 only"
    ANY = "any tau >= 0"


class Method(NamedTuple):
    """What the loop needs to know about a rule."""

    rule: type
    kernel: object
    space: Space
    regularization: Regularization
    visitation: bool
    memory: int  # how many arrays (A,) a state remembers
    statewise: bool
    lanes: bool  # whether the kernel decides nothing on its data by ``if``
    native: bool  # defined inside the package
    start: object  # the kernel that fills ``point.memory`` before step 0, or None
    learn: object  # the kernel that advances it before steps 1, 2, ..., or None
    any_sign: tuple  # the names of hyper-parameters that need not be positive
    to_greedy: object  # (rule, problem, point, s) -> D(greedy policy, pi_s), or None
    compiled: dict  # what is compiled around the kernel, by the function that makes it
    dual: bool = False  # whether the regularizer is one of the rule, and iterates dual variables
    zeros: bool = False  # whether probabilities become exactly 0 as a matter of course

    def is_dual(self, tau) -> bool:
        """Whether iterates are dual variables for this weight of the regularizer."""
        return self.dual and tau > 0

    def coordinates(self, tau) -> type:
        if self.is_dual(tau):
            return Duals
        if self.space is Space.SIMPLEX:
            return Probabilities
        return Offsets if tau > 0 else Logits

    def around(self, make, twice=False, size=None):
        """What ``make`` returns for the steps of this method, compiled once.

        A step is taken ``twice`` where policies have two forms; ``size`` is the registration of the
        step size where that is no number. ``make`` is a part of ``engine.around``, given the
        method and the rule of the moment, or a loop, given its step.
        """
        searched = size is not None and size.searched
        rules = rule_now, rule_before
        if make in rules:  # a search gives the step as a constant
            inner = self, STEP_SIZES[Constant] if searched else size
        elif make in PARTS:
            inner = self, *(self.around(part, False, size) for part in rules)
        else:
            step = self.around(step_twice if twice else step_once, twice, size)
            inner = (step,)
            if searched:
                begin = self.around(begin_twice if twice else begin_once, twice, size)
                inner = step, size, self.space is Space.SIMPLEX, begin
        with LOCK:
            key = make, twice, size
            if key not in self.compiled:
                names = [self.rule, *([] if size is None else [size.record])]
                tag = "".join(f"{x.__module__}.{x.__qualname__}" for x in names) + "2" * twice
                around, counts = make(*inner), searched and make not in (*rules, *PARTS)
                if not (self.native and (size is None or size.native)):
                    made = njit_foreign(around, tag, self.refuse_result, _nrt=counts)
                elif make in (*rules, *PARTS):
                    made = njit_inlined(around, tag)
                else:
                    made = (njit if counts else njit_borrowing)(around, tag)
                self.compiled[key] = made
            return self.compiled[key]

    def refuse_result(self):
        """Raise TypeError if a version of a kernel, as far as compiled, returns something."""
        if not self.native:
            refuse_result(self.kernel, self.start, self.learn)


def method(
    rule,
    *,
    space,
    regularization=Regularization.NONE,
    visitation=False,
    memory=0,
    start=None,
    learn=None,
    statewise=False,
    lanes=False,
    any_sign=(),
    to_greedy=None,
    zeros=False,
):
    """Register the decorated ``kernel(rule, k, problem, point)`` for the record type ``rule``.

    The kernel overwrites ``point.x`` (log pi, xi or pi, see ``gaps.point.Point``) by the next
    iterate, and returns nothing; it may read every other field of ``point``. Log-probabilities and
    offsets need not be normalized: the evaluation that follows does that. It is compiled at its
    first run, with the values that its global names have then.

    A class may be registered again, with another kernel: that runs from then on. The classes of
    this package may not.

    Parameters
    ----------
    rule : type
        A NamedTuple of floats. Its step size, if it has one, is the field ``eta``: the kernel is
        given a number there, also where the user has a step size of ``tabular_pg.steps``. An
        optional method ``refuse(self)`` raises ValueError for values that are positive and finite
        and still make no sense.
    space : Space
    regularization : Regularization
    visitation : bool
        Whether the kernel reads ``point.d``; then mu must be positive everywhere.
    memory : int >= 0
        How many arrays (A,) a state remembers from step to step, as ``point.memory`` (S, n, A):
        critics, momenta, earlier iterates, averages. The kernel reads and overwrites them.
    start : function (rule, problem, point), optional
        Fills ``point.memory``, which is 0 else, at the first iterate, after its evaluation.
    learn : function (rule, k, problem, point), optional
        Called before every step but the first, with the step size that was taken last, for what
        is remembered of values rather than of policies: where these are kept in two forms the
        kernel is run on both, each with a memory of its own, and ``learn`` once.
    statewise : bool
        Whether the next policy in a state depends on that state's entries alone: on large MDPs
        the kernel is then given a few states at a time, and P is read once per iteration.
    lanes : bool
        Whether the kernel decides nothing on its data by ``if``, but by ``choose`` of
        ``tabular_pg.numerics.lanes``. Then, for tau = 0, several small MDPs are run at once.
    any_sign : tuple of str, optional
        Names of hyper-parameters that may be 0 or negative; others are refused then.
    to_greedy : function (rule, problem, point, s), optional
        For mirror descent, the divergence of the nearest greedy action from pi_s, compiled: for
        steps that adapt to it.
    zeros : bool
        Whether log-probabilities become -inf all the same, which may end no episode at gamma = 1.

    Raises
    ------
    TypeError, ValueError
        For what cannot be a rule or a kernel, a class of this package, and a class that was
        registered with another space, regularization, visitation or memory: old runs rely on them.
        A kernel that returns something, or that leaves ``point.x`` as it is at every policy that
        is tried, is refused with TypeError by the first run.
    """
    if not is_record(rule):
        raise TypeError(f"rule is {rule!r}; expected a NamedTuple class of hyper-parameters")
    if not isinstance(space, Space) or not isinstance(regularization, Regularization):
        raise TypeError(
            f"space is {space!r}, regularization {regularization!r}; expected members of Space and "
            "Regularization"
        )
    if not isinstance(memory, int) or isinstance(memory, bool) or memory < 0:
        raise TypeError(f"memory is {memory!r}; expected a number of arrays, an integer >= 0")
    if memory == 0 and (start is not None or learn is not None):
        raise ValueError("memory is 0, and there is a start or learn; expected memory >= 1")
    refuse_names(rule, any_sign)
    facts = space, regularization, visitation, memory

    def register(kernel):
        native = is_native(rule, kernel)
        refuse_function(kernel, STEPS)
        refuse_visits(kernel, visitation, rule)
        for part, arguments in ((start, STARTS), (learn, STEPS)):
            if part is not None:
                refuse_function(part, arguments)
                refuse_visits(part, visitation, rule)
        _refuse_again(rule, kernel, facts, native)
        others = njit if native else njit_foreign  # start and learn may make arrays
        kernel, parts = compiled(kernel, native), [part and others(part) for part in (start, learn)]
        if not native:
            kernel, *parts = map(without_result, (kernel, *parts))
        tell_apart(rule)
        METHODS[rule] = Method(
            rule, kernel, *facts, statewise, lanes, native, *parts, tuple(any_sign), to_greedy, {},
            zeros=zeros,
        )  # fmt: skip
        return kernel

    return register


def _refuse_again(rule, kernel, facts, native):
    """Refuse another kernel for a class of this package, or one of another kind."""
    known = METHODS.get(rule)
    if known is None or native:
        return
    if known.native:
        raise ValueError(
            f"rule is {rule.__name__} of this package, which theorems are about; expected a class "
            f"of your own for the kernel {kernel.__name__}"
        )
    before = known[2:6]
    if before != facts:
        raise ValueError(
            f"rule is {rule.__name__}, registered before with (space, regularization, visitation, "
            f"memory) = {before}, now with {facts}; expected the same, as there may be runs of it: "
            "define the class anew"
        )
