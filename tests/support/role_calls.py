"""Calls that assume a role, and the calls near them, for the laws of options."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tests.support.policy_evaluator import Request

Args = dict[str, Any]
"""Arguments of a component, by field."""


ACCOUNTS = ("111111111111", "111111111112", "222222222222")
OWNER = "999999999999"
ROLES = tuple(f"arn:aws:iam::{OWNER}:role/{name}" for name in ("UpdateApp", "UpdateApp2", "delegated/UpdateApp"))
ROLE = ROLES[0]
SSO = "role/aws-reserved/sso.amazonaws.com"
OF_SETS = {
    "Dev": (f"{SSO}/AWSReservedSSO_Dev_0123456789abcdef", f"{SSO}/eu-west-1/AWSReservedSSO_Dev_fedcba9876543210"),
    "Dev_": (f"{SSO}/AWSReservedSSO_Dev__0123456789abcdef",),
    "Dev_x": (f"{SSO}/eu-west-1/AWSReservedSSO_Dev_x_0123456789abcdef",),
    "D": (f"{SSO}/us-gov-west-1/AWSReservedSSO_D_0123456789abcdef",),
    "dev": (f"{SSO}/AWSReservedSSO_dev_0123456789abcdef",),
}
"""Roles of permission sets: in us-east-1 and in other regions, with almost the same names."""
NAMES = (
    "user/alice",
    "user/alice2",
    "user/team/alice",
    "role/deploy",
    "role/deploy-prod",
    "role/ci/deploy-prod",
    "root",
    *(name for names in OF_SETS.values() for name in names),
    "role/AWSReservedSSO_Dev_0123456789abcdef",
    f"{SSO}/AWSReservedSSO_Dev_0123456789abcde",
    f"{SSO}/AWSReservedSSO_Dev_0123456789abcdef0",
    f"{SSO}-eu-west-1/AWSReservedSSO_Dev_0123456789abcdef",
)
PRINCIPALS = tuple(f"arn:aws:iam::{account}:{name}" for account in ACCOUNTS for name in NAMES)
ALICE, ALICE2, TEAM_ALICE, DEPLOY, DEPLOY_PROD, CI_DEPLOY_PROD, ROOT = PRINCIPALS[:7]
PATTERNS = {
    ALICE: {ALICE},
    "arn:aws:iam::111111111111:user/alice?": {ALICE2},
    "arn:aws:iam::111111111111:user/*": {ALICE, ALICE2, TEAM_ALICE},
    "arn:aws:iam::111111111111:role/deploy-*": {DEPLOY_PROD},
    "arn:aws:iam::*:role/*": {arn for arn in PRINCIPALS if ":role/" in arn},
    "arn:aws:iam::*:user/alice": {arn for arn in PRINCIPALS if arn.endswith(":user/alice")},
}
"""Patterns, with the principals that each covers."""
RANGES = {
    "203.0.113.0/24": {"203.0.113.0", "203.0.113.255"},
    "198.51.100.7/32": {"198.51.100.7"},
    "2001:db8::/32": {"2001:db8::", "2001:db8:ffff::1"},
}
"""Ranges, with the addresses that each covers."""
STRANGE_ADDRESSES = ("203.0.112.255", "203.0.114.0", "198.51.100.6", "198.51.100.8", "2001:db7:ffff::1", "2001:db9::")
NOW = "2026-11-24T09:00:00Z"


@dataclass(frozen=True)
class Call:
    """A call of ``AssumeRole``, or of an action that is decided together with it or instead of it."""

    principal: str = ALICE
    action: str = "sts:AssumeRole"
    role: str = ROLE
    mfa_present: str | None = None
    """The MFA key: absent with long-term credentials, ``false`` with a role's."""
    mfa_age: int | None = None
    external_id: str | None = None
    organization_id: str | None = None
    source_ip: str | None = None
    source_identity: str | None = None
    session_name: str = "alice"
    tags: tuple[tuple[str, str], ...] = ()
    time: str = NOW

    @property
    def account(self) -> str:
        return self.principal.split(":")[4]

    @property
    def user_name(self) -> str | None:
        """The user name of an IAM user, without the path; others have none."""
        return self.principal.rpartition("/")[2] if ":user/" in self.principal else None

    @cached_property
    def request(self) -> Request:
        keys = {
            "aws:username": self.user_name,
            "aws:MultiFactorAuthPresent": self.mfa_present,
            "aws:MultiFactorAuthAge": None if self.mfa_age is None else str(self.mfa_age),
            "sts:ExternalId": self.external_id,
            "aws:PrincipalOrgID": self.organization_id,
            "aws:SourceIp": self.source_ip,
            "sts:SourceIdentity": self.source_identity,
            "sts:RoleSessionName": self.session_name,
            "aws:CurrentTime": self.time,
            **{f"aws:RequestTag/{tag}": value for tag, value in self.tags},
        }
        present = {key: value for key, value in keys.items() if value is not None}
        tag_keys = {"aws:TagKeys": [tag for tag, _ in self.tags]} if self.tags else {}
        return Request(self.principal, self.action, self.role, {**present, **tag_keys})


