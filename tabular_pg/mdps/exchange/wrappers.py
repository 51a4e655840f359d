"""What of an environment acts in its ``step`` or ``reset`` alone, and so is in no table."""

from __future__ import annotations

import warnings

ROOTS = ("gymnasium", "gym", "stable_baselines3")
OBSERVING = frozenset(  # count, record, draw or convert; states and rewards stay as they are
    {
        "AddWhiteNoise", "ArrayConversion", "Autoreset", "EnvCompatibility",
        "FrameStackObservation", "HumanRendering", "JaxToNumpy", "JaxToTorch", "Monitor",
        "NumpyToTorch", "ObstructView", "OrderEnforcing", "PassiveEnvChecker",
        "RecordEpisodeStatistics", "RecordVideo", "RenderCollection", "TimeAwareObservation",
        "TimeLimit",
    }
)  # fmt: skip
CORE = frozenset({"ObservationWrapper", "Wrapper"})  # whose step and reset hand on what they get


def refuse_wrappers(env, base):
    """Every wrapper leaves transitions and rewards as they are, else ValueError with its name."""
    while env is not base and hasattr(env, "env"):
        kind = type(env)
        if not _is_harmless(kind):
            raise ValueError(
                f"env has the wrapper {kind.__name__}, which may change transitions or rewards and "
                "is in no table; expected an environment without it (env.unwrapped has none)"
            )
        env = env.env


def _is_harmless(kind) -> bool:
    """Whether its step and its reset are those of a class that is known to change neither."""
    for method in ("step", "reset"):
        module, name = _defined_in(kind, method)
        known = CORE if module in ("gymnasium.core", "gym.core") else OBSERVING
        if module.partition(".")[0] not in ROOTS or name not in known:
            return False
    return True


def refuse_hidden_options(base):
    """The environment has no option that acts in ``step`` alone, else ValueError.

    Warns
    -----
    UserWarning
        If it is of a class that changes ``step`` or ``reset`` of one of Gymnasium's own.
    """
    if getattr(base, "fickle_passenger", False):
        raise ValueError(
            "env has fickle_passenger=True, which acts in step() and is not in its table P; "
            "expected an environment whose table says everything"
        )
    kind = type(base)
    toys = [c for c in kind.__mro__ if c.__module__.startswith(("gymnasium.envs.", "gym.envs."))]
    if toys and kind is not toys[0]:
        own = [n for n in ("step", "reset") if _defined_in(kind, n)[0] != toys[0].__module__]
        if own:
            warnings.warn(
                f"{kind.__name__} has its own {' and '.join(own)}; only its table P is read, which "
                f"is that of {toys[0].__name__} unless it is changed as well",
                stacklevel=4,
            )


def _defined_in(kind, method) -> tuple[str, str]:
    """Module and name of the class that defines the method."""
    for c in kind.__mro__:
        if method in vars(c):
            return c.__module__, c.__name__
    return "", ""
