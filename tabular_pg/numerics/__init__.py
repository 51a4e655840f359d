"""Kernels on rows and numbers beyond floats; linear systems are in ``systems``."""
