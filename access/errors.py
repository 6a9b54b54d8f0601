"""What goes wrong and is told to people in one line."""


class AccessError(Exception):
    """A command can't do what it was asked; the message says what is wrong and what to do."""
