"""Rewards from pairs: losses, solvers, and when there is anything to fit."""
