"""Errors of AWS and botocore are reported on one line without secrets."""

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from access.aws_errors import AWS_ERRORS, describe
from access.aws_session import new_session

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 (a made-up one)
QUOTED = (
    "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this"
    f" request should have been\n'POST\n/\n\nhost:sts.amazonaws.com\nx-amz-security-token:{SECRET}\n'"
)
REFUSED = (
    f"2 validation errors detected: Value '1' at 'durationSeconds' failed to satisfy constraint: too short;"
    f" Value '{SECRET}' at '{SECRET}' at 'externalId' failed to satisfy constraint: Member must satisfy [\\w]*"
)


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "AssumeRole")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (refused("AccessDenied", "no\nand\tno\x1b[31m\u202e"), "AccessDenied (AssumeRole): no and no [31m"),
        (refused("Throttling", ""), "Throttling (AssumeRole)"),
        (refused("", "why"), "an error without a code (AssumeRole): why"),
        (ClientError({}, "AssumeRole"), "an error without a code (AssumeRole)"),
        (refused("502", f"<html>{SECRET}"), "HTTP 502 Bad Gateway (AssumeRole)"),
        (refused("599", SECRET), "HTTP 599 (AssumeRole)"),
        (
            refused("SignatureDoesNotMatch", QUOTED),
            "SignatureDoesNotMatch (AssumeRole): AWS does not accept the signature of the request",
        ),
        (
            refused("ValidationError", REFUSED),
            "ValidationError (AssumeRole): 2 validation errors detected: Value at 'externalId' failed to satisfy"
            " constraint: Member must satisfy [\\w]*",
        ),
        (
            exceptions.EndpointConnectionError(endpoint_url=f"https://me:password@127.0.0.1:1/?token={SECRET}"),
            "https://127.0.0.1:1 does not answer; check the network, HTTPS_PROXY and AWS_ENDPOINT_URL",
        ),
        (
            exceptions.ProxyConnectionError(proxy_url="http://me:password@127.0.0.1:1", error="refused"),
            "AWS does not answer; check the network, HTTPS_PROXY and AWS_ENDPOINT_URL",
        ),
        (
            exceptions.SSLError(endpoint_url="https://127.0.0.1:1", error=ValueError("self-signed")),
            "https://127.0.0.1:1 has a certificate that is not trusted here; check AWS_CA_BUNDLE",
        ),
        (exceptions.NoRegionError(), "no region is set; set AWS_REGION, e.g. to us-east-1"),
        (
            exceptions.MetadataRetrievalError(
                error_msg=f"Received non 200 response 500 from container metadata: <html>\n{SECRET}"
            ),
            "Error retrieving metadata: Received non 200 response 500 from container metadata",
        ),
        (
            exceptions.CredentialRetrievalError(provider="custom-process", error_msg="helper: not\nfound\n"),
            "Error when retrieving credentials from custom-process: helper: not found",
        ),
    ],
)
def test_in_one_line(error: Exception, text: str) -> None:
    assert isinstance(error, AWS_ERRORS)
    assert describe(error) == text


def test_a_value_that_can_not_be_sent_is_not_shown() -> None:
    sts = new_session().create_client("sts", "us-east-1", aws_access_key_id="A", aws_secret_access_key="B")  # noqa: S106
    with pytest.raises(exceptions.ParamValidationError) as caught:
        sts.assume_role(RoleArn="arn:aws:iam::999999999999:role/UpdateApp", RoleSessionName="D", ExternalId=[SECRET])
    text = describe(caught.value)
    assert text.startswith("Parameter validation failed: Invalid length for parameter RoleSessionName")
    assert SECRET in str(caught.value)
    assert SECRET not in text
