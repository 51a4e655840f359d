"""Numbers that enclose the true ones, arrays of them, and numpy's functions of these."""
