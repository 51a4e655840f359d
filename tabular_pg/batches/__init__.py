"""Runs on many MDPs of one shape as arrays: one compiled call for all of them."""
