"""Numbers that stand for one number of each of several MDPs, in the lanes of the vector unit."""
