"""What goes wrong in the sandbox and is told to people in one line."""


class SandboxError(Exception):
    """The sandbox can't do what it was asked; the message says what is wrong and what to do."""
