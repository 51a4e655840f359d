"""A world whose true reward is known: texts, annotators, sources of pairs."""
