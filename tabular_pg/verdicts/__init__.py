"""What theorems measure on a run, what they assume, and how two sides are compared."""
