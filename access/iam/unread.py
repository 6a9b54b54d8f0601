"""A line for each part of an account that could not be read."""

from typing import TYPE_CHECKING

from ..aws_errors import error_code

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_DENIED = ("AccessDenied", "AccessDeniedException")


def line_of(what: str, error: "ClientError", right: str) -> str:
    """Return a line about a part that could not be read: a right is missing, or there is no such thing.

    Args:
        what: the part, e.g. ``the policy of bucket productionapp``.
        error: the error that AWS answered.
        right: the right that the call needs, e.g. ``s3:GetBucketPolicy``.

    Raises:
        botocore.exceptions.ClientError: it is another error.
    """
    if error_code(error) in _DENIED:
        return f"{what} could not be read: {right} is missing"
    if error_code(error) == "NoSuchEntity":
        return f"{what} could not be read: there is no such thing"
    raise error
