"""The page of a study in a browser: no errors, sorting, filtering, printing, a phone's width."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess

import pytest

from tabular_pg import NaturalPG, SoftmaxPG, instances, optimize
from tabular_pg.report import verdict_rows, write_report

NAMES = "chromium", "chromium-browser", "google-chrome"
PATIENCE = 10_000  # milliseconds of the page's own time


def chromium():
    """The program, or a skipped test that says what is missing."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("needs chromium, or its path in CHROMIUM")
    return found


def shown(page, folder, *options, size=(1200, 900)):
    """What the page is once its scripts have run, and what it has said on the console."""
    command = [
        chromium(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}",
        "--no-zygote", "--single-process",  # where a sandbox forbids what processes need
        "--enable-logging=stderr", "--v=0", f"--virtual-time-budget={PATIENCE}",
        f"--window-size={size[0]},{size[1]}", *options, page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, re.findall(r"CONSOLE[^\]]*\] (.*)", done.stderr)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    pytest.importorskip("jinja2")
    chromium()
    mdps = {"garnet": instances.garnet(4, 2, 2, 0.9), "bandit": instances.two_armed_bandit(gap=0.5)}
    runs = {key: [optimize(m, rule, 30) for rule in (NaturalPG(1.0), SoftmaxPG(0.1))]
            for key, m in mdps.items()}  # fmt: skip
    rows = [row for key, some in runs.items() for row in verdict_rows("test", key, some)]
    return write_report(tmp_path_factory.mktemp("page") / "index.html", rows, title="A study")


def answer(page, tmp_path, script, **options):
    """What a script returns that runs on the page; nothing may be said on the console."""
    asked = tmp_path / "asked.html"
    end = f"<pre id='answer'></pre><script>document.getElementById('answer').textContent = \
JSON.stringify((() => {{ {script} }})());</script></body>"
    asked.write_text(page.read_text().replace("</body>", end))
    dom, said = shown(asked, tmp_path / "profile", "--dump-dom", **options)
    assert said == []
    return json.loads(html.unescape(re.search(r"<pre id=.answer.>(.*?)</pre>", dom)[1]))


ROWS = "const rows = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);"


def test_an_error_would_be_seen(tmp_path):
    wrong = tmp_path / "wrong.html"
    wrong.write_text("<script>missing();</script>")
    _, said = shown(wrong, tmp_path / "profile", "--dump-dom")
    assert "missing is not defined" in said[0]


def test_columns_sort_both_ways(page, tmp_path):
    script = """
    const found = [];
    for (const column of [0, 1, 2]) for (const _ of [0, 1]) {
      table.tHead.rows[0].cells[column].firstElementChild.click();
      found.push(rows().map((row) => row.cells[column].dataset.order));
    }
    found.push(table.tHead.querySelectorAll("[aria-sort]").length);
    return found;"""
    *columns, sorted_heads = answer(page, tmp_path, ROWS + script)
    assert sorted_heads == 1
    for i in (0, 4):
        up, down = ([float(x) for x in columns[i + j]] for j in (0, 1))
        assert up == sorted(up) and down == sorted(down, reverse=True) and len(set(up)) > 5
    assert columns[2] == columns[3][::-1] and len(columns[2]) == len(columns[0]) > 20


def test_rows_are_filtered(page, tmp_path):
    script = """
    const ask = (input, value) => {
      const kind = input.type === "checkbox" ? "checked" : "value", before = input[kind];
      input[kind] = value; input.dispatchEvent(new Event("input"));
      const found = rows().map((row) => row.cells[0].textContent.trim());
      input[kind] = before; input.dispatchEvent(new Event("input"));
      return found;
    };
    return [ask(find, "N2 IMPROVE"), ask(method, "SoftmaxPG"), ask(violated, true), ask(find, ""),
            count.value];"""
    found, softmax, none, every, count = answer(page, tmp_path, ROWS + script)
    assert found == ["N2a", "N2b", "N2c"] and none == []
    assert "S1" in softmax and not [id for id in softmax if id.startswith("N")]
    assert len(every) > len(softmax) > 5 and count == f"{len(every)} of {len(every)}"


@pytest.mark.parametrize("width", [500, 1200])  # 500: the narrowest window of the old headless mode
def test_nothing_is_wider_than_the_page(page, tmp_path, width):
    script = """
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
    const names = [...document.querySelectorAll("body *")]
      .filter((part) => !part.closest(".wide, pre, svg"))
      .filter((part) => part.getBoundingClientRect().right > innerWidth)
      .map((part) => part.outerHTML.slice(0, 80));
    return [innerWidth, document.documentElement.scrollWidth, names];"""
    inner, scroll, names = answer(page, tmp_path, script, size=(width, 900))
    assert names == [] and scroll <= inner <= width


def test_ids_are_used_once_and_links_lead_somewhere(page, tmp_path):
    script = """
    const ids = [...document.querySelectorAll("[id]")].map((part) => part.id);
    const links = [...document.querySelectorAll("a[href^='#']")].map((a) => a.hash.slice(1));
    const uses = [...document.querySelectorAll("use")]
      .map((part) => part.getAttribute("xlink:href").slice(1));
    const lost = [...links, ...uses].filter((id) => !ids.includes(id));
    return [ids.length - new Set(ids).size, lost];"""
    assert answer(page, tmp_path, script) == [0, []]


def test_everything_is_printed(page, tmp_path):
    made = tmp_path / "page.pdf"
    _, said = shown(page, tmp_path / "profile", f"--print-to-pdf={made}")
    assert made.read_bytes().startswith(b"%PDF") and not [x for x in said if "rror" in x]
    script = """
    dispatchEvent(new Event("beforeprint"));
    const open = document.querySelectorAll("details:not([open])").length;
    dispatchEvent(new Event("afterprint"));
    return [open, document.querySelectorAll("details[open]").length];"""
    assert answer(page, tmp_path, script) == [0, 0]
