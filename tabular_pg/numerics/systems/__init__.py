"""Everything that solves ``(I - gamma P_pi) x = b``, dense or sparse, to full relative accuracy."""
