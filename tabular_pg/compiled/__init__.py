"""Compiled code: kept on disk, and named by what it was made from."""
