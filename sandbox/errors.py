"""The error that the sandbox reports in one line."""


class SandboxError(Exception):
    """A failure of the sandbox; the message says what is wrong and what to do."""
