"""Fits of rewards come back bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from tabular_pg import check, preference
from tabular_pg.preference.fitting.losses import LOSSES
from tabular_pg.preference.fitting.result import Fit
from tabular_pg.saved.archive import reading, write_archive

PAIRS = np.array([[0, 1], [1, 2], [2, 0], [0, 1], [1, 0], [2, 1], [0, 2], [3, 0], [0, 3]])


def parts(fit):
    """Everything that a fit holds, as plain values."""
    pairs = fit.comparisons
    arrays = fit.scores, pairs.winner, pairs.loser, pairs.weight, pairs.log_weight, fit.margins
    numbers = np.array([fit.ridge, fit.gradient_norm, fit.distance, pairs.unit]).tobytes()
    rest = fit.status, fit.loss, type(fit.loss), fit.iterations, pairs.n_items, pairs.anchored
    return [x.tobytes() for x in arrays], numbers, rest


@pytest.mark.parametrize("kind", LOSSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("as_matrix", [None, np.array, sparse.csr_array])
def test_a_fit_comes_back_with_every_bit(tmp_path, kind, as_matrix):
    rows = [[1.0, 0.0], [0.5, 2.0], [0.0, 1.0], [-1.0, 0.3]]
    features = None if as_matrix is None else as_matrix(rows)
    made = preference.fit(PAIRS, 4, loss=kind(), ridge=0.1, features=features)
    path = made.save(tmp_path / "fit.npz")
    found = Fit.load(path)
    assert parts(found) == parts(made)
    if features is not None:
        assert found.coefficients.tobytes() == made.coefficients.tobytes()
        assert sparse.issparse(found.features) == sparse.issparse(features)
    before = path.read_bytes()
    found.save(path)
    assert path.read_bytes() == before


def test_theorems_say_the_same_of_a_loaded_fit(tmp_path):
    made = preference.fit(PAIRS, 4)
    found = Fit.load(made.save(tmp_path / "fit.npz"))
    assert [*map(str, check(found))] == [*map(str, check(made))] != []


HOSTILE = {
    "an item that is not there": (
        lambda c: c.arrays["winner"].__setitem__(0, 9), r"winner\[0\] is 9; expected 0..3"
    ),
    "a negative weight": (lambda c: c.arrays["weight"].__setitem__(0, -1), "weight"),
    "an unknown loss": (lambda c: c.facts["loss"].update(name="Eval"), "not registered here"),
    "an unknown field": (
        lambda c: c.facts["loss"].update(fields={"power": 2}), "has the fields power"
    ),
    "an unknown status": (lambda c: c.facts.update(status="FINE"), "FINE"),
    "no number": (lambda c: c.facts.update(ridge="much"), "ridge is 'much'"),
    "more items than scores": (lambda c: c.facts.update(n_items=5), "scores has shape"),
    "an anchor that is text": (lambda c: c.facts.update(anchored="no"), "anchored is 'no'"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_contents_that_make_no_sense_are_refused(tmp_path, name):
    change, match = HOSTILE[name]
    path = preference.fit(PAIRS, 4, loss=preference.Hinge(), ridge=0.1).save(tmp_path / "fit.npz")
    with reading(path, "Fit") as content:
        content = content._replace(arrays={k: x.copy() for k, x in content.arrays.items()})
    change(content)
    write_archive(path, "Fit", content)
    with pytest.raises(ValueError, match=match):
        Fit.load(path)
