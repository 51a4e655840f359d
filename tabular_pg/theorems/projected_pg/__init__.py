"""Theorems about projected policy gradient and projected Q-ascent."""
