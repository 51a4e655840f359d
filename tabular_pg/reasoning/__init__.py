"""Reasoning problems that can be enumerated, DAPO on them, and what it is compared with."""
