"""Policy gradients under f-softargmaxes, with exact gradients, against the natural one."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.literature.figure import Drawn, Figure, error_curve
from tabular_pg import NaturalPG, SoftargmaxPG, instances, mirrors, optimize, optimum
from tabular_pg.plotting import Panel
from tabular_pg.verdicts.visits import discounted_sum

ALPHAS = 0.25, 0.5, 0.75, 1.0
STEPS = 0.1, 1.0, 10.0, 100.0
TAU, SHARE = 0.01, 0.01  # of the regularization, and of the first error that counts as solved
LEAST = 1e-10  # of errors that are drawn
CORNER, GAP = 1e-2, 0.5  # the best arm at first, and what it is worth


def rules():
    """Functions from step sizes to rules, by names in legends."""
    found = {f"$\\alpha$ = {alpha:g}": softargmax(alpha) for alpha in ALPHAS}
    return {**found, "natural": NaturalPG}


def softargmax(alpha):
    mirror = mirrors.Tsallis(alpha) if alpha < 1 else mirrors.Entropy()
    return lambda eta: SoftargmaxPG(mirror, eta)


def plain_gap(run):
    """(K,) V*(rho) - V^k(rho) without the regularization of the run."""
    loss = -optimum(run.mdp).A
    gaps = [discounted_sum(run.mdp, pi, (pi * loss).sum(axis=1)) for pi in run.policies]
    return np.array(gaps) @ run.mdp.rho


def best_run(mdp, rule, count):
    """That of the step with the lowest curve in the figure."""
    tried = [optimize(mdp, rule(eta), count) for eta in STEPS]
    return min(tried, key=lambda run: height(run.gap))


def height(gap):
    """The mean of the logarithms of errors, as far as they are drawn."""
    return np.log(np.maximum(gap, LEAST)).mean()


def without(mdp, count, seen, runs):
    """Errors for tau = 0, each with its best step."""
    curves = []
    for name, rule in rules().items():
        run = best_run(mdp, rule, count)
        runs.append(run)
        curves.append(error_curve(name, run, log_x=True, values=run.gap))
        below = np.flatnonzero(run.gap <= SHARE * run.gap[0])
        solved = run.k[below[0]] if below.size else "not"
        found = f"{solved}, {run.gap[-1]:.3g}, eta = {run.rule.eta:g}"
        seen[f"{mdp.name}, {plain(name)}: k with 1% of the first error, last error"] = found
    return curves


def plain(name):
    return name.replace("$\\alpha$", "alpha")


def regularized(mdp, count, seen, runs):
    """Errors of the plain problem, of runs that are regularized by their own maps."""
    curves = []
    for name, rule in rules().items():
        tried = [optimize(mdp, rule(eta), count, tau=TAU) for eta in STEPS]
        run = min(tried, key=lambda run: height(plain_gap(run)))
        gap = plain_gap(run)
        runs.append(run)
        curves.append(error_curve(name, run, log_x=True, values=gap))
        last = f"{gap[-1]:.3g}, eta = {run.rule.eta:g}"
        seen[f"{mdp.name}, tau = {TAU:g}, {plain(name)}: last plain error"] = last
    return curves


def corner(count, seen, runs):
    """Errors from a corner, all with the step 1."""
    mdp, curves = instances.two_armed_bandit(GAP), []
    for name, rule in rules().items():
        run = optimize(mdp, rule(1.0), count, policy=[[CORNER, 1 - CORNER]])
        runs.append(run)
        curves.append(error_curve(name, run, log_x=True))
        left = run.policies[:, 0, 0] > 0.5
        found = int(run.k[np.argmax(left)]) if left.any() else f"more than {count}"
        seen[f"corner, {plain(name)}: iterations until the best arm has half"] = found
    return curves


def draw(quick):
    seen, runs = {}, []
    size, count = (4, 10**3) if quick else (8, 10**4)
    chain, sea = instances.chain(10, 0.95), instances.deep_sea(size)
    shown = {
        f"{chain.name}, tau = 0": without(chain, count, seen, runs),
        f"{sea.name}, tau = 0": without(sea, count, seen, runs),
        f"{sea.name}, tau = {TAU:g}": regularized(sea, count, seen, runs),
        f"two arms, from {CORNER:g}": corner(10**4 if quick else 10**7, seen, runs),
    }
    panels = [
        Panel(title, r"iteration $k$", r"$V^*(\rho)-V^k(\rho)$", tuple(curves), x_log=True,
              y_range=(-10, 2), key=str(i))
        for i, (title, curves) in enumerate(shown.items())
    ]  # fmt: skip
    for q in ALPHAS:
        text = f"order of the error for tau = 0 by SF6, alpha = {q:g}"
        seen[text] = f"k^-{1 / (3 - 2 * q):.3f}"
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "labbi2026",
    """Chains and DeepSea, sampled trajectories there, a softargmax of Tsallis order alpha with the
    same map as regularizer. Here gradients are exact, under the uniform distribution of states, and
    natural policy gradient is beside them; errors are those of the start distribution; steps 0.1,
    1, 10 and 100, of which the best is drawn. In the third panel all runs are regularized, natural
    policy gradient by the entropy, and the error is that of the plain problem; the last panel
    starts in a corner of a bandit, with the step 1. With steps up to 1e4, which were tried as well,
    the first one leads next to an optimal policy, where small orders stand still: who is ahead is
    the same.""",
    """Guarantees for sampled gradients that are polynomial in the accuracy for Tsallis orders
    alpha < 1, exponential for the softmax, alpha = 1; its public code for tables samples
    gradients.""",
    draw,
    shared_legend=True,
)

if __name__ == "__main__":
    FIGURE.main()
