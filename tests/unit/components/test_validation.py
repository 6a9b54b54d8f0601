"""Values that AWS accepts or refuses, at the boundaries, and the messages."""

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from string import ascii_letters, digits
from typing import Any, NotRequired, TypedDict, is_typeddict

import pulumi
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import components.args
from components import rules, validation
from components.policies import PolicyDocument, characters, check_size, document, render
from components.rules import Rule
from components.validation import MISSING, InvalidValue, check_known, check_type, checked
from tests.unit.conftest import Run

STABLE = settings(derandomize=True, max_examples=100, deadline=None)
ARN = "arn:aws:iam::999999999999"
KEY = "arn:aws:kms:us-east-1:999999999999:key/"
FORTY_NINE_TAGS = {f"tag{number}": "x" for number in range(49)}


def is_accepted(check: Rule, value: object) -> bool:
    try:
        check("key", value)
    except InvalidValue:
        return False
    return True


# Accepted and refused values of each rule, with the reason.
SSO = f"{ARN}:role/aws-reserved/sso.amazonaws.com/"
PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
)

CASES: Mapping[str, tuple[Rule, Mapping[str, object], Mapping[str, object]]] = {
    "account id": (
        rules.account_id,
        {"leading zeros": "000000000001"},
        {"11 digits": "1" * 11, "13 digits": "1" * 13, "hyphens": "1111-1111-1111", "a number": 111111111111},
    ),
    "role name": (
        rules.role_name,
        {"1 character": "r", "64 characters": "r" * 64, "every sign": "aZ09_+=,.@-"},
        {"nothing": "", "65 characters": "r" * 65, "a slash": "team/role", "a space": "a b", "a star": "role*"},
    ),
    "policy name": (
        rules.policy_name,
        {"1 character": "p", "128 characters": "p" * 128, "every sign": "aZ09_+=,.@-"},
        {"nothing": "", "129 characters": "p" * 129, "a colon": "a:b"},
    ),
    "group name": (
        rules.group_name,
        {"1 character": "g", "128 characters": "g" * 128, "every sign": "aZ09_+=,.@-"},
        {"nothing": "", "129 characters": "g" * 129, "a hash": "a#b"},
    ),
    "user name": (
        rules.user_name,
        {"1 character": "u", "64 characters": "u" * 64, "an address": "alice+test@example.com"},
        {"nothing": "", "65 characters": "u" * 65, "a variable": "${aws:username}"},
    ),
    "permission set": (
        rules.permission_set_name,
        {"1 character": "p", "32 characters": "p" * 32, "every sign": "aZ09_+=,.@-"},
        {"nothing": "", "33 characters": "p" * 33, "a star": "Dev*", "any character": "De?", "a slash": "a/b"},
    ),
    "roles by moment": (
        rules.role_arns_by_moment,
        {"one": {"2027-01-31T18:00:00Z": [f"{ARN}:role/UpdateApp"]}, "none": {}},
        {},  # its parts have keys of their own, which other tests check
    ),
    "changeable role name": (
        rules.changeable_role_name,
        {"a role": "deploy", "a similar name": "NotAWSReservedSSO_x"},
        {
            "a role of Identity Center": "AWSReservedSSO_Developers_0123456789abcdef",
            "a role of a service": "AWSServiceRoleForSupport",
            "a path": "team/deploy",
        },
    ),
    "bucket name": (
        rules.bucket_name,
        {
            "3 characters": "a-1",
            "63 characters": "b" * 63,
            "digits at both ends": "1.b.2",
            "three numbers with dots": "192.168.1",
            "five numbers with dots": "1.2.3.4.5",
            "a reserved prefix in the middle": "my-xn--bucket",
            "a reserved suffix in the middle": "my-s3alias-bucket",
        },
        {
            "2 characters": "ab",
            "64 characters": "b" * 64,
            "upper case": "aBc",
            "an underscore": "a_c",
            "a first hyphen": "-bc",
            "a last hyphen": "ab-",
            "a first dot": ".bc",
            "a last dot": "ab.",
            "two dots in a row": "a..c",
            "an address": "10.0.0.255",
            "only similar to an address": "999.999.999.999",
            **{f"the prefix {prefix}": f"{prefix}b" for prefix in ("xn--", "sthree-", "amzn-s3-demo-")},
            **{
                f"the suffix {suffix}": f"b{suffix}"
                for suffix in ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
            },
        },
    ),
    "new bucket name": (
        rules.new_bucket_name,
        {"a similar suffix": "logs-pan", "the same in the middle": "logs-an-1"},
        {
            "a name of a regional namespace": "logs-999999999999-us-east-1-an",
            "refused for any bucket": "Logs",
        },
    ),
    "role ARN": (
        rules.role_arn,
        {
            "64 characters of a name": f"{ARN}:role/{'r' * 64}",
            "510 characters of a path": f"{ARN}:role/{'p' * 510}/r",
            "China": f"{ARN.replace('aws', 'aws-cn')}:role/r",
            "GovCloud": f"{ARN.replace('aws', 'aws-us-gov')}:role/r",
        },
        {
            "no name": f"{ARN}:role/",
            "65 characters of a name": f"{ARN}:role/{'r' * 65}",
            "511 characters of a path": f"{ARN}:role/{'p' * 511}/r",
            "a user": f"{ARN}:user/u",
            "a session": "arn:aws:sts::999999999999:assumed-role/r/session",
            "11 digits of an account": "arn:aws:iam::99999999999:role/r",
            "a region": "arn:aws:iam:us-east-1:999999999999:role/r",
            "another cloud": "arn:cloud:iam::999999999999:role/r",
            "the name alone": "UpdateApp",
            "a variable": f"{ARN}:role/${{aws:username}}",
        },
    ),
    "principal": (
        rules.principal_pattern,
        {
            "a user": f"{ARN}:user/team/alice",
            "a role": f"{ARN}:role/deploy",
            "all users": f"{ARN}:user/*",
            "one unknown character": f"{ARN}:role/deploy-?",
            "any account": "arn:aws:iam::*:role/deploy",
            "576 characters": f"{ARN}:user/{'u' * 576}",
            "a role of Identity Center": f"{SSO}AWSReservedSSO_Developers_0123456789abcdef",
            "one of another region": f"{SSO}eu-west-1/AWSReservedSSO_Developers_*",
            "one of any region": f"{SSO}*AWSReservedSSO_Developers_*",
            "one of some regions": f"{SSO}eu-*/AWSReservedSSO_Developers_*",
            "one of any path": f"{ARN}:role/*/AWSReservedSSO_Developers_*",
            "a similar name": f"{ARN}:role/NotAWSReservedSSO_Developers",
        },
        {
            "a group": f"{ARN}:group/Developers",
            "an account": f"{ARN}:root",
            "twelve digits": "999999999999",
            "anybody": "*",
            "users and roles": f"{ARN}:*",
            "a part of an account": "arn:aws:iam::99*:role/deploy",
            "any cloud": "arn:*:iam::999999999999:role/deploy",
            "a session": "arn:aws:sts::999999999999:assumed-role/deploy/*",
            "577 characters": f"{ARN}:user/{'u' * 577}",
            "a variable": f"{ARN}:user/${{aws:username}}",
            "a role of Identity Center without its path": f"{ARN}:role/AWSReservedSSO_Developers_*",
            "with a part of its path": f"{ARN}:role/aws-reserved/AWSReservedSSO_Developers_*",
            "with another path": f"{ARN}:role/team/AWSReservedSSO_Developers_*",
        },
    ),
    "path": (
        rules.path,
        {"the root": "/", "1 character": "/p/", "512 characters": f"/{'p' * 510}/", "two parts": "/a/b/"},
        {
            "nothing": "",
            "no first slash": "p/",
            "no last slash": "/p",
            "513 characters": f"/{'p' * 511}/",
            "two slashes": "//",
            "an empty part": "/a//b/",
            "slashes alone": "///",
            "a star": "/*/",
        },
    ),
    "policy ARN": (
        rules.policy_arn,
        {
            "128 characters of a name": f"{ARN}:policy/{'p' * 128}",
            "a path": f"{ARN}:policy/team/boundary",
            "AWS's own": "arn:aws:iam::aws:policy/PowerUserAccess",
            "AWS's own in China": "arn:aws-cn:iam::aws:policy/job-function/ViewOnlyAccess",
        },
        {
            "129 characters of a name": f"{ARN}:policy/{'p' * 129}",
            "no name": f"{ARN}:policy/",
            "a role": f"{ARN}:role/boundary",
            "the name alone": "boundary",
            "a star": f"{ARN}:policy/*",
        },
    ),
    "key ARN": (
        rules.key_arn,
        {
            "a key": f"{KEY}1234abcd-12ab-34cd-56ef-1234567890ab",
            "a key of several regions": f"{KEY}mrk-1234abcd12ab34cd56ef1234567890ab",
            "256 characters of an id": f"{KEY}{'a' * 256}",
            "GovCloud": "arn:aws-us-gov:kms:us-gov-west-1:999999999999:key/1234abcd",
            "the European Sovereign Cloud": "arn:aws-eusc:kms:eusc-de-east-1:999999999999:key/1234abcd",
        },
        {
            "257 characters of an id": f"{KEY}{'a' * 257}",
            "no id": KEY,
            "an alias": "arn:aws:kms:us-east-1:999999999999:alias/app",
            "the id alone": "1234abcd-12ab-34cd-56ef-1234567890ab",
            "any key": f"{KEY}*",
            "any region": "arn:aws:kms:*:999999999999:key/1234abcd",
            "no region": "arn:aws:kms::999999999999:key/1234abcd",
        },
    ),
    "description": (
        rules.description,
        {
            "nothing": "",
            "1000 characters": "d" * 1000,
            "several lines": "one\ntwo\r\n\tthree\n",
            "the first and last of Latin-1": "\x20\x7e\xa1\xff",
        },
        {"1001 characters": "d" * 1001, "a control character": "\x7f", "no-break space": "\xa0", "beyond": "\u0100"},
    ),
    "reason": (
        rules.reason,
        {"200 characters": "r" * 200, "another script": "Störung", "markup": "<b>*"},
        {"nothing": "", "201 characters": "r" * 201, "two lines": "a\nb", "a control character": "\x1b[2J"},
    ),
    "external id": (
        rules.external_id,
        {"2 characters": "ab", "1224 characters": "e" * 1224, "every sign": "aZ09_+=,.@:/-"},
        {"1 character": "a", "1225 characters": "e" * 1225, "a space": "a b", "a star": "ab*"},
    ),
    "organization id": (
        rules.organization_id,
        {"10 characters": f"o-{'a' * 10}", "32 characters": f"o-{'9' * 32}"},
        {
            "9 characters": f"o-{'a' * 9}",
            "33 characters": f"o-{'a' * 33}",
            "upper case": "O-A1B2C3D4E5",
            "a unit": "ou-a1b2c3d4e5",
        },
    ),
    "date": (
        rules.moment,
        {"midnight": "2027-01-31T00:00:00Z", "a leap day": "2028-02-29T23:59:59Z"},
        {
            "a day alone": "2027-01-31",
            "no zone": "2027-01-31T00:00:00",
            "another zone": "2027-01-31T00:00:00+01:00",
            "UTC as an offset": "2027-01-31T00:00:00+00:00",
            "two zones": "2027-01-31T00:00:00+01:00Z",
            "no such day": "2027-02-29T00:00:00Z",
            "no such hour": "2027-01-31T24:00:00Z",
            "a zone in lower case": "2027-01-31T00:00:00z",
            "words": "tomorrow",
            "a week": "2027-W05-1T00:00:00Z",
            "no separators": "20270131T000000Z",
            "no minutes": "2027-01-31T00Z",
            "a space in the middle": "2027-01-31 00:00:00Z",
            "a fraction": "2027-01-31T00:00:00.5Z",
            "a moment of YAML": datetime(2027, 1, 31, tzinfo=UTC),
        },
    ),
    "range of addresses": (
        rules.public_range,
        {
            "a network": "203.0.113.0/24",
            "one address": "203.0.113.7/32",
            "half of all": "128.0.0.0/1",
            "IPv6": "2001:db8::/32",
            "one address of IPv6": "2001:db8::1/128",
            "an address alone": "203.0.113.7",
            "more than the private addresses": "10.0.0.0/7",
        },
        {
            "all addresses": "0.0.0.0/0",
            "all addresses of IPv6": "::/0",
            **{f"private: {text}": text for text in (*PRIVATE, "10.1.2.3", "192.168.1.0/24", "fd00::/8")},
            "an address that is not the first": "203.0.113.1/24",
            "33 bits": "203.0.113.0/33",
            "129 bits": "2001:db8::/129",
            "no such address": "256.0.113.0/24",
            "no bits": "203.0.113.0/",
            "a mask": "203.0.113.0/255.255.255.0",
            "an inverted mask": "203.0.113.0/0.0.0.255",
            "a zone": "fe80::1%eth0",
            "a number": 3405803776,
        },
    ),
    "prefix": (
        rules.prefix,
        {
            "1 character": "r",
            "1023 characters": "r" * 1023,
            "a folder": "reports/2026/",
            "a space within": "my reports/",
            "a colon": "a:b/",
            "letters of any language": "é/",
        },
        {
            "nothing": "",
            "1024 characters": "r" * 1024,
            "a first slash": "/reports/",
            "a first space": " reports/",
            "a last line": "reports/\n",
            "a control character": "reports\x7f/",
            "a star": "reports/*",
            "a question mark": "report?",
            "a variable": "home/${aws:username}/",
        },
    ),
    "ranges of addresses": (
        rules.public_ranges,
        {
            "half of all": ["0.0.0.0/1"],
            "half of each": ["0.0.0.0/1", "2000::/4"],
            "one of each kind": ["2001:db8::/32", "203.0.113.7"],
            "all but a few": [f"{first}.0.0.0/8" for first in range(256) if first not in (10, 203)],
        },
        {
            "none": [],
            "one that is not a range": ["203.0.113.0/24", "nowhere"],
            "one that is private": ["203.0.113.0/24", "10.0.0.0/8"],
            "two halves": ["0.0.0.0/1", "128.0.0.0/1"],
            "all in four parts, and one more": ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1", "203.0.113.0/24"],
            "all but unusable addresses": [f"{first}.0.0.0/8" for first in range(1, 224) if first not in (10, 127)],
            "all of IPv6 that is public": ["2000::/3"],
            "two halves of IPv6": ["::/1", "8000::/1"],
        },
    ),
    "tags": (
        rules.tags,
        {
            "none": {},
            "50 tags": {**FORTY_NINE_TAGS, "50th": ""},
            "128 characters of a name": {"n" * 128: "x"},
            "256 characters of a value": {"n": "v" * 256},
            "letters and digits of any language": {"Größe \u0663": "größer \u0663"},
            "every sign": {"aZ09 _.:/=+-@": "aZ09 _.:/=+-@"},
            "aws without its colon": {"awsome": "aws:"},
        },
        {
            "51 tags": {**FORTY_NINE_TAGS, "50th": "x", "51st": "x"},
            "129 characters of a name": {"n" * 129: "x"},
            "257 characters of a value": {"n": "v" * 257},
            "no name": {"": "x"},
            "a name of AWS's": {"AWS:team": "x"},
            "a number as a name": {1: "x"},
            "two names that differ in case": {"team": "x", "Team": "x"},
            "a line in a value": {"n": "x\n"},
            "a tab": {"n": "\t"},
            "a number as a value": {"n": 1},
            "a star": {"n": "*"},
            "a list": ["n"],
        },
    ),
    "session tags": (
        rules.session_tags,
        {
            "50 tags": {name: ["x"] for name in [*FORTY_NINE_TAGS, "50th"]},
            "several values": {"team": ["blue", "green"]},
            "an empty value": {"team": [""]},
            "256 characters of a value": {"team": ["v" * 256]},
        },
        {
            "none": {},
            "51 tags": {name: ["x"] for name in [*FORTY_NINE_TAGS, "50th", "51st"]},
            "no values": {"team": []},
            "a value that is no list": {"team": "blue"},
            "257 characters of a value": {"team": ["blue", "v" * 257]},
            "a name of AWS's": {"aws:team": ["blue"]},
            "a wildcard": {"team": ["*"]},
            "two names that differ in case": {"team": ["x"], "Team": ["x"]},
            "a line in a value": {"team": ["x\n"]},
            "a variable": {"team": ["${aws:username}"]},
        },
    ),
    "word": (
        rules.one_of("read", "write"),
        {"the first": "read", "the last": "write"},
        {"another": "readWrite", "another case": "Read", "nothing": "", "a list of it": ["read"], "true": True},
    ),
    "number of seconds": (
        rules.seconds(900, 3600),
        {"the least": 900, "the most": 3600},
        {"one less": 899, "one more": 3601, "a fraction": 1000.0, "text": "1000", "true": True, "nothing": None},
    ),
    "list of words": (
        rules.each(rules.one_of("read", "write")),
        {"one": ["read"], "several": ["read", "write"], "a tuple": ("read",)},
        {
            "none": [],
            "a word that is no list": "read",
            "a wrong one": ["read", "x"],
            "a set": {"read"},
            "nothing": None,
        },
    ),
}

