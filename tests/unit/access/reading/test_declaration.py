"""Test that placeholders in a rendered document are filled in from the stacks' outputs."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from access.accounts import Account
from access.errors import AccessError
from access.participants import Participant
from access.reading.declaration import declared_by
from access.stack_outputs import StackOutputs, parse_stack_outputs
from tests.support.rendered import DEVELOPMENT, PRODUCTION, group, role, state

ELSEWHERE = "arn:aws:iam::000000000000:role/<other/main>/Publish"
PUBLISH = "arn:aws:iam::222222222222:role/Publish"


def participant(account_id: str, outputs: dict[str, Any]) -> Participant:
    account = cast(Account, SimpleNamespace(account_id=account_id))
    text: StackOutputs = parse_stack_outputs("any", {"contractVersion": 1, **outputs})
    return Participant(account, text)


def rendered(external_id: str) -> str:
    grants = group("Developers", allow=[ELSEWHERE])
    made = state(roles=[role(external_id=external_id)], grantees=[grants])
    made["stacks"]["production"]["outputs"] = {}
    allowed = {"Developers": {"allow": [ELSEWHERE], "deny": []}}
    made["stacks"]["development"]["outputs"] = {"assumableRoles": allowed}
    return json.dumps(made)


OF_PRODUCTION = participant(PRODUCTION, {"externalIds": {"UpdateApp": "ANPAEXAMPLE"}})
OF_DEVELOPMENT = participant(DEVELOPMENT, {"assumableRoles": {"Developers": {"allow": [PUBLISH], "deny": []}}})


@pytest.mark.parametrize("unknown", ["<generated id of policy production/p>", "<encrypted value 80ea94cdc6e8>"])
def test_external_ids_and_roles_of_other_projects_are_filled_in(unknown: str) -> None:
    declared = declared_by(rendered(unknown), "a file", [OF_PRODUCTION, OF_DEVELOPMENT])
    [made] = declared.roles.values()
    [developers] = declared.grantees.values()
    assert '"sts:ExternalId": "ANPAEXAMPLE"' in made.trust.text
    assert PUBLISH in developers.policies[0].text
    assert not any("<" in it for it in (made.trust.text, developers.policies[0].text))


def test_a_known_external_id_is_never_replaced() -> None:
    declared = declared_by(rendered("Example-987"), "a file", [OF_PRODUCTION])
    [made] = declared.roles.values()
    assert '"sts:ExternalId": "Example-987"' in made.trust.text


def test_only_the_stacks_of_the_accounts_are_declared() -> None:
    declared = declared_by(rendered("x-y"), "a file", [OF_PRODUCTION])
    assert (declared.accounts, [*declared.grantees]) == (frozenset({PRODUCTION}), [])


def test_another_file_is_rejected() -> None:
    with pytest.raises(AccessError, match="a file: version None is not allowed"):
        declared_by("{}", "a file", [])
