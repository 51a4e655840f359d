"""Help has examples that work, shells complete what can be named, and nothing is slow to start."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from support.command_line import said
from tabular_pg import plotting
from tabular_pg.cli import COMMANDS, program

NAMES = [command.name for command in COMMANDS]
EXAMPLE = re.compile(r"^  +tabular-pg (.*)$", flags=re.MULTILINE)


def examples(name):
    """The arguments of the examples in the help of a command; '' is the program itself."""
    text = said(*([name] if name else []), "--help").out
    return [shlex.split(line.partition(" > ")[0]) for line in EXAMPLE.findall(text)]


@pytest.mark.parametrize("name", ["", *NAMES])
def test_every_help_has_an_example_and_exit_codes(name):
    text = said(*([name] if name else []), "--help").out
    assert examples(name) and "Exit code: 0 if" in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert all(not name or example[0] == name for example in examples(name))


@pytest.mark.parametrize("name", ["", *NAMES])
def test_examples_of_the_help_work(name):
    if name == "certify":
        pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    if name == "replot" and not hasattr(plotting, "replot"):
        pytest.skip("needs tabular_pg.plotting.replot")
    for example in examples(name):
        if "runs.csv" in example and example[0] == "cite":
            said("sweep", "study.py", "store", "--workers", "1", "--table", "runs.csv")
        done = said(*example)
        assert done.code == 0, (example, done.err)
        assert done.out
        if "--json" in example:
            assert done.json


@pytest.mark.parametrize("name", NAMES)
def test_first_lines_of_help_are_whole_in_the_list(name):
    (line,) = re.findall(rf"^  {name} +(.*)$", said("--help").out, flags=re.MULTILINE)
    assert not line.endswith("...")


def completed(arguments, incomplete):
    items = ShellComplete(program, {}, "tabular-pg", "_").get_completions(arguments, incomplete)
    return {item.value for item in items if item.type == "plain"}, {item.type for item in items}


@pytest.mark.parametrize(
    ("arguments", "incomplete", "expected"),
    [
        ([], "th", {"theorems"}),
        (["theorems"], "P7", {"P7a", "P7x"}),
        (["check", "run.npz", "--theorem"], "N1,P7", {"N1,P7a", "N1,P7x"}),
        (["run"], "li_", {"li_wei_chi_chen", "li_wei_chi_chen_lumped"}),
        (["run", "mine.npz"], "proj", {"ProjectedPG", "ProjectedQAscent"}),
        (["run", "mine.npz", "NaturalPG", "--eta"], "Ar", {"Armijo"}),
        (["convert"], "river", {"river_swim"}),
        (["cite"], "SPM", {"SPMA"}),
        (["convert", "mine.npz", "out", "--to"], "s", {"storm"}),
    ],
)
def test_completion(arguments, incomplete, expected):
    assert completed(arguments, incomplete)[0] == expected


def test_models_are_files_too():
    assert "file" in completed(["run"], "mine")[1]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_given_a_script(shell):
    code = (
        "import os; os.environ['_TABULAR_PG_COMPLETE'] = 'SHELL_source'\n"
        "from tabular_pg.cli import main; main()"
    )
    command = [sys.executable, "-c", code.replace("SHELL", shell)]
    done = subprocess.run(command, capture_output=True, text=True)
    if shell == "bash" and "bash" in done.stderr.lower() and not done.stdout:
        pytest.skip("needs bash of version 4.4")
    assert "_TABULAR_PG_COMPLETE" in done.stdout and done.returncode == 0


@pytest.mark.parametrize("arguments", [["--help"], ["cite", "N4", "SoftmaxPG"], ["theorems"]])
def test_starts_without_what_it_does_not_need(arguments):
    heavy = ("matplotlib", "flint", "gymnasium", "pandas", "pybtex", "jinja2")
    code = (
        "import sys\nfrom tabular_pg.cli import main\n"
        f"try:\n    main({arguments})\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)\n"
        "from tabular_pg.engine.method import METHODS\n"
        "print(sum(len(m.compiled) for m in METHODS.values()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "[]\n0\n"
