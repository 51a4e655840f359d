"""Regularized optima in balls, of the entropy and of powers, and policies near them."""
