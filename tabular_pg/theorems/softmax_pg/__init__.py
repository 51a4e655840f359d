"""Theorems about softmax policy gradient without regularization, and about softargmaxes."""
