"""The roles of examples/pipeline-roles: who may assume them, and the limits of their rights.

The answers hold for every request, because ``access.iam`` covers all of them.
"""

import importlib.util
import json
import runpy
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pulumi
import pytest
import yaml

from access.iam.checks import ActionCheck, ConditionCheck, ResourceCheck
from access.iam.documents import Condition, parse
from access.iam.patterns import Context
from access.iam.search import NOTHING, All, Holds, Not, Policies, Rule, Some, first_difference
from access.pipeline import sign_in
from access.project.files import read_project
from access.render import running
from access.render.documents import render
from tests.support import policy_lint
from tests.unit.conftest import PROJECT, REPOSITORY, Run

FOLDER = REPOSITORY / "examples" / "pipeline-roles"
STACKS = ("production", "development")


def load() -> Any:  # noqa: ANN401 (a module)
    spec = importlib.util.spec_from_file_location("pipeline_rights", FOLDER / "rights.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["pipeline_rights"] = module
    spec.loader.exec_module(module)
    return module


rights = load()

PRODUCTION = rights.Names(
    *("aws", "999999999999", "production", "state", "arn:aws:kms:us-east-1:222222222222:key/1"),
    roles=("UpdateApp", "delegated/Reader"),
    policies=("read-write-app-bucket",),
    buckets=("productionapp",),
    key_arns=("arn:aws:kms:us-east-1:999999999999:key/2",),
    groups=("Developers",),
)
CARELESS = rights.Names(
    "aws", "999999999999", "production", "state", roles=("*",), policies=("*",), buckets=("*",), groups=("*",)
)
"""Names that are too wide and would have passed the program's own check."""
BOTH = pytest.mark.parametrize("names", [PRODUCTION, CARELESS], ids=["as they are", "careless"])
REPO = rights.Repository("acme", "access", "123", "456")
BOUNDARY = "arn:aws:iam::999999999999:policy/pipeline/access-boundary"


def rule(document: Any) -> Policies:  # noqa: ANN401 (a document)
    return Policies("policy", parse(json.loads(json.dumps(document))))


def about(actions: Sequence[str], resources: Sequence[str] = ("*",)) -> Rule:
    """Return the rule of requests for some actions on some resources."""
    return All((Holds(ActionCheck(tuple(actions), False)), Holds(ResourceCheck(tuple(resources), False, True))))


def is_equal(key: str, *values: str) -> Rule:
    return Holds(ConditionCheck(Condition("StringEquals", key, values), True))


def nothing(policy: Rule, given: Rule) -> bool:
    """Return whether a policy certainly allows none of some requests."""
    found = first_difference(NOTHING, policy, given)
    assert found is None, found
    return True


@BOTH
def test_the_deploy_role_can_not_change_itself_the_provider_or_the_boundary(names: Any) -> None:  # noqa: ANN401
    of_the_pipeline = [
        *("arn:aws:iam::999999999999:role/pipeline/*", "arn:aws:iam::999999999999:policy/pipeline/*"),
        "arn:aws:iam::999999999999:oidc-provider/*",
    ]
    assert nothing(rule(rights.deploy_policy(names)), about(["iam:*"], of_the_pipeline))


@BOTH
def test_it_creates_no_role_without_the_boundary_and_gives_such_a_role_no_rights(names: Any) -> None:  # noqa: ANN401
    makes = about(["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:PutRolePolicy"])
    assert nothing(rule(rights.deploy_policy(names)), All((makes, Not(is_equal("iam:PermissionsBoundary", BOUNDARY)))))
    removes = about(["iam:DeleteRolePermissionsBoundary", "iam:SetDefaultPolicyVersion"])
    assert nothing(rule(rights.deploy_policy(names)), removes)


def test_it_attaches_only_its_own_policies() -> None:
    own = is_equal("iam:PolicyARN", "arn:aws:iam::999999999999:policy/read-write-app-bucket")
    assert nothing(rule(rights.deploy_policy(PRODUCTION)), All((about(["iam:Attach*"]), Not(own))))


@BOTH
def test_it_assumes_no_other_role_whatever_other_policies_allow(names: Any) -> None:  # noqa: ANN401
    """Check this too, because a trust or bucket policy of its own account could admit it without an own policy."""
    document = rights.deploy_policy(names)
    anything = {"Sid": "Anything", "Effect": "Allow", "Action": "*", "Resource": "*"}
    widened = rule({**document, "Statement": [*document["Statement"], anything]})
    others = [
        *("sts:*", "iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:PutUserPolicy"),
        *("iam:AttachUserPolicy", "iam:AttachGroupPolicy", "iam:PutRolePolicy", "iam:PassRole", "organizations:*"),
        *("iam:CreateOpenIDConnectProvider", "iam:CreateSAMLProvider", "iam:DeleteRolePermissionsBoundary"),
    ]
    assert nothing(widened, about(others))
    assert nothing(widened, about(["s3:*"], ["arn:aws:s3:::productionapp/*"]))
    makes = about(["iam:CreateRole", "iam:AttachRolePolicy"])
    assert nothing(widened, All((makes, Not(is_equal("iam:PermissionsBoundary", BOUNDARY)))))


def test_its_rights_end_at_the_names() -> None:
    own = Some(
        (
            about(["iam:*"], [f"arn:aws:iam::999999999999:role/{name}" for name in PRODUCTION.roles]),
            about(["iam:*"], ["arn:aws:iam::999999999999:policy/read-write-app-bucket"]),
            about(["iam:*"], ["arn:aws:iam::999999999999:group/Developers"]),
            about(["iam:Get*", "iam:List*"]),
            about(["s3:*"], ["arn:aws:s3:::productionapp", "arn:aws:s3:::state", "arn:aws:s3:::state/.pulumi/*"]),
            about(["kms:Decrypt", "kms:Encrypt"], [PRODUCTION.state_key_arn]),
        )
    )
    assert nothing(rule(rights.deploy_policy(PRODUCTION)), Not(own))


def test_it_writes_only_its_own_stacks_state() -> None:
    own = [
        f"arn:aws:s3:::state/.pulumi/{place}"
        for place in (
            *("stacks/cross-account-access/production.*", "locks/organization/cross-account-access/production/*"),
            *("history/cross-account-access/production/*", "backups/cross-account-access/production/*"),
        )
    ]
    writes = All((about(["s3:PutObject", "s3:DeleteObject"]), Not(about(["*"], own))))
    assert nothing(rule(rights.deploy_policy(PRODUCTION)), writes)


@BOTH
def test_the_reading_role_only_reads_and_no_objects_except_the_state(names: Any) -> None:  # noqa: ANN401
    policy = rule(rights.read_policy(names))
    reads = about(["iam:Get*", "iam:List*", "s3:Get*", "s3:ListBucket", "kms:Decrypt"])
    assert nothing(policy, Not(reads))
    objects = All((about(["s3:GetObject*"]), Not(about(["*"], ["arn:aws:s3:::state/.pulumi/*"]))))
    assert nothing(policy, objects)


def test_a_role_that_it_creates_only_uses_the_buckets() -> None:
    policy = rule(rights.boundary(PRODUCTION))
    assert nothing(policy, about(["iam:*", "sts:*", "s3:PutBucketPolicy", "s3:DeleteBucket", "s3:PutObjectAcl"]))
    buckets = about(["*"], ["arn:aws:s3:::productionapp", "arn:aws:s3:::productionapp/*", *PRODUCTION.key_arns])
    assert nothing(policy, All((Not(buckets), Not(about(["s3:ListAllMyBuckets"])))))


@pytest.mark.parametrize("project", [REPOSITORY, REPOSITORY / "examples" / "three-accounts"])
def test_the_boundary_takes_nothing_away_from_the_programs_own_roles(project: Any) -> None:  # noqa: ANN401
    for stack in render(read_project(project)).stacks.values():
        for role in stack["roles"]:
            for policy in role["policies"]:
                resources = [r for it in parse(policy["document"]) for r in it.resources]
                names = rights.Names(
                    *("aws", stack["account"], "production", "state"),
                    buckets=[r.split(":::")[1] for r in resources if ":s3:::" in r and "/" not in r],
                    key_arns=[r for r in resources if ":kms:" in r],
                )
                found = first_difference(rule(rights.boundary(names)), rule(policy["document"]))
                assert found is None, (role["name"], found)


_MEANT = {
    "RESOURCE_STAR",  # IAM is read as a whole, because access is not known beforehand
    "MISMATCHED_TYPE_BUT_USABLE",  # StringEquals on iam:PermissionsBoundary, as AWS's own examples have it
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION",  # by a bucket policy, which the statement NeverObjects prevents
}


def test_the_documents_fit_and_have_no_mistakes() -> None:
    for document in (rights.deploy_policy(PRODUCTION), rights.read_policy(PRODUCTION), rights.boundary(PRODUCTION)):
        text = json.dumps(document, separators=(",", ":"))
        assert {finding.partition(" ")[0] for finding in policy_lint.findings(text)} <= _MEANT
        assert len(text) <= 6_144  # a managed policy; an inline one may be longer. IAM User Guide, quotas


ISSUER = "token.actions.githubusercontent.com"
TOKEN: Mapping[str, str] = {
    f"{ISSUER}:aud": "sts.amazonaws.com",
    f"{ISSUER}:repository_id": "456",
    f"{ISSUER}:ref": "refs/heads/main",
}


def is_admitted(document: Any, sub: str, **others: str | None) -> bool:  # noqa: ANN401 (a document)
    """Return whether a trust policy admits a token with these claims; ``None`` for a missing claim."""
    claims = {**TOKEN, f"{ISSUER}:sub": sub, **{f"{ISSUER}:{key}": value for key, value in others.items()}}
    context: Context = {key.lower(): (value,) for key, value in claims.items() if value is not None}
    [statement] = parse(json.loads(json.dumps(document)))
    assert statement.effect == "Allow"
    assert statement.other_principals == (f"Federated: arn:aws:iam::999999999999:oidc-provider/{ISSUER}",)
    checks = [ConditionCheck(condition, True) for condition in statement.conditions]
    return all(check.verdict(context).answer.name == "YES" for check in checks)


FORMS = ("repo:acme/access", "repo:acme@123/access@456")


@pytest.mark.parametrize("form", FORMS)
def test_the_deploy_role_is_for_its_environment_on_the_branch(form: str) -> None:
    document = rights.deploy_trust(PRODUCTION, REPO)
    assert is_admitted(document, f"{form}:environment:production")
    for sub in (
        *(f"{form}:environment:development", f"{form}:environment:preview", f"{form}:ref:refs/heads/main"),
        *(f"{form}:pull_request", f"{form}:environment:production2", f"{form}x:environment:production"),
    ):
        assert not is_admitted(document, sub)
    sub = f"{form}:environment:production"
    for key, others in {"ref": ("refs/heads/x", None), "repository_id": ("457", None), "aud": ("x", None)}.items():
        assert not any(is_admitted(document, sub, **{key: other}) for other in others)


@pytest.mark.parametrize("form", FORMS)
def test_the_reading_role_is_for_approved_previews_and_for_the_branch(form: str) -> None:
    document = rights.read_trust(PRODUCTION, REPO)
    assert is_admitted(document, f"{form}:environment:preview", ref="refs/pull/7/merge")
    assert is_admitted(document, f"{form}:ref:refs/heads/main")
    for sub in (f"{form}:pull_request", f"{form}:ref:refs/heads/x", f"{form}:environment:x", "repo:acme/other:*"):
        assert not is_admitted(document, sub)
    assert not is_admitted(document, f"{form}:environment:preview", repository_id="457")
    assert not is_admitted(document, f"{form}:environment:preview", aud=None)


def config(stack: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"Pulumi.{stack}.yaml").read_text())["config"]
    return found


