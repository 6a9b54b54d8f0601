"""An answer that is not from AWS is an error that names its source; AWS's own answers and errors do not change."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from access.aws_answers import UnreadableAnswerError
from access.aws_errors import describe
from access.aws_session import new_session
from tests.support.http_server import Request, Response, serving

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 (a made-up one)
PAGE = f"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>{SECRET}<br></body></html>"
XHTML = f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>{SECRET}</p></body></html>'
RUBBISH = f'{{"rubbish": "{SECRET}"}}'

CALLER = f"<GetCallerIdentityResult><Arn>{SECRET}</Arn></GetCallerIdentityResult>"
IDENTITY = (
    f'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{CALLER}</GetCallerIdentityResponse>'
)
DELETED = '<DeleteAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"></DeleteAccessKeyResponse>'
BUCKETS = (
    '<?xml version="1.0" encoding="UTF-8"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Buckets><Bucket><Name>productionapp</Name></Bucket></Buckets></ListAllMyBucketsResult>"
)
NO_BUCKET = "<Error><Code>NoSuchBucket</Code><Message>It is gone</Message><RequestId>1</RequestId></Error>"
NO_ROLE = (
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
    "<Code>NoSuchEntity</Code><Message>no such role</Message></Error><RequestId>1</RequestId></ErrorResponse>"
)


class Aws:
    """A server with one answer to everything, which counts the requests."""

    def __init__(self) -> None:
        self.address = ""
        self._clients: dict[tuple[str, int], Any] = {}
        self.forget()

    def forget(self) -> None:
        self.response = Response()
        self.asked = 0

    def respond(self, request: Request) -> Response:
        self.asked += 1
        return self.response

    def client(self, service: str, attempts: int = 1) -> Any:  # noqa: ANN401
        if (service, attempts) not in self._clients:
            retries: Any = {"mode": "standard", "total_max_attempts": attempts}
            self._clients[service, attempts] = new_session().create_client(
                service,
                "us-east-1",
                endpoint_url=self.address,
                aws_access_key_id="AKIAEXAMPLE",
                aws_secret_access_key=SECRET,
                config=Config(retries=retries, s3={"addressing_style": "path"}),
            )
        return self._clients[service, attempts]


@pytest.fixture(scope="module")
def server() -> Iterator[Aws]:
    """Start one server for all tests, because creating clients takes most of the time."""
    answering = Aws()
    with pytest.MonkeyPatch.context() as patch, serving(answering.respond) as answering.address:
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
        yield answering


@pytest.fixture
def aws(server: Aws) -> Aws:
    server.forget()
    return server


Call = Callable[[Aws], object]

CALLS: dict[str, Call] = {
    "GetCallerIdentity": lambda aws: aws.client("sts").get_caller_identity(),
    "DeleteAccessKey": lambda aws: aws.client("iam").delete_access_key(AccessKeyId="AKIAIOSFODNN7EXAMPLE"),
    "GetAccountAuthorizationDetails": lambda aws: aws.client("iam").get_account_authorization_details(),
    "ListBuckets": lambda aws: aws.client("s3").list_buckets(),
    "GetBucketLocation": lambda aws: aws.client("s3").get_bucket_location(Bucket="productionapp"),
    "PutObject": lambda aws: aws.client("s3").put_object(Bucket="productionapp", Key="a", Body=b"x"),
    "DeleteBucket": lambda aws: aws.client("s3").delete_bucket(Bucket="productionapp"),
    "ValidatePolicy": lambda aws: aws.client("accessanalyzer").validate_policy(
        policyDocument="{}", policyType="IDENTITY_POLICY"
    ),
}


@pytest.mark.parametrize("body", [PAGE, XHTML, RUBBISH], ids=["page", "XHTML", "JSON"])
@pytest.mark.parametrize("operation", CALLS)
def test_what_is_not_from_aws(aws: Aws, operation: str, body: str) -> None:
    aws.response = Response(body)
    with pytest.raises(UnreadableAnswerError) as caught:
        CALLS[operation](aws)
    message = str(caught.value)
    assert message.startswith(f"{aws.address.removeprefix('http://')} answered {operation} (")
    assert message.endswith("with something that is not from AWS (HTML page, cut short); check the network or proxy")
    assert SECRET not in repr(vars(caught.value))
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("body", [PAGE, XHTML, ""])
def test_a_page_or_nothing_in_place_of_text(aws: Aws, body: str) -> None:
    aws.response = Response(body)
    with pytest.raises(UnreadableAnswerError):
        aws.client("s3").get_bucket_policy(Bucket="productionapp")


@pytest.mark.parametrize(
    ("operation", "body"), [("GetCallerIdentity", IDENTITY), ("DeleteAccessKey", DELETED), ("ListBuckets", BUCKETS)]
)
@pytest.mark.parametrize("part", [0, 0.5, 0.97])
def test_what_was_cut_short(aws: Aws, operation: str, body: str, part: float) -> None:
    aws.response = Response(body)
    CALLS[operation](aws)
    aws.response = Response(body[: int(len(body) * part)])
    with pytest.raises(UnreadableAnswerError):
        CALLS[operation](aws)


def test_an_answer_to_another_question(aws: Aws) -> None:
    aws.response = Response(IDENTITY)
    with pytest.raises(UnreadableAnswerError):
        CALLS["DeleteAccessKey"](aws)


@pytest.mark.parametrize("missing", [1, 1000])
def test_a_connection_that_broke_off(aws: Aws, missing: int) -> None:
    aws.response = Response("{}", missing=missing)
    with pytest.raises(UnreadableAnswerError):
        aws.client("s3").get_bucket_policy(Bucket="productionapp")
    with pytest.raises(UnreadableAnswerError):
        CALLS["GetCallerIdentity"](aws)


def test_what_is_from_aws(aws: Aws) -> None:
    aws.response = Response(IDENTITY)
    assert aws.client("sts").get_caller_identity()["Arn"] == SECRET
    aws.response = Response(BUCKETS)
    assert aws.client("s3").list_buckets()["Buckets"] == [{"Name": "productionapp"}]
    aws.response = Response('{"findings": []}')
    assert (
        aws.client("accessanalyzer").validate_policy(policyDocument="{}", policyType="IDENTITY_POLICY")["findings"]
        == []
    )
    aws.response = Response("<LocationConstraint>eu-west-1</LocationConstraint>")
    assert aws.client("s3").get_bucket_location(Bucket="productionapp")["LocationConstraint"] == "eu-west-1"
    aws.response = Response("{}")
    assert aws.client("s3").get_bucket_policy(Bucket="productionapp")["Policy"] == "{}"


@pytest.mark.parametrize("body", [PAGE, "", "{"])
def test_an_object_may_have_any_content(aws: Aws, body: str) -> None:
    aws.response = Response(body)
    given = aws.client("s3").get_object(Bucket="productionapp", Key="index.html")["Body"]
    assert io.BytesIO(given.read()).getvalue().decode() == body


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("operation", ["PutObject", "DeleteBucket"])
def test_nothing_is_the_whole_answer(aws: Aws, operation: str, status: int) -> None:
    aws.response = Response(status=status)
    CALLS[operation](aws)
    aws.client("s3").head_bucket(Bucket="productionapp")


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("body", [PAGE, XHTML, RUBBISH, "", NO_ROLE[:-1]], ids=["page", "XHTML", "JSON", "", "cut"])
@pytest.mark.parametrize("status", [302, 403, 502])
def test_an_error_of_a_proxy(aws: Aws, operation: str, body: str, status: int) -> None:
    aws.response = Response(body, status, {"Location": "http://127.0.0.1:1"} if status == 302 else {})
    with pytest.raises(ClientError) as caught:
        CALLS[operation](aws)
    words = {302: "HTTP 302 Found", 403: "HTTP 403 Forbidden", 502: "HTTP 502 Bad Gateway"}
    assert describe(caught.value) == f"{words[status]} ({operation})"
    assert SECRET not in f"{caught.value} {caught.value.response}"


def test_an_error_of_aws(aws: Aws) -> None:
    aws.response = Response(NO_ROLE, 404)
    iam = aws.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException) as caught:
        iam.get_role(RoleName="Nobody")
    assert describe(caught.value) == "NoSuchEntity (GetRole): no such role"
    aws.response = Response('{"message": "no"}', 403, {"x-amzn-ErrorType": "AccessDeniedException"})
    with pytest.raises(ClientError) as caught:
        CALLS["ValidatePolicy"](aws)
    assert describe(caught.value) == "AccessDeniedException (ValidatePolicy): no"
    for status in (404, 200):  # S3 has errors with status 200
        aws.response = Response(NO_BUCKET, status)
        with pytest.raises(ClientError) as caught:
            CALLS["ListBuckets"](aws)
        assert describe(caught.value) == "NoSuchBucket (ListBuckets): It is gone"
    aws.response = Response(status=404, missing=100)
    with pytest.raises(ClientError) as caught:
        aws.client("s3").head_bucket(Bucket="productionapp")
    assert describe(caught.value) == "HTTP 404 Not Found (HeadBucket)"


@pytest.mark.parametrize(
    ("service", "call", "response", "asked"),
    [
        ("sts", "get_caller_identity", Response(PAGE), 1),
        ("sts", "get_caller_identity", Response(PAGE, 403), 1),
        ("sts", "get_caller_identity", Response(PAGE, 502), 3),
        ("s3", "list_buckets", Response(PAGE), 3),  # as for a 500: the answer may have been cut short
    ],
)
def test_botocore_decides_on_retries(aws: Aws, service: str, call: str, response: Response, asked: int) -> None:
    aws.response = response
    with pytest.raises(ClientError if response.status != 200 else UnreadableAnswerError):
        getattr(aws.client(service, attempts=3), call)()
    assert aws.asked == asked


def test_a_redirection_to_another_s3_region_still_works(aws: Aws) -> None:
    s3 = aws.client("s3", attempts=2)  # another client, because a client remembers the region
    body = "<Error><Code>PermanentRedirect</Code><Message>x</Message></Error>"
    aws.response = Response(body, 301, {"x-amz-bucket-region": "eu-west-1"})
    with pytest.raises(ClientError, match="PermanentRedirect"):
        s3.delete_bucket(Bucket="theirs")
    assert aws.asked == 2
    aws.response = Response("", 301, {"x-amz-bucket-region": "eu-west-1"})
    with pytest.raises(ClientError, match="301"):
        s3.head_bucket(Bucket="theirs-too")
    assert aws.asked == 4
