"""Proofs that a computer goes through; each is a script of its own."""
