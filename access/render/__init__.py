"""A project's policy documents, read from its program as it runs without an engine."""
