"""The evaluator decides as the IAM User Guide says. Each table names the page that its cases are taken from."""

from typing import Any

import pytest

from tests.support.policy_evaluator import (
    Context,
    Decision,
    Kind,
    NotModelledError,
    Policy,
    Request,
    decide,
    may_across_accounts,
    may_assume,
)

USER = "arn:aws:iam::111111111111:user/team/David"
ROLE = "arn:aws:iam::999999999999:role/UpdateApp"
OBJECT = "arn:aws:s3:::productionapp/a"


def policy(kind: Kind = "identity", **statement: Any) -> Policy:  # noqa: ANN401 (JSON)
    """Return a policy of one statement; by default it allows everything."""
    base: dict[str, Any] = {"Effect": "Allow", "Action": "*"}
    base |= {"Resource": "*"} if kind != "trust" else {}
    base |= {"Principal": "*"} if kind != "identity" else {}
    return Policy(kind, {"Version": "2012-10-17", "Statement": [base | statement]})


def holds(operator: str, key: str, expected: str | list[str], context: Context) -> bool:
    """Test whether a condition holds."""
    return policy(Condition={operator: {key: expected}}).allows(Request(USER, "s3:GetObject", OBJECT, context))


# "IAM JSON policy elements: Action"
@pytest.mark.parametrize(
    ("action", "asked", "matches"),
    [
        ("s3:GetObject", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectVersion", False),
        ("s3:GetObject*", "s3:GetObjectVersion", True),
        ("s3:?etObject", "s3:GetObject", True),
        ("s3:?GetObject", "s3:GetObject", False),
        ("s3:*", "s3:GetObject", True),
        ("s3:*", "s3express:CreateSession", False),
        ("iam:*AccessKey*", "iam:CreateAccessKey", True),
        ("*", "iam:CreateUser", True),
        (["s3:PutObject", "s3:GetObject"], "s3:GetObject", True),
        (["s3:PutObject", "s3:DeleteObject"], "s3:GetObject", False),
    ],
)
def test_action(action: str | list[str], asked: str, matches: bool) -> None:
    assert policy(Action=action).allows(Request(USER, asked, OBJECT)) == matches


# "IAM JSON policy elements: Resource", and "Variables and tags": special characters
@pytest.mark.parametrize(
    ("resource", "asked", "matches"),
    [
        ("*", OBJECT, True),
        ("*", "*", True),
        ("arn:aws:s3:::*", "*", False),
        ("arn:aws:s3:::productionapp", "arn:aws:s3:::productionapp", True),
        ("arn:aws:s3:::productionapp", "arn:aws:s3:::productionapp-archive", False),
        ("arn:aws:s3:::productionapp", OBJECT, False),
        ("arn:aws:s3:::productionapp*", "arn:aws:s3:::productionapp-archive", True),
        ("arn:aws:s3:::productionapp/*", OBJECT, True),
        ("arn:aws:s3:::productionapp/*", "arn:aws:s3:::productionapp", False),
        ("arn:aws:s3:::productionapp/*", "arn:aws:s3:::productionapp/a:b/c*\n?", True),
        ("arn:aws:s3:::productionapp/*", "arn:aws:s3:::productionapp-archive/a", False),
        ("arn:aws:s3:::productionapp/?", OBJECT, True),
        ("arn:aws:s3:::productionapp/?", "arn:aws:s3:::productionapp/ab", False),
        ("arn:aws:s3:::productionapp/A", OBJECT, False),
        ("arn:aws:s3:::production.pp/a", OBJECT, False),
        ("arn:aws-cn:s3:::productionapp/a", OBJECT, False),
        ("arn:aws:iam::*:user/x", "arn:aws:iam::111111111111:user/x", True),
        ("arn:aws:*:x", "arn:aws:iam::111111111111:x", None),
        ("arn:aws:sns:*:111111111111:finance/*", "arn:aws:sns:a:999999999999:b:111111111111:finance/c", False),
        ("arn:aws:s3:::productionapp/${aws:username}", "arn:aws:s3:::productionapp/David", True),
        ("arn:aws:s3:::productionapp/${aws:username}", "arn:aws:s3:::productionapp/david", False),
        ("arn:aws:s3:::productionapp/${*}", "arn:aws:s3:::productionapp/*", True),
        ("arn:aws:s3:::productionapp/${*}", OBJECT, False),
        ("arn:aws:s3:::productionapp/${s3:prefix}", OBJECT, False),  # no value
        (["arn:aws:s3:::productionapp/${s3:prefix}", "*"], OBJECT, False),  # … which makes the statement void
        ("arn:aws:s3:::productionapp/${aws:UserAgent}", OBJECT, False),  # its value is *, which is no wildcard
        ("arn:aws:s3:::productionapp/${aws:UserAgent}", "arn:aws:s3:::productionapp/*", True),
    ],
)
def test_resource(resource: str | list[str], asked: str, matches: bool | None) -> None:
    if matches is None:
        with pytest.raises(NotModelledError):
            policy(Resource=resource)
        return
    request = Request(USER, "s3:GetObject", asked, {"aws:username": "David", "aws:useragent": "*"})
    assert policy(Resource=resource).allows(request) == matches


# "AWS JSON policy elements: Principal"
@pytest.mark.parametrize(
    ("principal", "matches"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": "111111111111"}, True),
        ({"AWS": "arn:aws:iam::111111111111:root"}, True),
        ({"AWS": ["arn:aws:iam::222222222222:root", "arn:aws:iam::111111111111:root"]}, True),
        ({"AWS": "arn:aws:iam::222222222222:root"}, False),
        ({"AWS": "arn:aws-cn:iam::111111111111:root"}, False),
        ({"AWS": "222222222222"}, False),
        ({"AWS": USER}, True),
        ({"AWS": "arn:aws:iam::111111111111:user/team/david"}, False),
        ({"AWS": "arn:aws:iam::111111111111:user/David"}, False),
        ({"AWS": "arn:aws:iam::111111111111:role/team/David"}, False),
    ],
)
def test_principal(principal: Any, matches: bool) -> None:  # noqa: ANN401 (JSON)
    request = Request(USER, "sts:AssumeRole", ROLE)
    assert policy("trust", Principal=principal).allows(request) == matches
    assert policy("resource", Principal=principal).allows(request) == matches


# "IAM JSON policy elements: Condition operators"
@pytest.mark.parametrize(
    ("operator", "expected", "value", "matches"),
    [
        ("StringEquals", "Example", "Example", True),
        ("StringEquals", "Example", "example", False),
        ("StringEquals", "Example", "Example1", False),
        ("StringEquals", "Ex*", "Example", False),
        ("StringEquals", "Ex*", "Ex*", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", ["a", "b"], "c", False),
        ("StringEquals", "${aws:username}", "David", True),
        ("StringEquals", "${AWS:UserName}", "David", True),
        ("StringEquals", "${aws:username}", "david", False),
        ("StringEquals", "${aws:username}", "${aws:username}", False),
        ("StringEquals", "${$}{aws:username}", "${aws:username}", True),
        ("StringEquals", "${aws:SourceIdentity}", "David", False),  # no value
        ("StringEquals", ["${aws:SourceIdentity}", "David"], "David", False),
        ("StringEquals", ["David", "${aws:SourceIdentity}"], "David", False),
        ("StringEquals", "", "", True),
        ("StringLike", "reports/*", "reports/", True),
        ("StringLike", "reports/*", "reports/a/b", True),
        ("StringLike", "reports/*", "Reports/a", False),
        ("StringLike", "reports/*", "reports", False),
        ("StringLike", "reports/*", "my/reports/a", False),
        ("StringLike", "reports/?", "reports/ab", False),
        ("StringLike", "reports", "reports/a", False),
        ("StringLike", "home/${aws:username}/*", "home/David/a", True),
        ("StringLike", "home/${aws:username}/*", "home/Davida/a", False),
        ("StringLike", "arn:aws:a:*:111122223333:f/*", "arn:aws:a:us-east-2:9:s/abc:111122223333:f/d.txt", True),
        ("ArnLike", "arn:aws:a:*:111122223333:f/*", "arn:aws:a:us-east-2:9:s/abc:111122223333:f/d.txt", False),
        ("ArnLike", "arn:aws:a:*:111122223333:f/*", "arn:aws:a:us-east-2:111122223333:f/a:b", True),
        ("ArnEquals", "arn:aws:iam::*:role/x-?", "arn:aws:iam::1:role/x-1", True),
        ("ArnEquals", "arn:aws:iam::1:role/x", "arn:aws:iam::1:role/xy", False),
        ("ArnLike", "arn:aws:iam::*:role/x-?", "arn:aws:iam::1:role/x-1", True),
        ("ArnLike", "arn:aws:iam::*:role/x-?", "arn:aws:iam::1:role/X-1", False),
        ("ArnLike", "arn:aws:iam::*:role/x-?", "arn:aws:iam::1:role/x-12", False),
        ("ArnLike", "arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/David", True),
        ("Bool", "true", "true", True),
        ("Bool", "true", "false", False),
        ("Bool", "false", "false", True),
        ("NumericLessThanEquals", "900", "899", True),
        ("NumericLessThanEquals", "900", "900", True),
        ("NumericLessThanEquals", "900", "900.5", False),
        ("NumericLessThanEquals", "900", "1000", False),  # as numbers, not as text
        ("NumericLessThanEquals", "1000", "900", True),
        ("DateLessThan", "2027-01-31T00:00:00Z", "2027-01-30T23:59:59Z", True),
        ("DateLessThan", "2027-01-31T00:00:00Z", "2027-01-31T00:00:00Z", False),
        ("DateLessThan", "2027-01-31T00:00:00Z", "2027-01-31T00:30:00+01:00", True),
        ("DateLessThan", "1000000001", "2001-09-09T01:46:40Z", True),
        ("DateLessThan", "1000000000", "2001-09-09T01:46:40Z", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.255", True),
        ("IpAddress", "203.0.113.0/24", "203.0.114.0", False),
        ("IpAddress", "203.0.113.7", "203.0.113.7", True),  # /32
        ("IpAddress", "203.0.113.7", "203.0.113.8", False),
        ("IpAddress", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "2001:db8:1234:5678::1", True),
        ("IpAddress", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "2001:db8:1234:5679::1", False),
    ],
)
def test_condition(operator: str, expected: str | list[str], value: str, matches: bool) -> None:
    context: Context = {"aws:username": "David", "x:Key": value}
    assert holds(operator, "x:key", expected, context) == matches
    assert holds(f"{operator}IfExists", "X:KEY", expected, context) == matches


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("ArnLike", "arn:aws:iam::1:user/*"),
        ("Bool", "true"),
        ("Bool", "false"),
        ("DateLessThan", "2027-01-31T00:00:00Z"),
        ("IpAddress", "0.0.0.0/0"),
        ("NumericLessThanEquals", "900"),
        ("StringEquals", ""),
        ("StringLike", "*"),
    ],
)
@pytest.mark.parametrize("context", [{}, {"x:key": []}], ids=["no key", "no value"])
def test_a_missing_key_matches_only_with_if_exists(operator: str, expected: str, context: Context) -> None:
    """As with ``aws:MultiFactorAuthPresent``, which long-term credentials do not have."""
    assert not holds(operator, "x:key", expected, context)
    assert holds(f"{operator}IfExists", "x:key", expected, context)


# "Multivalued context keys"
@pytest.mark.parametrize(
    ("values", "matches"),
    [
        (["PostDateTime", "Message"], True),
        (["PostDateTime"], True),
        ("Tags", True),
        (["PostDateTime", "UserName"], False),
        (["UserName"], False),
        (["postdatetime"], False),
        ([], True),
        (None, True),
        ("", True),
        (["Tags", ""], False),
    ],
)
def test_for_all_values(values: str | list[str] | None, matches: bool) -> None:
    context: Context = {} if values is None else {"x:key": values}
    assert holds("ForAllValues:StringEquals", "x:Key", ["PostDateTime", "Message", "Tags"], context) == matches


def test_all_conditions_have_to_hold() -> None:
    condition = {"StringEquals": {"x:a": "1", "x:b": "2"}, "Bool": {"x:c": "true"}}
    context = {"x:a": "1", "x:b": "2", "x:c": "true"}
    both = policy(Condition=condition)
    assert both.allows(Request(USER, "s3:GetObject", OBJECT, context))
    for key in context:
        assert not both.allows(Request(USER, "s3:GetObject", OBJECT, context | {key: "false"}))


def test_aws_adds_the_principals_keys() -> None:
    assert holds("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/*/David", {})
    assert holds("StringEquals", "AWS:principalaccount", "111111111111", {})
    with pytest.raises(NotModelledError):
        holds("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/x", {"aws:principalarn": "arn:aws:iam::1:user/x"})


# "Policy evaluation logic"
def test_the_default_is_to_deny_and_an_explicit_deny_wins() -> None:
    request = Request(USER, "s3:GetObject", OBJECT)
    allow, deny = policy(), policy(Effect="Deny")
    elsewhere = policy(Resource="arn:aws:s3:::other")
    assert decide([], request) is Decision.IMPLICIT_DENY
    assert decide([elsewhere], request) is Decision.IMPLICIT_DENY
    assert decide([allow, elsewhere], request) is Decision.ALLOW
    assert decide([allow, deny], request) is Decision.EXPLICIT_DENY
    assert decide([deny], request) is Decision.EXPLICIT_DENY
    assert decide([allow, policy(Effect="Deny", Action="s3:PutObject")], request) is Decision.ALLOW
    both = [{"Effect": effect, "Action": "*", "Resource": "*"} for effect in ("Deny", "Allow")]
    assert Policy("identity", {"Version": "2012-10-17", "Statement": both}).decide(request) is Decision.EXPLICIT_DENY


# "Cross-account policy evaluation logic": both evaluations have to come to Allow
@pytest.mark.parametrize("trust", [Decision.ALLOW, Decision.IMPLICIT_DENY, Decision.EXPLICIT_DENY])
@pytest.mark.parametrize("identity", [Decision.ALLOW, Decision.IMPLICIT_DENY, Decision.EXPLICIT_DENY])
def test_across_accounts_both_sides_have_to_allow(trust: Decision, identity: Decision) -> None:
    def saying(kind: Kind, decision: Decision) -> Policy:
        if decision is Decision.IMPLICIT_DENY:
            return policy(kind, Action="s3:GetObject")
        return policy(kind, Effect="Allow" if decision is Decision.ALLOW else "Deny")

    request = Request(USER, "sts:AssumeRole", ROLE)
    own, others = saying("identity", identity), saying("trust", trust)
    expected = trust is Decision.ALLOW and identity is Decision.ALLOW
    assert may_assume(request, [own], others) == expected
    assert may_across_accounts(request, [own], others, "999999999999") == expected


def test_within_one_account_is_not_modelled() -> None:
    with pytest.raises(NotModelledError):
        may_assume(Request(USER, "sts:AssumeRole", "arn:aws:iam::111111111111:role/x"), [policy()], policy("trust"))


# "Pass session tags in AWS STS", "Monitor and control actions taken with assumed roles"
@pytest.mark.parametrize(
    ("context", "needed"),
    [
        ({}, {"sts:AssumeRole"}),
        ({"aws:TagKeys": []}, {"sts:AssumeRole"}),
        ({"aws:TagKeys": ["team"], "aws:RequestTag/team": "blue"}, {"sts:AssumeRole", "sts:TagSession"}),
        ({"sts:SourceIdentity": "David"}, {"sts:AssumeRole", "sts:SetSourceIdentity"}),
    ],
)
def test_tags_and_source_identity_have_to_be_allowed_by_both_sides(context: Context, needed: set[str]) -> None:
    actions = {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}
    request = Request(USER, "sts:AssumeRole", ROLE, context)
    for missing in actions:
        fewer = sorted(actions - {missing})
        assert may_assume(request, [policy(Action=fewer)], policy("trust")) == (missing not in needed)
        assert may_assume(request, [policy()], policy("trust", Action=fewer)) == (missing not in needed)


@pytest.mark.parametrize(
    "statement",
    [
        {"NotAction": "s3:*"},
        {"NotResource": "*"},
        {"Principal": "*"},
        {"Effect": "allow"},
        {"Action": []},
        {"Action": "GetObject"},
        {"Resource": "arn:aws:s3"},
        {"Resource": "arn:aws:s3::${aws:PrincipalAccount}:x"},
        {"Resource": "arn:aws:s3:::${aws:username, 'nobody'}"},
        {"Condition": {"StringNotEquals": {"x:key": "a"}}},
        {"Condition": {"stringequals": {"x:key": "a"}}},
        {"Condition": {"ForAnyValue:StringEquals": {"x:key": "a"}}},
        {"Condition": {"ForAllValues:StringEqualsIfExists": {"x:key": "a"}}},
        {"Condition": {"Null": {"x:key": "true"}}},
        {"Condition": {"Bool": {"x:key": "yes"}}},
        {"Condition": {"Bool": {"x:key": "${x:y}"}}},
        {"Condition": {"NumericLessThanEquals": {"x:key": "ten"}}},
        {"Condition": {"DateLessThan": {"x:key": "tomorrow"}}},
        {"Condition": {"DateLessThan": {"x:key": "20270131T000000Z"}}},
        {"Condition": {"IpAddress": {"x:key": "203.0.113.*"}}},
        {"Condition": {"StringEquals": {"x:key": "a", "X:Key": "b"}}},
        {"Condition": {"StringEquals": {"x:key": True}}},
    ],
    ids=str,
)
def test_what_is_not_known_raises(statement: dict[str, Any]) -> None:
    with pytest.raises(NotModelledError):
        policy(**statement)


@pytest.mark.parametrize(
    "principal",
    [{"Service": "ec2.amazonaws.com"}, {"AWS": "*", "Service": "x"}, {"AWS": "arn:aws:iam::111111111111:user/*"}, "x"],
    ids=str,
)
def test_an_unknown_principal_raises(principal: Any) -> None:  # noqa: ANN401 (JSON)
    with pytest.raises(NotModelledError):
        policy("trust", Principal=principal)


def test_a_policy_has_the_elements_of_its_kind() -> None:
    statement = {"Effect": "Allow", "Action": "*"}
    for kind in ("identity", "resource", "trust"):
        with pytest.raises(NotModelledError):
            Policy(kind, {"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(NotModelledError):
        Policy("trust", {"Version": "2012-10-17", "Statement": [statement | {"Principal": "*", "Resource": "*"}]})
    for version in ({}, {"Version": "2008-10-17"}, {"Version": "2012-10-17", "Id": "x"}):
        with pytest.raises(NotModelledError):
            Policy("identity", {**version, "Statement": [statement | {"Resource": "*"}]})


@pytest.mark.parametrize("values", [["a", "b"]])
def test_several_values_need_a_set_operator(values: list[str]) -> None:
    """Source: "Single-valued vs. multivalued context keys"."""
    with pytest.raises(NotModelledError):
        holds("StringEquals", "x:key", "a", {"x:key": values})
    with pytest.raises(NotModelledError):
        holds("StringEquals", "x:other", "${x:key}", {"x:key": values, "x:other": "a"})
