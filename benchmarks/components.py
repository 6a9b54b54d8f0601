"""Time a stack's program against the same resources written directly with ``pulumi_aws``.

Run it with ``make benchmark``, or alone: ``python -m benchmarks.components``. The engine is mocked in this process, so
that the figures contain only the program's own work. Machines are noisy: the programs take turns, and each figure is
the shortest processor time of the runs.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import runtime
from pulumi.runtime import mocks

from benchmarks.figures import Figure, show
from sandbox.layout import REPOSITORY

TITLE = "the program beside plain resources, with a mocked engine"
COUNTS = (1, 30, 100, 300)
"""The numbers of roles, or groups."""
RUNS = 5
PROJECT = "cross-account-access"
PRODUCTION, DEVELOPMENT = "999999999999", "111111111111"
CONSOLE = "https://signin.aws.amazon.com/switchrole"

Program = Callable[[], None]
Registered = dict[str, tuple[str, Any]]


class Aws(mocks.Mocks):
    """Mocks of AWS, and of a stack that exports many roles."""

    def __init__(self, roles: int) -> None:
        self.outputs = {
            "roleArns": {role_name(number): role_arn(role_name(number)) for number in range(roles)},
            "bucketNames": {role_name(number): bucket_name(number) for number in range(roles)},
            "switchRoleUrls": {role_name(number): link(role_name(number)) for number in range(roles)},
            "roleOptions": {role_name(number): role_options(number) for number in range(roles)},
            "openRoles": [role_name(number) for number in range(roles)],
        }
        self.registered: Registered = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Register a resource."""
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {**args.inputs, "outputs": self.outputs, "secretOutputNames": []}
        self.registered[args.name] = (args.typ, args.inputs)
        kind = "policy" if args.typ == "aws:iam/policy:Policy" else "role"
        return args.name, {**args.inputs, "arn": f"arn:aws:iam::{PRODUCTION}:{kind}/{args.inputs.get('name')}"}

    def call(self, args: mocks.MockCallArgs) -> dict[Any, Any]:  # type: ignore[override]
        """Return the partition."""
        return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def role_name(number: int) -> str:
    """Return the name of a role."""
    return f"Role{number:03}"


def bucket_name(number: int) -> str:
    """Return the name of a role's bucket."""
    return f"application-{number:03}"


def role_arn(name: str) -> str:
    """Return the ARN of a role."""
    return f"arn:aws:iam::{PRODUCTION}:role/{name}"


def role_options(number: int) -> dict[str, str]:
    """Return the role's options in its stack's file."""
    return {"bucket": bucket_name(number), "trustedAccountId": DEVELOPMENT}


def link(name: str) -> str:
    """Return the link that switches to a role in the console."""
    return f"{CONSOLE}?account={PRODUCTION}&roleName={name}&displayName={name}"


CODE = compile((REPOSITORY / "__main__.py").read_text(), "__main__.py", "exec")


def program() -> Program:
    """Return this repository's program, called as deep in the stack as the others: the SDK records the whole stack."""
    return partial(exec, CODE, {"__name__": "__main__"})


