"""Theorems about softmax policy gradient without regularization."""
