"""Explain errors of assuming a role in one line: what happened, and what to do."""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import exceptions

from ..aws_answers import UnreadableAnswerError
from ..aws_errors import AWS_ERRORS, describe, error_code, error_message, http_failure
from ..errors import AccessError
from .config_file import active_profile, read_profiles, source_chain

_ACTION = re.compile(r"perform: (sts:\w+)")
_WRONG_CLOCK = re.compile(r"not yet current|[Ss]ignature expired")
_THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
)
_WITHOUT_ANSWER = (
    UnreadableAnswerError,
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    exceptions.NoRegionError,
    exceptions.InvalidRegionError,
)
"""Errors that have nothing to do with the credentials."""

_SIGN_IN = (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.NoAuthTokenError)
"""Errors of Identity Center's sign-in: missing, expired, or impossible to renew."""


@contextmanager
def one_line_errors(source_name: str, profile: str | None = None) -> Iterator[None]:
    """Turn errors of AWS about credentials into one line, where no role is assumed.

    Args:
        source_name: where the credentials come from, for messages.
        profile: their profile; by default the active one.

    Raises:
        AccessError: AWS or botocore raised an error.
    """
    try:
        yield
    except AWS_ERRORS as error:
        raise one_line_error(error, source_name, profile) from None


def one_line_error(
    error: Exception,
    source_name: str,
    profile: str | None = None,
    role_arn: str = "",
    who: str = "you",
    why: Sequence[str] = (),
) -> AccessError:
    """Return an error of botocore as one line.

    Args:
        error: the error.
        source_name: where the credentials come from, for messages.
        profile: their profile; by default the active one.
        role_arn: the role to assume, if any.
        who: the caller's ARN.
        why: the known reasons of a refusal.
    """
    if isinstance(error, exceptions.ClientError):
        return AccessError(_refusal(error, source_name, role_arn, who, why))
    return AccessError(_failure(error, source_name, profile or active_profile()))


def is_denied(error: Exception) -> bool:
    """Return whether AWS denies a caller that it knows."""
    return isinstance(error, exceptions.ClientError) and error_code(error) in ("AccessDenied", "AccessDeniedException")


def _refusal(error: exceptions.ClientError, source_name: str, role_arn: str, who: str, why: Sequence[str]) -> str:
    code, message = error_code(error), error_message(error)
    if http_failure(error):
        return f"{describe(error)} instead of an answer of AWS; check the network or proxy, and try again"
    if is_denied(error) and role_arn:
        return _denial(message, role_arn, who, why)
    if code in ("ExpiredToken", "ExpiredTokenException"):
        return f"the credentials of {source_name} have expired; get new ones (whoami shows how to get back)"
    if code in ("InvalidClientTokenId", "UnrecognizedClientException"):
        return f"AWS does not know the access key of {source_name}; it was deleted, deactivated or mistyped"
    if code in ("RequestExpired", "RequestTimeTooSkewed") or _WRONG_CLOCK.search(str(error)):
        return f"this machine's clock is {_skew(error)}, so AWS refuses its signatures; set the clock"
    if code in ("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"):
        return f"the secret key of {source_name} does not belong to its access key; check both"
    if code == "ValidationError" and "durationseconds" in message.lower():
        return f"the session is too long: {message}; use a shorter --duration"
    if code == "RegionDisabledException":
        return "STS is not active in this region; set AWS_REGION to another"
    if code in _THROTTLED:
        return f"AWS limits the requests of this account ({code}); try again in a minute"
    if code in ("MalformedPolicyDocument", "PackedPolicyTooLarge"):
        return f"AWS refuses the session policy or the tags: {message}"
    return f"{role_arn} can't be assumed: {describe(error)}" if role_arn else f"AWS: {describe(error)}"


def _denial(message: str, role_arn: str, who: str, why: Sequence[str]) -> str:
    if message.startswith("MultiFactorAuthentication failed"):
        return "AWS refuses the MFA code: each works once, for half a minute; wait for the next, or check --mfa-serial"
    action = _ACTION.search(message)
    if action and action[1] == "sts:SetSourceIdentity":
        return f"{who} may not begin a session of {role_arn} with this source identity; use your own name, or none"
    if action and action[1] == "sts:TagSession":
        return f"{who} may not begin a session of {role_arn} with tags; check --tag, and that your group allows them"
    reason = " (an explicit deny)" if "explicit deny" in message else ""
    if why:
        return f"{who} may not switch to {role_arn}{reason}; {'; '.join(why)}"
    return (
        f"{who} may not switch to {role_arn}{reason}; the usual reasons: no such role, none of your groups allows it or"
        " one denies it, MFA (--mfa-serial), an external id (--external-id), a source identity (--source-identity)"
    )


def _failure(error: Exception, source_name: str, profile: str) -> str:
    if isinstance(error, exceptions.ProfileNotFound):
        return f"there is no AWS profile {error.kwargs['profile']!r}; check --profile, source_profile and AWS_PROFILE"
    if isinstance(error, _WITHOUT_ANSWER):
        return describe(error)
    if isinstance(error, _SIGN_IN):
        return f"{source_name} is not signed in, or no longer; run `aws sso login --profile {_signs_in(profile)}`"
    if isinstance(error, exceptions.LoginError):
        return f"{source_name} is not signed in, or no longer; run `aws login --profile {_signs_in(profile)}`"
    return f"{source_name} can't be used: {describe(error)}"


def _signs_in(profile: str) -> str:
    """Return the first profile of a chain, which people sign in with, quoted for a shell."""
    return shlex.quote(source_chain(read_profiles(), profile)[-1])


def _skew(error: exceptions.ClientError) -> str:
    """Return the clock's error, by the date of AWS's answer."""
    headers: Any = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        minutes = round((datetime.now(UTC) - parsedate_to_datetime(headers["date"])).total_seconds() / 60)
    except (KeyError, TypeError, ValueError):
        return "wrong"
    return f"{abs(minutes)} minutes {'fast' if minutes > 0 else 'slow'}" if minutes else "wrong"
