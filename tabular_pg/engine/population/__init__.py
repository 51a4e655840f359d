"""Many runs on small MDPs of one shape, in one compiled call."""