TAKEN = [
    (f"{name} takes {why}", check, value) for name, (check, taken, _) in CASES.items() for why, value in taken.items()
]
REFUSED = [
    (f"{name} refuses {why}", check, value)
    for name, (check, _, refused) in CASES.items()
    for why, value in refused.items()
]
TEXTS = {
    name: (check, texts[0])
    for name, (check, taken, _) in CASES.items()
    if (texts := [value for value in taken.values() if isinstance(value, str) and value])
}
"""Each rule for text, with an accepted text."""


@pytest.mark.parametrize(("check", "value"), [case[1:] for case in TAKEN], ids=[case[0] for case in TAKEN])
def test_a_good_value_is_accepted(check: Rule, value: object) -> None:
    check("key", value)


@pytest.mark.parametrize(("check", "value"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_bad_value_is_refused_in_one_line(check: Rule, value: object) -> None:
    with pytest.raises(InvalidValue) as raised:
        check("key", value)
    error = raised.value
    assert re.match(r"key([.\[]|$)", error.key)
    assert str(error).startswith(f"{error.key}: {error.value!r}"[:100])
    assert error.allowed and str(error).endswith(f" is not allowed; {error.allowed}")
    assert "\n" not in str(error)
    assert len(str(error)) < 600


def test_every_rule_has_examples() -> None:
    made_of_parts = {rules.Text, rules.each, rules.one_of, rules.seconds, rules.matches, rules.check_partition}
    public = [it for name, it in vars(rules).items() if not name.startswith("_") and callable(it)]
    own = [it for it in public if getattr(it, "__module__", "") == rules.__name__ and it not in made_of_parts]
    assert [it for it in own if it not in [rule for rule, _, _ in CASES.values()]] == []


STRANGE = ("é", "Ω", "\u0663", "\uff13", "²", "\n", "\t", "\x00", "\u2028", "\u200b", '"')
"""Letters and digits that are not ASCII's, white space and other trouble."""


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in ("description", "prefix")])
def test_strange_characters_are_refused_anywhere_in_a_text(name: str) -> None:
    check, text = TEXTS[name]
    assert is_accepted(check, text)
    texts = [text[:at] + strange + text[at:] for strange in STRANGE for at in range(len(text) + 1)]
    assert [strange for strange in texts if is_accepted(check, strange)] == []


