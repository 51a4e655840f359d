"""The peers that can evaluate a policy of a sparse MDP, and what each costs at one size."""

from __future__ import annotations

from math import isqrt

import numpy as np
from quantecon.markov import DiscreteDP
from scipy import sparse
from scipy.sparse.linalg import gmres, splu

from benchmarks.measure import peak, per_call, processor_time, resident
from benchmarks.peers.dense import Task, jax_fori_loop, numpy_lapack, numpy_loop, ours
from tabular_pg import MDP, NaturalPG, instances

GAMMA, ETA, ACTIONS, BRANCHING = 0.99, 1.0, 4, 5
ENOUGH = 0.2  # seconds of iterations


def dense(peer):
    """A dense peer, on the same MDP made dense."""

    def make(task):
        mdp = task.mdp
        P = mdp.P.toarray().reshape(*mdp.r.shape, mdp.n_states)
        return peer(task._replace(mdp=MDP(P, mdp.r, mdp.gamma)))

    return make


def scipy_superlu(task):
    """P_pi by a sparse product, and SuperLU anew in each iteration."""
    identity = sparse.eye_array(task.mdp.n_states, format="csr")

    def solve(chain, reward):
        return splu((identity - task.mdp.gamma * chain).tocsc()).solve(reward)

    return _loop(task, solve)


def scipy_gmres(task):
    """P_pi by a sparse product, and GMRES that starts from the last values."""
    identity = sparse.eye_array(task.mdp.n_states, format="csr")
    last = [None]

    def solve(chain, reward):
        M = identity - task.mdp.gamma * chain
        last[0], failed = gmres(M, reward, x0=last[0], rtol=1e-12, restart=30, maxiter=1000)
        assert not failed, f"GMRES did not converge on {task.mdp}"
        return last[0]

    return _loop(task, solve)


def quantecon(task):
    """P_pi by a sparse product, as a DiscreteDP with one action in its sparse form."""
    states = np.arange(task.mdp.n_states)
    only = np.zeros_like(states)

    def solve(chain, reward):
        chain = sparse.csr_matrix(chain)
        return DiscreteDP(reward, chain, task.mdp.gamma, states, only).evaluate_policy(only)

    return _loop(task, solve)


def _loop(task, solve):
    mdp = task.mdp
    S, A = mdp.r.shape

    def evaluate(pi, reward):
        return solve(chain_of(mdp, pi), (pi * reward).sum(axis=1)), None

    return numpy_loop(task, evaluate, lambda V: mdp.r + mdp.gamma * (mdp.P @ V).reshape(S, A))


def chain_of(mdp, pi):
    """P_pi of a sparse MDP as CSR."""
    S, A = mdp.r.shape
    weights = sparse.csr_array(
        (pi.ravel(), np.arange(S * A, dtype=np.int32), np.arange(0, S * A + 1, A, dtype=np.int32)),
        shape=(S, S * A),
    )
    return weights @ mdp.P


PEERS = {
    "tabular_pg": ours(None),
    "scipy GMRES": scipy_gmres,
    "scipy SuperLU": scipy_superlu,
    "QuantEcon": quantecon,
    "numpy + LAPACK": dense(numpy_lapack),
    "jax": dense(jax_fori_loop),
}


def point(kind, S, peer) -> dict:
    """Seconds per iteration, bytes, and the mean value after an iteration, in this process."""
    rule, make = NaturalPG(ETA), PEERS[peer]
    make(Task(model(kind, 100), rule))(1)  # loads compiled code
    before = resident()
    mdp = model(kind, S)
    size = mdp.P.data.nbytes + mdp.P.indices.nbytes + mdp.P.indptr.nbytes
    run = make(Task(mdp, rule))
    resident()  # from here on its peak counts
    value, n, more = run(1).mean(), 2, 0.0
    once = processor_time(run, 1)
    while more < ENOUGH and n < 10**5:
        n *= 2
        more = processor_time(run, n) - once
    memory = peak() - before
    chain, v = chain_of(mdp, np.full(mdp.r.shape, 1 / ACTIONS)), np.ones(mdp.n_states)
    return {
        "S": mdp.n_states,
        "seconds": more / (n - 1),
        "memory": memory,
        "csr": size,
        "value": value,
        "matvec": per_call(lambda: chain @ v, blocks=3),
        "solver": getattr(run, "solver", ""),
    }


def model(kind, S):
    """The MDP with about S states, in CSR."""
    if kind == "Garnet":
        return instances.garnet(S, ACTIONS, BRANCHING, GAMMA, sparse=True)
    return instances.gridworld(isqrt(S), isqrt(S), GAMMA, sparse=True)