NEAR_CALLS: Mapping[str, tuple[Any, ...]] = {
    "principal": PRINCIPALS,
    "action": (
        "sts:AssumeRole",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:GetCallerIdentity",
        "iam:UpdateAssumeRolePolicy",
        "iam:PassRole",
    ),
    "role": (*ROLES, f"arn:aws:iam::{ACCOUNTS[0]}:role/UpdateApp"),
    "mfa_present": (None, "false", "true"),
    "mfa_age": (None, 0, 899, 900, 901, 3599, 3600, 3601),
    "external_id": (None, "Example-987", "example-987", "Example-98", "Example-9876", "*", "partner:1"),
    "organization_id": (None, "o-a1b2c3d4e5", "o-a1b2c3d4e6", "o-a1b2c3d4e5f", "O-A1B2C3D4E5"),
    "source_ip": (None, *STRANGE_ADDRESSES, *sorted(set[str]().union(*RANGES.values()))),
    "source_identity": (None, "alice", "alice2", "Alice", "${aws:username}", "*"),
    "session_name": ("alice", "alice2", "Alice", "bob"),
    "tags": (
        (),
        (("team", "blue"),),
        (("team", "green"),),
        (("team", "Blue"),),
        (("Team", "blue"),),
        (("team", "blue"), ("project", "x")),
        (("team", "green"), ("extra", "blue")),
        (("project", "x"),),
    ),
    "time": (NOW, "2027-01-30T23:59:59Z", "2027-01-31T00:00:00Z", "2027-01-31T00:00:01Z", "2028-02-29T12:00:00Z"),
}


def covered(patterns: Iterable[str]) -> set[str]:
    return set[str]().union(*(PATTERNS[pattern] for pattern in patterns))


def of_sets(names: Iterable[str]) -> set[str]:
    """Return the principals of these permission sets."""
    return {f"arn:aws:iam::{account}:{role}" for account in ACCOUNTS for name in names for role in OF_SETS[name]}


def legitimate_callers(args: Args) -> list[str]:
    """Return the principals that the arguments trust."""
    accounts = args.get("trusted_account_ids", [args.get("trusted_account_id")])
    named = covered(args.get("trusted_principal_arns", PATTERNS)) if "trusted_principal_arns" in args else PRINCIPALS
    named = of_sets(args["trusted_permission_sets"]) if "trusted_permission_sets" in args else named
    denied = covered(args.get("denied_principal_arns", ())) | of_sets(args.get("denied_permission_sets", ()))
    users_only = args.get("require_source_identity")
    return [
        arn
        for arn in PRINCIPALS
        if arn.split(":")[4] in accounts and arn in named and arn not in denied and (not users_only or ":user/" in arn)
    ]


def legitimate(args: Args, principal: str) -> Call:
    """Return the call by this principal that meets the other options."""
    call = Call(
        principal,
        role=args.get("role_arns", [ROLE])[0],
        mfa_present="true" if args.get("require_mfa") else None,
        mfa_age=args.get("mfa_max_age"),
        external_id=args.get("external_id"),
        organization_id=args.get("organization_id"),
        source_ip=min(RANGES[args["source_ip_ranges"][-1]]) if "source_ip_ranges" in args else None,
        # A grant's option of this name is a boolean: tags may be passed.
        tags=tuple((tag, values[-1]) for tag, values in args["session_tags"].items()) if is_tagging(args) else (),
    )
    name = call.user_name or "bob"
    return replace(
        call,
        session_name=name,
        source_identity=name if {"require_source_identity", "source_identity"} & set(args) else None,
    )


def is_tagging(args: Args) -> bool:
    return isinstance(args.get("session_tags"), dict)