@pytest.mark.parametrize("name", TEXTS)
def test_a_value_that_is_not_text_is_refused(name: str) -> None:
    values: list[object] = [None, True, 12, 1.5, ["text"], {"text": "text"}, b"text"]
    assert [value for value in values if is_accepted(TEXTS[name][0], value)] == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("name", CASES)
@settings(STABLE, max_examples=25)
@given(value=ANYTHING)
@example(value="a\nb")
@example(value=["a\nb"])
@example(value={"tag": "a\n*"})
@example(value="\n" * 5000)
def test_any_value_is_accepted_or_refused_in_one_line(name: str, value: object) -> None:
    try:
        CASES[name][0]("key", value)
    except InvalidValue as error:
        assert len(str(error).splitlines()) == 1
        assert len(str(error)) < 600


NAMES = {
    rules.role_name: 64,
    rules.user_name: 64,
    rules.group_name: 128,
    rules.policy_name: 128,
}


@pytest.mark.parametrize(("check", "most"), NAMES.items(), ids=lambda value: getattr(value, "__name__", ""))
@STABLE
@given(
    name=st.text("aZ0_+=,.@- /*é\u0663\n", max_size=4).flatmap(
        lambda text: st.sampled_from([text, text * 16, text * 40])
    )
)
def test_a_name_has_limits_of_length_and_characters(check: Rule, most: int, name: str) -> None:
    allowed = ascii_letters + digits + "_+=,.@-"
    assert is_accepted(check, name) == (1 <= len(name) <= most and all(each in allowed for each in name))


