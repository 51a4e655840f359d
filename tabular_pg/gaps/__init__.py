"""Gaps to the optimum: the coordinates that a policy is kept in, and what it is worth there."""
