"""When comparisons determine rewards: eigenvalues of the Laplacian, how often Bradley and Terry's
likelihood has a maximum, and how far that is from the truth, against comparisons per item.

64 items with normal scores of standard deviation 1 / T are compared: each with random others, all
with one (star), each with the next (chain), or random ones of 16 responses to each of four prompts.
A maximum at finite scores needs a way from every item of a component to every other along losses;
on star and chain, trees, the exact chance of that is drawn dashed: every edge must see both
outcomes. The error is the sum of squares over items, of fits that have a maximum; the sum of the
inverse eigenvalues of the Laplacian weighted by p (1 - p) is what Fisher's information predicts.
For two sets of real comparisons the truth is the fit to them, and outcomes of as many
comparisons, or 2, 4, 8 times as many, are drawn. Bands and
tables have 95% intervals of the mean over seeds.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from itertools import product

import numpy as np
from scipy.special import expit

from experiments.preference.graphs import GRAPHS, ITEMS, PROMPT, judged
from experiments.shared.estimates import (
    curve,
    estimate,
    estimates,
    log_curve,
    select,
    table,
    values,
)
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import Curve, Panel, log10
from tabular_pg.preference import baseball_1987, fit, identify, journal_citations, spectrum

TEMPERATURES = (0.25, 0.5, 1.0, 2.0)
MIDDLE, LEAST = 8, 0.5  # comparisons per item of the spectra, least share finite for an error
TIMES = (1, 2, 4, 8)  # that real comparisons are made
TREES = ("star", "chain")
VARIED = ("error", "error / prediction", "share finite")  # by seed, of real comparisons
REAL = {"baseball 1987": baseball_1987, "journal citations": journal_citations}


def predicted(pairs, n_items, p, weights=1.0) -> float:
    """The trace of the inverse of Fisher's information, shifts of components aside."""
    spectra = spectrum(pairs, n_items, weights=np.broadcast_to(weights * p * (1 - p), p.shape))
    return float(sum((1 / s.eigenvalues[1:]).sum() for s in spectra))


def measure(graph, count, temperature, draws, seed):
    """Means over draws: share with a finite maximum, its exact chance on a tree, connectivity,
    error, and its prediction for the draws that have one."""
    rng = np.random.default_rng([seed, count, *graph.encode(), round(100 * temperature)])
    parts = ITEMS // PROMPT if graph == "per prompt" else 1
    names = "share finite", "exact chance", "connectivity", "error", "prediction"
    finite, chance, connectivity, errors, predictions = found = [], [], [], [], []
    for _ in range(draws):
        scores = rng.standard_normal(ITEMS) / temperature
        pairs, p = judged(GRAPHS[graph](count, rng), scores, rng)
        known = identify(pairs, ITEMS)
        complete = known.n_components == parts
        finite.append(complete and known.finite)
        smallest = min(s.connectivity for s in spectrum(pairs, ITEMS))
        connectivity.append(smallest if complete else 0.0)
        if graph in TREES:  # every edge comes ``count`` times in a row
            edges = p[::count]
            chance.append(np.prod(1 - edges**count - (1 - edges) ** count))
        if finite[-1]:
            parts_of = known.components
            centred = scores - (np.bincount(parts_of, scores) / np.bincount(parts_of))[parts_of]
            fitted = fit(pairs, ITEMS, per_component=True).scores
            errors.append(((fitted - centred) ** 2).sum())
            predictions.append(predicted(pairs, ITEMS, p))
    means = [float(np.mean(each)) if each else None for each in found]
    ratio = means[3] / means[4] if errors else None
    return dict(zip(names, means, strict=True)) | {"error / prediction": ratio}


def eigenvalues(graph, seed):
    """(ITEMS,) all eigenvalues, increasing, with ``MIDDLE`` comparisons per item."""
    pairs = GRAPHS[graph](MIDDLE, np.random.default_rng(seed))
    return np.sort(np.concatenate([s.eigenvalues for s in spectrum(pairs, ITEMS)])).tolist()


def real(name, draws, seed):
    """For each of ``TIMES``: items, comparisons, connectivity, error, prediction, share finite, of
    outcomes drawn from the fit to the real ones, every comparison as many times as there."""
    data, rng = REAL[name](), np.random.default_rng(seed)
    n, weights = data.n_items, data.weights
    truth = fit(data.pairs, n, weights=weights).scores
    i, j = np.sort(data.pairs, axis=1).T
    keys, where = np.unique(i * n + j, return_inverse=True)
    counts = np.bincount(where, weights).astype(int)
    pairs = np.column_stack(np.divmod(keys, n))
    p, results = expit(truth[pairs[:, 0]] - truth[pairs[:, 1]]), []
    both = np.concatenate([pairs, pairs[:, ::-1]])
    connectivity = spectrum(pairs, n, weights=counts)[0].connectivity
    for times in TIMES:
        errors = []
        for _ in range(draws):
            wins = rng.binomial(times * counts, p)
            won = np.concatenate([wins, times * counts - wins])
            if identify(both[won > 0], n).finite:
                found = fit(both[won > 0], n, weights=won[won > 0]).scores
                errors.append(((found - truth) ** 2).sum())
        error, prediction = float(np.mean(errors)), predicted(pairs, n, p, times * counts)
        results.append({
            "times": times, "items": n, "comparisons": times * int(counts.sum()),
            "connectivity": times * connectivity, "error": error, "prediction": prediction,
            "error / prediction": error / prediction, "share finite": len(errors) / draws,
        })  # fmt: skip
    return results


