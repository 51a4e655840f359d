"""What varies in a family is what it says, and the rest stays."""

import numpy as np
import pytest

from tabular_pg import optimum
from tabular_pg.search import families
from tabular_pg.verdicts.visits import visitation

VALUES = (0.1, 0.25, 0.75)


def quantities(member):
    mdp, best = member.mdp, optimum(member.mdp)
    there = best.optimal.sum(axis=1) < 2  # where there is a choice
    start = (member.policy * best.optimal).sum(axis=1)[there].min()
    d = visitation(mdp, best.pi, mdp.rho)
    P_pi = np.einsum("sa,sat->st", member.policy, mdp.P)
    return {
        "action_gap": best.Delta,
        "horizon": mdp.gamma,
        "exploration": start,
        "mismatch": 1 / (d[mdp.mu < 1] / mdp.mu[mdp.mu < 1]).max() if mdp.n_states > 1 else 1.0,
        "mixing": (1 - np.sort(np.linalg.eigvals(P_pi).real)[0]) / 2,
    }


@pytest.mark.parametrize("name", ["action_gap", "horizon", "exploration", "mismatch", "mixing"])
def test_one_quantity_varies(name):
    members = getattr(families, name)(VALUES)
    assert [m.value for m in members] == list(VALUES)
    found = [quantities(m) for m in members]
    assert np.allclose([f[name] for f in found], VALUES, rtol=1e-12)
    fixed = {"action_gap": ("horizon", "exploration"), "mixing": ("horizon", "exploration")}
    for other in fixed.get(name, {"horizon", "exploration", "mismatch"} - {name}):
        assert np.allclose([f[other] for f in found], found[0][other], rtol=1e-12), other


@pytest.mark.parametrize(
    ("name", "value"), [("horizon", 1), ("exploration", 1.0), ("mixing", 0), ("action_gap", "x")]
)
def test_values_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=r"\[1\] is "):
        getattr(families, name)([0.5, value])
