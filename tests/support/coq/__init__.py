"""Coq for the tests."""
