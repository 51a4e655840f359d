"""Checks of arguments: each names the argument, its value and what was expected."""