@STABLE
@given(least=st.integers(0, 99), more=st.integers(0, 99), value=st.integers(-10, 210))
def test_a_range_includes_both_ends(least: int, more: int, value: int) -> None:
    assert is_accepted(rules.seconds(least, least + more), value) == (value in range(least, least + more + 1))
    assert not is_accepted(rules.seconds(0, 1), True)


@STABLE
@given(moment=st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))
def test_every_utc_time_is_accepted_and_local_times_are_refused(moment: datetime) -> None:
    text = moment.replace(microsecond=0).isoformat()
    assert is_accepted(rules.moment, f"{text}Z")
    assert not is_accepted(rules.moment, text)
    assert not is_accepted(rules.moment, f"{text}+00:00")


def is_public(first: Any, bits: int) -> bool:  # noqa: ANN401 (IPv4 or IPv6)
    """Return whether a range has an address that is not private."""
    network: Any = ip_network((first, bits))
    same = [it for it in map(ip_network, PRIVATE) if it.version == network.version]
    return not any(network.subnet_of(it) for it in same)


@STABLE
@given(address=st.ip_addresses(), bits=st.integers(0, 128))
def test_a_range_begins_with_its_first_address(address: Any, bits: int) -> None:  # noqa: ANN401 (IPv4 or IPv6)
    bits = min(bits, address.max_prefixlen)
    first = ip_network((address, bits), strict=False).network_address
    assert is_accepted(rules.public_range, f"{address}/{bits}") == (
        address == first and bits > 0 and is_public(first, bits)
    )
    assert is_accepted(rules.public_range, f"{first}/{bits}") == (bits > 0 and is_public(first, bits))


