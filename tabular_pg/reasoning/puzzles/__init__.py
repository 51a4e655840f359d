"""Multi-step reasoning problems that are small enough to be enumerated."""

from tabular_pg.reasoning.puzzles.countdown import countdown, game_of_24
from tabular_pg.reasoning.puzzles.modular_chain import modular_chain
from tabular_pg.reasoning.puzzles.sequential_sat import sequential_sat

__all__ = ["countdown", "game_of_24", "modular_chain", "sequential_sat"]
