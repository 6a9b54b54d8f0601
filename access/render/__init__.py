"""A project's policy documents, rendered by its program without an engine."""
