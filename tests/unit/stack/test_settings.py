"""Wrong configuration gives one line with the key, the value and what is allowed, before anything is registered."""

from typing import Any

import pulumi
import pytest

from components.validation import InvalidValue
from tests.support.wrong_settings import GROUP, PREFIX, ROLE, WRONG, groups, roles
from tests.unit.conftest import Run


@pytest.mark.parametrize(("config", "key", "hint"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_wrong_configuration_is_refused_in_one_line(run: Run, config: dict[str, Any], key: str, hint: str) -> None:
    registered: list[object] = []
    with pytest.raises(pulumi.RunError) as raised:
        registered.append(run(stack="development", config=config))
    message = str(raised.value)
    assert key in message.split("; ")[0], message
    assert hint in message, message
    assert "\n" not in message
    assert not registered


def test_values_similar_to_wrong_ones_are_accepted(run: Run) -> None:
    newer = {**roles(ROLE), "aws:region": "us-moon-1", "aws:skipRegionValidation": "true"}
    assert "roleArn" in run(config=newer).exports
    theirs = {**ROLE, "bucket": "logs-an", "createBucket": False}
    theirs["kmsKeyArns"] = ["arn:aws:kms:eu-west-1:999999999999:key/1"]
    assert run(config={**roles(theirs), "aws:region": "us-east-1"}).exports["bucketNames"] == {"UpdateApp": "logs-an"}
    of_aws = {**ROLE, "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"}
    assert "roleArn" in run(config={**roles(of_aws), "aws:region": "us-east-1"}).exports


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_may_be_in_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "us-gov-west-1")
    with pytest.raises(InvalidValue, match=r"roles\[0\].deniedPrincipalArns\[0\]: .* begin with arn:aws-us-gov:"):
        run(config=roles({**ROLE, "deniedPrincipalArns": ["arn:aws:iam::*:role/*"]}))


@pytest.mark.parametrize(
    ("listed", "role"),
    [
        ([], "UpdateApp"),
        ([{**ROLE, "name": "Own"}], "Own"),
        ([{"name": "Own", "buckets": ["other-app"], "trustedAccountIds": ["222222222222"]}], "Own"),
    ],
    ids=["without roles", "with one", "with one of several buckets and accounts"],
)
def test_answers_to_pulumi_new_configure_the_only_role(run: Run, listed: list[dict[str, Any]], role: str) -> None:
    answers = {f"{PREFIX}:bucket": "acme-app", f"{PREFIX}:trustedAccountId": "012345678901"}
    ran = run(config={**roles(*listed), **answers})
    assert ran.exports["bucketNames"] == {role: "acme-app"}
    trust = ran.document(f"{role}-role", "assumeRolePolicy")["Statement"][0]
    assert trust["Principal"] == {"AWS": "arn:aws:iam::012345678901:root"}


def test_a_role_that_the_other_stack_does_not_export_is_named(run: Run) -> None:
    stacks = {
        f"organization/{PREFIX}/production": {"roleArns": {"UpdateApp": "arn:aws:iam::999999999999:role/UpdateApp"}}
    }
    with pytest.raises(
        pulumi.RunError,
        match=r"groups\[0\].allow\[0\]: '.*UpdateApps' .* stack .*production does not export it; it exports: UpdateApp",
    ):
        run(stack="development", config=groups({**GROUP, "allow": ["production/UpdateApps"]}), stacks=stacks)


def test_a_stack_that_exports_no_roles_is_reported(run: Run) -> None:
    with pytest.raises(pulumi.RunError, match="it exports: none"):
        run(stack="development", config=groups(GROUP), stacks={f"organization/{PREFIX}/production": {}})
