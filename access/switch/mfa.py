"""Find the MFA device of a user."""

from typing import Any

from ..errors import AccessError
from .callers import Source


def only_device(source: Source) -> str:
    """Return the serial number of the user's only device that shows codes.

    Security keys and passkeys show none, and STS accepts neither (IAM User Guide, "Secure API access with MFA").

    Raises:
        AccessError: the user has no device or several, or may not list them.
    """
    from botocore.exceptions import ClientError

    try:
        listed: list[dict[str, Any]] = source.client("iam").list_mfa_devices()["MFADevices"]
    except ClientError as error:
        from ..aws_errors import error_code, http_failure

        reason = http_failure(error) or error_code(error)
        raise AccessError(
            f"the role requires MFA, and your devices can't be listed ({reason}); use --mfa-serial ARN"
        ) from None
    serials = [device["SerialNumber"] for device in listed if ":u2f/" not in device["SerialNumber"]]
    if len(serials) == 1:
        return str(serials[0])
    if serials:
        raise AccessError(
            f"the role requires MFA, and you have several devices; use --mfa-serial: {', '.join(serials)}"
        )
    raise AccessError("the role requires MFA, and you have no device that shows codes; add one in the IAM console")
