"""The output of `access render`, with the project's program really run in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from access.__main__ import main
from tests.unit.conftest import REPOSITORY

PROJECT = f"""\
name: acme
runtime: {{name: python, options: {{virtualenv: {REPOSITORY / ".venv"}}}}}
main: {REPOSITORY}
"""
OWNER, PEOPLE = "999999999999", "111111111111"
ROLE = {"name": "UpdateApp", "bucket": "productionapp", "trustedAccountId": PEOPLE}

Write = Callable[..., Path]


def place(account: str) -> dict[str, Any]:
    return {"aws:region": "us-east-1", "aws:allowedAccountIds": [account]}


def roles(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"config": {**place(OWNER), "acme:roles": list(entries)}}


def groups(**allowed: list[str]) -> dict[str, Any]:
    entries = [{"name": name, "allow": references} for name, references in allowed.items()]
    return {"config": {**place(PEOPLE), "acme:groups": entries}}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a project's files and returns their folder."""

    def write(program: str | None = None, **stacks: dict[str, Any]) -> Path:
        if program is not None:
            (tmp_path / "__main__.py").write_text(program)
        (tmp_path / "Pulumi.yaml").write_text(
            PROJECT if program is None else PROJECT.replace(f"main: {REPOSITORY}", "")
        )
        for name, content in stacks.items():
            (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        return tmp_path

    return write


@pytest.fixture
def render(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[dict[str, Any], str]]:
    """Return a function that renders a project and returns its stacks and standard error."""

    def render(folder: Path, *names: str) -> tuple[dict[str, Any], str]:
        code = main(["render", *names, "--project", str(folder)])
        output = capsys.readouterr()
        assert code == (0 if output.out else 1)
        return json.loads(output.out)["stacks"] if output.out else {}, output.err

    return render


Render = Callable[..., tuple[dict[str, Any], str]]


def test_the_tutorials_documents_are_rendered(render: Render) -> None:
    stacks, output = render(REPOSITORY)
    assert output == ""
    production, development = stacks["production"], stacks["development"]
    assert {key: production[key] for key in ("project", "account", "region", "partition", "unresolved")} == {
        "project": "cross-account-access",
        "account": OWNER,
        "region": "us-east-1",
        "partition": "aws",
        "unresolved": [],
    }
    [role] = production["roles"]
    assert {key: role[key] for key in ("name", "arn", "path", "permissionsBoundary", "maxSessionDuration")} == {
        "name": "UpdateApp",
        "arn": f"arn:aws:iam::{OWNER}:role/UpdateApp",
        "path": "/",
        "permissionsBoundary": None,
        "maxSessionDuration": 3600,
    }
    assert role["trust"]["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{PEOPLE}:root"}
    assert [policy["name"] for policy in role["policies"]] == ["read-write-app-bucket"]
    assert [statement["Sid"] for statement in role["policies"][0]["document"]["Statement"]] == [
        "ListAllBuckets",
        "ListBucket",
        "ReadWriteObjects",
    ]
    [bucket] = production["buckets"]
    assert (bucket["name"], bucket["policy"]["Statement"][0]["Sid"]) == ("productionapp", "DenyInsecureTransport")
    assert [(it["kind"], it["name"], it["members"]) for it in development["grantees"]] == [
        ("group", "Developers", None),
        ("group", "Testers", None),
    ]
    assert development["grantees"][1]["policies"] == [
        {
            "name": "deny-assume-S3-role-in-production",
            "document": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "DenyAssumeRole",
                        "Effect": "Deny",
                        "Action": "sts:AssumeRole",
                        "Resource": f"arn:aws:iam::{OWNER}:role/UpdateApp",
                    }
                ],
            },
        }
    ]
    assert production["outputs"]["roleArns"] == {"UpdateApp": role["arn"]}


def test_a_role_and_its_grant_may_come_at_once(write: Write, render: Render) -> None:
    added = {**ROLE, "name": "Added", "path": "/delegated/", "bucket": "added", "maxSessionDuration": 7200}
    folder = write(production=roles(ROLE, added), development=groups(Developers=["production/Added"]))
    stacks, output = render(folder)
    assert output == ""
    [statement] = stacks["development"]["grantees"][0]["policies"][0]["document"]["Statement"]
    assert statement["Resource"] == stacks["production"]["roles"][0]["arn"]
    assert stacks["production"]["roles"][0]["maxSessionDuration"] == 7200
    # Only the named stacks are printed, though others are needed.
    assert render(folder, "development") == ({"development": stacks["development"]}, "")


