"""
More data or better data
========================

A reward is fitted to pairs of responses whose annotators share a bias toward what looks good. A
curated tenth of the data is better than all of it once the bias is large, and worse where there is
none. Accuracy is measured against the true reward, which this world knows.
"""

import matplotlib.pyplot as plt

from tabular_pg.preference import fit, make_world, pooled, scorecard, skywork_rules, sources

world = make_world(seed=0)
biases = (0.0, 1.0)
accuracy = {"pool": [], "curated": []}
for bias in biases:
    pool = pooled(sources(world, scale=0.01, bias=bias, flip=0.0, seed=1))
    curated = skywork_rules(adversarial=False).run(pool).data
    for name, data in (("pool", pool), ("curated", curated)):
        found = fit(data.pairs, world.n_items, features=world.features, ridge=10.0)
        accuracy[name].append(scorecard(world, found.scores).average)

figure, axes = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
for name, values in accuracy.items():
    axes.plot(biases, values, "o-", label=name)
axes.set(xlabel="bias of the annotators", ylabel="accuracy on pairs")
axes.legend(frameon=False)
plt.show()
