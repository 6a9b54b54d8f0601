"""Switching into a role: for people, every day."""
