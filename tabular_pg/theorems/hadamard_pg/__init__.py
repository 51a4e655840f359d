"""Theorems about Hadamard policy gradient."""