@STABLE
@given(values=st.lists(st.sampled_from(["read", "write", "x", 1]), max_size=4))
def test_the_first_wrong_entry_of_a_list_is_reported(values: list[object]) -> None:
    wrong = [index for index, value in enumerate(values) if value not in ("read", "write")]
    if values and not wrong:
        rules.each(rules.one_of("read", "write"))("key", values)
        return
    with pytest.raises(InvalidValue) as raised:
        rules.each(rules.one_of("read", "write"))("key", values)
    assert raised.value.key == (f"key[{wrong[0]}]" if wrong else "key")


def test_a_wrong_tag_is_named() -> None:
    for check, tags in (
        (rules.tags, {"team": "blue", "cost": "*"}),
        (rules.session_tags, {"team": ["blue"], "cost": ["7", "*"]}),
    ):
        with pytest.raises(
            InvalidValue, match=r"^key\.cost(\[1\])?: '\*' is not allowed; a tag's value has at most 256"
        ):
            check("key", tags)


def test_a_name_with_two_lines_is_refused_in_one_line() -> None:
    for check, tags in ((rules.tags, {"a\nb": "x"}), (rules.session_tags, {"a\nb": ["x"]})):
        with pytest.raises(InvalidValue, match=r"^key\.a\\nb(\[0\])?: 'a\\nb' is not allowed; a tag's name has"):
            check("key", tags)


