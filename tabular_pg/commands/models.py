"""Models, runs and theorems as they are named on a command line."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import numpy as np

from tabular_pg.checks.numbers import checked_iterations, shown
from tabular_pg.engine.optimize import optimize
from tabular_pg.engine.run import Run
from tabular_pg.mdps.mdp import MDP
from tabular_pg.saved.kind import kind_of
from tabular_pg.sweeps.specs import NAMED, instance_of, instance_spec
from tabular_pg.sweeps.spelling import one_of, spelled_instance, spelled_rule, spelled_step
from tabular_pg.theorem import REGISTRY

SUFFIXES = {".npz": "npz", ".csv": "csv", ".tra": "prism"}
GYMNASIUM = "gymnasium:"
REWARDS = (".trew", ".srew", ".trans.rew", ".state.rew")  # beside transitions
ITERATIONS = 1000


def model_of(text, gamma=None, source=None, max_states=None) -> MDP:
    """The MDP of a file, of an environment of Gymnasium, or of a named instance."""
    if text.startswith(GYMNASIUM) and source is None:
        return _of_gymnasium(text.removeprefix(GYMNASIUM), _needed(gamma, text), max_states)
    if max_states is not None:
        raise ValueError(f"max_states is {max_states}; expected none but for {GYMNASIUM}ID")
    kind = source or _format_of(text)
    if kind in ("csv", "prism", "storm"):
        if not Path(text).is_file():
            raise ValueError(f"model is {shown(text)}, which is no file; expected one")
        of_file = MDP.from_csv if kind == "csv" else _of_explicit
        return of_file(text, _needed(gamma, text))
    if gamma is not None:
        raise ValueError(f"gamma is {gamma} beside {text}, which has its own; expected none")
    if kind == "npz":
        if not Path(text).is_file():
            raise ValueError(f"model is {shown(text)}, which is no file; expected one")
        return Run.load(text).mdp if kind_of(text) == "Run" else MDP.load(text)
    files, name = {}, text.partition("(")[0].strip()
    if name not in NAMED and ":" not in name:
        raise ValueError(
            f"model is {shown(text)}; expected a file (.npz, .csv, .tra), {GYMNASIUM}ID, "
            f"FILE.py:NAME, or {one_of(name, NAMED)}"
        )
    given = spelled_instance("model", text, files)
    spec = instance_spec("model", given, files)
    try:
        return instance_of(spec, files)
    except TypeError as error:  # of arguments that are missing, say
        raise ValueError(f"model is {shown(text)}: {error}") from error


def run_of(model, method, *, iterations=None, tau=None, eta=None, start=None, until=None) -> Run:
    """The run that is asked for."""
    step = None if eta is None else spelled_step("eta", eta)
    rule = spelled_rule("method", method, step)
    if isinstance(rule, type):
        fields = ", ".join(rule._fields)
        raise ValueError(f"method is {method}; expected {method}({fields}), or --eta")
    iterations = checked_iterations(ITERATIONS if iterations is None else iterations)
    tau = 0.0 if tau is None else tau
    return optimize(model, rule, iterations, tau=tau, until=until, **_start(start))


def loaded_or_run(model, method, of_model, of_run) -> Run:
    """A saved run, if that is what is named, and no method is; else the run that is asked for."""
    if method is not None:
        return run_of(model_of(model, **of_model), method, **of_run)
    saved = Path(model).suffix == ".npz"
    kind = kind_of(model) if saved or Path(model).is_file() else ""
    if kind == "Run":
        given = [name for name, x in (of_model | of_run).items() if x is not None]
        if given:
            raise ValueError(f"{given[0]} is given beside {model}, which was run; expected none")
    if kind == "Run" or (saved and kind != "MDP"):
        return Run.load(model)  # which says what is wrong with it
    raise ValueError(f"method is missing; expected one, unless {shown(model)} is a saved run")


def parted(asked) -> tuple[dict, dict]:
    """Options of the model, and of the run."""
    of_model = {name: asked[name] for name in ("gamma", "source", "max_states")}
    return of_model, {name: value for name, value in asked.items() if name not in of_model}


def theorems_of(ids) -> list:
    """The theorems with these ids, separated by commas or not."""
    found = [id.strip() for text in ids for id in text.split(",") if id.strip()]
    for id in found:
        if id not in REGISTRY:
            upper = [known for known in REGISTRY if known.lower() == id.lower()]
            near = upper or get_close_matches(id, REGISTRY, cutoff=0.3) or ["N1"]
            raise ValueError(
                f"id is {id!r}; expected one of those that tabular-pg theorems lists, such as "
                f"{', '.join(near)}"
            )
    return [REGISTRY[id] for id in found]


def _format_of(text):
    """By the end of its name; None for what is no file."""
    suffix = Path(text).suffix
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if "(" not in text and ":" not in text and (Path(text).is_file() or "/" in text):
        ends = ", ".join(SUFFIXES)
        raise ValueError(f"model is {shown(text)}; expected a name that ends in {ends}, or --from")
    return None


def _needed(gamma, text) -> float:
    if gamma is None:
        raise ValueError(f"gamma is missing, and {text} has none; expected --gamma")
    return gamma


def _of_explicit(path, gamma) -> MDP:
    """Of transitions, with the rewards and labels that lie beside them."""
    stem = Path(path).with_suffix("")
    beside = [Path(f"{stem}{end}") for end in (*REWARDS, ".lab")]
    *rewards, labels = (file if file.is_file() else None for file in beside)
    return MDP.from_prism(path, gamma, rewards=[x for x in rewards if x], labels=labels)


def _of_gymnasium(id, gamma, max_states) -> MDP:
    try:
        import gymnasium
    except ImportError as error:
        raise ImportError(
            "gymnasium:... needs Gymnasium: pip install 'tabular_pg[gymnasium]'"
        ) from error
    if id not in gymnasium.registry:
        names = list(gymnasium.registry)
        near = one_of(id, get_close_matches(id, names) or sorted(names))
        raise ValueError(f"model is 'gymnasium:{id}', which is not registered; expected {near}")
    env = gymnasium.make(id)
    try:
        return MDP.from_gymnasium(env, gamma, max_states=max_states)
    finally:
        env.close()


def _start(path) -> dict:
    if path is None:
        return {}
    if not Path(path).is_file():
        raise ValueError(f"start is {shown(path)}, which is no file; expected one")
    if Path(path).suffix == ".npy":
        return {"policy": np.load(path, allow_pickle=False)}
    return {"log_policy": Run.load(path).log_policies[-1]}
