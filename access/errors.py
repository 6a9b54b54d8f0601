"""The error that is reported to users in one line."""


class AccessError(Exception):
    """A command's failure; the message says what is wrong and what to do."""
