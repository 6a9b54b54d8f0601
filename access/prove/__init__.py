"""Proving who can do what, by doing it."""
