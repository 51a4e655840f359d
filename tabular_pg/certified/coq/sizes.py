"""How much Coq has to multiply for a claim, and the largest that it is given."""

from __future__ import annotations

import math

MOST_STATES = 256  # beyond, exact values take long to find, and lists long to go through
MOST_WORK = 6e8  # products of bits, about 30 ns each in Coq's virtual machine: 20 s
SECONDS = 3e-8  # for one of them
MOST_OF_RUNS = 1e9  # whose numbers are longer, 10 to 15 ns each: 15 s
MOST_SECONDS = 8.0  # of intervals; long runs of small MDPs take nearly twice that
PAIR_SECONDS, BIT_SECONDS, HALF_AS_MUCH = 3e-3, 1.5e-6, 300
LOGARITHM = 1.6  # of which there is one for every state with entropy, in exponentials
READ_BIT = 2000  # what it takes to read a binary digit
ANY_PAIR = 60_000  # what a state and action take in every iterate, however short its numbers


def bits(*numbers) -> int:
    """How many binary digits these integers have together."""
    return sum(int(x).bit_length() for x in numbers)


def moves_bits(mdp) -> list:
    """(S, A) of the fractions of every action."""
    gamma = mdp.gamma
    return [
        [
            bits(r.p, gamma.p, *(w for _, w in row.weights)) + 2 * bits(r.q, gamma.q, row.total)
            for r, row in zip(rewards, rows, strict=True)
        ]
        for rewards, rows in zip(mdp.r, mdp.P, strict=True)
    ]


def optimum_work(mdp, claim) -> int:
    """How many products of bits Coq forms to check the losses of ``claim``."""
    longest = max(bits(x) for x in (claim.unit, *claim.numerators))
    return longest * sum(map(sum, moves_bits(mdp)))


def refuse_large(mdp):
    """ValueError for an MDP of more states than are listed."""
    if mdp.n_states > MOST_STATES:
        raise ValueError(
            f"subject has {mdp.n_states} states; expected at most {MOST_STATES} for Coq, and "
            "about 45 where the numbers are float64"
        )


def refuse_long(mdp, claim):
    """ValueError for an optimum of too long numbers, with the size that works."""
    needed = optimum_work(mdp, claim)
    if needed > MOST_WORK:
        largest = math.floor(mdp.n_states * math.sqrt(MOST_WORK / needed))
        raise ValueError(
            f"subject has {mdp.n_states} states, {mdp.n_actions} actions and values of "
            f"{claim.unit.bit_length()} bits, for which Coq takes about {needed * SECONDS:.0f} s; "
            f"expected at most about {largest} states of this kind, or numbers with smaller "
            "denominators"
        )


def of_bearable_length(iterates, work, needed=0) -> list:
    """These iterates of a run, of which ``work`` says how much Coq has to multiply, beside
    ``needed``; ValueError for too many, with the number that works."""
    found = []
    for x in iterates:
        needed += work(x)
        if needed > MOST_OF_RUNS:
            shorter = f"a run of at most {len(found) - 1} iterations, or numbers with smaller"
            if len(found) < 2:
                shorter = "fewer states, or numbers with much smaller"
            raise ValueError(
                f"subject is a run whose iterate {len(found)} has values of {longest(x.V)} bits, "
                f"too many for Coq to check it in 30 s; expected {shorter} denominators"
            )
        found.append(x)
    return found


def iterate_work(sizes, unit, x) -> int:
    """The same for the values, visits and the step of an iterate; ``sizes`` are ``moves_bits``,
    ``unit`` is that of the optimum."""
    p = [max(bits(y.q) for y in row) for row in x.pi]
    v, d = longest(x.V), 0 if x.d is None else longest(x.d)
    total, S, A = sum(p), len(p), len(sizes[0])
    work = 2 * (v + bits(unit)) ** 2 + ANY_PAIR * S * A
    for row, most, chosen in zip(sizes, p, x.pi, strict=True):
        taken = [m for m, weight in zip(row, chosen, strict=True) if weight != 0]
        work += sum(m * v for m in row) + sum(m * v + (v + most) * len(taken) * m for m in taken)
        work += A * (most * v + 2 * most * most + 2 * most * (v + d) + (most + d) * v)
    if x.d is not None:
        work += S * (2 * d * total + total * total)
    return work


def td_work(sizes, x) -> int:
    """The same for an iterate of TD-PMD: its values, dual variables and critic."""
    S, A = len(x.pi), len(sizes[0])
    p = [max(bits(y.q) for y in row) for row in x.pi]
    v, y, q = longest(x.V), longest(x.y.ravel()), longest(x.Q.ravel())
    a = 0 if x.awaited is None else longest(x.awaited)
    work = ANY_PAIR * S * A + READ_BIT * (S * (v + a + A * (y + q)) + A * sum(p))
    for row, most in zip(sizes, p, strict=True):
        work += sum(m * (v + a) for m in row) + A * (v + most) * most + 4 * v * most
        work += A * (6 * q * q + 6 * y * q + 2 * most * y + most * q) + 2 * a * (2 * most + q)
    return work


def refuse_digits(digits, iterates, u):
    """ValueError where Coq takes too long for values of ``u`` bits near the largest ones, which are
    compared with those of iterates (S, A)."""
    S, A = iterates[0].pi.shape
    needed = 4 * S * A * u * u + 2 * u * sum(longest(x.V) for x in iterates) + READ_BIT * 3 * S * u
    if needed > MOST_OF_RUNS:
        raise ValueError(
            f"digits is {digits}, for which the regularized optimum is compared to {u} bits, too "
            "many for Coq to check it in 30 s; expected fewer"
        )


def longest(fractions) -> int:
    """How many binary digits these have at most, over one denominator."""
    unit = math.lcm(*(int(x.q) for x in fractions))
    return max(bits(unit), *(bits(x.p * (unit // x.q)) for x in fractions))


def enclosure_seconds(method, iterations, bits) -> float:
    """How long Coq computes with intervals of so many bits, about: an exponential for every pair
    in every iterate, and the fractions of the table times those of the values; with entropy, the
    largest values are one iterate more."""
    mdp, (S, A), soft = method.mdp, method.mdp.r.shape, method.tau > 0
    pair = PAIR_SECONDS + BIT_SECONDS * bits**2 * (1 + bits / HALF_AS_MUCH)
    products = bits * sum(map(sum, moves_bits(mdp))) * SECONDS
    exponentials = S * (A + LOGARITHM * soft)
    return (iterations + 1 + soft) * (exponentials * pair + products)


def bearable_iterations(method, iterations, bits, first) -> int:
    """About how many fewer iterations Coq checks in time, if ``bits`` bits were too many for these
    and ``first`` are enough for none; -1 if not even that works."""
    for k in range(iterations - 1, -1, -1):
        if enclosure_seconds(method, k, first + (bits - first) * k / iterations) <= MOST_SECONDS:
            return k
    return -1