def test_a_permission_sets_policies_are_its_own(write: Write, render: Render) -> None:
    allowed = [{"role": "production/UpdateApp", "until": "2099-01-31T18:00:00Z"}]
    entry = {"name": "Night", "allow": allowed}
    stacks, output = render(
        write(production=roles(ROLE), development={"config": {**place(PEOPLE), "acme:permissionSets": [entry]}})
    )
    assert output == ""
    [grantee] = stacks["development"]["grantees"]
    assert {key: grantee[key] for key in ("kind", "name", "members")} == {
        "kind": "permissionSet",
        "name": "Night",
        "members": None,
    }
    [policy] = grantee["policies"]
    assert policy["name"] == "allow-assume-roles-Night"
    [statement] = policy["document"]["Statement"]
    assert statement["Resource"] == f"arn:aws:iam::{OWNER}:role/UpdateApp"
    assert statement["Condition"] == {"DateLessThan": {"aws:CurrentTime": "2099-01-31T18:00:00Z"}}


def test_another_projects_role_has_a_placeholder_that_no_file_can_contain(write: Write, render: Render) -> None:
    folder = write(development=groups(Developers=["inc/other/prod/Reader", "other/prod/Reader", "third/prod/Reader"]))
    stacks, output = render(folder)
    assert output == ""
    assert stacks["development"]["unresolved"] == ["other/prod/Reader", "third/prod/Reader"]
    [policy] = stacks["development"]["grantees"][0]["policies"]
    assert policy["document"]["Statement"][0]["Resource"] == [
        "arn:aws:iam::000000000000:role/<other/prod>/Reader",
        "arn:aws:iam::000000000000:role/<third/prod>/Reader",
    ]
    assert render(folder)[0] == stacks
    write(development=groups(Developers=["arn:aws:iam::000000000000:role/<other/prod>/Reader"]))
    assert "is not allowed; write the role's ARN" in render(folder)[1]


def test_another_projects_role_is_in_the_pinned_account(write: Write, render: Render) -> None:
    pinned = groups(Developers=["other/prod/Reader"])
    pinned["config"]["acme:accounts"] = {"other/prod": "222222222222"}
    stacks, _ = render(write(development=pinned))
    [policy] = stacks["development"]["grantees"][0]["policies"]
    assert policy["document"]["Statement"][0]["Resource"] == "arn:aws:iam::222222222222:role/<other/prod>/Reader"


def test_a_removed_role_that_another_stack_still_names_gives_a_warning(write: Write, render: Render) -> None:
    folder = write(
        production=roles({**ROLE, "name": "Kept"}),
        development=groups(Developers=["production/Kept", "production/Gone", "gone/Role"]),
    )
    stacks, output = render(folder)
    assert stacks["development"]["unresolved"] == ["acme/gone/Role", "acme/production/Gone"]
    assert [line.partition("Pulumi.")[2] for line in output.splitlines()] == [
        "development.yaml, line 9: acme:groups[0].allow[1]: 'production/Gone': production has no such role; remove"
        " it here too, or `pulumi up --stack development` will fail",
        "development.yaml, line 10: acme:groups[0].allow[2]: 'gone/Role': there is no Pulumi.gone.yaml; remove it"
        " here too, or `pulumi up --stack development` will fail",
    ]


def test_the_programs_warnings_are_printed(write: Write, render: Render) -> None:
    strangers = roles({**ROLE, "trustedPrincipalArns": [f"arn:aws:iam::{PEOPLE}:role/*"]})
    output = render(write(production=strangers, development=groups(Developers=["production/UpdateApp"])))[1]
    assert "access: warning: development: Developers can't use production/UpdateApp, though allowed" in output


def test_generated_and_encrypted_ids_are_opaque_and_stable(write: Write, render: Render) -> None:
    def conditions(external: dict[str, Any]) -> tuple[str, Any]:
        folder = write(production=roles({**ROLE, **external}))
        first, second = (render(folder)[0]["production"] for _ in range(2))
        assert first == second
        [role] = first["roles"]
        found: str = role["trust"]["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"]
        return found, first["outputs"]["externalIds"]

    generated, outputs = conditions({"generateExternalId": True})
    assert generated == "<generated id of policy production/read-write-app-bucket>"
    assert outputs == {"UpdateApp": generated}
    encrypted, hidden = conditions({"externalId": {"secure": "v1:abc"}})
    assert encrypted.startswith("<encrypted value ")
    assert hidden == "<secret>"
    assert conditions({"externalId": {"secure": "v1:abd"}})[0] != encrypted
    assert "is not allowed" in render(write(production=roles({**ROLE, "externalId": generated})))[1]


