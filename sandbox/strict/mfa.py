"""Virtual MFA devices: their seeds, and the codes that set ``aws:MultiFactorAuthPresent``.

Sources: IAM User Guide, "Configuring MFA-protected API access" and "Assigning a virtual MFA device"; IAM API Reference,
"EnableMFADevice".
"""

import base64
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam, sts

from sandbox.strict.refusal import Refusal
from sandbox.strict.totp import code_at, step_now

_Params = Mapping[str, list[str]]
_Keys = dict[str, Any]

_SEED_BYTES = 40  # 64 characters, as in AWS's seeds
_DRIFT = 1  # steps that a device's clock may be off
_ENABLING_DRIFT = 3  # "two consecutive codes" take a while to read
_CALLS = ("AssumeRole", "GetSessionToken")

_code_given: ContextVar[bool] = ContextVar("code_given", default=False)
"""``True`` if this request has a valid code."""


def install() -> None:
    """Replace MiniStack's functions with the completed ones."""
    iam._IAM_HANDLERS["CreateVirtualMFADevice"] = _with_seed(iam._IAM_HANDLERS["CreateVirtualMFADevice"])
    iam_evaluator._principal_keys = _with_mfa(iam_evaluator._principal_keys)


def check_codes(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to enable a device unless the codes are two consecutive ones.

    Source: IAM API Reference, "EnableMFADevice", InvalidAuthenticationCode.
    """
    device = iam._mfa_devices.get(parameters.get("SerialNumber", ""))
    if not device or device["User"] is not None or parameters.get("UserName", "") not in iam._users:
        return None
    codes = (parameters.get("AuthenticationCode1", ""), parameters.get("AuthenticationCode2", ""))
    seed, now = device["Base32StringSeed"], step_now()
    for step in range(now - _ENABLING_DRIFT, now + _DRIFT + 1):
        if (code_at(seed, step - 1), code_at(seed, step)) == codes:
            device["LastStep"] = step
            return None
    return Refusal(403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")


def begin(parameters: _Params, access_key_id: str, principal: Any) -> Refusal | None:  # noqa: ANN401 (MiniStack's)
    """Check the MFA code of a request for a session, if it has one.

    Returns:
        The refusal, if the device isn't the user's, or the code is wrong or was used before.
    """
    _code_given.set(False)
    if parameters.get("Action", [""])[0] not in _CALLS:
        return None
    serial, code = (parameters.get(name, [""])[0] for name in ("SerialNumber", "TokenCode"))
    if not serial and not code:
        return None
    if not serial or not code:
        return _failed("must provide both MFA serial number and one time pass code.")
    device = iam._mfa_devices.get_scoped(principal.account_id, None, serial)
    if access_key_id in sts._sessions or not device or device["User"] != (principal.principal_name or None):
        return _failed(
            "unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
        )
    now = step_now()
    for step in range(max(device.get("LastStep", 0) + 1, now - _DRIFT), now + _DRIFT + 1):
        if hmac.compare_digest(code_at(device["Base32StringSeed"], step).encode(), code.encode()):
            device["LastStep"] = step
            _code_given.set(True)
            return None
    return _failed("with invalid MFA one time pass code. ")


def request_keys() -> _Keys:
    """Return the condition keys of a request with a valid code."""
    return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"} if _code_given.get() else {}


def session_keys(action: str) -> _Keys:
    """Return the fields to store with a new session. Only GetSessionToken's sessions keep the MFA."""
    return {"MfaTime": time.time()} if _code_given.get() and action == "GetSessionToken" else {}


def _failed(reason: str) -> Refusal:
    return Refusal(403, "AccessDenied", f"MultiFactorAuthentication failed{',' if reason[0] in 'mu' else ''} {reason}")


def _with_seed(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Give each new device a valid seed."""

    def create(parameters: _Params) -> Any:  # noqa: ANN401 (as MiniStack's handlers do)
        before = set(iam._mfa_devices)
        status, headers, body = handler(parameters)
        for serial in set(iam._mfa_devices) - before:
            device = iam._mfa_devices[serial]
            useless, seed = device["Base32StringSeed"], base64.b32encode(secrets.token_bytes(_SEED_BYTES)).decode()
            device["Base32StringSeed"] = seed
            body = body.replace(base64.b64encode(useless.encode()), base64.b64encode(seed.encode()))
        return status, headers, body

    return create


def _with_mfa(principal_keys: Callable[..., _Keys]) -> Callable[..., _Keys]:
    """Add the MFA condition keys of a session whose user gave a code."""

    def keys(credential: Any) -> _Keys:  # noqa: ANN401 (MiniStack's credential)
        known = principal_keys(credential)
        mfa_time = (sts._sessions.get(credential.access_key_id) or {}).get("MfaTime")
        if mfa_time is None:
            return known
        age = str(int(time.time() - mfa_time))
        return known | {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": age}

    return keys
