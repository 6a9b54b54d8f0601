"""Values that AWS accepts or refuses, at the boundaries of each rule, and the messages."""

import re
from datetime import datetime
from ipaddress import ip_network
from string import ascii_letters, digits
from typing import Any

import pulumi
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components import rules
from components.rules import Rule
from components.validation import InvalidValue
from tests.support.name_examples import OF_NAMES
from tests.support.value_examples import OF_VALUES, PRIVATE
from tests.unit.conftest import Run

STABLE = settings(derandomize=True, max_examples=100, deadline=None)


def is_accepted(check: Rule, value: object) -> bool:
    try:
        check("key", value)
    except InvalidValue:
        return False
    return True


CASES = {**OF_NAMES, **OF_VALUES}
"""Accepted and refused values of each rule, with the reason."""
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


@given(st.text(alphabet="0123456789a ", max_size=14))
def test_an_account_id_is_twelve_digits(text: str) -> None:
    assert is_accepted(rules.account_id, text) == (len(text) == 12 and all(digit in "0123456789" for digit in text))


@given(st.text(alphabet="ab1.-A_", max_size=66))
def test_a_bucket_name_keeps_the_rules(name: str) -> None:
    if is_accepted(rules.bucket_name, name):
        assert 3 <= len(name) <= 63
        assert name == name.lower()
        assert name[0].isalnum() and name[-1].isalnum()
        assert ".." not in name and "_" not in name
        assert not re.fullmatch(r"\d+(\.\d+){3}", name)


@given(st.sampled_from(["*", "Update*", "?", "a b", ""]))
def test_a_role_arn_has_no_wildcard(name: str) -> None:
    assert not is_accepted(rules.role_arn, f"arn:aws:iam::999999999999:role/{name}")
    assert is_accepted(rules.role_arn, "arn:aws:iam::999999999999:role/team/UpdateApp")
