"""The figures that are about bandits."""
