"""What is damaged, foreign or hostile is one clear error, and no file is half-written."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.models import same
from tabular_pg import (
    MDP,
    NaturalPG,
    Run,
    instances,
    optimize,
)
from tabular_pg.saved.archive import VERSION, Content, reading, write_archive


@pytest.fixture
def whole(tmp_path):
    return instances.garnet(6, 3, 2, 0.9).save(tmp_path / "mdp.npz")


def refused(path, match, kind=MDP):
    with pytest.raises(ValueError, match=match) as error:
        kind.load(path)
    assert str(path) in str(error.value) and "is not a file of a saved" in str(error.value)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_no_damaged_byte_goes_unnoticed(tmp_path_factory, place, change):
    path = tmp_path_factory.mktemp("saved") / "mdp.npz"
    mdp = instances.garnet(3, 2, 2, 0.9)
    content = bytearray(mdp.save(path).read_bytes())
    content[place % len(content)] ^= change
    path.write_bytes(content)
    try:
        found = MDP.load(path)
    except ValueError as error:
        assert "is not a file of a saved MDP" in str(error)  # noqa: PT017
    else:  # a date, or the like
        assert same(mdp, found) and found.name == mdp.name


@settings(max_examples=30)
@given(st.floats(0, 1, exclude_max=True))
def test_truncated_files_are_refused(tmp_path_factory, share):
    path = tmp_path_factory.mktemp("saved") / "mdp.npz"
    content = instances.garnet(3, 2, 2, 0.9).save(path).read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, None)


def test_files_of_something_else_are_refused(tmp_path, whole):
    run = optimize(MDP.load(whole), NaturalPG(1.0), 2)
    refused(run.save(tmp_path / "run.npz"), "it holds a Run; expected a MDP")
    refused(whole, "it holds a MDP; expected a Run", Run)
    path = tmp_path / "other.npz"
    np.savez(path, a=np.ones(3))
    refused(path, "it has no header")
    np.savez_compressed(path, a=np.ones(3))
    refused(path, "compressed")
    path.write_text("hello")
    refused(path, None)
    with pytest.raises(FileNotFoundError):
        MDP.load(tmp_path / "none.npz")
    with pytest.raises(TypeError, match="path is 3"):
        MDP.load(3)


def rewritten(path, change, header=None):
    """The file with the content that ``change`` makes of its own, and a hash that fits."""
    with reading(path, "MDP") as content:
        found = change(Content(dict(content.facts), dict(content.arrays)))
    return write_archive(path, "MDP", found)


def swapped(name, array):
    return lambda content: content._replace(arrays=content.arrays | {name: array})


def stated(name, fact):
    return lambda content: content._replace(facts=content.facts | {name: fact})


HOSTILE = {
    "shape of P": (swapped("P", np.ones((2, 3))), "P has shape"),
    "shape of r": (swapped("r", np.ones((6, 2))), "r has shape"),
    "integers": (swapped("rho", np.ones(6, dtype=np.int64)), "rho has shape .* and type int64"),
    "negative": (swapped("P", -np.ones((6, 3, 6))), "expected a probability >= 0"),
    "nan": (swapped("r", np.full((6, 3), np.nan)), "expected a finite number"),
    "gamma": (stated("gamma", 1.5), "gamma is 1.5"),
    "gamma of text": (stated("gamma", "0.5"), "gamma is '0.5'"),
    "huge": (stated("shape", [10**9, 10**9]), "P has shape"),
    "no shape": (stated("shape", 3), "not iterable"),
    "no indices": (stated("sparse", True), r"P has shape \(6, 3, 6\) .*; expected shape \(18, 6\)"),
    "labels": (stated("states", [{"x": 1}] * 6), "a label is"),
    "many labels": (stated("states", [0] * 7), "labels of states are 7; expected 6"),
    "name": (stated("name", ["a"]), "name is"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_contents_that_make_no_sense_are_refused(whole, name):
    change, match = HOSTILE[name]
    refused(rewritten(whole, change), match)


def test_indices_beyond_a_sparse_matrix_are_refused(tmp_path):
    path = instances.garnet(6, 3, 2, 0.9, sparse=True).save(tmp_path / "mdp.npz")
    for array in (np.full(36, 99, dtype=np.int32), np.full(36, -1, dtype=np.int32)):
        refused(rewritten(path, swapped("P_indices", array)), None)
        path = instances.garnet(6, 3, 2, 0.9, sparse=True).save(path)


RUN_ARRAYS = ("iterates", "scaled_gap", "gap_sum", "least_policy", "A", "d", "log_scale", "start")


@pytest.mark.parametrize("name", RUN_ARRAYS)
def test_arrays_of_a_run_have_its_shape(tmp_path, name):
    run = optimize(instances.garnet(4, 2, 2, 0.9), NaturalPG(1.0), 3)
    path = run.save(tmp_path / "run.npz")
    with reading(path, "Run") as content:
        arrays = content.arrays | {name: content.arrays[name][:-1]}
        changed = content._replace(arrays=arrays)
    write_archive(path, "Run", changed)
    refused(path, f"{name} has shape", Run)


def test_later_versions_say_so(tmp_path, whole, monkeypatch):
    monkeypatch.setattr("tabular_pg.saved.archive.VERSION", VERSION + 1)
    instances.garnet(6, 3, 2, 0.9).save(whole)
    monkeypatch.undo()
    refused(whole, f"its version is {VERSION + 1}; this release reads versions up to {VERSION}")


def npz(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def npy(shape, descr, data=b""):
    made = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(made, header)
    return made.getvalue() + data


def test_objects_are_refused_and_never_unpickled(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, header=np.array([{"a": 1}], dtype=object))
    refused(path, "has type object")


def test_claims_of_more_than_there_is_are_refused(tmp_path):
    huge = {"header.npy": npy((2**62,), "|u1", b"{}")}
    refused(npz(tmp_path / "claim.npz", huge), "which its shape")
    refused(npz(tmp_path / "minus.npz", {"header.npy": npy((-1, -2), "|u1", b"{}")}), "type")
    deep = b"[" * 100_000 + b"]" * 100_000
    refused(npz(tmp_path / "deep.npz", {"header.npy": npy((len(deep),), "|u1", deep)}), None)
    many = {f"a{i}.npy": b"" for i in range(1001)}
    refused(npz(tmp_path / "many.npz", many), "1001 entries; expected at most 1000")
    bomb = tmp_path / "bomb.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("header.npy", npy((10**7,), "|u1", bytes(10**7)))
    refused(bomb, "is compressed or encrypted")


def test_entries_that_overlap_are_refused(tmp_path, whole):
    content = bytearray(whole.read_bytes())
    at, sizes = 0, struct.pack("<I", 0xFFFFFFF0)
    while (at := content.find(b"PK\x01\x02", at)) >= 0:  # every entry of the directory
        content[at + 20 : at + 24] = content[at + 24 : at + 28] = sizes
        at += 4
    path = tmp_path / "overlap.npz"
    path.write_bytes(content)
    refused(path, None)


def test_nothing_is_left_of_what_cannot_be_written(tmp_path):
    mdp = instances.garnet(6, 3, 2, 0.9)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        mdp.save(tmp_path / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
