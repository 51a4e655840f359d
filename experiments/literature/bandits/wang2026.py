"""Fine-tuning on reward-weighted data, RE(S): its burn-in, and how long its steps may be."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.literature.figure import Drawn, Figure, error_curve
from tabular_pg import RewardWeightedPG, SoftmaxPG, instances, optimize
from tabular_pg.plotting import Curve, Panel, log10

CORNER = [[1e-3, 1 - 2e-3, 1e-3]]
LONGEST, ROUNDS = 10.0, 60  # of step sizes times the largest reward, and how many policies


def falls(inner, eta, gap):
    """Whether the value of a policy for two arms (1, 1 - gap) falls, from the uniform one on."""
    rule = RewardWeightedPG(eta, inner, 1.0)
    run = optimize(instances.bandit([1.0, 1.0 - gap]), rule, ROUNDS, at=range(ROUNDS + 1))
    return bool((run.gap[1:] > run.gap[:-1] * (1 + 1e-10)).any()), run


def shortest(inner, gap):
    """The shortest step with which it falls, by halving, with a run there; None if none does."""
    low, high = 3.0, LONGEST
    found, run = falls(inner, high, gap)
    if not found:
        return None, run
    while high - low > 1e-4:
        middle = (low + high) / 2
        found, tried = falls(inner, middle, gap)
        low, high = (low, middle) if found else (middle, high)
        run = tried if found else run
    return high, run


def burn_in(count, seen, runs):
    """Errors by how often data are used."""
    mdp, curves = instances.bandit([0.9, 0.5, 0.1]), []
    for inner in (1, 8, 64, 512):
        rule = RewardWeightedPG(1.0, inner, 0.9) if inner > 1 else SoftmaxPG(1.0)
        run = optimize(mdp, rule, count, policy=CORNER)
        runs.append(run)
        curves.append(error_curve(f"S = {inner}", run, log_x=True))
        half = int(run.k[np.argmax(run.policies[:, 0, 0] > 0.5)])
        seen[f"S = {inner}: policies until the best arm has half"] = half
        seen[f"S = {inner}: eta S k gap at the end"] = f"{inner * run.k[-1] * run.gap[-1]:.3f}"
    return curves


def draw(quick):
    seen, runs = {}, []
    curves = burn_in(2000 if quick else 10**5, seen, runs)
    gaps = np.geomspace(0.5, 1e-2, 3) if quick else np.geomspace(0.5, 1e-4, 12)
    limits = []
    for inner in (2, 10) if quick else (2, 4, 10, 3, 5, 11):
        found = [shortest(inner, gap) for gap in gaps]
        runs += [run for _, run in found]
        known = [i for i, (eta, _) in enumerate(found) if eta]
        if known:
            eta = np.array([found[i][0] for i in known])
            limits.append(Curve(f"S = {inner}", log10(gaps[known]), eta))
            seen[f"S = {inner}: shortest step that fails, gap {gaps[-1]:.2g}"] = f"{eta[-1]:.4f}"
        else:
            seen[f"S = {inner}: a step that fails"] = f"none up to {LONGEST:g}"
    panels = [
        Panel("start in a corner", r"policy $k$", r"$V^*-V^k$", tuple(curves), x_log=True, key="0"),
        Panel("two arms", r"gap of the arms", r"$\eta\mu_{\max}$ that fails", tuple(limits),
              x_log=True, y_log=False, key="1"),
    ]  # fmt: skip
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "wang2026",
    """Bandits, eta mu_max < 4, data of one policy used for S steps. Here rewards (0.9, 0.5, 0.1)
    and a start in a corner with eta = 1; and two arms with rewards (1, 1 - gap) from the uniform
    policy, for the shortest step with which a value falls.""",
    """A linear burn-in with enough inner steps, then 1/k; convergence for eta mu_max < 4.""",
    draw,
)

if __name__ == "__main__":
    FIGURE.main()
