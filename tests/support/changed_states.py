"""Pairs of rendered states of the repository, and what changes between them."""

from typing import Any

from access.changes.comparison import compare
from access.changes.values import Changes
from tests.support.rendered import DEVELOPMENT, ROLE, State, bucket, group, parsed, role, state

OTHER = "arn:aws:iam::999999999999:role/Audit"
PLAIN_HTTP = {
    "Sid": "DenyInsecureTransport",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::productionapp", "arn:aws:s3:::productionapp/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def changes(before: State, after: State) -> Changes:
    return compare(parsed(before), parsed(after))


def grantees(*testers: State) -> State:
    return state(grantees=[group("Developers", allow=[ROLE]), *testers])


def trusting(**options: Any) -> State:  # noqa: ANN401 (as the components have it)
    return state([role(**options)])


ALICE = f"arn:aws:iam::{DEVELOPMENT}:user/alice"

WIDER: dict[str, tuple[State, State, str]] = {
    "Testers let in": (
        state(),
        grantees(group("Testers", allow=[ROLE])),
        "Testers may now assume UpdateApp",
    ),
    "Testers no longer kept out": (
        state(),
        grantees(group("Testers")),
        "power users in Testers may now assume UpdateApp",
    ),
    "Testers taken out": (state(), grantees(), "power users in Testers may now assume UpdateApp"),
    "a permission set let in": (
        trusting(trusted_permission_sets=["Dev"]),
        state(
            [role(trusted_permission_sets=["Dev"])],
            [group("Developers", allow=[ROLE]), group("Dev", kind="permissionSet", allow=[ROLE])],
        ),
        "permission set Dev may now assume UpdateApp",
    ),
    "a permission set trusted": (
        state(
            [role(trusted_permission_sets=["Dev"])],
            [group("Audit", kind="permissionSet", allow=[ROLE])],
        ),
        state(
            [role(trusted_permission_sets=["Dev", "Audit"])],
            [group("Audit", kind="permissionSet", allow=[ROLE])],
        ),
        "permission set Audit may now assume UpdateApp",
    ),
    "MFA dropped": (
        trusting(require_mfa=True),
        trusting(),
        "Developers may now assume UpdateApp in more circumstances: without MFA",
    ),
    "older MFA": (
        trusting(require_mfa=True, mfa_max_age=900),
        trusting(require_mfa=True, mfa_max_age=3600),
        "Developers may now assume UpdateApp in more circumstances: with MFA 3600 seconds ago",
    ),
    "a trust one character wider": (
        trusting(trusted_principal_arns=[ALICE]),
        trusting(trusted_principal_arns=[f"{ALICE}?"]),
        f"Developers may now assume UpdateApp in more circumstances: as {ALICE}1",
    ),
    "a principal that was denied": (
        trusting(denied_principal_arns=[ALICE]),
        trusting(),
        f"Developers may now assume UpdateApp in more circumstances: as {ALICE}",
    ),
    "a third account": (
        trusting(),
        trusting(trusted_account_ids=["222222222222"]),
        "anybody in account 222222222222 with the right there may now assume UpdateApp",
    ),
    "a wider network": (
        trusting(source_ip_ranges=["203.0.113.0/25"]),
        trusting(source_ip_ranges=["203.0.113.0/24"]),
        "Developers may now assume UpdateApp in more circumstances: from addresses such as 203.0.113.128",
    ),
    "a later end": (
        trusting(expires_at="2027-01-01T00:00:00Z"),
        trusting(expires_at="2028-01-01T00:00:00Z"),
        "Developers may now assume UpdateApp in more circumstances: at times such as 2027-01-01T00:00:00Z",
    ),
    "no external id": (
        trusting(external_id="agreed"),
        trusting(),
        "Developers may now assume UpdateApp in more circumstances: without an external id",
    ),
    "no organization": (
        trusting(organization_id="o-exampleorgid"),
        trusting(),
        "Developers may now assume UpdateApp in more circumstances: without an organization",
    ),
    "tags that Developers can pass": (
        state([role(session_tags={"team": ["red"]})]),
        state(
            [role(session_tags={"team": ["red"]})],
            [group("Developers", allow=[ROLE], with_options={"session_tags": True}), group("Testers", deny=[ROLE])],
        ),
        "Developers may now assume UpdateApp",
    ),
    "a source identity that Developers can set": (
        trusting(require_source_identity=True),
        state(
            [role(require_source_identity=True)],
            [group("Developers", allow=[ROLE], with_options={"source_identity": True})],
        ),
        "Developers may now assume UpdateApp",
    ),
    "any session name": (
        state(grantees=[group("Developers", allow=[ROLE], with_options={"bind_session_name": True})]),
        state(grantees=[group("Developers", allow=[ROLE])]),
        "Developers may now assume UpdateApp in more circumstances: without a session name",
    ),
    "a role and its grant at once": (
        state(),
        state(
            [role(), role("Audit")], [group("Developers", allow=[ROLE]), group("Testers", deny=[ROLE], allow=[OTHER])]
        ),
        "Testers may now assume Audit",
    ),
    "another project's role": (
        state(),
        grantees(group("Testers", deny=[ROLE], allow=["other-project/live/Deploy"])),
        "Testers may now do sts:AssumeRole on other-project/live/Deploy",
    ),
    "another project's role, no longer denied": (
        grantees(group("Testers", deny=[ROLE, "other-project/live/Deploy"])),
        state(),
        "Testers, where other policies allow it, may now do sts:AssumeRole on other-project/live/Deploy",
    ),
    "a role as a grantee": (
        state(),
        grantees(group("Testers", deny=[ROLE]), group("deployer", kind="role", allow=[ROLE])),
        "role deployer may now assume UpdateApp",
    ),
    "a permission set": (
        state(),
        grantees(group("Testers", deny=[ROLE]), group("Developer", kind="permissionSet", allow=[ROLE])),
        "permission set Developer may now assume UpdateApp",
    ),
    "somebody joins": (
        state(grantees=[group("Developers", members=["alice"], allow=[ROLE])]),
        state(grantees=[group("Developers", members=["alice", "bob"], allow=[ROLE])]),
        "bob (now in Developers) may now assume UpdateApp",
    ),
    "somebody leaves a denied group": (
        grantees(group("Testers", members=["eve"], deny=[ROLE])),
        grantees(group("Testers", members=[], deny=[ROLE])),
        "eve, where other policies allow it, may now assume UpdateApp",
    ),
    "a prefix without its slash": (
        trusting(prefixes=["reports/"]),
        trusting(prefixes=["reports"]),
        "UpdateApp may now do s3:ListBucket on arn:aws:s3:::productionapp in more circumstances: "
        "with s3:prefix = reports2",
    ),
    "write beside read": (
        trusting(access="read"),
        trusting(),
        "UpdateApp may now do s3:DeleteObject and s3:PutObject on arn:aws:s3:::productionapp/*",
    ),
    "no boundary": (
        trusting(permissions_boundary="arn:aws:iam::999999999999:policy/Boundary"),
        trusting(),
        "UpdateApp may now do what its permissions boundary arn:aws:iam::999999999999:policy/Boundary forbade",
    ),
    "plain http": (
        state(buckets=[bucket("productionapp", PLAIN_HTTP)]),
        state(),
        "anybody with the right elsewhere may now do s3:* on arn:aws:s3:::productionapp and "
        "arn:aws:s3:::productionapp/* in more circumstances: over plain http",
    ),
    "a bucket for everybody": (
        state(),
        state(
            buckets=[
                bucket(
                    "productionapp",
                    {
                        "Sid": "Public",
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "s3:GetObject",
                        "Resource": "arn:aws:s3:::productionapp/*",
                    },
                )
            ]
        ),
        "anybody, by the policy of bucket productionapp, may now do s3:GetObject on arn:aws:s3:::productionapp/*",
    ),
}
