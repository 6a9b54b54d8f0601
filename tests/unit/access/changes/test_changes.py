"""Access gained and lost between two rendered states of the repository."""

from time import perf_counter
from typing import Any

import pytest

from tests.support.changed_states import OTHER, WIDER, changes, grantees, trusting
from tests.support.rendered import DEVELOPMENT, ROLE, State, group, role, state

ELSE = f"anybody else in account {DEVELOPMENT} with the right there"


@pytest.mark.parametrize("name", WIDER)
def test_a_gain_is_the_first_line_and_its_reversal_a_loss(name: str) -> None:
    before, after, expected = WIDER[name]
    there, back = changes(before, after), changes(after, before)
    assert there.verdict == "wider"
    assert there.headline.removeprefix("Wider: ").partition(", +")[0] == expected
    gained, lost = ({(each.who.partition(" (")[0], each.what) for each in found} for found in (there.gained, back.lost))
    assert gained == lost
    assert not there.undecided


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (state(), state()),
        (trusting(), trusting(description="to update the application")),
        (
            state(grantees=[group("A", allow=[ROLE]), group("B")]),
            state(grantees=[group("B"), group("A", allow=[ROLE])]),
        ),
        (  # a permission set that the role does not trust
            trusting(trusted_permission_sets=["Dev"]),
            state(
                [role(trusted_permission_sets=["Dev"])],
                [
                    *(group("Developers", allow=[ROLE]), group("Testers", deny=[ROLE])),
                    group("Audit", kind="permissionSet", allow=[ROLE]),
                ],
            ),
        ),
    ],
)
def test_changes_without_effect_on_access(before: State, after: State) -> None:
    found = changes(before, after)
    assert (found.headline, found.verdict) == ("No access changes", "none")


def test_a_user_who_leaves_a_group_is_named_with_the_current_groups() -> None:
    there, _, _ = WIDER["somebody joins"]
    leaving = state(grantees=[group("Developers", members=[], allow=[ROLE])])
    assert changes(there, leaving).headline == "Narrower: alice (now in no group) may no longer assume UpdateApp"


def test_unmanaged_members_lose_nothing() -> None:
    before = state(grantees=[group("Developers", members=["alice"], allow=[ROLE])])
    after = state(grantees=[group("Developers", allow=[ROLE])])
    assert changes(before, after).verdict == "none"
    assert changes(after, before).headline == "Wider: alice (now in Developers) may now assume UpdateApp"
    assert not changes(after, before).lost


def test_a_grant_of_everything_but_one_role_is_a_grant_of_the_others() -> None:
    after = grantees(group("Testers", allow=[ROLE]))
    (policy,) = after["stacks"]["development"]["grantees"][1]["policies"]
    (statement,) = policy["document"]["Statement"]
    statement["NotResource"] = statement.pop("Resource").replace("UpdateApp", "Audit")
    assert "Testers may now assume UpdateApp" in [each.gained() for each in changes(state(), after).gained]
    statement["NotResource"] = ROLE
    assert "Testers may now assume UpdateApp" not in [each.gained() for each in changes(state(), after).gained]


def test_a_policy_in_two_parts_is_no_change() -> None:
    after = state()
    (policy,) = after["stacks"]["production"]["roles"][0]["policies"]
    statements = policy["document"]["Statement"]
    objects = statements.pop()
    parts = [{**objects, "Sid": f"Part{action[3:]}", "Action": action} for action in objects["Action"]]
    after["stacks"]["production"]["roles"][0]["policies"].append(
        {"name": "second", "document": {"Version": "2012-10-17", "Statement": parts}}
    )
    assert changes(state(), after).headline == "No access changes"


def test_a_longer_session_is_a_note_and_not_a_gain() -> None:
    found = changes(trusting(), trusting(max_session_duration=7200))
    assert found.verdict == "none"
    assert found.notes == ("a session of UpdateApp may last 7200 seconds; before, 3600",)


