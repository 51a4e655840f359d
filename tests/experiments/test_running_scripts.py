"""Scripts side by side: each is heard when it ends, and none starts after one has failed."""

import time

from experiments.__main__ import Script, _run


def scripts(folder, **sources):
    plan = []
    for name, source in sources.items():
        path = folder / f"{name}.py"
        path.write_text(source)
        plan.append((Script(str(path), after_all=name.startswith("last")), ()))
    return plan


def test_all_are_heard_though_one_fails(tmp_path, capfd):
    late = "import time; time.sleep(0.8); print('heard')"
    plan = scripts(tmp_path, fails="print('lost?'); raise SystemExit(3)", late=late)
    plan += scripts(tmp_path, never="print('never')")
    assert _run(plan, 2) == 3
    said = capfd.readouterr().out
    assert "lost?" in said and "heard" in said and "never" not in said


def test_the_last_waits_for_all(tmp_path, capfd):
    late = "import time; time.sleep(0.8); print('first')"
    assert _run(scripts(tmp_path, late=late, quick="", last="print('second')"), 2) == 0
    assert capfd.readouterr().out.split() == ["first", "second"]


def test_an_interrupted_run_loses_nothing(tmp_path, capfd, monkeypatch):
    asleep, beats = time.sleep, []

    def interrupted(seconds):
        beats.append(seconds)
        if len(beats) == 2:
            raise KeyboardInterrupt
        asleep(seconds)

    plan = scripts(tmp_path, one="print('one')", two="print('two')")
    monkeypatch.setattr(time, "sleep", interrupted)
    assert _run(plan, 2) == 0
    assert set(capfd.readouterr().out.split()) == {"one", "two"}
