"""Every method on one MDP: sublinear, linear, quadratic, finite; first on the scale that
subtraction of values could show, then on all of it."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from experiments.shared.claim import Claim, main
from tabular_pg import (
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    SoftmaxPG,
    SoftPolicyIteration,
    Status,
    optimize,
)
from tabular_pg.plotting import Curve, Panel, decades, log10

TAU = 0.1


def panel(mdp, quick):
    iterations = 2_000 if quick else 100_000
    scale = (1 - mdp.gamma) * mdp.n_states
    methods = [
        ("softmax PG", SoftmaxPG(eta=scale), 0.0),
        ("Hadamard PG", HadamardPG(eta=scale * (1 - mdp.gamma)), 0.0),
        ("projected PG", ProjectedPG(eta=scale), 0.0),
        ("natural PG", NaturalPG(eta=1.0), 0.0),
        ("entropy softmax PG", SoftmaxPG(eta=scale), TAU),
        ("entropy natural PG", NaturalPG(eta=1.0), TAU),
        ("soft policy iteration", SoftPolicyIteration(), TAU),
        ("policy iteration", PolicyIteration(), 0.0),
    ]
    runs = [optimize(mdp, rule, iterations, tau=tau) for _, rule, tau in methods]
    curves = tuple(
        Curve(
            label, log10(run.k[1:]), decades(run.log_gap[1:]), optimal=run.status is Status.OPTIMAL
        )
        for (label, _, _), run in zip(methods, runs, strict=True)
    )
    labels = (r"iteration $k$", r"$V^*_\tau(\rho)-V^k_\tau(\rho)$")
    panels = [
        Panel(f"{mdp.name}, 16 decades", *labels, curves, x_log=True, y_range=(-15, 1.5)),
        Panel(f"{mdp.name}, 300 decades", *labels, curves, x_log=True, y_range=(-300, 10)),
    ]
    return panels, runs


CLAIM = Claim("overview", __doc__, panel, on=("garnet",))

if __name__ == "__main__":
    main([CLAIM])
