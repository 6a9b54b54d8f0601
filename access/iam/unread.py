"""Describe a part of an account that could not be read."""

from typing import TYPE_CHECKING

from ..aws_errors import error_code

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_DENIED = ("AccessDenied", "AccessDeniedException")


def unread_line(part: str, error: "ClientError", right: str) -> str:
    """Return one line about a part that could not be read, with the missing right.

    Args:
        part: e.g. ``the policy of bucket productionapp``.
        error: AWS's answer.
        right: the right the call needs, e.g. ``s3:GetBucketPolicy``.

    Raises:
        botocore.exceptions.ClientError: the error is neither a missing right nor a missing entity.
    """
    if error_code(error) in _DENIED:
        return f"{part} could not be read: {right} is missing"
    if error_code(error) == "NoSuchEntity":
        return f"{part} could not be read: it does not exist"
    raise error
