"""Recognise answers that are not from AWS: a captive portal's or proxy's HTML page, or an answer that was cut short.

botocore raises an error that quotes such an answer, secrets included, or treats parts of it as AWS's. Here the answer
becomes an error that names its source, and never its content.

Sources: Smithy, "AWS query protocol", "AWS restXml protocol" and "AWS restJson1 protocol"; Amazon S3 API Reference,
"Error responses".
"""

import http.client
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParser, ResponseParserFactory

if TYPE_CHECKING:
    from botocore.model import OperationModel

_FOREIGN = "NotFromAws"
"""The mark, in the metadata of a parsed answer, of one that is not from AWS."""

_QUERY = ("query", "ec2")
_JSON = ("json", "rest-json")
_ERROR_ROOTS = {"query": ("ErrorResponse",), "ec2": ("Response",), "rest-xml": ("Error", "ErrorResponse")}
_HTML = re.compile(rb"\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE)
_BUCKET_REGION = "x-amz-bucket-region"
"""The header in which S3 names a bucket's region when an error has no body, as for HEAD."""


class UnreadableAnswerError(BotoCoreError):
    """An answer with an HTTP status of success that is not from AWS."""

    fmt = (
        "{host} answered {operation} ({service}) with something that is not from AWS (HTML page, cut short);"
        " check the network or proxy"
    )


def recognise_answers(session: Any) -> None:  # noqa: ANN401 (as botocore has it)
    """Make all clients of a botocore session refuse answers that are not from AWS.

    An unreadable answer raises ``UnreadableAnswerError``; an unreadable error raises a ``ClientError`` whose code is
    its HTTP status. botocore retries as usual; the error is raised after the last try.
    """
    session.register_component("response_parser_factory", _Parsers())
    session.register("after-call", _raise_foreign)
    # For this operation, botocore would parse the body once more.
    session.get_component("event_emitter").register_first("after-call.s3.GetBucketLocation", _raise_foreign)
    session.register("needs-retry.s3", _stop_redirection)


class _Parsers(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> ResponseParser:
        return _Parser(protocol_name, super().create_parser(protocol_name))


class _Parser(ResponseParser):
    """A parser that marks answers that are not from AWS."""

    def __init__(self, protocol: str, parser: ResponseParser) -> None:
        super().__init__()
        self._protocol = protocol
        self._parser = parser

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:  # noqa: ANN401 (as the base class has it)
        with suppress(Exception):  # any error may quote the answer, so it ends here
            if _is_from_aws(self._protocol, response, shape):
                parsed = self._parser.parse(response, shape)
                if self._is_complete(parsed, response, shape):
                    return parsed
        return _foreign(response)

    def _is_complete(self, parsed: Mapping[str, Any], response: Mapping[str, Any], shape: Any) -> bool:  # noqa: ANN401
        if shape is not None and shape.metadata.get("exception"):
            return True  # the second pass over an error with a code
        if _is_error(response):
            return bool(parsed["Error"]["Code"])
        return shape is None or self._protocol not in _JSON or parsed.keys() >= set(shape.required_members)


def _is_from_aws(protocol: str, response: Mapping[str, Any], shape: Any) -> bool:  # noqa: ANN401
    """Return whether an answer looks like AWS's, judging by its outermost element."""
    body = response["body"]
    if not isinstance(body, bytes):  # a stream, e.g. of an object, which may be an HTML page
        return True
    if _is_cut(body, response["headers"].get("content-length", "")):
        return False
    if protocol in _ERROR_ROOTS and _is_error(response):
        if protocol == "rest-xml" and not body:
            return _BUCKET_REGION in response["headers"]
        return _root(body) in _ERROR_ROOTS[protocol]
    if protocol in _QUERY:
        return _root(body) == f"{response['context']['operation_name']}Response"
    if not body:
        return _is_error(response) or response["status_code"] != http.client.OK or not _has_body(shape)
    if _is_plain(shape) and not _is_error(response):
        return not _HTML.match(body)
    if protocol in _JSON:
        return isinstance(json.loads(body), dict)
    return protocol != "rest-xml" or _root(body).lower() != "html"


def _is_cut(body: bytes, length: str) -> bool:
    """Return whether a body is shorter than its header says, which botocore overlooks. An answer to HEAD has none."""
    return body != b"" and length.isdecimal() and len(body) < int(length)


def _is_error(response: Mapping[str, Any]) -> bool:
    status: int = response["status_code"]
    return status >= http.client.MULTIPLE_CHOICES


def _root(body: bytes) -> str:
    """Return the name of the outermost element, without its namespace."""
    return ElementTree.fromstring(body).tag.rpartition("}")[2]  # noqa: S314 (botocore parses it the same way)


def _has_body(shape: Any) -> bool:  # noqa: ANN401
    """Return whether at least part of an operation's output is in the body."""
    locations = [member.serialization.get("location") for member in shape.members.values()] if shape else []
    return any(location not in ResponseParser.KNOWN_LOCATIONS for location in locations)


def _is_plain(shape: Any) -> bool:  # noqa: ANN401
    """Return whether the body of an answer is text or bytes of any form."""
    payload = shape.serialization.get("payload") if shape else None
    return payload is not None and shape.members[payload].type_name in ("string", "blob")


def _foreign(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer that is not from AWS as an error, without anything of its body."""
    status: int = response["status_code"]
    headers = {str(name).lower(): value for name, value in response["headers"].items()}
    return {
        "Error": {"Code": str(status), "Message": http.client.responses.get(status, "")},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers, _FOREIGN: True},
    }


def _raise_foreign(
    http_response: Any,  # noqa: ANN401
    parsed: dict[str, Any],
    model: "OperationModel",
    **others: object,
) -> None:
    """Raise an error for an answer that is not from AWS.

    The HTTP status is taken from the raw answer: botocore retries S3 answers that it can't read as if they were a 500.
    """
    if not _is_foreign(parsed):
        return
    if http_response.raw.status >= http.client.MULTIPLE_CHOICES:
        raise ClientError(parsed, model.name)  # type: ignore[arg-type]
    raise UnreadableAnswerError(
        host=urlsplit(http_response.url).netloc.rpartition("@")[2],
        operation=model.name,
        service=model.service_model.service_id,
    )


def _stop_redirection(
    response: tuple[Any, Mapping[str, Any]] | None, request_dict: dict[str, Any], **others: object
) -> None:
    """Keep botocore from taking a captive portal's redirection for S3's to another region, and asking S3 forever."""
    if response and _is_foreign(response[1]):
        request_dict["context"].setdefault("s3_redirect", {})["redirected"] = True


def _is_foreign(parsed: Mapping[str, Any]) -> bool:
    return _FOREIGN in parsed.get("ResponseMetadata", {})
