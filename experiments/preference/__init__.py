"""Rewards from preferences: what selects the pairs, what is fitted, what it is good for."""