def test_a_value_that_is_not_known_yet_is_left_to_aws(run: Run) -> None:
    def program() -> None:
        unknown = pulumi.Output.from_input("?")
        for name in set(TEXTS) - {"date", "range of addresses", "word"}:  # these are plain values in every component
            TEXTS[name][0]("key", unknown)
        rules.each(rules.role_name)("key", unknown)
        rules.tags("key", {"team": unknown})
        rules.session_tags("key", {"team": [unknown]})

    run(program)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "one is missing; give one or other"),
        ({"one": "", "other": []}, "one is missing; give one or other"),
        ({"one": "a", "other": ["b"]}, "one: 'a' is not allowed; other is given too; remove one of the two"),
        ({"one": "a"}, None),
        ({"other": ["b"]}, None),
        ({"one": "a", "other": []}, None),
    ],
)
def test_exactly_one_of_two_arguments_is_given(args: dict[str, object], message: str | None) -> None:
    if message is None:
        validation.check_exactly_one(args, "one", "other")
        return
    with pytest.raises(InvalidValue, match=f"^{message}$"):
        validation.check_exactly_one(args, "one", "other")


class Args(TypedDict):
    name: str
    on: NotRequired[bool]
    seconds: NotRequired[int]
    path: NotRequired[pulumi.Input[str]]
    names: NotRequired[Sequence[pulumi.Input[str]]]
    tags: NotRequired[Mapping[str, Sequence[str]]]


RULES: Mapping[str, Rule] = {"name": rules.role_name, "path": rules.path}


def test_given_arguments_are_checked_and_none_counts_as_not_given() -> None:
    assert checked({"name": "r", "path": None, "on": False}, Args, RULES) == {"name": "r", "on": False}


