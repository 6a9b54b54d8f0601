"""A line for each part of an account that could not be read."""

from typing import TYPE_CHECKING

from access.aws_errors import describe, error_code

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_DENIED = ("AccessDenied", "AccessDeniedException")


def line_of(what: str, error: "ClientError", right: str) -> str:
    """Return a line about a part that could not be read, with the right that is missing, if one is.

    Args:
        what: the part, e.g. ``the policy of bucket productionapp``.
        error: what AWS answered.
        right: the right that the call needs, e.g. ``s3:GetBucketPolicy``.
    """
    reason = f"{right} is missing" if error_code(error) in _DENIED else describe(error)
    return f"{what} could not be read: {reason}"
