"""DAPO on reasoning problems that can be enumerated."""
