"""Slow, obviously correct twins of steps, one family a file."""
