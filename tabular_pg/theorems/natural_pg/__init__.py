"""Theorems about natural policy gradient without regularization."""
