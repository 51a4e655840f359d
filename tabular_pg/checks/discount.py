"""What gamma may be."""

from __future__ import annotations

from tabular_pg.checks.numbers import as_float, is_real, shown, unwrapped


def checked_discount(gamma) -> float:
    """``gamma`` as a float, refused unless in [0, 1)."""
    number = _number(gamma)
    if not 0 <= number < 1:
        raise ValueError(f"gamma is {shown(unwrapped(gamma))}; expected a number in [0, 1)")
    return number


def checked_gamma(gamma, ends) -> float:
    """The same in [0, 1]; below 1 nothing ends an episode, and ``ends`` are refused."""
    number = _number(gamma)
    if not 0 <= number <= 1:
        raise ValueError(f"gamma is {shown(unwrapped(gamma))}; expected a number in [0, 1]")
    if ends is not None and number < 1:
        raise ValueError(
            f"ends is given and gamma is {number}; expected gamma = 1, or no ends and a state that "
            "is never left and pays nothing"
        )
    return number


def refuse_undiscounted(mdp, what):
    """Raise ValueError if an MDP has gamma = 1, whose episodes ``what`` has no form for."""
    if mdp.gamma == 1:
        raise ValueError(f"gamma is 1; {what} has no form for rows that end an episode")


def _number(gamma) -> float:
    gamma = unwrapped(gamma)
    return as_float(gamma) if is_real(gamma) else -1.0
