"""Theorems about methods with entropy regularization (tau > 0)."""
