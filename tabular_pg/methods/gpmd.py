"""Generalized policy mirror descent: regularization by a mirror map, and steps in its geometry.

    y^{k+1} = (y^k + eta Q_tau^k) / (1 + eta tau),     pi^k = argmax_p <y^k, p> - h(p)

for values V_tau^pi = E sum_t gamma^t (r - tau h(pi(.|s_t))), Q_tau = r + gamma P V_tau, with h the
map's. The dual variable y is remembered where pi is 0, and each step maximizes eta (<Q_tau^k, p> -
tau h(p)) - D(p, pi^k), D the divergence of h at y^k (Zhan et al., 2023, Algorithm 2; y is their xi
up to a constant per state). With the entropy it is ``NaturalPG`` for tau > 0, and runs as that.

Since y* = Q*_tau / tau, the step is the same for x = y - y* whatever h is: x <- alpha x - beta
(Q*_tau - Q_tau^k), alpha = 1 / (1 + eta tau), beta = eta alpha. The map decides what policy that is
(``gaps.duals``). The theorems are in ``theorems.mirror_descent.generalized``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.method import Method, Regularization, Space
from tabular_pg.engine.rules import MEMBERS, composed
from tabular_pg.methods.natural_pg import NaturalPG, natural_pg
from tabular_pg.mirrors import MIRRORS, Entropy, Tsallis
from tabular_pg.mirrors.registration import space_of
from tabular_pg.optima.regularized import regularizer_of
from tabular_pg.references import cited


@cited("zhan2023")
class GPMD(NamedTuple):
    """Generalized policy mirror descent: a map of ``mirrors`` that is a sum of powers, with
    q <= 2, and a step size ``eta``, a number or one of ``steps`` that tries none; for tau > 0."""

    mirror: tuple
    eta: float

    def refuse(self):
        """TypeError or ValueError for a map that it is not defined with."""
        regularizer_of(self.mirror, "mirror")


class GPMDInside(NamedTuple):
    """The same with a map that keeps probabilities positive, as it is run."""

    eta: float


class GPMDClipped(NamedTuple):
    """The same with a map that does not."""

    eta: float


MEMBERS[GPMDInside] = Method(
    GPMDInside, natural_pg, Space.SOFTMAX, Regularization.REQUIRED, False, 0, True, False, True,
    None, None, (), None, {}, True,
)  # fmt: skip
# One compiled loop for both: the map is a number in the coordinates.
MEMBERS[GPMDClipped] = MEMBERS[GPMDInside]._replace(rule=GPMDClipped, space=Space.SIMPLEX)


def flat(rule):
    """The rule of numbers that it is run as."""
    if isinstance(rule.mirror, Entropy):
        return NaturalPG(rule.eta)
    kind = GPMDInside if space_of(rule.mirror) is Space.SOFTMAX else GPMDClipped
    return kind(rule.eta)


composed(GPMD(Tsallis(0.5), 1.0), {"mirror": MIRRORS}, flat)