def run_program(run: Run, stack: str, **others: object) -> Any:  # noqa: ANN401
    entries = {**config(stack), **{f"pipeline-roles:{key}": value for key, value in others.items()}}
    return run(
        lambda: runpy.run_path(str(FOLDER / "program.py"), run_name="__main__"),
        stack=stack,
        config={key.replace("pipeline-roles:", f"{PROJECT}:"): value for key, value in entries.items()},
    )


@pytest.mark.parametrize("stack", STACKS)
def test_the_files_name_all_resources_of_the_stacks(stack: str) -> None:
    made = render(read_project(REPOSITORY)).stacks[stack]
    listed = config(stack)
    assert listed["aws:allowedAccountIds"] == [made["account"]]
    assert listed.get("pipeline-roles:roles", []) == [role["name"] for role in made["roles"]]
    assert listed.get("pipeline-roles:policies", []) == [
        it["name"] for role in made["roles"] for it in role["policies"]
    ]
    assert listed.get("pipeline-roles:buckets", []) == [bucket["name"] for bucket in made["buckets"]]
    assert listed.get("pipeline-roles:groups", []) == [it["name"] for it in made["grantees"]]


def test_the_workflows_use_the_roles_that_it_creates() -> None:
    made = {role["arn"] for role in render(read_project(FOLDER), ["production"]).stacks["production"]["roles"]}
    assert made == {
        f"arn:aws:iam::999999999999:role/{sign_in.ROLE.format(purpose)}" for purpose in get_args(sign_in.Purpose)
    }


def test_an_account_with_github_as_a_provider_keeps_it(tmp_path: Path) -> None:
    folder = tmp_path / "pipeline-roles"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns(".sandbox", "__pycache__"))
    file = folder / "Pulumi.production.yaml"
    kind = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    made: list[list[str]] = []
    for text in ("", "  pipeline-roles:existingProvider: true\n"):
        file.write_text(file.read_text() + text)
        [stack] = running.run(read_project(folder), ["production"])
        made.append([resource.type for resource in stack.resources if resource.type.startswith("aws:")])
    assert sorted(made[0]) == sorted([kind, *made[1]])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("roles", ["pipeline/access-deploy"]),
        ("roles", ["*"]),
        ("policies", ["pipeline/access-boundary"]),
        ("buckets", ["app*"]),
        ("groups", ["${aws:username}"]),
        ("repository", "acme"),
        ("repository", "acme/*"),
        ("repositoryId", "*"),
        ("ownerId", ""),
        ("stateBucket", "*"),
    ],
)
def test_a_name_that_would_match_more_is_refused(run: Run, key: str, value: object) -> None:
    with pytest.raises(pulumi.RunError, match=rf"pipeline-roles:{key}: .* is not allowed; write "):
        run_program(run, "production", **{key: value})
