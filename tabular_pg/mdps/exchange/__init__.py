"""Models of other software, in and out.

What reads one returns the arguments of :class:`tabular_pg.MDP`; ``reader`` makes class methods of
it. What writes one is a method as it is.
"""
