"""Test the search for a request that one policy document allows and another does not."""

import copy
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from access.iam.documents import parse
from access.iam.patterns import Value
from access.iam.search import Difference, Policies, Undecided, first_difference
from tests.support import random_documents
from tests.support.policy_evaluator import Policy, Request
from tests.support.second_opinion import is_wider

Document = Mapping[str, Any]
ALICE = "arn:aws:iam::111111111111:user/alice"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OWN_NAME = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}

MODELLED = ("Bool", "ArnLike", "DateLessThan", "IpAddress", "NumericLessThanEquals", "StringEquals", "StringLike")


def document(*statements: Mapping[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def right(action: Any, resource: Any, condition: Any = None, effect: str = "Allow") -> Document:  # noqa: ANN401 (JSON)
    result = {"Sid": "S", "Effect": effect, "Action": action, "Resource": resource}
    return {**result, "Condition": condition} if condition else result


def trust(condition: Any = None, *accounts: str, principal: Any = None) -> Document:  # noqa: ANN401 (JSON)
    named = principal or {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts or ("111111111111",)]}
    result = {"Sid": "TrustAccount", "Effect": "Allow", "Principal": named, "Action": "sts:AssumeRole"}
    return document({**result, "Condition": condition} if condition else result)


def objects(*resources: str) -> Document:
    return document(right("s3:GetObject", [f"arn:aws:s3:::{resource}" for resource in resources]))


def difference(before: Document, after: Document) -> Difference | Undecided | None:
    return first_difference(Policies("before", parse(before)), Policies("after", parse(after)))


def one_of(operator: str, key: str, *values: str) -> Document:
    return {operator: {key: list(values)}}


WIDER: Mapping[str, tuple[Document, Document, Mapping[str, Value]]] = {
    "MFA dropped": (trust(MFA), trust(), {"aws:multifactorauthpresent": None}),
    "MFA only if it exists": (
        trust(MFA),
        trust(one_of("BoolIfExists", "aws:MultiFactorAuthPresent", "true")),
        {"aws:multifactorauthpresent": None},
    ),
    "older MFA": (
        trust(one_of("NumericLessThanEquals", "aws:MultiFactorAuthAge", "3600")),
        trust(one_of("NumericLessThan", "aws:MultiFactorAuthAge", "7200")),
        {"aws:multifactorauthage": "3601"},
    ),
    "a wider network": (
        trust(one_of("IpAddress", "aws:SourceIp", "203.0.113.0/25")),
        trust(one_of("IpAddress", "aws:SourceIp", "203.0.113.0/24")),
        {"aws:sourceip": "203.0.113.128"},
    ),
    "one address more of IPv6": (
        trust(one_of("IpAddress", "aws:SourceIp", "2001:db9::/64")),
        trust(one_of("IpAddress", "aws:SourceIp", "2001:db9::/64", "2001:db9:1::1")),
        {"aws:sourceip": "2001:db9:1::1"},
    ),
    "a later end": (
        trust(one_of("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:00Z")),
        trust(one_of("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:01Z")),
        {"aws:currenttime": "2027-01-01T00:00:00Z"},
    ),
    "another external id": (
        trust(one_of("StringEquals", "sts:ExternalId", "a")),
        trust(one_of("StringEquals", "sts:ExternalId", "a", "b")),
        {"sts:externalid": "b"},
    ),
    "an external id by any case": (
        trust(one_of("StringEquals", "sts:ExternalId", "a")),
        trust(one_of("StringEqualsIgnoreCase", "sts:ExternalId", "a")),
        {"sts:externalid": "A"},
    ),
    "a third account": (
        trust(),
        trust(None, "111111111111", "222222222222"),
        {"principal": "arn:aws:iam::222222222222:user/somebody"},
    ),
    "a service": (
        trust(),
        trust(principal={"AWS": "arn:aws:iam::111111111111:root", "Service": "ec2.amazonaws.com"}),
        {"principal": "Service: ec2.amazonaws.com"},
    ),
    "an identity provider": (
        trust(),
        trust(principal={"AWS": "111111111111", "Federated": "accounts.google.com"}),
        {"principal": "Federated: accounts.google.com"},
    ),
    "a session of somebody else's role": (
        trust(),
        trust(principal={"AWS": ["111111111111", "arn:aws:sts::222222222222:assumed-role/r/s"]}),
        {"principal": "arn:aws:sts::222222222222:assumed-role/r/s"},
    ),
    "everybody": (trust(), trust(principal="*"), {"principal": "arn:aws:iam::222222222222:user/somebody"}),
    "a typing error": (
        trust(one_of("ArnLike", "aws:PrincipalArn", ALICE)),
        trust(one_of("ArnLike", "aws:PrincipalArn", f"{ALICE}*")),
        {"principal": f"{ALICE}2"},
    ),
    "other tags": (
        trust(one_of("ForAllValues:StringEquals", "aws:TagKeys", "team")),
        trust(),
        {"aws:tagkeys": ("x",)},
    ),
    "one of the tags suffices": (
        trust(one_of("ForAllValues:StringEquals", "aws:TagKeys", "team")),
        trust(one_of("ForAnyValue:StringEquals", "aws:TagKeys", "team")),
        {"aws:tagkeys": ("team", "x")},
    ),
    "another source identity": (
        trust(OWN_NAME),
        trust(one_of("StringEquals", "sts:SourceIdentity", "bot")),
        {"principal": "arn:aws:iam::111111111111:user/somebody", "sts:sourceidentity": "bot"},
    ),
    "the caller's own name": (
        trust({"StringEquals": {"sts:SourceIdentity": "alice", "aws:username": "alice"}}),
        trust(OWN_NAME),
        {"principal": "arn:aws:iam::111111111111:user/x", "sts:sourceidentity": "x"},
    ),
    "another caller's name, with the sides swapped": (
        trust(one_of("StringEquals", "aws:username", "${sts:SourceIdentity}")),
        trust(one_of("StringLike", "sts:SourceIdentity", "a*")),
        {"principal": "arn:aws:iam::111111111111:user/somebody", "sts:sourceidentity": "a2"},
    ),
    "one user's own name": (
        trust(one_of("StringEquals", "sts:ExternalId", "a"), principal={"AWS": ALICE}),
        trust(OWN_NAME, principal={"AWS": ALICE}),
        {"principal": ALICE, "sts:sourceidentity": "alice"},
    ),
    "a Deny for all but an account": (
        document(
            {**trust(principal="*")["Statement"][0]},
            {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "*"},
        ),
        trust(principal="*"),
        {"principal": "arn:aws:iam::111111111111:user/somebody"},
    ),
    "three names that may differ": (
        trust(
            one_of("StringEquals", "sts:SourceIdentity", "${aws:username}"),
        ),
        trust(
            {
                "StringEquals": {"sts:SourceIdentity": "${aws:username}"},
                "StringNotEquals": {"sts:RoleSessionName": "${sts:SourceIdentity}"},
                "Null": {"aws:MultiFactorAuthAge": "false"},
            },
            "222222222222",
        ),
        {"principal": "arn:aws:iam::222222222222:user/x", "sts:sourceidentity": "x"},
    ),
    "a prefix without its slash": (
        objects("b/reports/*"),
        objects("b/reports*"),
        {"resource": "arn:aws:s3:::b/reports2"},
    ),
    "a bucket of two letters": (objects("b/*"), objects("b?/*", "b/*"), {"resource": "arn:aws:s3:::b1/example"}),
    "a Deny that is gone": (
        document(right("s3:*", "*"), right("s3:Delete*", "*", effect="Deny")),
        document(right("s3:*", "*")),
        {"action": "s3:DeleteObject"},
    ),
    "all but one service": (
        document(right("s3:*", "*")),
        document({"Sid": "S", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        {"action": "sts:AssumeRole"},
    ),
    "all but one bucket": (
        objects("b/*"),
        document({"Sid": "S", "Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b/*"}),
        {"action": "s3:GetObject", "resource": "arn:aws:s3:::example"},
    ),
}


@pytest.mark.parametrize("name", WIDER)
def test_a_wider_document_has_a_witness(name: str) -> None:
    before, after, expected = WIDER[name]
    found = difference(before, after)
    assert isinstance(found, Difference)
    assert {key: found.witness.values[key] for key in expected} == expected
    assert found.statement in ("S", "TrustAccount")


EQUAL: Mapping[str, tuple[Document, Document]] = {
    "the case of actions": (document(right("s3:getobject", "*")), document(right("S3:GetObject", "*"))),
    "two statements in place of one": (
        objects("b/*", "c/*"),
        document(right("s3:GetObject", "arn:aws:s3:::b/*"), right("s3:GetObject", "arn:aws:s3:::c/*")),
    ),
    "a resource within another": (objects("b/*"), objects("b/*", "b/*/*/a?b*")),
    "two halves of a network": (
        trust(one_of("IpAddress", "aws:SourceIp", "203.0.113.0/24")),
        trust(one_of("IpAddress", "aws:SourceIp", "203.0.113.0/25", "203.0.113.128/25")),
    ),
    "both forms of an account": (trust(), trust(principal={"AWS": "111111111111"})),
    "an account as a condition": (
        trust(),
        trust(one_of("StringEquals", "aws:PrincipalAccount", "111111111111"), principal="*"),
    ),
    "a name in both forms": (
        trust({"StringEquals": {"sts:SourceIdentity": "alice", "aws:username": "alice"}}),
        trust({"StringEquals": {"sts:SourceIdentity": "${aws:username}", "aws:username": "alice"}}),
    ),
    "a name with the sides swapped": (
        trust(OWN_NAME),
        trust(one_of("StringEquals", "aws:username", "${sts:SourceIdentity}")),
    ),
    "three names that are one": (
        trust({"StringEquals": {"sts:SourceIdentity": "${aws:username}", "sts:RoleSessionName": "${aws:username}"}}),
        trust(
            {
                "StringEquals": {
                    "sts:SourceIdentity": "${sts:RoleSessionName}",
                    "aws:username": "${sts:RoleSessionName}",
                }
            }
        ),
    ),
    "a date in both forms": (
        trust(one_of("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:00Z")),
        trust(one_of("DateLessThan", "aws:CurrentTime", "1798761600")),
    ),
    "the same variable in a longer text": (
        objects("b/${aws:username}/*"),
        document(*[right("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*")] * 2),
    ),
    "one undecidable text among others": (
        objects("b/${aws:username}/*", "c/*"),
        objects("c/*", "c/d/*", "b/${aws:username}/*"),
    ),
    "an allowed action that is denied": (
        document(right("s3:GetObject", "*"), right("s3:PutObject", "*"), right("s3:Put*", "*", effect="Deny")),
        document(right("s3:GetObject", "*"), right("s3:Put*", "*", effect="Deny")),
    ),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equivalent_documents_have_no_difference(name: str) -> None:
    before, after = EQUAL[name]
    assert difference(before, after) is None
    assert difference(after, before) is None


@pytest.mark.parametrize(
    ("before", "after", "undecided"),
    [
        (objects("b/*"), objects("c/${aws:username}/*"), Undecided("resource", "Resource")),
        (
            trust(one_of("StringLike", "sts:RoleSessionName", "${aws:username}-*")),
            trust(one_of("StringLike", "sts:RoleSessionName", "*")),
            Undecided("sts:RoleSessionName", "StringLike"),
        ),
        (trust(MFA), trust(one_of("StringShallBe", "aws:x", "y")), Undecided("aws:x", "StringShallBe")),
        (trust(MFA), trust(one_of("BinaryEquals", "aws:x", "eQ==")), Undecided("aws:x", "BinaryEquals")),
        (
            trust({"StringEquals": {"aws:x": "1"}}),
            trust({"NumericEquals": {"aws:x": "1"}}),
            Undecided("aws:x", "NumericEquals"),
        ),
        (
            trust(one_of("ForAnyValue:StringEquals", "aws:TagKeys", "a")),
            trust(one_of("StringNotEquals", "aws:TagKeys", "a")),
            None,
        ),
    ],
)
def test_unsupported_conditions_are_undecided(before: Document, after: Document, undecided: Undecided | None) -> None:
    found = difference(before, after)
    assert found == undecided if undecided else found is not None


def test_a_certain_difference_is_preferred_to_an_undecided_one() -> None:
    statements = [right("s3:GetObject", "arn:aws:s3:::c/${aws:username}/*"), right("s3:PutObject", "*")]
    assert isinstance(difference(objects("b/*"), document(*statements)), Difference)


def test_overlapping_patterns_are_undecided_unless_a_witness_is_found() -> None:
    overlapping = [f"b/*a{'?' * number}b*" for number in range(12)]
    assert difference(objects("b/*a*"), objects(*overlapping)) == Undecided("resource", "Resource")
    assert difference(objects(*overlapping), objects(*reversed(overlapping))) is None
    assert isinstance(difference(objects(*overlapping), objects("c/*", *overlapping)), Difference)


def test_a_difference_names_what_the_request_needed_before() -> None:
    found = difference(trust(MFA), trust())
    assert isinstance(found, Difference)
    assert found.instead == {"aws:multifactorauthpresent": "true"}
    denied = difference(*WIDER["a Deny that is gone"][:2])
    assert isinstance(denied, Difference)
    assert [str(each) for each in denied.denied_by] == ["S of before"]


def random_pair(seed: int) -> tuple[random_documents.Document, random_documents.Document]:
    random = Random(seed)  # noqa: S311
    before = random_documents.document(random, with_principal=seed % 2 == 0)
    if seed % 3:
        return before, random_documents.changed(random, before)
    return before, random_documents.document(random, with_principal=seed % 2 == 0)


def test_a_solver_agrees() -> None:
    compared = decided = 0
    for seed in range(24):
        before, after = random_pair(seed)
        for one, other in ((before, after), (after, before)):
            wider = is_wider(one, other)
            compared, decided = compared + 1, decided + (wider is not None)
            if wider is not None:
                assert (difference(one, other) is not None) == wider, seed
    assert decided > compared / 3


def test_every_witness_is_confirmed_by_the_evaluator() -> None:
    replayed = 0
    for seed in range(160):
        before, after = (modelled(each) for each in random_pair(seed))
        found = difference(before, after)
        if not isinstance(found, Difference):
            continue
        request = request_of(found.witness.context)
        if not request.principal.startswith("arn:"):
            continue
        kind: Any = "resource" if seed % 2 == 0 else "identity"
        assert Policy(kind, after).allows(request), seed
        assert not Policy(kind, before).allows(request), seed
        replayed += 1
    assert replayed > 50


def modelled(given: Document) -> Document:
    """Return the document without conditions that the tests' evaluator does not support."""
    result = copy.deepcopy(dict(given))
    for statement in result["Statement"]:
        kept = {
            operator: values
            for operator, values in statement.pop("Condition", {}).items()
            if operator.removeprefix("ForAllValues:") in MODELLED
        }
        statement |= {"Condition": kept} if kept else {}
    return result


def request_of(context: Mapping[str, tuple[Value, ...]]) -> Request:
    values = {key: value for key, (value,) in context.items() if value is not None}
    principal = str(values.pop("principal", ALICE))
    action, resource = str(values.pop("action", "s3:GetObject")), str(values.pop("resource", "arn:aws:s3:::b"))
    for known in ("aws:principalarn", "aws:principalaccount"):
        values.pop(known, None)
    return Request(principal, action, resource, {key: value for key, value in values.items() if value})


@pytest.mark.parametrize("seed", range(40))
def test_equivalent_spellings_have_no_difference(seed: int) -> None:
    before, _ = random_pair(seed)
    reversed_order = {**before, "Statement": before["Statement"][::-1]}
    other_case = {
        **before,
        "Statement": [{**it, "Action": [each.swapcase() for each in it["Action"]]} for it in before["Statement"]],
    }
    divided = {
        **before,
        "Statement": [
            {**it, "Action": action, "Resource": resource}
            for it in before["Statement"]
            for action in it["Action"]
            for resource in it["Resource"]
        ],
    }
    for after in (before, reversed_order, other_case, divided):
        assert difference(before, after) is None
        assert difference(after, before) is None


@pytest.mark.parametrize("seed", range(40))
def test_another_allow_never_narrows_and_another_deny_never_widens(seed: int) -> None:
    before, _ = random_pair(seed)
    random = Random(seed + 1000)  # noqa: S311
    more = random_documents.statement(random, with_principal=seed % 2 == 0)
    allowing = {**before, "Statement": [*before["Statement"], {**more, "Effect": "Allow"}]}
    denying = {**before, "Statement": [*before["Statement"], {**more, "Effect": "Deny"}]}
    assert difference(allowing, before) is None
    assert difference(before, denying) is None
