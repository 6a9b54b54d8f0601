"""The codes that a virtual MFA device shows. Source: RFC 6238."""

import base64
import hmac
import struct
import time

_STEP_SECONDS = 30
_DIGITS = 6


def step_now() -> int:
    """Return the current step: the number of half minutes since 1970."""
    return int(time.time()) // _STEP_SECONDS


def code_at(seed: str, step: int) -> str:
    """Return the code that a device with this seed, in base 32, shows in a step."""
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", step), "sha1")
    start = digest[-1] & 0xF
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)