def results(run, draws, per_item, seeds):
    """Rows for every graph, temperature and number of comparisons, and for real comparisons."""
    settings = list(product(GRAPHS, TEMPERATURES, per_item))
    found = over_seeds(run, measure, [(g, n, T, draws) for g, T, n in settings], seeds)
    rows = []
    for (graph, T, n), of_seeds in zip(settings, found, strict=True):
        least = min(each["share finite"] for each in of_seeds)
        about = {"graph": graph, "T": T, "per item": n, "least share finite": least}
        rows.append(about | estimates(of_seeds))
    drawn = []
    found = over_seeds(run, real, [(name, 10 * draws) for name in REAL], seeds)
    for name, of_seeds in zip(REAL, found, strict=True):
        for each in zip(*of_seeds, strict=True):  # all seeds, for one of TIMES
            varied = {key: estimate([one[key] for one in each]) for key in VARIED}
            drawn.append({"data": name} | each[0] | varied)
    spectra = over_seeds(run, eigenvalues, [(graph,) for graph in GRAPHS], seeds)
    return {
        "graphs": rows,
        "real comparisons": drawn,
        "eigenvalues": dict(zip(GRAPHS, np.mean(spectra, axis=1), strict=True)),
    }


def ratio(row):
    """Error by prediction, where at least half of the draws of every seed have one."""
    return row["error / prediction"] if row["least share finite"] >= LEAST else None


def panels(found):
    """Spectra, connectivity, shares by graph and by temperature, errors and their prediction."""
    rank, curves = np.arange(1, ITEMS + 1), []
    for graph, spectrum_of in found["eigenvalues"].items():
        positive = [value if value > 1e-9 else np.nan for value in spectrum_of]
        curves.append(Curve(graph, rank, log10(positive)))
    yield Panel(f"eigenvalues, {MIDDLE} comparisons per item", "rank", "eigenvalue", tuple(curves))
    at = {g: select(found["graphs"], graph=g, T=1.0) for g in GRAPHS}
    counts = log10(values(at["star"], "per item"))
    x = "comparisons per item"
    curves = tuple(log_curve(g, counts, values(at[g], "connectivity"), 0.01) for g in GRAPHS)
    yield Panel("connectivity", x, "smallest eigenvalue > 0", curves, x_log=True)
    flat = {"x_log": True, "y_log": False}
    whole = {"y_range": (-0.03, 1.03)}
    shares = {g: values(rows, "share finite") for g, rows in at.items()}
    chance = {g: [each.mean for each in values(at[g], "exact chance")] for g in TREES}
    curves = tuple(curve(g, counts, shares[g], proved=chance.get(g)) for g in GRAPHS)
    yield Panel("finite maximum, $T=1$", x, "share of graphs", curves, **flat, **whole)
    rows = {T: select(found["graphs"], graph="random pairs", T=T) for T in TEMPERATURES}
    curves = tuple(curve(f"$T={T:g}$", counts, values(r, "share finite")) for T, r in rows.items())
    yield Panel("finite maximum, random pairs", x, "share of graphs", curves, **flat, **whole)
    curves = [curve(g, counts, [ratio(row) for row in at[g]]) for g in GRAPHS]
    curves.append(Curve("equal", counts, None, np.ones(len(counts))))
    yield Panel("error by prediction, $T=1$", x, "error / prediction", tuple(curves), **flat)
    yield errors(at, found["real comparisons"])


def errors(at, real_rows):
    """Errors by their prediction, of all graphs and of real comparisons."""
    curves = []
    for graph, rows in at.items():
        rows = [row for row in rows if ratio(row)]
        if rows:
            y, x = (log10([row[k].mean for row in rows]) for k in ("error", "prediction"))
            curves.append(Curve(graph, x, y))
    for name in REAL:
        rows = select(real_rows, data=name)
        y = log10([each.mean for each in values(rows, "error")])
        curves.append(Curve(name, log10(values(rows, "prediction")), y))
    ends = np.sort(np.concatenate([each.x for each in curves]))[[0, -1]]
    curves.append(Curve("equal", ends, None, ends))
    labels = "error and prediction", "sum of inverse eigenvalues", "sum of squared errors"
    return Panel(*labels, tuple(curves), x_log=True)


OF_GRAPHS = {
    "graph": "{graph}", "T": "{T:g}", "per item": "{per item}",
    "connectivity": "{connectivity:.3g}", "share finite": "{share finite:.3f}",
    "exact chance": "{chance:.3f}", "error": "{error:.3g}", "prediction": "{prediction:.3g}",
    "error / prediction": "{error / prediction:.3g}",
}  # fmt: skip
OF_DATA = {
    "comparisons": "{data}", "items": "{items}", "number": "{comparisons}",
    "connectivity": "{connectivity:.4g}", "error": "{error:.3g}", "prediction": "{prediction:.3g}",
    "error / prediction": "{error / prediction:.3g}", "share finite": "{share finite.mean:.3f}",
}  # fmt: skip


def tables(found):
    """Real comparisons, and all graphs."""
    rows = [
        row | {"chance": row["exact chance"] and row["exact chance"].mean}
        for row in found["graphs"]
    ]
    return [table(OF_DATA, found["real comparisons"]), table(OF_GRAPHS, rows)]


STUDY = Study(
    "reward_identifiability",
    __doc__,
    full={"draws": 40, "per_item": (1, 2, 4, 8, 16, 32, 64, 128), "seeds": range(5)},
    quick={"draws": 5, "per_item": (1, 2, 4, 8, 16), "seeds": range(2)},
    results=results,
    tables=tables,
    figures={"reward_identifiability": panels},
    constants={"items": ITEMS},
)

if __name__ == "__main__":
    STUDY.main()
