"""Changes of a Coq file in one place: what damages a file, or forges one."""

from __future__ import annotations

import re


def replaced_digit(text, draw):
    """One digit of one number, decimal or hexadecimal, is another one."""
    numbers = list(re.finditer(r"\b(?:0x[0-9a-f]+|\d+)\b", text))
    found = draw.choice(numbers)
    base = "0123456789abcdef" if found[0].startswith("0x") else "0123456789"
    i = draw.randrange(found.start() + 2 * (len(base) == 16), found.end())
    digit = draw.choice([x for x in base if x != text[i]])
    return text[:i] + digit + text[i + 1 :]


def lost_transition(text, draw):
    """A next state is forgotten."""
    found = draw.choice(list(re.finditer(r"\w+ to \d+(; )?", text)))
    return text[: found.start()] + text[found.end() :]


def moved_transition(text, draw):
    """A transition leads to the state before or after."""
    found = draw.choice(list(re.finditer(r"(?<=to )\d+", text)))
    t = int(found[0]) + draw.choice([-1, 1])
    return text[: found.start()] + str(abs(t) + (t < 0)) + text[found.end() :]


def exchanged_actions(text, draw):
    """Two actions of a state have changed places."""
    found = draw.choice(list(re.finditer(r"(does [^\]]*\]);\s+(does [^\]]*\])", text)))
    if found[1] == found[2]:
        return replaced_digit(text, draw)
    return f"{text[: found.start()]}{found[2]}; {found[1]}{text[found.end() :]}"


def other_sign(text, draw):
    """A reward has the other sign."""
    found = draw.choice(list(re.finditer(r"does \((?:\((-)(\w+)\)|([1-9]\w*)) #", text)))
    new = f"does ({found[2]} #" if found[1] else f"does ((-{found[3]}) #"
    return text[: found.start()] + new + text[found.end() :]


MUTATIONS = (
    *(4 * [replaced_digit]), lost_transition, moved_transition, exchanged_actions, other_sign
)  # fmt: skip
