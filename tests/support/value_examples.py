"""Accepted and refused texts, times, addresses, tags and lists for each rule, with the reason."""

from collections.abc import Mapping
from datetime import UTC, datetime

from components import rules
from components.rules import Rule

FORTY_NINE_TAGS = {f"tag{number}": "x" for number in range(49)}
PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
)

OF_VALUES: Mapping[str, tuple[Rule, Mapping[str, object], Mapping[str, object]]] = {
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
