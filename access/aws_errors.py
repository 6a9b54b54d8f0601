"""Describe errors of AWS and of botocore in one line that is safe to print.

This loads botocore. A command that should start fast imports this only after an error.
"""

import http.client
import re

from botocore import exceptions

from .aws_answers import UnreadableAnswerError

AWS_ERRORS = (exceptions.BotoCoreError, exceptions.ClientError)
"""All errors that botocore raises once clients recognise AWS's answers (``aws_answers``)."""

_NOT_SIGNED = ("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature")
"""Codes of errors whose message quotes the request, including the session token in its headers.

Source: IAM User Guide, "Troubleshoot Signature Version 4 signing for AWS API requests".
"""

_MISSING_CRT = (
    "botocore[crt] is not installed; add it: pipx inject --force cross-account-access 'botocore[crt]',"
    " or install again with uv tool install --with 'botocore[crt]', or pip install 'botocore[crt]'"
)
_REFUSED_VALUE = re.compile(r"Value '.*' at ", re.DOTALL)
"""A value of the request in a ValidationError, e.g. an external id."""
_WRONG_PARAMETER = re.compile(r"value: .*, (?=type: |valid )", re.DOTALL)
"""A value that botocore refuses to send, in its message."""
_METADATA_BODY = re.compile(r"(?<=from container metadata): .*", re.DOTALL)
"""The answer of a container's credential service, in botocore's message."""


def describe(error: Exception) -> str:
    """Return the message of an error of ``AWS_ERRORS`` on one line, without secrets or the text of an answer."""
    if isinstance(error, exceptions.ClientError):
        return _describe_refusal(error)
    if isinstance(error, UnreadableAnswerError):
        return one_line(str(error))
    if isinstance(error, exceptions.SSLError):
        return f"{_address(error)} has a certificate that is not trusted here; check AWS_CA_BUNDLE"
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return f"{_address(error)} does not answer; check the network, HTTPS_PROXY and AWS_ENDPOINT_URL"
    if isinstance(error, exceptions.MissingDependencyException):  # only raised for this package so far
        return _MISSING_CRT
    if isinstance(error, exceptions.NoRegionError):
        return "no region is set; set AWS_REGION, e.g. to us-east-1"
    if isinstance(error, exceptions.InvalidRegionError):
        return f"{error.kwargs['region_name']!r} is not a region; check AWS_REGION and the profile's region"
    return one_line(_METADATA_BODY.sub("", _WRONG_PARAMETER.sub("", str(error))))


def http_failure(error: exceptions.ClientError) -> str | None:
    """Return the HTTP status in words if nothing else is known: the body was empty or not from AWS."""
    code = error_code(error)
    if not code.isdecimal():
        return None
    return f"HTTP {code} {http.client.responses.get(int(code), '')}".rstrip()


def error_code(error: exceptions.ClientError) -> str:
    """Return AWS's error code, e.g. ``AccessDenied``."""
    return one_line(str(error.response.get("Error", {}).get("Code", "")))


def error_message(error: exceptions.ClientError) -> str:
    """Return AWS's error message, without the request's values that it quotes."""
    if error_code(error) in _NOT_SIGNED:
        return "AWS does not accept the signature of the request"
    return one_line(_REFUSED_VALUE.sub("Value at ", str(error.response.get("Error", {}).get("Message", ""))))


def one_line(text: str) -> str:
    """Return a text on one line, without characters that control a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _describe_refusal(error: exceptions.ClientError) -> str:
    code = http_failure(error) or error_code(error) or "an error without a code"
    message = "" if http_failure(error) else error_message(error)
    return f"{code} ({error.operation_name})" + (f": {message}" if message else "")


def _address(error: exceptions.BotoCoreError) -> str:
    """Return a request's address, without a password or query, which may be secret."""
    address = str(error.kwargs.get("endpoint_url", "AWS")).partition("?")[0].rstrip("/")
    return one_line(re.sub("//[^/]*@", "//", address))
