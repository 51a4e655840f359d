"""Random runs of every method, and that theorems hold on them."""
