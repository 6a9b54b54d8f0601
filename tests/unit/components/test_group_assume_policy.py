"""GroupAssumePolicy: its documents, its registered resources and refused arguments."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, cast

import pulumi
import pytest

from components import GroupAssumePolicy, GroupAssumePolicyArgs, check_total_size
from components.group_assume_policy import assume_role_policy
from components.policies import characters, render
from components.validation import InvalidValue
from tests.support.policy_lint import findings
from tests.unit.conftest import Run, is_secret

UPDATE, AUDIT = "arn:aws:iam::999999999999:role/UpdateApp", "arn:aws:iam::888888888888:role/team/Audit"
OTHER, NEXT_YEAR, LATER = "arn:aws:iam::888888888888:role/Other", "2027-01-31T18:00:00Z", "2028-02-29T12:00:00Z"
ALLOW: dict[str, Any] = {"group": "Developers", "effect": "Allow", "role_arns": [UPDATE], "policy_name": "may-update"}
DENY: dict[str, Any] = {**ALLOW, "effect": "Deny", "policy_name": "may-not-update"}
OF_SET: dict[str, Any] = {"permission_set": "Dev", **{key: value for key, value in ALLOW.items() if key != "group"}}
OF_ROLE: dict[str, Any] = {"role": "deploy", **{key: value for key, value in ALLOW.items() if key != "group"}}
BY_OWN_NAME = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
AS_OWN_NAME = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}


def statement(sid: str, effect: str, action: str, roles: object, condition: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 (JSON)
    known = {"Sid": sid, "Effect": effect, "Action": action, "Resource": roles}
    return known | ({"Condition": condition} if condition else {})


def before(moment: str) -> dict[str, Any]:
    return {"DateLessThan": {"aws:CurrentTime": moment}}


UPDATE_TOO = f"{UPDATE}2"
MAY_ASSUME = statement("AllowAssumeRole", "Allow", "sts:AssumeRole", UPDATE)
MAY_TAG = statement("TagSession", "Allow", "sts:TagSession", UPDATE)

CASES: Mapping[str, tuple[dict[str, Any], Sequence[Any]]] = {
    "one role may be assumed": (ALLOW, [MAY_ASSUME]),
    "several roles, sorted, each once": (
        {**ALLOW, "role_arns": [UPDATE, AUDIT, UPDATE]},
        [statement("AllowAssumeRole", "Allow", "sts:AssumeRole", [AUDIT, UPDATE])],
    ),
    "several roles may not be assumed": (
        {**DENY, "role_arns": [UPDATE, AUDIT]},
        [statement("DenyAssumeRole", "Deny", "sts:AssumeRole", [AUDIT, UPDATE])],
    ),
    "a session is named after its user": (
        {**ALLOW, "bind_session_name": True},
        [statement("AllowAssumeRole", "Allow", "sts:AssumeRole", UPDATE, BY_OWN_NAME)],
    ),
    "a source identity is the user's name": (
        {**ALLOW, "source_identity": True},
        [MAY_ASSUME, statement("SetSourceIdentity", "Allow", "sts:SetSourceIdentity", UPDATE, AS_OWN_NAME)],
    ),
    "a session may carry tags": ({**ALLOW, "session_tags": True}, [MAY_ASSUME, MAY_TAG]),
    "a role's session may carry tags": ({**OF_ROLE, "session_tags": True}, [MAY_ASSUME, MAY_TAG]),
    "a permission set": (OF_SET, [MAY_ASSUME]),
    "a permission set's session may carry tags": ({**OF_SET, "session_tags": True}, [MAY_ASSUME, MAY_TAG]),
    "a role until a moment": (
        {
            **{key: value for key, value in ALLOW.items() if key != "role_arns"},
            "role_arns_until": {NEXT_YEAR: [UPDATE]},
        },
        [statement("AllowAssumeRoleUntil20270131T180000Z", "Allow", "sts:AssumeRole", UPDATE, before(NEXT_YEAR))],
    ),
    "a statement for each moment, sorted, and one without": (
        {**ALLOW, "role_arns_until": {LATER: [AUDIT], NEXT_YEAR: [UPDATE_TOO, OTHER, OTHER]}},
        [
            MAY_ASSUME,
            statement(
                "AllowAssumeRoleUntil20270131T180000Z",
                "Allow",
                "sts:AssumeRole",
                [OTHER, UPDATE_TOO],
                before(NEXT_YEAR),
            ),
            statement("AllowAssumeRoleUntil20280229T120000Z", "Allow", "sts:AssumeRole", AUDIT, before(LATER)),
        ],
    ),
    "all statements about a session end at the same moment": (
        {
            **{key: value for key, value in ALLOW.items() if key != "role_arns"},
            "role_arns_until": {NEXT_YEAR: [UPDATE]},
            "bind_session_name": True,
            "source_identity": True,
            "session_tags": True,
        },
        [
            statement(f"{sid}Until20270131T180000Z", "Allow", action, UPDATE, {**condition, **before(NEXT_YEAR)})
            for sid, action, condition in (
                ("AllowAssumeRole", "sts:AssumeRole", BY_OWN_NAME),
                ("SetSourceIdentity", "sts:SetSourceIdentity", AS_OWN_NAME),
                ("TagSession", "sts:TagSession", {}),
            )
        ],
    ),
    "a false option is left out": (
        {**DENY, "bind_session_name": False, "source_identity": False, "session_tags": False},
        [statement("DenyAssumeRole", "Deny", "sts:AssumeRole", UPDATE)],
    ),
    "all options, for each role": (
        {
            **ALLOW,
            "role_arns": [UPDATE, AUDIT],
            "bind_session_name": True,
            "source_identity": True,
            "session_tags": True,
        },
        [
            statement("AllowAssumeRole", "Allow", "sts:AssumeRole", [AUDIT, UPDATE], BY_OWN_NAME),
            statement("SetSourceIdentity", "Allow", "sts:SetSourceIdentity", [AUDIT, UPDATE], AS_OWN_NAME),
            statement("TagSession", "Allow", "sts:TagSession", [AUDIT, UPDATE]),
        ],
    ),
}


def grant(args: Mapping[str, Any]) -> GroupAssumePolicy:
    return GroupAssumePolicy("grant", cast(GroupAssumePolicyArgs, args))


@pytest.mark.parametrize(("args", "statements"), CASES.values(), ids=CASES)
def test_the_inline_policy_is(run: Run, args: dict[str, Any], statements: Sequence[Any]) -> None:
    document = assume_role_policy(cast(GroupAssumePolicyArgs, args))
    assert document == {"Version": "2012-10-17", "Statement": statements}
    assert findings(render(document)) == ()
    assert run(partial(grant, args)).document("grant-policy") == document


@pytest.mark.parametrize(
    ("args", "children"),
    [
        (ALLOW, {"grant-policy": ("aws:iam/groupPolicy:GroupPolicy", {"group": "Developers", "name": "may-update"})}),
        (
            DENY,
            {"grant-policy": ("aws:iam/groupPolicy:GroupPolicy", {"group": "Developers", "name": "may-not-update"})},
        ),
        (OF_ROLE, {"grant-policy": ("aws:iam/rolePolicy:RolePolicy", {"role": "deploy", "name": "may-update"})}),
        (OF_SET, {"grant-policy": ("aws:iam/policy:Policy", {"name": "may-update"})}),
    ],
    ids=["a group's policy", "a group's denial", "a role's policy", "a permission set's policy"],
)
def test_the_registered_policy(
    run: Run, args: dict[str, Any], children: Mapping[str, tuple[str, Mapping[str, Any]]]
) -> None:
    ran = run(partial(grant, args))
    made = {name: each for name, each in ran.registrations.items() if each.parent == "grant"}
    inputs = {
        name: {key: value for key, value in each.inputs.items() if key != "policy"} for name, each in made.items()
    }
    assert {name: (each.type, inputs[name]) for name, each in made.items()} == children
    assert {name for name in ran.registrations if name not in made} == {"cross-account-access-production", "grant"}


def test_the_outputs_are_the_roles_and_the_policy(run: Run) -> None:
    ran = run(partial(grant, {**ALLOW, "role_arns": [UPDATE, AUDIT, UPDATE]}))
    policy = ran.registrations["grant-policy"].inputs["policy"]
    assert ran.component_outputs["grant"] == {"role_arns": [AUDIT, UPDATE], "ends": {}, "policy": policy}


def test_the_outputs_include_roles_with_an_end(run: Run) -> None:
    ran = run(partial(grant, {**ALLOW, "role_arns": [UPDATE], "role_arns_until": {NEXT_YEAR: [AUDIT]}}))
    assert ran.component_outputs["grant"]["role_arns"] == [AUDIT, UPDATE]
    assert ran.component_outputs["grant"]["ends"] == {AUDIT: NEXT_YEAR}


def test_outputs_of_other_resources_are_treated_like_plain_values(run: Run) -> None:
    def output(value: object) -> pulumi.Output[Any]:
        return pulumi.Output.from_input(value)

    given = {
        "group": output("Developers"),
        "role_arns": output([output(UPDATE), AUDIT]),
        "role_arns_until": {NEXT_YEAR: output([output(OTHER)])},
    }
    plain = {"group": "Developers", "role_arns": [UPDATE, AUDIT], "role_arns_until": {NEXT_YEAR: [OTHER]}}
    as_output, as_plain = (run(partial(grant, {**ALLOW, **values})) for values in (given, plain))
    assert as_output.registrations == as_plain.registrations
    assert as_output.component_outputs == as_plain.component_outputs


WRONG: Mapping[str, tuple[dict[str, Any], str]] = {
    "neither a group nor a role": ({**ALLOW, "group": ""}, "group"),
    "no group and no role": ({key: value for key, value in ALLOW.items() if key != "group"}, "group"),
    "a group and a role": ({**ALLOW, "role": "deploy"}, "group"),
    "a group's name with a slash": ({**ALLOW, "group": "team/Developers"}, "group"),
    "a role's ARN in place of its name": ({**OF_ROLE, "role": UPDATE}, "role"),
    "no effect": ({**ALLOW, "effect": None}, "effect"),
    "no list of roles": ({key: value for key, value in ALLOW.items() if key != "role_arns"}, "role_arns"),
    "a typo in an argument's name": ({**ALLOW, "bind_session_names": True}, "bind_session_names"),
    "an effect in lower case": ({**ALLOW, "effect": "allow"}, "effect"),
    "no roles": ({**ALLOW, "role_arns": []}, "role_arns"),
    "a role in place of a list": ({**ALLOW, "role_arns": UPDATE}, "role_arns"),
    "a wildcard": ({**ALLOW, "role_arns": [UPDATE, "arn:aws:iam::999999999999:role/*"]}, "role_arns[1]"),
    "too long a policy name": ({**ALLOW, "policy_name": "p" * 129}, "policy_name"),
    "a session name from a role, which has no user name": ({**OF_ROLE, "bind_session_name": True}, "bind_session_name"),
    "a source identity from a role, which has no user name": ({**OF_ROLE, "source_identity": True}, "source_identity"),
    "a denial by session name": ({**DENY, "bind_session_name": True}, "bind_session_name"),
    "a denial by source identity": ({**DENY, "source_identity": True}, "source_identity"),
    "a session name from a permission set, which has no user name": (
        {**OF_SET, "bind_session_name": True},
        "bind_session_name",
    ),
    "a source identity from a permission set, which has no user name": (
        {**OF_SET, "source_identity": True},
        "source_identity",
    ),
    "too long a permission set name": ({**OF_SET, "permission_set": "p" * 33}, "permission_set"),
    "a permission set and a role": ({**OF_SET, "role": "deploy"}, "role"),
    "a role of Identity Center": ({**OF_ROLE, "role": "AWSReservedSSO_Dev_0123456789abcdef"}, "role"),
    "no roles in either list": ({**ALLOW, "role_arns": [], "role_arns_until": {}}, "role_arns"),
    "a day that does not exist": ({**ALLOW, "role_arns_until": {"2027-02-31T00:00:00Z": [AUDIT]}}, "role_arns_until"),
    "an end without roles": ({**ALLOW, "role_arns_until": {NEXT_YEAR: []}}, f"role_arns_until.{NEXT_YEAR}"),
    "a wildcard with an end": (
        {**ALLOW, "role_arns_until": {NEXT_YEAR: ["arn:aws:iam::999999999999:role/*"]}},
        f"role_arns_until.{NEXT_YEAR}[0]",
    ),
    "a denial with an end": ({**DENY, "role_arns_until": {NEXT_YEAR: [AUDIT]}}, "role_arns_until"),
    "a denial by tags": ({**DENY, "session_tags": True}, "session_tags"),
}


@pytest.mark.parametrize(("args", "key"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_refused_before_anything_is_registered(run: Run, args: dict[str, Any], key: str) -> None:
    def program() -> None:
        with pytest.raises(InvalidValue) as raised:
            grant(args)
        assert raised.value.key == key

    assert list(run(program).registrations) == ["cross-account-access-production"]


@pytest.mark.parametrize(
    ("args", "key"),
    [
        ({**ALLOW, "group": "team/Developers"}, "group"),
        ({**OF_ROLE, "role": "a b"}, "role"),
        ({**ALLOW, "role_arns": ["arn:aws:iam::999999999999:role/*"]}, "role_arns[0]"),
        ({**ALLOW, "role_arns": []}, "role_arns"),
        ({**ALLOW, "role_arns_until": {NEXT_YEAR: ["arn:aws:iam::1:role/x"]}}, f"role_arns_until.{NEXT_YEAR}[0]"),
        ({**ALLOW, "role_arns_until": {NEXT_YEAR: [UPDATE]}}, f"role_arns_until.{NEXT_YEAR}[0]"),
        ({**ALLOW, "role_arns_until": {NEXT_YEAR: [AUDIT], LATER: [AUDIT]}}, f"role_arns_until.{LATER}[0]"),
        (
            {**ALLOW, "role_arns_until": {NEXT_YEAR: ["arn:aws-cn:iam::999999999999:role/x"]}},
            f"role_arns_until.{NEXT_YEAR}[0]",
        ),
    ],
    ids=["group", "role", "one of the roles", "no roles", "one with an end", "the same", "twice", "another partition"],
)
def test_an_output_is_checked_when_it_is_known(run: Run, args: dict[str, Any], key: str) -> None:
    given = {name: value if name == "effect" else pulumi.Output.from_input(value) for name, value in args.items()}
    if "role_arns_until" in args:
        given["role_arns_until"] = {end: pulumi.Output.from_input(it) for end, it in args["role_arns_until"].items()}
    with pytest.raises(InvalidValue) as raised:
        run(partial(grant, {**given, "policy_name": "may-update"}))
    assert raised.value.key == key


# Sizes: IAM's limits, to the character.


def sized(target: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return arguments whose document has this many characters, filled up with roles and a path."""

    def length(roles: Sequence[str]) -> int:
        return characters(render(assume_role_policy(cast(GroupAssumePolicyArgs, {**target, "role_arns": roles}))))

    roles = [f"arn:aws:iam::999999999999:role/{index:03}{'x' * 61}" for index in range(size // 100)]
    while length([*roles, AUDIT]) > size:
        roles.pop()
    path = f"/team{'y' * (size - length([*roles, AUDIT]))}/"
    return {**target, "role_arns": [*roles, AUDIT.replace("/team/", path)]}


@pytest.mark.parametrize(
    ("target", "most"),
    [(ALLOW, 5120), (DENY, 5120), (OF_ROLE, 10240), (OF_SET, 6144)],
    ids=["group", "denied group", "role", "permission set"],
)
def test_a_policy_may_have_as_many_characters_as_iam_allows(run: Run, target: dict[str, Any], most: int) -> None:
    document = run(partial(grant, sized(target, most))).registrations["grant-policy"].inputs["policy"]
    assert characters(document) == most
    kind = next(it for it in ("group", "role", "permission_set") if it in target)
    policy = "policy" if kind == "permission_set" else "inline policy"
    holder = f"{policy} {target['policy_name']} of {kind.replace('_', ' ')} {target[kind]}"
    what = f"^{holder}: '{most + 1} characters' is not allowed"
    rule = f"IAM allows {most}; the longest statements: {target['effect']}"
    with pytest.raises(InvalidValue, match=f"{what}; {rule}AssumeRole [0-9]+$"):
        run(partial(grant, sized(target, most + 1)))


@pytest.mark.parametrize(("target", "kind", "most"), [(ALLOW, "group", 5120), (OF_ROLE, "role", 10240)])
def test_inline_policies_together_may_have_as_many_characters_as_iam_allows(
    run: Run,
    target: dict[str, Any],
    kind: Literal["group", "role"],
    most: int,
) -> None:
    def program(size: int) -> None:
        policies = {
            name: GroupAssumePolicy(name, cast(GroupAssumePolicyArgs, sized(target, part)))
            for name, part in (("first", 2000), ("second", size - 2000))
        }
        check_total_size(kind, "grantee", policies)

    assert run(partial(program, most)).registrations.keys() >= {"first-policy", "second-policy"}
    message = (
        f"^{kind} grantee: '{most + 1} characters' is not allowed; IAM allows {most} in the inline policies of a"
        f" {kind}; there are: first 2000, second {most + 1 - 2000}$"
    )
    with pytest.raises(InvalidValue, match=message):
        run(partial(program, most + 1))


def test_a_secret_arn_makes_the_document_secret(run: Run) -> None:
    made = run(lambda: grant({**ALLOW, "role_arns": pulumi.Output.secret([UPDATE])})).registrations["grant-policy"]
    assert is_secret(made.inputs["policy"])