@pytest.mark.parametrize(
    ("args", "refusal"),
    [
        ({"path": "/"}, "name is missing; it has no default; add it"),
        ({"name": None}, "name is missing; it has no default; add it"),
        ({"nam": "r"}, "nam: there is no such key; did you mean name?"),
        ({"name": "r", "xyz": 1}, "xyz: there is no such key; known: name, on, seconds, path, names, tags"),
        ({"name": "r", "path": ""}, "path: '' is not allowed; a path begins and ends with / "),
        ({"name": "r", "on": "false"}, "on: 'false' is not allowed; write true or false"),
        ({"name": "r", "on": 0}, "on: 0 is not allowed; write true or false"),
        ({"name": "r", "seconds": True}, "seconds: True is not allowed; write a whole number"),
        ({"name": "r", "seconds": 1.5}, "seconds: 1.5 is not allowed; write a whole number"),
        ({"name": 12}, "name: 12 is not allowed; write text; a number needs quotes to be text"),
        ({"name": "r", "names": "a"}, "names: 'a' is not allowed; write a list"),
        ({"name": "r", "names": ["a", 1]}, "names[1]: 1 is not allowed; write text"),
        ({"name": "r", "tags": ["a"]}, "tags: ['a'] is not allowed; write a mapping"),
        ({"name": "r", "tags": {"a": "b"}}, "tags.a: 'b' is not allowed; write a list"),
    ],
)
def test_arguments_have_their_declared_names_and_types(args: dict[str, object], refusal: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        checked(args, Args, RULES)
    assert str(refused.value).startswith(refusal)


def test_an_output_is_accepted_where_one_is_declared(run: Run) -> None:
    def program() -> None:
        output = pulumi.Output.from_input("x")
        checked({"name": "r", "path": output, "names": [output]}, Args, RULES)
        for wrong in ({"name": output}, {"name": "r", "on": output}, {"name": "r", "tags": {"a": [output]}}):
            with pytest.raises(InvalidValue, match="an output is not allowed"):
                checked(wrong, Args, RULES)

    run(program)


@pytest.mark.parametrize("args", [args for args in vars(components.args).values() if is_typeddict(args)])
def test_every_declared_type_is_checked(args: type) -> None:
    for name, hint in inspect.get_annotations(args).items():
        with pytest.raises(InvalidValue):
            check_type(name, object(), hint)


def test_an_unknown_key_is_named_with_the_probable_one() -> None:
    check_known({"name": "r"}, ["name"])
    with pytest.raises(
        InvalidValue, match="trustedAcountId: there is no such key; did you mean trustedAccountId"
    ) as it:
        check_known({"trustedAcountId": 1}, ["name", "trustedAccountId", "trustedAccountIds"])
    assert it.value.key == "trustedAcountId"
    assert str(InvalidValue("a", MISSING, "add it")) == "a is missing; add it"


# Sizes, as IAM counts them: characters without white space.


def of_size(size: int, **sids: int) -> PolicyDocument:
    """Return a document with this many characters, spread over its statements."""
    statements: list[Any] = [{"Sid": sid, "Effect": "Allow", "Action": "", "Resource": "*"} for sid in (*sids, "Rest")]
    for statement, own in zip(statements, sids.values(), strict=False):
        statement["Action"] = "x" * (own - characters(json.dumps(statement)))
    statements[-1]["Action"] = "x" * (size - characters(render(document(*statements))))
    return document(*statements)


def test_white_space_is_not_counted() -> None:
    policy = of_size(500, First=120)
    assert characters(render(policy)) == characters(json.dumps(policy, indent=4)) == 500
    assert characters(" a\tb\r\nc\u00a0d ") == 4


def test_a_document_may_have_the_limit_and_not_one_character_more() -> None:
    check_size("trust policy", of_size(2048), 2048)
    with pytest.raises(InvalidValue, match=r"^trust policy: '2049 characters' is not allowed; IAM allows 2048; "):
        check_size("trust policy", of_size(2049), 2048)


def test_the_three_longest_statements_are_named_longest_first() -> None:
    policy = of_size(1000, Short=100, Long=300, Middle=200, Shortest=90)
    rest = characters(json.dumps(policy["Statement"][-1]))
    assert 200 < rest < 300
    with pytest.raises(InvalidValue, match=rf"; the longest statements: Long 300, Rest {rest}, Middle 200$"):
        check_size("identity policy", policy, 999)
