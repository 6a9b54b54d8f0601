"""Rendered states of the repository: reading, and finding roles and grantees again in another state."""

import json

import pytest

from access.changes.rendered import read
from access.errors import AccessError
from tests.support.changed_states import OTHER, changes, grantees
from tests.support.rendered import ROLE, group, role, state


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "a file: not JSON"),
        ("[]", "a file: version None is not allowed"),
        ('{"version": 2, "stacks": {}}', "a file: version 2 is not allowed"),
        ('{"version": true, "stacks": {}}', "a file: version True is not allowed"),
        ('{"version": 1}', "a file: not a rendered file ('stacks' is missing)"),
        ('{"version": 1, "stacks": []}', "a file: not a rendered file"),
        ('{"version": 1, "stacks": {"a": {"roles": [{}]}}}', "a file: not a rendered file ('name' is missing)"),
    ],
)
def test_an_invalid_rendered_file_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(AccessError) as refused:
        read(text, "a file")
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_statement_with_another_effect_is_refused() -> None:
    made = state()
    made["stacks"]["production"]["roles"][0]["trust"]["Statement"][0]["Effect"] = "Permit"
    with pytest.raises(AccessError, match="Effect 'Permit' in the trust policy"):
        read(json.dumps(made), "a file")


def test_a_group_of_an_unknown_account_may_be_in_any() -> None:
    before, after = state(), grantees(group("Testers", allow=[ROLE]))
    for each in (before, after):
        each["stacks"]["development"]["account"] = None
    assert changes(before, after).headline.startswith("Wider: Testers may now assume UpdateApp")


def test_a_name_in_two_stacks_is_reported_with_the_stack() -> None:
    before, after = state(), state()
    for each, allowed in ((before, []), (after, [ROLE])):
        made = group("Developers", allow=allowed) if allowed else group("Developers")
        each["stacks"]["staging"] = {**each["stacks"]["development"], "grantees": [made], "account": "222222222222"}
        each["stacks"]["production"]["roles"] = [role(trusted_account_ids=["111111111111", "222222222222"])]
    assert changes(before, after).headline == "Wider: staging/Developers may now assume UpdateApp"


def test_renaming_a_stack_is_not_a_change() -> None:
    after = state()
    after["stacks"] = {f"my-{name}": stack for name, stack in after["stacks"].items()}
    assert changes(state(), after).headline == "No access changes"


def test_another_account_of_the_groups_is_a_change() -> None:
    before, after = state(), state()
    for each in (before, after):
        each["stacks"]["production"]["roles"] = [role(trusted_account_ids=["111111111111", "222222222222"])]
    after["stacks"]["development"]["account"] = "222222222222"
    found = changes(before, after)
    assert found.headline.startswith("Wider: group Developers of 222222222222 may now assume UpdateApp")
    assert "group Developers of 111111111111 may no longer assume UpdateApp" in [each.lost() for each in found.lost]


def test_a_group_of_two_stacks_has_the_policies_of_both() -> None:
    before, after = state(), state()
    for each, denied in ((before, [ROLE]), (after, [OTHER])):
        second = group("Developers", deny=denied)
        each["stacks"]["more"] = {**each["stacks"]["development"], "grantees": [second]}
    assert changes(before, after).headline.startswith("Wider: Developers may now assume UpdateApp")


def test_a_role_with_another_path_is_another_role() -> None:
    after = state()
    made = after["stacks"]["production"]["roles"][0]
    made["arn"] = made["arn"].replace("role/", "role/delegated/")
    found = changes(state(), after)
    assert "Developers may no longer assume arn:aws:iam::999999999999:role/UpdateApp" in [
        it.lost() for it in found.lost
    ]
