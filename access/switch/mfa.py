"""Multi-factor authentication: which device, and the code that it shows now."""

import os
from typing import Any

from access.errors import AccessError
from access.switch.callers import Source

_CODE_DIGITS = 6


def only_device(source: Source) -> str:
    """The serial number of the user's only device that shows codes.

    Security keys and passkeys show none, and STS takes none of them (IAM User Guide, "Secure API access with MFA").

    Raises:
        AccessError: there is none, or more than one, or the user may not list them.
    """
    from botocore.exceptions import ClientError

    try:
        listed: list[dict[str, Any]] = source.client("iam").list_mfa_devices()["MFADevices"]
    except ClientError as error:
        from access.aws_errors import error_code, http_failure

        reason = http_failure(error) or error_code(error)
        raise AccessError(
            f"the role wants MFA, and which devices you have can't be listed ({reason}); say --mfa-serial ARN"
        ) from None
    serials = [device["SerialNumber"] for device in listed if ":u2f/" not in device["SerialNumber"]]
    if len(serials) == 1:
        return str(serials[0])
    if serials:
        raise AccessError(f"the role wants MFA, and you have several devices; say --mfa-serial: {', '.join(serials)}")
    raise AccessError("the role wants MFA, and you have no device that shows codes; add one in the IAM console")


def ask_for_code(serial: str) -> str:
    """The code that the device shows now, asked for on the terminal, without echo.

    Raises:
        AccessError: there is no terminal, or what was typed is no code.
    """
    import getpass

    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))  # getpass would go on to read standard input
    except OSError:
        raise AccessError(
            f"the role wants an MFA code ({serial}), and there is no terminal to ask for it;"
            " run it once in a terminal: the session is kept for later runs"
        ) from None
    try:
        code = getpass.getpass(f"MFA code of {serial}: ").strip()
    except EOFError:
        code = ""
    if not (len(code) == _CODE_DIGITS and code.isascii() and code.isdecimal()):
        raise AccessError(f"an MFA code has {_CODE_DIGITS} digits; try again")
    return code
