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

from functools import partial

import numpy as np
from scipy.special import expit

from experiments.shared.claim import quick_options
from experiments.shared.jobs import resumed
from experiments.shared.statistics import interval
from experiments.shared.verdicts import markdown_table
from tabular_pg._files import write_whole
from tabular_pg.plotting import Curve, Panel, log10, save_figure
from tabular_pg.preference import baseball_1987, fit, identify, journal_citations, spectrum

ITEMS, PROMPT = 64, 16
PER_ITEM = (1, 2, 4, 8, 16, 32, 64, 128)
TEMPERATURES = (0.25, 0.5, 1.0, 2.0)
MIDDLE, LEAST = 8, 0.5  # comparisons per item of the spectra, least share finite for an error
TIMES = (1, 2, 4, 8)  # that real comparisons are made
TREES = ("star", "chain")
REAL = {"baseball 1987": baseball_1987, "journal citations": journal_citations}


def grouped(size, count, rng):
    """Each with random others of its group of that size."""
    first = np.repeat(np.arange(ITEMS), count)
    other = (first + rng.integers(1, size, size=first.size)) % size
    return np.column_stack([first, first // size * size + other])


def star(count, rng):
    """All others with item 0."""
    others = np.repeat(np.arange(1, ITEMS), count)
    return np.column_stack([others, np.zeros_like(others)])


def chain(count, rng):
    """Each with the next."""
    return np.repeat(np.column_stack([np.arange(ITEMS - 1), np.arange(1, ITEMS)]), count, axis=0)


GRAPHS = {
    "random pairs": partial(grouped, ITEMS),
    "star": star,
    "chain": chain,
    "per prompt": partial(grouped, PROMPT),
}


def judged(pairs, scores, rng):
    """The pairs, winners first, and the probabilities with which their first ones win."""
    p = expit(scores[pairs[:, 0]] - scores[pairs[:, 1]])
    return np.where((rng.random(p.size) < p)[:, None], pairs, pairs[:, ::-1]), p


def predicted(pairs, n_items, p, weights=1.0) -> float:
    """The trace of the inverse of Fisher's information, shifts of components aside."""
    spectra = spectrum(pairs, n_items, weights=np.broadcast_to(weights * p * (1 - p), p.shape))
    return float(sum((1 / s.eigenvalues[1:]).sum() for s in spectra))


def measure(graph, count, temperature, draws, seed):
    """Means over draws: [share with a finite maximum, its exact chance on a tree, connectivity,
    error, prediction for the draws that have an error] and their number."""
    rng = np.random.default_rng([seed, count, *graph.encode(), round(100 * temperature)])
    parts = ITEMS // PROMPT if graph == "per prompt" else 1
    finite, chance, connectivity, errors, predictions = [], [], [], [], []
    for _ in range(draws):
        scores = rng.standard_normal(ITEMS) / temperature
        pairs, p = judged(GRAPHS[graph](count, rng), scores, rng)
        found = identify(pairs, ITEMS)
        complete = found.n_components == parts
        finite.append(complete and found.finite)
        smallest = min(s.connectivity for s in spectrum(pairs, ITEMS))
        connectivity.append(smallest if complete else 0.0)
        if graph in TREES:  # every edge comes ``count`` times in a row
            edges = p[::count]
            chance.append(np.prod(1 - edges**count - (1 - edges) ** count))
        if finite[-1]:
            parts_of = found.components
            centred = scores - (np.bincount(parts_of, scores) / np.bincount(parts_of))[parts_of]
            fitted = fit(pairs, ITEMS, per_component=True).scores
            errors.append(((fitted - centred) ** 2).sum())
            predictions.append(predicted(pairs, ITEMS, p))
    each = finite, chance, connectivity, errors, predictions
    return [*(float(np.mean(x)) if x else None for x in each), len(errors)]


def eigenvalues(graph, seed):
    """(ITEMS,) all eigenvalues, increasing, with ``MIDDLE`` comparisons per item."""
    pairs = GRAPHS[graph](MIDDLE, np.random.default_rng(seed))
    return np.sort(np.concatenate([s.eigenvalues for s in spectrum(pairs, ITEMS)])).tolist()


def real(name, draws, seed):
    """[items, comparisons, connectivity] and, for each of ``TIMES``, [error, prediction, share
    finite]: outcomes drawn from the fit to the real ones, every comparison as many times as there.
    """
    data, rng = REAL[name](), np.random.default_rng(seed)
    n, weights = data.n_items, data.weights
    truth = fit(data.pairs, n, weights=weights).scores
    i, j = np.sort(data.pairs, axis=1).T
    keys, where = np.unique(i * n + j, return_inverse=True)
    counts = np.bincount(where, weights).astype(int)
    pairs = np.column_stack(np.divmod(keys, n))
    p, results = expit(truth[pairs[:, 0]] - truth[pairs[:, 1]]), []
    both = np.concatenate([pairs, pairs[:, ::-1]])
    for times in TIMES:
        errors = []
        for _ in range(draws):
            wins = rng.binomial(times * counts, p)
            won = np.concatenate([wins, times * counts - wins])
            if identify(both[won > 0], n).finite:
                found = fit(both[won > 0], n, weights=won[won > 0]).scores
                errors.append(((found - truth) ** 2).sum())
        prediction = predicted(pairs, n, p, times * counts)
        results.append([float(np.mean(errors)), prediction, len(errors) / draws])
    connectivity = spectrum(pairs, n, weights=counts)[0].connectivity
    return [[n, int(counts.sum()), connectivity], *results]


def curve(label, counts, results, value, log=False, proved=None):
    """Means of ``value`` of results (counts, seeds) with their intervals, where all have one."""
    ends = np.full((2, len(counts)), np.nan)
    for i, of_seeds in enumerate(results):
        values = [value(each) for each in of_seeds]
        if None not in values:
            ends[:, i] = interval(values)
    means, half = ends
    if not log:
        return Curve(label, log10(counts), means, proved, (means - half, means + half))
    low = np.maximum(means - half, means / 100)
    return Curve(label, log10(counts), log10(means), None, (log10(low), log10(means + half)))


def ratio(each):
    """Error by prediction, where at least half of the draws have one."""
    return each[3] / each[4] if each[0] >= LEAST else None


def panels(spectra, cells, points, counts):
    """Spectra, connectivity, shares by graph and by temperature, errors and their prediction."""
    rank, curves = np.arange(1, ITEMS + 1), []
    for graph, values in spectra.items():
        means = np.mean(values, axis=0)
        curves.append(Curve(graph, rank, log10(np.where(means > 1e-9, means, np.nan))))
    yield Panel(f"eigenvalues, {MIDDLE} comparisons per item", "rank", "eigenvalue", tuple(curves))
    x = "comparisons per item"
    at = {g: [cells[g, 1.0, c] for c in counts] for g in GRAPHS}
    curves = tuple(curve(g, counts, at[g], lambda each: each[2], log=True) for g in GRAPHS)
    yield Panel("connectivity", x, "smallest eigenvalue > 0", curves, x_log=True)
    flat = {"x_log": True, "y_log": False}
    chance = {g: np.mean([[e[1] for e in each] for each in at[g]], axis=1) for g in TREES}
    curves = tuple(
        curve(g, counts, at[g], lambda each: each[0], proved=chance.get(g)) for g in GRAPHS
    )
    whole = {"y_range": (-0.03, 1.03)}
    yield Panel("finite maximum, $T=1$", x, "share of graphs", curves, **flat, **whole)
    curves = tuple(
        curve(f"$T={T:g}$", counts, [cells["random pairs", T, c] for c in counts], lambda e: e[0])
        for T in TEMPERATURES
    )
    yield Panel("finite maximum, random pairs", x, "share of graphs", curves, **flat, **whole)
    curves = [curve(g, counts, at[g], ratio) for g in GRAPHS]
    curves.append(Curve("equal", log10(counts), None, np.ones(len(counts))))
    yield Panel("error by prediction, $T=1$", x, "error / prediction", tuple(curves), **flat)
    yield errors(at, points)


def errors(at, points):
    """Errors by their prediction, of all graphs and of real comparisons."""
    curves = []
    for graph in GRAPHS:
        shown = [each for each in at[graph] if None not in map(ratio, each)]
        if shown:
            y, x = log10(np.mean([[e[3:5] for e in each] for each in shown], axis=1)).T
            curves.append(Curve(graph, x, y))
    for name, found in points.items():
        y, x = log10(np.mean([each[1:] for each in found], axis=0)).T[:2]
        curves.append(Curve(name, x, y))
    ends = np.sort(np.concatenate([each.x for each in curves]))[[0, -1]]
    curves.append(Curve("equal", ends, None, ends))
    labels = "error and prediction", "sum of inverse eigenvalues", "sum of squared errors"
    return Panel(*labels, tuple(curves), x_log=True)


def number(values) -> str:
    """Mean and half-width of the interval."""
    return "{:.3g} +- {:.1g}".format(*interval(values))


def rows(cells):
    """Every cell of the experiment."""
    for (graph, T, count), found in cells.items():
        columns = [[each[i] for each in found] for i in range(5)]
        shown = ["-", "-", "-"]
        if None not in columns[3]:
            ratios = np.divide(*columns[3:])
            shown = [number(columns[3]), number(columns[4]), number(ratios)]
        tree = f"{np.mean(columns[1]):.3f}" if graph in TREES else "-"
        share = f"{np.mean(columns[0]):.3f} +- {interval(columns[0])[1]:.3f}"
        yield [graph, f"{T:g}", str(count), number(columns[2]), share, tree, *shown]


def main(arguments=None):
    """Draw the figure and write the tables."""
    options = quick_options(__doc__, "few draws, two seeds", arguments)
    out, quick = options.out, options.quick
    draws, seeds = (5, range(2)) if quick else (40, range(5))
    counts = PER_ITEM[:5] if quick else PER_ITEM
    keys = [(g, T, c) for g in GRAPHS for T in TEMPERATURES for c in counts]
    with resumed(out / ".reward_identifiability.partial.json") as run:
        found = run(measure, [(g, c, T, draws, seed) for g, T, c in keys for seed in seeds])
        each = len(seeds)
        cells = {key: found[i * each : (i + 1) * each] for i, key in enumerate(keys)}
        spectra = {g: run(eigenvalues, [(g, seed) for seed in seeds]) for g in GRAPHS}
        points = {name: run(real, [(name, 10 * draws, seed) for seed in seeds]) for name in REAL}
        record = {
            "statement": " ".join(__doc__.split()),
            "quick": quick,
            "items, draws per seed": [ITEMS, draws],
            "seeds": list(seeds),
            "columns": "share finite, exact chance on a tree, connectivity, error, prediction, "
            "fits; real: items, comparisons, connectivity; error, prediction, share finite",
            "results": {f"{g}, T {T:g}, {c} per item": cells[g, T, c] for g, T, c in keys},
            "real": points,
        }
        drawn = list(panels(spectra, cells, points, counts))
        save_figure("reward_identifiability", drawn, out, record, columns=False)
        heads = ["comparisons", "items", "number", "connectivity", "error", "prediction",
                 "error / prediction", "share finite"]  # fmt: skip
        table = markdown_table(heads, [row for item in points.items() for row in real_rows(*item)])
        heads = ["graph", "T", "per item", "connectivity", "share finite", "exact chance", "error",
                 "prediction", "error / prediction"]  # fmt: skip
        table += "\n" + markdown_table(heads, rows(cells))
        write_whole(out / "reward_identifiability.md", table)
    print(table)
    print(f"results are in {out}")


def real_rows(name, found):
    """A data set of real comparisons, each made once or more often."""
    n, total, connectivity = found[0][0]
    for i, times in enumerate(TIMES, 1):
        errors, prediction = [each[i][0] for each in found], found[0][i][1]
        shown = f"{times * connectivity:.4g}", number(errors), f"{prediction:.3g}"
        ratios = number([error / prediction for error in errors])
        share = f"{np.mean([each[i][2] for each in found]):.3f}"
        yield [name, str(n), str(times * total), *shown, ratios, share]


if __name__ == "__main__":
    main()
