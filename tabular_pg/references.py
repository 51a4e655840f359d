"""The literature that theorems and instances cite, by key."""

from __future__ import annotations

OWN = "own"

REFERENCES = {
    OWN: "Derived and proved in this package; the proof sketch is in the theorem's docstring.",
    "agarwal2021": "Agarwal, Kakade, Lee, Mahajan. On the theory of policy gradient methods: "
    "optimality, approximation, and distribution shift. JMLR 22, 2021.",
    "asad2024": "Asad, Babanezhad, Laradji, Le Roux, Vaswani. Fast convergence of softmax policy "
    "mirror ascent. arXiv 2411.12042, 2024.",
    "bradley1952": "Bradley, Terry. Rank analysis of incomplete block designs: I. The method of "
    "paired comparisons. Biometrika 39, 1952.",
    "cen2022": "Cen, Cheng, Chen, Wei, Chi. Fast global convergence of natural policy gradient "
    "methods with entropy regularization. Operations Research 70, 2022.",
    "chen2026": "Chen, Li, Sun, Wei. Policy mirror descent with temporal difference learning. "
    "Manuscript, October 2026.",
    "ford1957": "Ford. Solution of a ranking problem from binary comparisons. American "
    "Mathematical Monthly 64, 1957.",
    "jiang2011": "Jiang, Lim, Yao, Ye. Statistical ranking and combinatorial Hodge theory. "
    "Mathematical Programming 127, 2011.",
    "johnson2023": "Johnson, Pike-Burke, Rebeschini. Optimal convergence rate for exact policy "
    "mirror descent in discounted Markov decision processes. NeurIPS 2023.",
    "khodadadian2022": "Khodadadian, Jhunjhunwala, Varma, Maguluri. On linear and super-linear "
    "convergence of natural policy gradient algorithm. Systems & Control Letters 164, 2022.",
    "lan2023": "Lan. Policy mirror descent for reinforcement learning: linear convergence, new "
    "sampling complexity, and generalized problem classes. Mathematical Programming 198, 2023.",
    "li2023": "Li, Wei, Chi, Chen. Softmax policy gradient methods can take exponential time to "
    "converge. Mathematical Programming 201, 2023.",
    "liu2023hadamard": "Liu, Chen, Wei. On the linear convergence of policy gradient under "
    "Hadamard parameterization. arXiv 2305.19575, 2023.",
    "liu2023projected": "Liu, Li, Lin, Wei, Zhang. Projected policy gradient converges in a finite "
    "number of iterations. JMLR 26, 2025 (arXiv 2311.01104, 2023).",
    "liu2024": "Liu, Li, Wei. Elementary analysis of policy gradient methods. arXiv 2404.03372, "
    "2024.",
    "liu2024dapo": "Liu et al. Improving multi-step reasoning abilities of large language models "
    "with direct advantage policy optimization. arXiv 2412.18279, 2024.",
    "mei2020": "Mei, Xiao, Szepesvari, Schuurmans. On the global convergence rates of softmax "
    "policy gradient methods. ICML 2020.",
    "nanda2026": "Nanda, Chen. Dual-averaged soft policy iteration. Manuscript, 2026.",
    "rafailov2023": "Rafailov et al. Direct preference optimization: your language model is "
    "secretly a reward model. NeurIPS 2023.",
    "scherrer2016": "Scherrer. Improved and generalized upper bounds on the complexity of policy "
    "iteration. Mathematics of Operations Research 41, 2016.",
    "xiao2022": "Xiao. On the convergence rates of policy gradient methods. JMLR 23, 2022.",
    "zhan2023": "Zhan, Cen, Huang, Chen, Lee, Chi. Policy mirror descent for regularized "
    "reinforcement learning: a generalized framework with linear convergence. SIAM J. Optim. 2023.",
}
