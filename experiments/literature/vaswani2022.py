"""On CliffWorld the exact step of sMDPO has to be small, and that of MDPO has not."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import warnings

import numpy as np

from experiments.literature.figure import Drawn, Figure
from tabular_pg import MDP, SPMA, NaturalPG, optimize, steps
from tabular_pg.plotting import Curve, Panel, decades, log10

MOVES = ((0, -1), (0, 1), (-1, 0), (1, 0))  # down, up, left, right
METHODS = {"MDPO": NaturalPG, "sMDPO": SPMA}
START, CHASMS, GOAL, END = 0, (1, 2, 3), 4, 20


def cliff_world():
    """Columns of five cells, of which the first has the start, three chasms and the goal."""
    P, r = np.zeros((21, 4, 21)), np.zeros((21, 4))
    for s in range(21):
        for a, (right, up) in enumerate(MOVES):
            x, y = divmod(s, 5)
            moved = 5 * min(max(x + right, 0), 3) + min(max(y + up, 0), 4)
            P[s, a, START if s in CHASMS else END if s in (GOAL, END) else moved] = 1.0
    r[CHASMS, :], r[GOAL] = -100.0, 1.0
    return MDP(P, r, 0.9, rho=np.eye(21)[START], name="CliffWorld")


def sweep(mdp, method, last):
    """The run of every step size, 2^-10 to 1, with which policies stay policies."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the gap is nan")
        runs = [optimize(mdp, method(2.0**p), last) for p in range(-10, 1)]
    return {run.rule.eta: run for run in runs if np.isfinite(run.scaled_gap).all()}


def draw(quick):
    mdp, last = cliff_world(), 100 if quick else 2000
    swept = {name: sweep(mdp, method, last) for name, method in METHODS.items()}
    longest = max(swept["sMDPO"])
    seen = {
        "the largest loss, max -A, over the iterates of sMDPO": (
            f"{-swept['sMDPO'][longest].A.min():.4g}"
        ),
        "sMDPO: the longest of the steps 2^j that stays in the simplex": f"1/{1 / longest:.0f}",
    }
    rules = {
        r"MDPO, $\eta=1$": NaturalPG(1.0),
        rf"MDPO, $\eta=1/{1 / longest:.0f}$": NaturalPG(longest),
        rf"sMDPO, $\eta=1/{1 / longest:.0f}$": SPMA(longest),
        "sMDPO, Armijo": SPMA(steps.Armijo()),
    }
    curves, runs, ends = [], [], []
    for label, rule in rules.items():
        run = optimize(mdp, rule, last, at=range(last + 1))
        runs.append(run)
        curves.append(Curve(label, run.k, decades(run.log_gap)))
        seen[f"{label}: log10 of the error from the start, k = {last}"] = (
            f"{decades(run.log_gap)[-1]:.4g}"
        )
    for name, found in swept.items():
        at_end = np.array([decades(run.log_gap)[-1] for run in found.values()])
        ends.append(Curve(name, log10(np.array(list(found))), at_end))
        runs += found.values()
    error = r"$V^*(\rho)-V^k(\rho)$"
    panels = [
        Panel("CliffWorld, 21 states", r"iteration $k$", error, tuple(curves)),
        Panel(f"by step size, k = {last}", r"step size $\eta$", error, tuple(ends), x_log=True),
    ]  # fmt: skip
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "vaswani2022",
    """CliffWorld as in the public code of the paper (21 states, chasms cost 100, gamma = 0.9), 2000
    outer iterations from the uniform policy. Surrogates are maximized exactly here, as with
    infinitely many inner steps: MDPO is natural PG then, and sMDPO
    is SPMA, which leaves the simplex where a step is longer than 1 / max -A.""",
    """Learning curves of tuned methods with 1 to 1000 inner steps; their numbers were not to be
    had.""",
    draw,
)

if __name__ == "__main__":
    FIGURE.main()
