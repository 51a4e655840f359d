"""Theorems at gamma = 1, about the total reward of episodes that end."""
