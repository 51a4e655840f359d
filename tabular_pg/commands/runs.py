"""``run`` and ``optimum``: what a method does on a model, and what is best on it."""

from __future__ import annotations

import click
import numpy as np

from tabular_pg._floats import shown_gap
from tabular_pg.commands.answers import ERROR, FINE, WRONG, Answer, columns, json_text
from tabular_pg.commands.arguments import as_json, command, model, of_model, of_run, rule
from tabular_pg.commands.models import model_of, run_of
from tabular_pg.engine.run import Status
from tabular_pg.optima.optimal import optimum as solved

CODES = {Status.INTERRUPTED: ERROR, Status.STALLED: WRONG, Status.NOT_FINITE: WRONG}
FAILED = "0 if all went well, 1 if the run stalled or is not finite, 2 on an error or Ctrl-C"
ROUND = (1, 2, 5)
MOST_STATES = 50  # that are printed


@command(
    "run 'garnet(20, 4, 5, 0.9)' 'NaturalPG(1.0)' --iterations 1000 --out run.npz",
    "run mine.npz SoftmaxPG --eta 'Armijo()' --tau 0.1 -n 200 --json",
    code=FAILED,
)
@model
@rule
@of_run
@of_model
@click.option("--out", type=click.Path(), help="Save the run, as .npz; also one that Ctrl-C ended.")
@as_json
def run(model, method, out, as_json, gamma, source, max_states, **asked):
    """Run METHOD on MODEL and print its gaps V* - V^k.

    MODEL is a saved MDP, a file of another tool (.csv, .tra), gymnasium:ID, or an instance such as
    'chain(5, gamma=0.9)'; METHOD is such as 'NaturalPG(Geometric(1, 1 / 0.9))' or
    'PolicyMirrorDescent(Tsallis(0.5), 1.0)'. Functions and classes of your own are
    'mine.py:name(...)'.
    """
    done = run_of(model_of(model, gamma, source, max_states), method, **asked)
    if out is not None:
        done.save(out)
    said = f"interrupted at k = {done.k[-1]}" if done.status is Status.INTERRUPTED else ""
    text = json_text(run_record(done)) if as_json else _table(done)
    return Answer(text, CODES.get(done.status, FINE), said)


def run_record(done) -> dict:
    """What was run and its gaps, as JSON has them."""
    return {
        "model": model_record(done.mdp), "method": repr(done.rule), "tau": done.tau,
        "status": done.status.name, "k": done.k, "gap": done.gap, "log_gap": done.log_gap,
        "sup_gap": done.sup_gap, "log_sup_gap": done.log_sup_gap,
    }  # fmt: skip


def model_record(mdp) -> dict:
    """What a model is, without its arrays."""
    return {"name": mdp.name, "states": mdp.n_states, "actions": mdp.n_actions, "gamma": mdp.gamma}


def title(done) -> str:
    """A run in a line."""
    x = done.mdp
    return (
        f"{x.name}, {x.n_states} states, {x.n_actions} actions, gamma {x.gamma}; {done.rule}, "
        f"tau {done.tau}"
    )


def _table(done) -> str:
    lost = done.status is Status.UNDERFLOW

    def shown(gap, log_gap):
        return "too small" if lost and log_gap == -np.inf else shown_gap(gap, log_gap)

    rows = [
        [done.k[i], shown(done.gap[i], done.log_gap[i]),
         shown(done.sup_gap[i], done.log_sup_gap[i])]
        for i in _some(done.k)
    ]  # fmt: skip
    table = columns(["k", "gap under rho", "largest gap"], rows)
    return f"{title(done)}\n\n{table}\n\n{done.status.name}: {done.status.value}"


def _some(k) -> list[int]:
    """The rows of iterations 0, 1, 2, 5, 10, ... or the next recorded ones, and of the last."""
    decades = range(len(str(int(k[-1]))))
    wanted = [0, *(m * 10**decade for decade in decades for m in ROUND)]
    rows = np.searchsorted(k, [x for x in wanted if x <= k[-1]]).tolist()
    return sorted({*rows, len(k) - 1})


@command(
    "optimum 'river_swim(6)'",
    "optimum mine.npz --tau 0.1 --json",
)
@model
@click.option("--tau", type=float, default=0.0, help="Weight of the entropy bonus; 0 by default.")
@of_model
@as_json
def optimum(model, tau, as_json, gamma, source, max_states):
    """Solve a model: values, actions, and Delta."""
    mdp = model_of(model, gamma, source, max_states)
    best = solved(mdp, tau)
    if as_json:
        record = {
            "model": model_record(mdp), "tau": best.tau, "V": best.V, "policy": best.pi,
            "optimal": best.optimal, "Delta": best.Delta, "value": float(best.V @ mdp.rho),
            "doubt": best.doubt,
        }  # fmt: skip
        return Answer(json_text(record))
    states, actions = _names(mdp)
    rows = [
        [states[s], f"{best.V[s]:.8g}", _choice(best, s, actions)]
        for s in range(min(mdp.n_states, MOST_STATES))
    ]
    more = mdp.n_states - len(rows)
    table = columns(["state", "V*", "optimal actions" if tau == 0 else "policy"], rows)
    rest = [f"... and {more} states more (--json has all)"] if more else []
    value = f"V*(rho) = {best.V @ mdp.rho:.10g}, Delta = {best.Delta:.6g}"
    return Answer("\n".join([table, *rest, "", value]))


def _names(mdp):
    states, actions = (None, None) if mdp.labels is None else mdp.labels
    return states or range(mdp.n_states), actions or range(mdp.n_actions)


def _choice(best, s, actions) -> str:
    if best.tau > 0:
        return " ".join(f"{p:.4f}" for p in best.pi[s])
    return ", ".join(str(actions[a]) for a in np.flatnonzero(best.optimal[s]))
