"""Find a role by ARN, by stack and name, and by AWS profile."""

from pathlib import Path

import pytest

from access.errors import AccessError
from access.stack_outputs import StackOutputs
from access.switch.roles import Role, find_role

ARN = "arn:aws:iam::999999999999:role/UpdateApp"
PROFILES = {
    "app": {
        "role_arn": ARN,
        "source_profile": "dev",
        "external_id": "an-id",
        "mfa_serial": "arn:aws:iam::111111111111:mfa/David",
        "role_session_name": "David",
        "duration_seconds": "900",
        "region": "eu-west-1",
    },
    "instance": {"role_arn": ARN, "credential_source": "Ec2InstanceMetadata"},
    "Prod/Update": {"role_arn": ARN},
    "keys": {"region": "us-east-1"},
    "web": {"role_arn": ARN, "web_identity_token_file": "/token"},
    "long": {"role_arn": ARN, "duration_seconds": "an hour"},
    "wrong": {"role_arn": "UpdateApp"},
}


@pytest.fixture(autouse=True)
def stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(stack: str) -> StackOutputs:
        if not stack.endswith("production"):
            raise AccessError(f"the outputs of stack {stack!r} can't be read: no stack named {stack!r} found")
        return StackOutputs(
            stack,
            role_arns={"UpdateApp": ARN, "Guarded": f"{ARN}2"},
            external_ids={"Guarded": "an-id"},
            role_options={
                "Guarded": {"requireMfa": True, "requireSourceIdentity": True, "sessionTags": {"team": ["a", "b"]}}
            },
        )

    monkeypatch.setattr("access.stack_outputs.read_stack_outputs", read)


@pytest.mark.parametrize("arn", [ARN, "arn:aws-us-gov:iam::999999999999:role/team/a/Update+=,.@-_App"])
def test_by_arn(arn: str) -> None:
    assert find_role(arn, PROFILES) == Role(arn, arn.rpartition("/")[2])


@pytest.mark.parametrize("stack", ["production", "acme/shop/production"])
def test_by_stack(stack: str) -> None:
    assert find_role(f"{stack}/UpdateApp", PROFILES) == Role(ARN, "production-UpdateApp")
    assert find_role(f"{stack}/Guarded", PROFILES) == Role(
        f"{ARN}2",
        "production-Guarded",
        external_id="an-id",
        requires_mfa=True,
        requires_source_identity=True,
        session_tags={"team": ["a", "b"]},
    )


def test_a_profile_precedes_a_stack() -> None:
    assert find_role("Prod/Update", PROFILES) == Role(ARN, "Prod/Update", profile="Prod/Update")


def test_a_stack_outside_its_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AccessError) as caught:
        find_role("production/UpdateApp", PROFILES)
    assert "access roles --from FILE" in str(caught.value)
    assert "organization/project/production/UpdateApp" in str(caught.value)
    assert find_role("acme/shop/production/UpdateApp", PROFILES).arn == ARN


def test_by_profile() -> None:
    assert find_role("app", PROFILES) == Role(
        ARN,
        "app",
        profile="app",
        external_id="an-id",
        source_profile="dev",
        mfa_serial="arn:aws:iam::111111111111:mfa/David",
        session_name="David",
        duration=900,
    )
    assert find_role("instance", PROFILES) == Role(
        ARN, "instance", profile="instance", credential_source="Ec2InstanceMetadata"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("arn:aws:iam::999999999999:user/David", "is not a role's ARN; one looks like"),
        ("arn:aws:iam::99999999999:role/UpdateApp", "is not a role's ARN"),
        (f"{ARN}\n", "is not a role's ARN"),
        (
            "arn:aws-cn:sts::999999999999:assumed-role/UpdateApp/David",
            "is a session; the role may be arn:aws-cn:iam::999999999999:role/UpdateApp",
        ),
        ("production/Update", "stack 'production' has no role 'Update'; it has UpdateApp, Guarded"),
        ("staging/UpdateApp", "the outputs of stack 'staging' can't be read"),
        ("nobody", "has no profile 'nobody'; name a role by its ARN, as stack/role, or by a profile"),
        ("keys", "profile 'keys' has no role to assume"),
        ("web", "profile 'web' has no role to assume"),
        ("long", "profile 'long': duration_seconds is 'an hour'; write a number of seconds"),
        ("wrong", "'UpdateApp' is not a role's ARN"),
    ],
)
def test_not_a_role(text: str, reason: str) -> None:
    with pytest.raises(AccessError) as caught:
        find_role(text, PROFILES)
    assert reason in str(caught.value)


def test_the_external_id_is_not_shown() -> None:
    assert "an-id" not in repr(find_role("app", PROFILES))
