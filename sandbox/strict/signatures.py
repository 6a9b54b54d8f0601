"""Check the signature of every request, as AWS does. MiniStack accepts any secret from an account's root.

Source: IAM User Guide, "AWS Signature Version 4 for API requests" and "Elements of an AWS API request signature".
"""

import hashlib
import re
import time
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass

from ministack.core.iam_evaluator import (
    CredentialResolutionError,
    find_iam_access_key_account,
    is_root_access_key,
    resolve_credential,
)
from ministack.core.responses import _account_from_sts_session
from ministack.core.sigv4 import HeaderSignature, header_signature_failure

from sandbox.secret_key import derived_secret

_SCOPE = r"(?P<access_key_id>[^/,\s]+)/(?P<day>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/aws4_request"
_CREDENTIAL = re.compile(_SCOPE)
_AUTHORIZATION = re.compile(
    rf"AWS4-HMAC-SHA256 +Credential={_SCOPE}, *SignedHeaders=(?P<headers>[^,\s]+), *Signature=(?P<signature>\w+)"
)
_SERVICES = ("iam", "s3", "sts")
_ACCOUNT_ID = re.compile(r"\d{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WINDOW_SECONDS = 15 * 60
_LONGEST_PRESIGNED_SECONDS = 7 * 24 * 3600

_PARAMETERS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
_IN_QUERY = "X-Amz-Credential"
_OPTIONAL_PARAMETERS = ("X-Amz-Expires", "X-Amz-Security-Token")
_BY_LOWER_CASE = {name.lower(): name for name in (*_PARAMETERS, *_OPTIONAL_PARAMETERS)}


@dataclass(frozen=True)
class Request:
    """A request as received."""

    method: str
    path: str
    """The path as sent, still encoded."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Values by lower-case names; the values of a repeated name are joined with commas."""
    body: bytes


@dataclass(frozen=True)
class Signed:
    """The service and the signer of a request."""

    service: str
    access_key_id: str


class RefusedError(Exception):
    """A refused request, with a code that MiniStack translates into the service's own."""

    def __init__(self, service: str, code: str, message: str) -> None:
        super().__init__(message)
        self.service = service
        self.code = code
        self.message = message


@dataclass(frozen=True)
class _Signature:
    access_key_id: str
    day: str
    region: str
    service: str
    headers: str
    """The names of the signed headers, separated by semicolons."""
    signature: str
    time: str
    token: str
    lifetime: int
    presigned: bool


def service_of(request: Request) -> str:
    """Return the service that a request claims to be signed for; the signature is not checked yet."""
    scope = _CREDENTIAL.search(request.headers.get("authorization", "") or "".join(request.query.get(_IN_QUERY, [])))
    return scope["service"] if scope else ""


def check(request: Request, key: bytes) -> Signed:
    """Return the service and the signer of a request.

    Args:
        request: the request.
        key: the key that the accounts' secrets are derived from.

    Raises:
        RefusedError: the request is not signed, its secret is wrong, or its service is not served.
    """
    signature = _parse(request)
    service = signature.service
    if service not in _SERVICES:
        message = f"The sandbox serves IAM, S3 and STS; this request is signed for {service!r}."
        raise RefusedError(service, "UnsupportedOperation", message)
    if "x-amz-target" in request.headers:
        raise RefusedError(service, "UnsupportedOperation", "IAM, S3 and STS take no X-Amz-Target.")
    _check_time(signature)
    names = signature.headers.split(";")
    if "host" not in names or any(name.startswith("x-amz-") and name not in names for name in request.headers):
        raise RefusedError(service, "AccessDenied", "There were headers present in the request which were not signed")
    failure = header_signature_failure(
        HeaderSignature(
            signature.access_key_id,
            signature.day,
            signature.region,
            service,
            signature.headers,
            signature.signature,
            signature.time,
        ),
        _secret(signature, key),
        request.method,
        request.path,
        request.query,
        _with_hash_of_body(request, service),
        request.body,
        presigned=signature.presigned,
    )
    if failure:
        raise RefusedError(service, *failure)
    return Signed(service, signature.access_key_id)


def _parse(request: Request) -> _Signature:
    """Return the signature of a request, which must have exactly one."""
    authorization = request.headers.get("authorization")
    parameters = [name for name in request.query if name.lower() in _BY_LOWER_CASE]
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    service = "iam" if form else "s3"  # the format of the answer if the request names no service
    if authorization is None and not parameters:
        raise RefusedError(service, "MissingAuthenticationToken", "Request is missing Authentication Token")
    if authorization is None:
        return _parse_query(request.query, parameters, service)
    header = _AUTHORIZATION.fullmatch(authorization)
    if header is None or parameters:
        raise RefusedError(service, "UnsupportedSignature", "The request must have one AWS4-HMAC-SHA256 signature.")
    return _Signature(
        **header.groupdict(),
        time=request.headers.get("x-amz-date", ""),
        token=request.headers.get("x-amz-security-token", ""),
        lifetime=_WINDOW_SECONDS,
        presigned=False,
    )


def _parse_query(query: Mapping[str, list[str]], parameters: list[str], service: str) -> _Signature:
    values = {name: query[name][0] for name in parameters if name in _BY_LOWER_CASE.values() and len(query[name]) == 1}
    scope = _CREDENTIAL.fullmatch(values.get("X-Amz-Credential", ""))
    lifetime = values.get("X-Amz-Expires", str(_WINDOW_SECONDS))
    if (
        scope is None
        or len(values) != len(parameters)
        or not values.keys() >= set(_PARAMETERS)
        or values["X-Amz-Algorithm"] != "AWS4-HMAC-SHA256"
        or not lifetime.isdecimal()
        or int(lifetime) > _LONGEST_PRESIGNED_SECONDS
    ):
        raise RefusedError(service, "UnsupportedSignature", "The request must have one AWS4-HMAC-SHA256 signature.")
    return _Signature(
        **scope.groupdict(),
        headers=values["X-Amz-SignedHeaders"],
        signature=values["X-Amz-Signature"],
        time=values["X-Amz-Date"],
        token=values.get("X-Amz-Security-Token", ""),
        lifetime=int(lifetime),
        presigned=True,
    )


def _check_time(signature: _Signature) -> None:
    try:
        age = time.time() - timegm(time.strptime(signature.time, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise RefusedError(signature.service, "IncompleteSignature", "The request has no valid X-Amz-Date.") from None
    if age < -_WINDOW_SECONDS or age > signature.lifetime:
        code = "RequestExpired" if signature.presigned else "RequestTimeTooSkewed"
        raise RefusedError(signature.service, code, f"Signature expired or not yet current: {signature.time}")


def _secret(signature: _Signature, key: bytes) -> str:
    """Return the secret that must have signed the request."""
    access_key_id, token = signature.access_key_id, signature.token
    unknown = RefusedError(
        signature.service, "InvalidClientTokenId", "The security token included in the request is invalid."
    )
    if _ACCOUNT_ID.fullmatch(access_key_id):
        if token:
            raise unknown
        return derived_secret(key, access_key_id)
    if is_root_access_key(access_key_id):  # MiniStack's own keys, which are public
        raise unknown
    account_id = _account_from_sts_session(access_key_id) or find_iam_access_key_account(access_key_id)
    credential = resolve_credential(access_key_id, account_id, token)
    if isinstance(credential, CredentialResolutionError):
        if credential.code == "InvalidToken" and not token:
            raise unknown  # as AWS answers a session's key without its token
        raise RefusedError(signature.service, credential.code, credential.message)
    secret: str = credential.secret_access_key
    return secret


def _with_hash_of_body(request: Request, service: str) -> Mapping[str, str]:
    """Return the headers, with the hash of the received body instead of the stated one."""
    stated = request.headers.get("x-amz-content-sha256")
    if stated is None or (service == "s3" and not _SHA256.fullmatch(stated)):
        return request.headers  # S3 has special values for unsigned and chunked bodies
    return {**request.headers, "x-amz-content-sha256": hashlib.sha256(request.body).hexdigest()}
