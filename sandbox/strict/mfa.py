"""Virtual MFA devices: their seeds, and the codes that make ``aws:MultiFactorAuthPresent`` true.

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

_SEED_BYTES = 40  # 64 characters, as many as AWS gives
_DRIFT = 1  # steps that a device's clock may be off
_ENABLING_DRIFT = 3  # "two consecutive codes" take a while to read
_CALLS = ("AssumeRole", "GetSessionToken")

_given: ContextVar[bool] = ContextVar("given", default=False)
"""Whether this request came with a right code."""


def install() -> None:
    """Put the completed functions in the place of MiniStack's."""
    iam._IAM_HANDLERS["CreateVirtualMFADevice"] = _with_seed(iam._IAM_HANDLERS["CreateVirtualMFADevice"])
    iam_evaluator._principal_keys = _with_mfa(iam_evaluator._principal_keys)


def check_codes(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to enable a device whose codes are not two that it shows one after the other.

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
    """Check the code that a request for a session comes with, if it does.

    Returns:
        Why the request is refused: the device isn't the user's, or the code is wrong or was used before.
    """
    _given.set(False)
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
            _given.set(True)
            return None
    return _failed("with invalid MFA one time pass code. ")


def request_keys() -> _Keys:
    """Return the condition keys of a request that came with a right code."""
    return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"} if _given.get() else {}


def session_keys(action: str) -> _Keys:
    """Return what is to be remembered of a session that is made now. Only GetSessionToken's carry the MFA."""
    return {"MfaTime": time.time()} if _given.get() and action == "GetSessionToken" else {}


def _failed(reason: str) -> Refusal:
    return Refusal(403, "AccessDenied", f"MultiFactorAuthentication failed{',' if reason[0] in 'mu' else ''} {reason}")


def _with_seed(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Give each device a seed that devices can use."""

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
    """Tell policies when a session's user gave a code."""

    def keys(credential: Any) -> _Keys:  # noqa: ANN401 (MiniStack's credential)
        told = principal_keys(credential)
        given = (sts._sessions.get(credential.access_key_id) or {}).get("MfaTime")
        if given is None:
            return told
        age = str(int(time.time() - given))
        return told | {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": age}

    return keys