def test_another_known_principal_is_a_note() -> None:
    after = state()
    arn = "arn:aws:iam::999999999999:role/Admin"
    output = [{"principal": arn, "reason": "why", "until": "2027-01-31T00:00:00Z"}]
    after["stacks"]["production"]["outputs"] = {"knownPrincipals": output}
    found = changes(state(), after)
    assert (found.verdict, changes(after, after).notes, changes(after, state()).notes) == ("none", (), ())
    assert found.notes == (f"a known principal, which no proof will report: {arn}, until 2027-01-31T00:00:00Z (why)",)


def test_all_gains_are_listed_grantees_first() -> None:
    found = changes(trusting(require_mfa=True), trusting())
    assert [each.who for each in found.gained] == ["Developers", ELSE]
    assert found.gained[0].allowed_by == ("AllowAssumeRole of allow-assume", "TrustAccount of the trust policy")
    assert found.gained[0].witness == {
        "aws:multifactorauthpresent": None,
        "principal": f"arn:aws:iam::{DEVELOPMENT}:user/example",
    }


def test_a_narrower_state_is_reported() -> None:
    found = changes(trusting(), trusting(require_mfa=True))
    assert (
        found.headline
        == "Narrower: Developers may assume UpdateApp in fewer circumstances: no longer without MFA, +1 more"
    )


def test_a_deny_that_decided_is_named() -> None:
    (gained,) = changes(*WIDER["Testers let in"][:2]).gained
    assert gained.denied_by == ("DenyAssumeRole of deny-assume",)
    (lifted,) = changes(*WIDER["Testers taken out"][:2]).gained
    assert (lifted.allowed_by, lifted.denied_by) == (("other policies",), ("DenyAssumeRole of deny-assume",))


def test_an_open_question_is_undecided_and_a_certain_gain_takes_precedence() -> None:
    open_trust = state()
    open_trust["stacks"]["production"]["roles"][0]["trust"]["Statement"][0]["Condition"] = {
        "StringShallBe": {"aws:x": "y"}
    }
    found = changes(open_trust, state())
    assert found.verdict == "undecided"
    assert found.headline == (
        "Undecided: whether Developers may assume UpdateApp: aws:x with StringShallBe can't be decided, +1 more"
    )
    assert changes(open_trust, grantees(group("Testers"), group("Visitors", allow=[OTHER]))).verdict != "none"


def test_another_boundary_is_undecided() -> None:
    one, other = (trusting(permissions_boundary=f"arn:aws:iam::999999999999:policy/{name}") for name in "AB")
    assert changes(one, other).verdict == "undecided"
    assert changes(trusting(), one).verdict == "narrower"


def test_everybody_in_a_trust_is_reported_as_other_accounts() -> None:
    after = state()
    after["stacks"]["production"]["roles"][0]["trust"]["Statement"][0]["Principal"] = "*"
    found = changes(state(), after)
    assert "principals of other accounts may now assume UpdateApp" in [each.gained() for each in found.gained]
    assert all(each.kind in ("account", "others") for each in found.gained)


def test_a_pattern_in_a_grant_is_reported_besides_known_roles() -> None:
    pattern = ROLE.replace("UpdateApp", "*")
    found = changes(state(), state(grantees=[group("Developers", allow=[pattern]), group("Testers", deny=[ROLE])]))
    assert [each.gained() for each in found.gained] == [
        f"Developers may now do sts:AssumeRole on {pattern} in more circumstances: on {pattern.replace('*', 'example')}"
    ]


def test_many_roles_and_groups_take_seconds() -> None:
    def many(count: int, **options: Any) -> State:  # noqa: ANN401
        roles = [role(f"Role{number}", **options) for number in range(count)]
        arns = [each["arn"] for each in roles]
        return state(roles, [group(f"Group{number}", allow=arns[number % 3 :]) for number in range(count)])

    began = perf_counter()
    found = changes(many(30, require_mfa=True), many(30))
    assert len(found.gained) > 800
    assert perf_counter() - began < 10
