"""Compiled code on disk: found again, never in the way of a run, and nobody else's file touched."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from tabular_pg._jit import njit
from tabular_pg.compiled import cache as _cache
from tabular_pg.compiled.sources import PACKAGE

MONTHS = 90 * 24 * 3600
needs_compiling = pytest.mark.skipif(
    not hasattr(njit(lambda x: x), "_cache"), reason="NUMBA_DISABLE_JIT is set"
)
COMPILES = """
import tabular_pg
from tabular_pg._jit import njit
def twice(x):
    return 2.0 * x
if njit(twice)(21.0) != 42.0:
    raise ValueError
"""


def doubled(x):
    """Something that compiles in no time."""
    return 2.0 * x


def fresh(code, options=(), unset=(), limit=None, **variables):
    """What a fresh interpreter says that runs ``code``, without the user's cache folders."""
    unset = {"TABULAR_PG_CACHE", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", *unset}
    environment = {k: v for k, v in os.environ.items() if k not in unset} | variables
    environment["PYTHONPATH"] = str(PACKAGE.parent)
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=variables.get("HERE"),
        preexec_fn=limit,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A cache that is empty, of a process that has not used it yet."""
    monkeypatch.setattr(_cache, "FOLDER", tmp_path / "cache" / "0123456789abcdef")
    monkeypatch.setattr(_cache, "_DONE", {})
    return _cache.FOLDER


def kernels(folder):
    return sorted(file for file in folder.glob("*.nbc") if file.name != _cache.MARK)


def compiled(x=21.0):
    """A process that meets ``doubled``; what it warns of."""
    function = njit(doubled)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert function(x) == 2 * x
    return function, [str(w.message) for w in caught]


@needs_compiling
def test_versions_are_found_again(folder):
    first, said = compiled()
    assert not said and sum(first.stats.cache_misses.values()) == 1
    second, said = compiled()
    assert not said and sum(second.stats.cache_hits.values()) == 1
    compiled(3)
    assert len(kernels(folder)) == 2
    others = {file.name for file in folder.iterdir()} - {file.name for file in kernels(folder)}
    assert others == {_cache.TAG, _cache.MARK}


@needs_compiling
@pytest.mark.parametrize("keep", [0, 1, 31, 32, 33, 1000, -1])
def test_half_a_file_is_compiled_anew_and_replaced(folder, keep):
    compiled()
    (file,) = kernels(folder)
    whole = file.read_bytes()
    file.write_bytes(whole[:keep])
    again, said = compiled()
    assert not said and not again.stats.cache_hits
    assert compiled()[0].stats.cache_hits


@needs_compiling
def test_other_damage_is_compiled_anew(folder):
    compiled()
    (file,) = kernels(folder)
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    assert not compiled()[0].stats.cache_hits
    file.unlink()
    file.mkdir()
    assert "not kept on disk" in compiled()[1][0]


@needs_compiling
def test_a_folder_that_is_removed_during_the_run_is_made_again(folder):
    compiled()
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert compiled()[1] == [] and len(kernels(folder)) == 1


@needs_compiling
@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOSYS, errno.EIO]
)
@pytest.mark.parametrize("call", ["mkdir", "write_bytes", "replace"])
def test_no_error_of_the_file_system_ends_a_run(folder, monkeypatch, number, call):
    def fails(*arguments, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os if call == "replace" else Path, call, fails)
    said = compiled()[1] + compiled()[1]
    assert len(said) == 1 and os.strerror(number) in said[0] and "TABULAR_PG_CACHE" in said[0]
    monkeypatch.undo()
    assert not any(file.suffix != ".nbc" and file.name != _cache.TAG for file in folder.glob("*"))


@needs_compiling
def test_where_warnings_are_errors_the_log_says_so(folder, monkeypatch, caplog):
    monkeypatch.setattr(_cache, "FOLDER", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert njit(doubled)(21.0) == 42.0
    assert "not kept on disk" in caplog.text


def aged(path):
    os.utime(path, (time.time() - MONTHS,) * 2)


@needs_compiling
def test_only_unused_folders_of_ours_are_removed(folder, tmp_path):
    root, compiled_before = folder.parent, folder.parent / "fedcba9876543210"

    def make(name, tag=_cache.TAG_TEXT, files=("a.nbc",)):
        made = root / name
        made.mkdir(parents=True)
        for file in files:
            (made / file).write_text("x")
        if tag is not None:
            (made / _cache.TAG).write_bytes(tag)
        return made

    kept = [
        make("thesis", None, ["a"]),
        make("thesis with a tag"),
        make("0" * 16, None),  # a name like ours, without the tag
        make("1" * 16, b"Signature: 8a477f597d28d172789f06886806bc55\n"),  # another program's
        make("2" * 16, files=["a.nbc", "notes.txt"]),  # somebody keeps more in it
        make("3" * 15),
    ]
    elsewhere = tmp_path / "elsewhere"
    root.joinpath("4" * 16).symlink_to(make("moved").rename(elsewhere))
    recent, unused = make("5" * 16), make(compiled_before.name)
    (root / ("6" * 16)).write_text("a file")
    for path in [*kept, elsewhere, unused, root / ("6" * 16)]:
        aged(path)
    compiled()
    assert not unused.exists() and recent.exists() and (root / ("6" * 16)).exists()
    assert all(path.exists() for path in kept) and (elsewhere / "a.nbc").exists()
    assert (root / ("2" * 16) / "notes.txt").exists()
    assert all((path / "a.nbc").exists() for path in kept[1:4])


def test_import_removes_and_makes_nothing(tmp_path):
    for name in ("thesis", "0" * 16):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("x")
        aged(tmp_path / name)
    for variables in ({"TABULAR_PG_CACHE": str(tmp_path)}, {"TABULAR_PG_CACHE": ""}):
        fresh("import tabular_pg", **variables, HERE=str(tmp_path))
        assert sorted(p.name for p in tmp_path.iterdir()) == ["0" * 16, "thesis"]
        assert (tmp_path / "thesis" / "a").exists() and (tmp_path / ("0" * 16) / "a").exists()


@needs_compiling
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="where XDG's variables count")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "home/.cache/tabular_pg"),
        ({"XDG_CACHE_HOME": ""}, "home/.cache/tabular_pg"),
        ({"XDG_CACHE_HOME": "relative"}, "home/.cache/tabular_pg"),
        ({"XDG_CACHE_HOME": "{here}/xdg"}, "xdg/tabular_pg"),
        ({"NUMBA_CACHE_DIR": "{here}/numba", "TABULAR_PG_CACHE": ""}, "numba/tabular_pg"),
        ({"NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": "{here}/xdg"}, "xdg/tabular_pg"),
        ({"TABULAR_PG_CACHE": "{here}/own", "NUMBA_CACHE_DIR": "{here}/numba"}, "own"),
        ({"TABULAR_PG_CACHE": "own"}, "own"),
    ],
    ids=str,
)
def test_where_compiled_code_goes(tmp_path, variables, expected):
    home = tmp_path / "home"
    home.mkdir()
    variables = {name: value.format(here=tmp_path) for name, value in variables.items()}
    said = fresh(COMPILES, HOME=str(home), HERE=str(tmp_path), **variables)
    found = [path.parents[1] for path in tmp_path.rglob("*.nbc") if path.name != _cache.MARK]
    assert found == [tmp_path / expected] and not said


@needs_compiling
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX's home folders")
@pytest.mark.parametrize("home", ["/nonexistent/home", "/dev/null", "/proc", "relative", ""])
@pytest.mark.parametrize("options", [(), ("-W", "error"), ("-OO",)], ids=str)
def test_without_a_place_for_it_code_is_compiled_and_that_is_said_once(home, options, tmp_path):
    if home == "/nonexistent/home" and os.access("/", os.W_OK):
        home = "/proc/nonexistent"
    said = fresh(COMPILES + COMPILES, options, HOME=home, HERE=str(tmp_path))
    assert said.count("not kept on disk") == 1
    assert list(tmp_path.iterdir()) == []


@needs_compiling
def test_a_cache_that_is_a_file(tmp_path):
    (tmp_path / "cache").write_text("mine")
    assert "not kept on disk" in fresh(COMPILES, TABULAR_PG_CACHE=str(tmp_path / "cache"))
    assert (tmp_path / "cache").read_text() == "mine"


@needs_compiling
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_disk_that_takes_half_a_file(tmp_path):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    said = fresh(COMPILES, TABULAR_PG_CACHE=str(tmp_path), limit=limit)
    assert "not kept on disk" in said and not any(map(kernels, tmp_path.iterdir()))


@needs_compiling
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="needs another user")
def test_a_user_without_an_entry_or_a_home(tmp_path):
    code = (
        f"{COMPILES}import os\nfrom tabular_pg.compiled import cache as _cache\n"
        "os.chdir('/'); os.setgid(54321); os.setuid(54321)\n"
        "del os.environ['TABULAR_PG_CACHE']\n"
        f"_cache.FOLDER = _cache._folder()\n{COMPILES}"
    )
    said = fresh(code, unset=["HOME"], TABULAR_PG_CACHE=str(tmp_path))
    assert said.count("not kept on disk") == 1


@pytest.mark.parametrize("options", [("-O",), ("-OO",)], ids=str)
def test_without_docstrings_statements_are_still_there(options):
    code = (
        "import tabular_pg.reasoning.dapo, tabular_pg.preference\n"
        "from tabular_pg.theorem import REGISTRY\n"
        "assert all(len(t.statement) > 40 for t in REGISTRY.values())"
    )
    fresh(code, ("-W", "error", *options))
