"""Theorems about further members of the mirror descent family."""
