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


# ---------------------------------------------------------------- of runs


def other_method(text, draw):
    """The run is said to be another method's."""
    found = re.search(r"made_by := (\w+)( \([^)]*\))?", text)
    plain = [x for x in ("policy_iteration", "projected_q_ascent", "spma") if x != found[1]]
    with_visits = [x for x in ("projected_pg", "hadamard_pg") if x != found[1]]
    new = draw.choice([*plain, *(f"{x}{found[2]}" for x in with_visits if found[2])])
    return f"{text[: found.start()]}made_by := {new}{text[found.end() :]}"


def _iterates(text):
    return list(re.finditer(r"\{\| chooses.*?loses := \([^)]*\) \|\}", text, flags=re.DOTALL))


def exchanged_iterates(text, draw):
    """Two iterates have changed places."""
    found = _iterates(text)
    i = draw.randrange(len(found) - 1)
    x, y = found[i : i + 2]
    if x[0] == y[0]:
        return replaced_digit(text, draw)
    return f"{text[: x.start()]}{y[0]}{text[x.end() : y.start()]}{x[0]}{text[y.end() :]}"


def doubled_iterate(text, draw):
    """An iterate stands there twice."""
    found = draw.choice(_iterates(text))
    return f"{text[: found.start()]}{found[0]}; {text[found.start() :]}"


def lost_iterate(text, draw):
    """An iterate is left out, but not the last."""
    found = _iterates(text)
    i = draw.randrange(len(found) - 1)
    return text[: found[i].start()] + text[found[i + 1].start() :]


def changed_step(text, draw):
    """One digit of a step size is another one."""
    return _within(r"step := \([^)]*\)", text, draw)


def changed_bound(text, draw):
    """One digit of the bounds is another one, or of the index of an iterate there."""
    return _within(r"bounds := [^|]*", text, draw)


def other_side(text, draw):
    """A bound is on the other side."""
    found = list(re.finditer(r"(?<=_)(at_most|above)(?= \d)", text))
    if not found:
        return replaced_digit(text, draw)
    chosen = draw.choice(found)
    new = "above" if chosen[0] == "at_most" else "at_most"
    return text[: chosen.start()] + new + text[chosen.end() :]


def changed_iterate(text, draw):
    """One digit of a policy, a value, a visit or a gap is another one: not of the last iterate."""
    last = _iterates(text)[-1].start()
    fields = r"(?:chooses|earns|visited) := (?!no_values)(?s:.*?);\n(?=      \w)"
    return _within(rf"{fields}|loses := \([^)]*\)", text[:last], draw) + text[last:]


def _within(pattern, text, draw):
    found = [x for x in re.finditer(pattern, text) if re.search(r"\b\d", x[0])]
    if not found:
        return replaced_digit(text, draw)
    chosen = draw.choice(found)
    return text[: chosen.start()] + replaced_digit(chosen[0], draw) + text[chosen.end() :]


SOFTMAX_METHODS = {"natural_pg", "soft_policy_iteration"}  # those without visits
OF_RUNS = (
    *(2 * [changed_iterate]), replaced_digit, changed_step, changed_bound, other_method,
    exchanged_iterates, doubled_iterate, lost_iterate, other_side, lost_transition,
    moved_transition, exchanged_actions, other_sign,
)  # fmt: skip


# ---------------------------------------------------------------- of softmax runs


def changed_gap(text, draw):
    """The ends of a gap have moved by their distance."""
    start = text.index("gaps := ") if "gaps := " in text else 0
    found = draw.choice(list(re.finditer(r"\((\d+)\.(\d+), (\d+)\.(\d+)\)", text[start:])))
    places = max(len(found[2]), len(found[4]))
    low, high = (int(x + y.ljust(places, "0")) for x, y in (found.groups()[:2], found.groups()[2:]))
    move = draw.choice([1, -1]) * max(high - low, 1)
    ends = (f"({x + move} # 1{'0' * places})" for x in (low, high))
    i, j = start + found.start(), start + found.end()
    return f"{text[:i]}({', '.join(ends)}){text[j:]}"


def changed_stride(text, draw):
    """One digit of a step size is another one."""
    return _within(r"strides := (?:repeat )?[^\n]*?\)", text, draw)


def changed_tau(text, draw):
    """One digit of the temperature is another one."""
    return _within(r"with_entropy \([^)]*\)", text, draw)


def other_softmax_method(text, draw):
    """The run is said to be another method's."""
    found = re.search(r"moved_by := (\w+)", text)
    return text.replace(found[1], draw.choice(sorted(SOFTMAX_METHODS - {found[1]})), 1)


# ---------------------------------------------------------------- of TD-PMD


def changed_td_iterate(text, draw):
    """One digit of a policy, a value, a dual variable or a critic is another one."""
    fields = r"(?:acts|yields|duals|critic|awaits)"
    return _within(rf"{fields} := (?!no_values)(?s:.*?);\n(?=      \w)", text, draw)


def changed_td_rule(text, draw):
    """One digit of tau, of a weight, of an error or of a step size is another one, if it is not
    0."""
    begin, end = text.index("pays := "), text.index("top := ")
    fraction = r"\((?:\(-\w+\)|[1-9]\w*) # \w+\)"
    return text[:begin] + _within(fraction, text[begin:end], draw) + text[end:]


def changed_top(text, draw):
    """One of the first digits of the values near the largest ones is another one."""
    return _within(r"(?<=top := )\{\| unit := \w{1,6}", text, draw)


OF_TD_RUNS = (
    *(4 * [changed_td_iterate]), *(2 * [changed_td_rule]), changed_top, changed_gap, *MUTATIONS
)  # fmt: skip
