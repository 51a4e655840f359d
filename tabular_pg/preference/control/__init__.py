"""Policies optimized for a reward, how far they may go, and what they lose."""
