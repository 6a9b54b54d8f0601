"""The roles with which a repository's workflows access an account, without a stored key.

People deploy it with an administrator's credentials: a workflow must not decide its own rights.
"""

import json
import re
import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws

sys.path.insert(0, str(Path(__file__).parent))  # Pulumi does this only if the program is a folder
from rights import (
    AUDIENCE,
    BOUNDARY,
    DEPLOY,
    ISSUER,
    PATH,
    READ,
    Document,
    Names,
    Repository,
    boundary,
    deploy_policy,
    deploy_trust,
    read_policy,
    read_trust,
)

_NAME = re.compile(r"(?!pipeline/)[\w+=,.@-]+(/[\w+=,.@-]+)*")
"""A name without wildcards, outside of this program's own path."""


def checked(key: str, value: str, pattern: re.Pattern[str], allowed: str) -> str:
    """Return a configured text.

    Raises:
        pulumi.RunError: the text is not allowed.
    """
    if not pattern.fullmatch(value):
        raise pulumi.RunError(f"pipeline-roles:{key}: {value!r} is not allowed; write {allowed}")
    return value


def listed(key: str) -> list[str]:
    """Return a configured list of names."""
    return [checked(key, str(name), _NAME, "a name without wildcards") for name in config.get_object(key) or ()]


class PipelineRole(pulumi.ComponentResource):
    """A role for jobs of a repository, with one policy.

    Attributes:
        arn: the role's ARN.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, trust: Document, policy: Document, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the role and its policy.

        Args:
            name: the role's name below the common path.
            trust: the trust policy.
            policy: the identity policy.
            opts: the component's options.
        """
        super().__init__("pipeline-roles:index:PipelineRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(f"{name}-role", name=name, path=PATH, assume_role_policy=json.dumps(trust), opts=child)
        aws.iam.RolePolicy(f"{name}-policy", name=name, role=role.name, policy=json.dumps(policy), opts=child)
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


config = pulumi.Config()
number = re.compile(r"[0-9]+")
owner, _, repository_name = checked(
    "repository", config.require("repository"), re.compile(r"[\w.-]+/[\w.-]+"), "owner/name"
).partition("/")
repository = Repository(
    owner,
    repository_name,
    checked("ownerId", config.require("ownerId"), number, "digits"),
    checked("repositoryId", config.require("repositoryId"), number, "digits"),
)
names = Names(
    aws.get_partition().partition,
    pulumi.Config("aws").require_object("allowedAccountIds")[0],
    pulumi.get_stack(),
    checked("stateBucket", config.require("stateBucket"), re.compile(r"[a-z0-9.-]+"), "the name of a bucket"),
    config.get("stateKeyArn") or "",
    listed("roles"),
    listed("policies"),
    listed("buckets"),
    [str(arn) for arn in config.get_object("keyArns") or ()],
    listed("groups"),
)

trusted: pulumi.ResourceOptions | None = None
if not config.get_bool("existingProvider"):
    provider = aws.iam.OpenIdConnectProvider("github", url=f"https://{ISSUER}", client_id_lists=[AUDIENCE])
    trusted = pulumi.ResourceOptions(depends_on=[provider])

aws.iam.Policy("boundary", name=BOUNDARY, path=PATH, policy=json.dumps(boundary(names)))
read = PipelineRole(READ, read_trust(names, repository), read_policy(names), trusted)
deploy = PipelineRole(DEPLOY, deploy_trust(names, repository), deploy_policy(names), trusted)

pulumi.export("readRoleArn", read.arn)
pulumi.export("deployRoleArn", deploy.arn)
pulumi.export("boundaryArn", names.boundary_arn)
