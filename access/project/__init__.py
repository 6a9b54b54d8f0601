"""A project's folder: its files, read and checked."""
