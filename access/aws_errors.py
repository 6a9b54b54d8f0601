"""Describe errors of AWS and of botocore, in one line that is safe to print.

This loads botocore. A command that should answer before that is loaded imports this when an error has occurred.
"""

import http.client
import re

from botocore import exceptions

from .aws_answers import UnreadableAnswerError

AWS_ERRORS = (exceptions.BotoCoreError, exceptions.ClientError)
"""All that botocore raises once clients recognise AWS's answers (``aws_answers``)."""

_NOT_SIGNED = ("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature")
"""Codes of errors whose message quotes the request, with the session token among its headers.

Source: IAM User Guide, "Troubleshoot Signature Version 4 signing for AWS API requests".
"""

_MISSING_CRT = (
    "botocore[crt] is not installed; add it: pipx inject --force cross-account-access 'botocore[crt]',"
    " or install again with uv tool install --with 'botocore[crt]', or pip install 'botocore[crt]'"
)
_REFUSED_VALUE = re.compile(r"Value '.*' at ", re.DOTALL)
"""How a ValidationError quotes a value of the request, e.g. an external id."""
_WRONG_PARAMETER = re.compile(r"value: .*, (?=type: |valid )", re.DOTALL)
"""How botocore quotes a value that it does not send."""
_METADATA_BODY = re.compile(r"(?<=from container metadata): .*", re.DOTALL)
"""How botocore quotes the answer of what gives a container its credentials."""


def describe(error: Exception) -> str:
    """Return what an error of ``AWS_ERRORS`` says, in one line, without the text of an answer or a secret."""
    if isinstance(error, exceptions.ClientError):
        return _describe_refusal(error)
    if isinstance(error, UnreadableAnswerError):
        return one_line(str(error))
    if isinstance(error, exceptions.SSLError):
        return f"{_address(error)} does not show a certificate that is trusted here; check AWS_CA_BUNDLE"
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return f"{_address(error)} does not answer; check the network, HTTPS_PROXY and AWS_ENDPOINT_URL"
    if isinstance(error, exceptions.MissingDependencyException):  # so far it names this one package
        return _MISSING_CRT
    if isinstance(error, exceptions.NoRegionError):
        return "no region is set; set AWS_REGION, e.g. to us-east-1"
    if isinstance(error, exceptions.InvalidRegionError):
        return f"{error.kwargs['region_name']!r} is not a region; check AWS_REGION and the profile's region"
    return one_line(_METADATA_BODY.sub("", _WRONG_PARAMETER.sub("", str(error))))


def http_failure(error: exceptions.ClientError) -> str | None:
    """Return the HTTP status in words where it is all that is known: the body was none of AWS's, or empty."""
    code = error_code(error)
    if not code.isdecimal():
        return None
    return f"HTTP {code} {http.client.responses.get(int(code), '')}".rstrip()


def error_code(error: exceptions.ClientError) -> str:
    """Return the code of what AWS answered, e.g. ``AccessDenied``."""
    return one_line(str(error.response.get("Error", {}).get("Code", "")))


def error_message(error: exceptions.ClientError) -> str:
    """Return the message of what AWS answered, without the values of the request that it quotes."""
    if error_code(error) in _NOT_SIGNED:
        return "AWS does not accept the signature of the request"
    return one_line(_REFUSED_VALUE.sub("Value at ", str(error.response.get("Error", {}).get("Message", ""))))


def one_line(text: str) -> str:
    """Return a text in one line, without characters that control a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _describe_refusal(error: exceptions.ClientError) -> str:
    what = http_failure(error) or error_code(error) or "an error without a code"
    message = "" if http_failure(error) else error_message(error)
    return f"{what} ({error.operation_name})" + (f": {message}" if message else "")


def _address(error: exceptions.BotoCoreError) -> str:
    """Return where a request went, without a password or a query, which may hold secrets."""
    address = str(error.kwargs.get("endpoint_url", "AWS")).partition("?")[0].rstrip("/")
    return one_line(re.sub("//[^/]*@", "//", address))
