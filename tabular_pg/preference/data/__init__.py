"""Pairs, and where they come from: files, real comparisons, texts."""
