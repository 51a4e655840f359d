r"""
How far a step of DAPO goes
===========================

Direct advantage policy optimization regresses a new policy on advantages, from the policy before;
:math:`\beta` says how near it stays. Here: all solutions of a Countdown puzzle, exact advantages,
and the exact probability of a right answer after one, two and three iterations. It never falls
(D3a, D3b), and with exact advantages a smaller :math:`\beta` goes further.
"""

import matplotlib.pyplot as plt
import numpy as np

from tabular_pg.reasoning.dapo import iterate
from tabular_pg.reasoning.puzzles import countdown

puzzle = countdown((2, 5, 7, 8), target=24)
base = puzzle.uniform_policy()
betas = np.geomspace(0.01, 10, 25)
success = np.array([iterate(puzzle, base, beta=beta, iterations=3).success for beta in betas])
print(f"base {success[0, 0]:.4f}; beta = {betas[0]:g}: {success[0, 1:].round(4)}")

figure, axes = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
for i in (1, 2, 3):
    axes.semilogx(betas, success[:, i], label=f"after iteration {i}")
axes.axhline(success[0, 0], color="black", linestyle=":", label="base policy")
axes.set(xlabel=r"$\beta$", ylabel="probability of a right answer")
axes.legend(frameon=False)
plt.show()
