"""The page of a study in a browser: no errors, sorting, filtering, printing, a phone's width."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tabular_pg import NaturalPG, SoftmaxPG, instances, optimize
from tabular_pg.report import verdict_rows, write_report

NAMES = "chromium", "chromium-browser", "google-chrome"
RECORD = Path(__file__).parents[2] / "figures" / "tightness.json"
PATIENCE = 60  # seconds


class Browser:
    """Headless Chromium with one page, spoken to over a pipe in its DevTools protocol."""

    def __init__(self, program, folder):
        (theirs, self._to), (self._from, answers) = os.pipe(), os.pipe()

        def as_it_expects():  # it reads descriptor 3 and writes 4
            high = [os.dup(fd) for fd in (theirs, answers)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self._process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--no-zygote", "--single-process",  # where a sandbox forbids what processes need
             f"--user-data-dir={folder}", "about:blank"],
            preexec_fn=as_it_expects, pass_fds=(3, 4), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        os.close(answers)
        self._rest, self._ids, self._session, self.said = b"", itertools.count(1), None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        found = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **params):
        """The answer to a command; what is said in the meantime is kept."""
        id = next(self._ids)
        message = {"id": id, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._message()).get("id") != id:
            self._event(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _event(self, event):
        if event["method"] in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.said.append(json.dumps(event["params"]))
        if event["method"] == "Runtime.consoleAPICalled":
            self.said.append(json.dumps(event["params"]["args"]))

    def _message(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            left = end - time.monotonic()
            assert left > 0, "the browser does not answer"
            if select.select([self._from], [], [], left)[0]:
                part = os.read(self._from, 1 << 20)
                assert part, "the browser has ended"
                self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def show(self, page, width=1200):
        """Open a page in a window of this width."""
        self.said.clear()
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900,
                 deviceScaleFactor=1, mobile=width < 600)  # fmt: skip
        self.ask("Page.navigate", url=page.as_uri())
        end = time.monotonic() + PATIENCE
        while self.run("return document.readyState + location.protocol") != "completefile:":
            assert time.monotonic() < end, "the page does not load"
            time.sleep(0.05)

    def run(self, script):
        """What a script returns on the page."""
        asked = f"JSON.stringify((() => {{ {script} }})())"
        found = self.ask("Runtime.evaluate", expression=asked, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return json.loads(found["result"]["value"])

    def close(self):
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    named = os.environ.get("CHROMIUM")
    program = named or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("needs chromium, or its path in CHROMIUM")
    found = Browser(program, tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory, browser):
    pytest.importorskip("jinja2")
    mdps = {"garnet": instances.garnet(4, 2, 2, 0.9), "bandit": instances.two_armed_bandit(gap=0.5)}
    runs = {key: [optimize(m, rule, 30) for rule in (NaturalPG(1.0), SoftmaxPG(0.1))]
            for key, m in mdps.items()}  # fmt: skip
    rows = [row for key, some in runs.items() for row in verdict_rows("test", key, some)]
    return write_report(tmp_path_factory.mktemp("page") / "index.html", rows, title="A study",
                        tightness=RECORD)  # fmt: skip


@pytest.fixture
def answer(browser, page):
    """What a script returns on the fresh page; at the end nothing was said on the console."""

    def asked(script, width=1200):
        browser.show(page, width)
        return browser.run(script)

    yield asked
    assert browser.said == []


ROWS = "const rows = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);"


def test_an_error_would_be_seen(browser, tmp_path):
    wrong = tmp_path / "wrong.html"
    wrong.write_text("<script>missing();</script>")
    browser.show(wrong)
    assert "missing is not defined" in browser.said[0]


def test_columns_sort_both_ways(answer):
    script = """
    const found = [];
    for (const column of [0, 1, 2]) for (const _ of [0, 1]) {
      table.tHead.rows[0].cells[column].firstElementChild.click();
      found.push(rows().map((row) => row.cells[column].dataset.order));
    }
    found.push(table.tHead.querySelectorAll("[aria-sort]").length);
    return found;"""
    *columns, sorted_heads = answer(ROWS + script)
    assert sorted_heads == 1
    for i in (0, 4):
        up, down = ([float(x) for x in columns[i + j]] for j in (0, 1))
        known = [x for x in up if x < 1e300]
        assert up == sorted(up) and len(set(known)) > 5
        assert down[: len(known)] == known[::-1]  # where nothing is compared: last both ways
    assert columns[2] == columns[3][::-1] and len(columns[2]) == len(columns[0]) > 20


def test_rows_are_filtered(answer):
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
    found, softmax, none, every, count = answer(ROWS + script)
    assert found == ["N2a", "N2b", "N2c"] and none == []
    assert "S1" in softmax and not [id for id in softmax if id.startswith("N")]
    assert len(every) > len(softmax) > 5 and count == f"{len(every)} of {len(every)}"


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_page(answer, width):
    script = """
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
    const names = [...document.querySelectorAll("body *")]
      .filter((part) => !part.closest(".wide, pre, svg"))
      .filter((part) => part.getBoundingClientRect().right > innerWidth)
      .map((part) => part.outerHTML.slice(0, 80));
    return [innerWidth, document.documentElement.scrollWidth, names];"""
    inner, scroll, names = answer(script, width=width)
    assert names == [] and scroll <= inner <= width


def test_ids_are_used_once_and_links_lead_somewhere(answer):
    script = """
    const ids = [...document.querySelectorAll("[id]")].map((part) => part.id);
    const links = [...document.querySelectorAll("a[href^='#']")].map((a) => a.hash.slice(1));
    const uses = [...document.querySelectorAll("use")]
      .map((part) => part.getAttribute("xlink:href").slice(1));
    const lost = [...links, ...uses].filter((id) => !ids.includes(id));
    return [ids.length - new Set(ids).size, lost];"""
    assert answer(script) == [0, []]


def test_everything_is_printed(answer, browser):
    script = """
    dispatchEvent(new Event("beforeprint"));
    const open = document.querySelectorAll("details:not([open])").length;
    dispatchEvent(new Event("afterprint"));
    return [open, document.querySelectorAll("details[open]").length];"""
    assert answer(script) == [0, 0]
    made = base64.b64decode(browser.ask("Page.printToPDF")["data"])
    assert made.startswith(b"%PDF") and made.count(b"/Type /Page") > 5
