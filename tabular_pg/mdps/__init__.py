"""Finite MDPs: what they are, where they come from, and what must hold of them."""