OTHER_PROGRAM = """\
import json, os, sys
import pulumi
import pulumi_aws as aws
import helper

print("the program prints this")
assert not {"AWS_PROFILE", "GITHUB_STEP_SUMMARY"} & set(os.environ), "it sees the caller's environment"

def document(action, **more):
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": action, **more}]})

mine = aws.iam.Policy("mine", policy=document("s3:GetObject", Resource="*"))
role = aws.iam.Role(
    "made",
    name=f"Made-{helper.stack}",
    assume_role_policy=document("sts:AssumeRole", Principal={"AWS": "arn:aws:iam::111111111111:root"}),
    inline_policies=[{"name": "inline", "policy": document("s3:ListBucket", Resource="*")}],
    managed_policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
)
aws.iam.RolePolicy("own", role=role.id, policy=document("s3:PutObject", Resource="*"))
aws.iam.RolePolicyAttachment("a", role=role.name, policy_arn=mine.arn)
aws.iam.RolePolicyAttachment("b", role="Existing", policy_arn="arn:aws:iam::aws:policy/AdministratorAccess")
aws.iam.GroupPolicyAttachment("c", group="People", policy_arn=mine.arn)
aws.iam.GroupMembership("d", group="People", users=["b", "a"])
aws.iam.UserPolicy("e", user="Mallory", policy=document("*", Resource="*"))
aws.sqs.Queue("f", policy=document("*", Principal="*", Resource="*"))
"""


def test_any_program_is_rendered(write: Write, render: Render, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("import pulumi\nstack = pulumi.get_stack()\n")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    folder = write(OTHER_PROGRAM, one=roles(), two=roles())
    before = sorted(folder.rglob("*"))
    stacks, output = render(folder)
    assert sorted(folder.rglob("*")) == before  # no compiled modules, which would look like changed code
    assert [stacks[name]["roles"][0]["name"] for name in ("one", "two")] == ["Made-one", "Made-two"]
    [role] = stacks["one"]["roles"]
    assert {policy["name"] for policy in role["policies"]} == {
        *("inline", "own", "mine", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    }
    existing, people = sorted(stacks["one"]["grantees"], key=lambda it: str(it["name"]))
    [unknown] = existing["policies"][0]["document"]["Statement"]
    assert (existing["kind"], unknown["Action"], unknown["Condition"]) == (
        *("role", "*"),
        {"StringEquals": {"access:PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}},
    )
    assert (people["members"], [policy["name"] for policy in people["policies"]]) == (["a", "b"], ["mine"])
    assert [line.partition(" is not rendered")[0] for line in output.splitlines()] == [
        f"access: warning: {stack}: {it}"
        for stack in ("one", "two")
        for it in ("aws:iam/userPolicy:UserPolicy e", "aws:sqs/queue:Queue f")
    ]


@pytest.mark.parametrize(
    ("program", "output"),
    [
        (
            "raise ValueError('two\\nlines')",
            "access: one can't be rendered: ValueError: two lines (__main__.py, line 1)",
        ),
        ("raise ValueError('\\x1b[2J')", "ValueError: \\x1b[2J (__main__.py, line 1)"),
        ("import nowhere", "access: one can't be rendered: ModuleNotFoundError: No module named 'nowhere'"),
        ("import sys; sys.exit(3)", "access: one can't be rendered: SystemExit: 3"),
        ("import os; os._exit(4)", "can't run the program: exit code 4; are its packages"),
        (
            "import pulumi_aws; pulumi_aws.get_availability_zones()",
            "aws:index/getAvailabilityZones:getAvailabilityZones calls AWS",
        ),
        (
            "import pulumi; pulumi.StackReference('a/b/c').require_output('x').apply(print)",
            "; the outputs of a/b/c are not known here",
        ),
        (
            "import pulumi_aws as aws; aws.iam.Role('x', assume_role_policy='no JSON')",
            "access: one: x: assumeRolePolicy is not a policy document that is known without AWS",
        ),
    ],
)
def test_a_failing_program_is_reported_in_one_line(write: Write, render: Render, program: str, output: str) -> None:
    stacks, err = render(write(program, one=roles()))
    assert not stacks
    assert output in err
    assert err.count("\n") == 1


def test_an_error_in_a_file_is_reported_with_its_place(write: Write, render: Render) -> None:
    folder = write(production=roles({**ROLE, "trustedAcountId": "1"}))
    assert render(folder)[1] == (
        "access: production can't be rendered: Pulumi.production.yaml:9: acme:roles[0].trustedAcountId: there is no"
        " such key; did you mean trustedAccountId?\n"
    )
    assert render(folder, "nowhere")[1] == "access: there is no stack 'nowhere'; there are: production\n"


def test_it_needs_nothing_from_the_caller(tmp_path: Path) -> None:
    """Check that it needs neither credentials nor a home, and leaves the project's folder as it is."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "none"), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "access", "render", "--project", str(REPOSITORY), "production"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, list(tmp_path.iterdir())) == (0, "", [])
    assert list(json.loads(done.stdout)["stacks"]) == ["production"]