class Parent(pulumi.ComponentResource):
    """A component that does nothing. Without its own class, the SDK would record no stack."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{PROJECT}:index:{kind}", name)


def rendered(*statements: Mapping[str, object]) -> str:
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def plain_production(count: int) -> None:
    """Create the roles and buckets directly."""
    partition = aws.get_partition_output().partition
    arns: dict[str, pulumi.Output[str]] = {}
    for number in range(count):
        bucket = bucket_name(number)
        parent = Parent("ApplicationBucket", bucket)
        child = pulumi.ResourceOptions(parent=parent)
        created = aws.s3.Bucket(
            f"{bucket}-bucket", bucket=bucket, opts=pulumi.ResourceOptions(parent=parent, protect=True)
        )
        block = aws.s3.BucketPublicAccessBlock(
            f"{bucket}-public-access-block",
            bucket=created.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        ownership: aws.s3.BucketOwnershipControlsRuleArgsDict = {"object_ownership": "BucketOwnerEnforced"}
        aws.s3.BucketOwnershipControls(
            f"{bucket}-ownership-controls", bucket=created.bucket, rule=ownership, opts=child
        )
        aws.s3.BucketVersioning(
            f"{bucket}-versioning",
            bucket=created.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{bucket}-encryption",
            bucket=created.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        aws.s3.BucketPolicy(
            f"{bucket}-policy",
            bucket=created.bucket,
            policy=partition.apply(partial(bucket_policy, bucket)),
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[block]),
        )
        parent.register_outputs({"name": created.bucket, "arn": created.arn})
    for number in range(count):
        name = role_name(number)
        parent = Parent("ReadWriteBucketRole", name)
        child = pulumi.ResourceOptions(parent=parent)
        policy = aws.iam.Policy(
            f"{name}-policy",
            name=f"read-write-app-bucket-{name}",
            policy=partition.apply(partial(identity_policy, bucket_name(number))),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=name,
            assume_role_policy=partition.apply(trust_policy),
            force_detach_policies=True,
            opts=child,
        )
        aws.iam.RolePolicyAttachment(f"{name}-policy-attachment", role=role.name, policy_arn=policy.arn, opts=child)
        parent.register_outputs({"arn": role.arn})
        arns[name] = role.arn
    pulumi.export("contractVersion", 1)
    pulumi.export("roleArn", arns[role_name(0)])
    pulumi.export("roleArns", arns)
    pulumi.export("bucketNames", {role_name(number): bucket_name(number) for number in range(count)})
    pulumi.export(
        "switchRoleUrls", {name: arn.apply(lambda arn: link(arn.split("/")[-1])) for name, arn in arns.items()}
    )
    pulumi.export("roleOptions", {role_name(number): role_options(number) for number in range(count)})
    pulumi.export("openRoles", [role_name(number) for number in range(count)])


def bucket_policy(bucket: str, partition: str) -> str:
    """Return the document that refuses calls without TLS."""
    arn = f"arn:{partition}:s3:::{bucket}"
    return rendered(
        {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def identity_policy(bucket: str, partition: str) -> str:
    """Return the document of a role."""
    arn = f"arn:{partition}:s3:::{bucket}"
    listing, objects = ["s3:GetBucketLocation", "s3:ListBucket"], ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    return rendered(
        {"Sid": "ListAllBuckets", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
        {"Sid": "ListBucket", "Effect": "Allow", "Action": listing, "Resource": arn},
        {"Sid": "ReadWriteObjects", "Effect": "Allow", "Action": objects, "Resource": f"{arn}/*"},
    )


def trust_policy(partition: str) -> str:
    """Return the trust policy of a role."""
    principal = {"AWS": f"arn:{partition}:iam::{DEVELOPMENT}:root"}
    return rendered({"Sid": "TrustAccount", "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def plain_development(count: int) -> None:
    """Create the groups and their policies directly."""
    role_arns = pulumi.StackReference(f"organization/{PROJECT}/production").get_output("roleArns")
    assumable = {}
    for number in range(count):
        name, policy_name = f"Group{number:03}", "allow-assume-S3-role-in-production"
        group = aws.iam.Group(name, name=name)
        parent = Parent("GroupAssumePolicy", f"{name}-{policy_name}")
        arn = role_arns[role_name(number)]
        policy = arn.apply(allowance)
        aws.iam.GroupPolicy(
            f"{name}-{policy_name}-policy",
            group=group.name,
            name=policy_name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        parent.register_outputs({"role_arns": [arn], "policy": policy})
        assumable[name] = {"allow": [arn], "deny": []}
    pulumi.export("contractVersion", 1)
    pulumi.export("assumableRoles", assumable)


def allowance(arn: str) -> str:
    """Return the document of a group."""
    return rendered({"Sid": "AllowAssumeRole", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})


def config_of(stack: str, count: int) -> dict[str, object]:
    """Return a stack's configuration."""
    if stack == "production":
        roles = [{"name": role_name(number), **role_options(number)} for number in range(count)]
        return {"aws:allowedAccountIds": [PRODUCTION], f"{PROJECT}:roles": roles}
    groups = [{"name": f"Group{number:03}", "allow": [f"production/{role_name(number)}"]} for number in range(count)]
    return {"aws:allowedAccountIds": [DEVELOPMENT], f"{PROJECT}:groups": groups}


def measured(stack: str, count: int, body: Program) -> tuple[float, Registered]:
    """Run a program once, and return its seconds and the resources that it registered."""
    answers = Aws(count)
    runtime.reset_options()
    mocks.set_mocks(answers, PROJECT, stack, preview=False, organization="organization")
    runtime.set_all_config({key: json.dumps(value) for key, value in config_of(stack, count).items()})

    @runtime.test  # type: ignore[untyped-decorator]
    def run() -> pulumi.Output[object]:
        body()
        root: Any = runtime.get_root_resource()
        return pulumi.Output.from_input(root.outputs)

    gc.collect()
    start = time.process_time()
    run()
    return time.process_time() - start, answers.registered


def figures() -> Iterator[Figure]:
    """Run the benchmark."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    plain = {"production": plain_production, "development": plain_development}
    for stack, directly in plain.items():
        measured(stack, 1, program())  # imports and compiles once
        for count in COUNTS:
            times: list[tuple[float, float]] = []
            for _ in range(RUNS):
                ours, registered = measured(stack, count, program())
                theirs, same = measured(stack, count, partial(directly, count))
                if registered != same:
                    sys.exit(f"{stack}: the programs register different resources")
                times.append((ours, theirs))
            ours, theirs = (min(each) for each in zip(*times, strict=True))
            what = "roles" if stack == "production" else "groups"
            yield Figure(f"{stack:12} {count:4} {what}", ours, ours / theirs, "plain pulumi_aws")


if __name__ == "__main__":
    show(TITLE, figures())
