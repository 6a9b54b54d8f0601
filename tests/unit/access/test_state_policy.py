"""The policy of the state bucket: rights to each key, and refusals."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from access.__main__ import main
from tests.unit.conftest import REPOSITORY

PRODUCTION, DEVELOPMENT = "arn:aws:iam::999999999999:root", "arn:aws:iam::111111111111:root"
BUCKET = "arn:aws:s3:::acme-state"


def policy(capsys: pytest.CaptureFixture[str], *arguments: str, project: Path = REPOSITORY) -> dict[str, Any]:
    """Return the statements, by Sid."""
    assert main(["state-policy", "s3://acme-state", "--project", str(project), *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    return {statement["Sid"]: statement for statement in document["Statement"]}


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["state-policy", *arguments]) == 1
    return capsys.readouterr().err


def write_project(folder: Path, **accounts: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: acme\nruntime: python\nmain: {REPOSITORY}\n")
    for stack, account in accounts.items():
        config = {"aws:region": "us-east-1", "aws:allowedAccountIds": [account]}
        (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
    return folder


def resources(statement: dict[str, Any], element: str = "Resource") -> list[str]:
    """Return the resources without their common prefix."""
    return [it.removeprefix(f"{BUCKET}/.pulumi/") for it in statement[element]]


def test_each_account_keeps_the_state_of_its_own_stack(capsys: pytest.CaptureFixture[str]) -> None:
    statements = policy(capsys)
    for sid, stack, account in (
        ("1Production", "production", PRODUCTION),
        ("2Development", "development", DEVELOPMENT),
    ):
        name = f"cross-account-access/{stack}"
        keep, back_up = statements[f"Keep{sid}"], statements[f"BackUp{sid}"]
        assert keep["Principal"] == back_up["Principal"] == {"AWS": [account]}
        assert keep["Action"] == ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        assert resources(keep) == [
            f"stacks/{name}.json",
            f"stacks/{name}.pulumi-tags",
            f"history/{name}/*",
            f"locks/organization/{name}/*",
        ]
        assert (back_up["Action"], resources(back_up)) == (
            "s3:PutObject",
            [f"stacks/{name}.json.bak", f"backups/{name}/*"],
        )


def test_a_stack_reads_the_states_it_refers_to_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    statements = policy(capsys)
    readers = {sid: it for sid, it in statements.items() if sid.startswith("Read") and it["Effect"] == "Allow"}
    assert readers.keys() == {"ReadLayout", "Read2Development"}
    assert resources(readers["Read2Development"]) == ["stacks/cross-account-access/production.json"]
    assert {it["Action"] for it in readers.values()} == {"s3:GetObject"}
    assert readers["Read2Development"]["Principal"] == {"AWS": [DEVELOPMENT]}
    assert readers["ReadLayout"]["Principal"] == {"AWS": [DEVELOPMENT, PRODUCTION]}
    listed = [it["Condition"]["StringEquals"]["s3:prefix"] for sid, it in statements.items() if sid.startswith("List")]
    assert [".pulumi/stacks/cross-account-access/production.json" in prefixes for prefixes in listed] == [True, True]
    assert [".pulumi/stacks/cross-account-access/development.json" in prefixes for prefixes in listed] == [False, True]


def test_the_buckets_own_account_gains_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    statements = policy(capsys)
    own, read_only = statements["OnlyOwn111111111111"], statements["ReadOnly111111111111"]
    assert own["Effect"] == read_only["Effect"] == "Deny"
    assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"} <= set(own["Action"])
    assert resources(read_only) == ["meta.yaml", "stacks/cross-account-access/production.json"]
    assert "s3:GetObject" not in read_only["Action"]
    theirs = [it for it in resources(own, "NotResource") if "production" in it]
    assert theirs == ["stacks/cross-account-access/production.json"]


def test_plain_http_is_denied_to_everybody(capsys: pytest.CaptureFixture[str]) -> None:
    assert policy(capsys)["DenyPlainHttp"] == {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_the_url_is_the_same_as_for_pulumi_login(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["state-policy", "s3://acme-state/iam/?region=eu-west-1&profile=state", "--project", str(REPOSITORY)]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert f"{BUCKET}/iam/.pulumi/meta.yaml" in text
    assert '"iam/.pulumi/locks/organization/cross-account-access/production/"' in text
    assert "profile" not in text


def test_named_principals_take_the_place_of_the_account(capsys: pytest.CaptureFixture[str]) -> None:
    people = [f"arn:aws:iam::999999999999:role/{name}" for name in ("Deployer", "ci/Deployer")]
    given = [part for arn in people for part in ("--principal", f"production={arn}")]
    statements = policy(capsys, *given)
    for sid in ("Keep1Production", "BackUp1Production", "List1Production"):
        assert statements[sid]["Principal"] == {"AWS": people}
    assert statements["Keep2Development"]["Principal"] == {"AWS": [DEVELOPMENT]}


def test_several_projects_share_a_bucket(capsys: pytest.CaptureFixture[str]) -> None:
    folder = REPOSITORY / "examples" / "consumer"
    statements = policy(capsys, "--principal", "main=arn:aws:iam::111111111111:role/Consumer", "--project", str(folder))
    assert statements["Keep3Main"]["Principal"] == {"AWS": ["arn:aws:iam::111111111111:role/Consumer"]}
    own = resources(statements["OnlyOwn111111111111"], "NotResource")
    assert "stacks/publisher/main.json" in own
    assert "stacks/cross-account-access/development.json" in own


def test_two_stacks_of_one_account_need_a_principal_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = write_project(tmp_path, one="111111111111", two="111111111111")
    output = refusal(capsys, "s3://acme-state", "--project", str(project))
    assert output == (
        "access: one and two have the same principal, arn:aws:iam::111111111111:root; name one for each: --principal"
        " one=ARN --principal two=ARN\n"
    )
    arns = {stack: f"arn:aws:iam::111111111111:role/{stack}" for stack in ("one", "two")}
    given = [part for stack, arn in arns.items() for part in ("--principal", f"{stack}={arn}")]
    statements = policy(capsys, *given, project=project)
    assert [statements[f"Keep{sid}"]["Principal"] for sid in ("1One", "2Two")] == [
        {"AWS": [arn]} for arn in arns.values()
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["file:///state"], "'file:///state' is not allowed; write it as for `pulumi login`"),
        (["s3://Acme_State"], "'s3://Acme_State' is not allowed"),
        (["s3://acme-state/*"], "'s3://acme-state/*' is not allowed: the folder may have letters"),
        (["s3://acme-state/${aws:username}"], "is not allowed: the folder may have letters"),
        (["s3://acme-state", "--principal", "nobody=arn:aws:iam::999999999999:role/R"], "there is no such stack"),
        (
            ["s3://acme-state", "--principal", "production=arn:aws:iam::111111111111:role/R"],
            "name a user or role of 999999999999, the account of production",
        ),
        (["s3://acme-state", "--principal", "production=arn:aws:iam::999999999999:role/*"], "is not allowed"),
        (["s3://acme-state", "--principal", "production=*"], "is not allowed"),
    ],
)
def test_refused_arguments(arguments: Sequence[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert reason in refusal(capsys, *arguments, "--project", str(REPOSITORY))


def test_regions_of_two_partitions_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = write_project(tmp_path, one="111111111111", two="222222222222")
    file = project / "Pulumi.two.yaml"
    file.write_text(file.read_text().replace("us-east-1", "cn-north-1"))
    assert "the partitions aws and aws-cn" in refusal(capsys, "s3://acme-state", "--project", str(project))
    (project / "Pulumi.one.yaml").unlink()
    assert policy(capsys, project=project)["Keep1Two"]["Principal"] == {"AWS": ["arn:aws-cn:iam::222222222222:root"]}


def test_a_policy_that_is_too_long_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = write_project(tmp_path, **{f"stack{number}": str(111111111111 + number) for number in range(20)})
    assert "S3 allows 20480; use more than one bucket" in refusal(capsys, "s3://acme-state", "--project", str(project))
