"""The effect of each option of the components on access, tested with an evaluator instead of comparing documents.

Every option has one law: the access that it keeps of what is allowed without it, and the access that it adds. So an
option that narrows adds nothing, and one that widens adds what its name says and no more. Hypothesis draws the other
options, and requests that are legitimate or near misses. An argument of the components without a law fails a test.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Generic, TypeVar

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, DrawFn, SearchStrategy

from components import GroupAssumePolicyArgs, ReadWriteBucketRole, ReadWriteBucketRoleArgs
from components.bucket_access import resource_policy_statements
from components.group_assume_policy import assume_role_policy
from components.partition import Partition
from components.read_write_bucket_role import checked_role_args, identity_policy
from components.trust import trust_policy
from components.validation import InvalidValue
from tests.support.policy_evaluator import Decision, Policy, Request, decide, may_across_accounts, may_assume
from tests.unit import conftest
from tests.unit.conftest import Run

STABLE = settings(derandomize=True, max_examples=50, deadline=None)

AWS = Partition("aws", "amazonaws.com")
Args = dict[str, Any]
"""Arguments of a component, by field."""
R = TypeVar("R", bound="Call | Access")
Allows = Callable[[R], bool]


def document(*statements: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


EVERYTHING = Policy("identity", document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
"""Return the policy of an administrator."""


def nothing(_args: Args, _request: object, _before: object) -> bool:
    return False


@dataclass(frozen=True)
class Law(Generic[R]):
    """The meaning of an option."""

    values: SearchStrategy[Any]
    """A strategy for its values."""
    example: Any
    """An example value, for the two requests below."""
    allowed: R
    """A request that the example allows."""
    refused: R
    """A request that the example refuses. Without the option, this or the one above has another result."""
    keeps: Callable[[Args, R], bool] = lambda _args, _request: True
    """``True`` if the option keeps a request that is allowed without it."""
    adds: Callable[[Args, R, Allows[R]], bool] = nothing
    """``True`` if the option itself allows a request, given the access without it."""
    without: Args = field(default_factory=dict)
    """The arguments in its place if the option is left out."""
    beside: Args = field(default_factory=dict)
    """The other arguments that it requires."""


def check_law(name: str, law: Law[R], args: Args, requests: Iterable[R], allows: Callable[[Args], Allows[R]]) -> None:
    """Check one option's law for arguments with the option and some requests."""
    before = allows({key: value for key, value in args.items() if key != name} | law.without)
    after = allows(args)
    for request in requests:
        expected = (before(request) and law.keeps(args, request)) or law.adds(args, request, before)
        assert after(request) == expected, f"{name}: {args.get(name)!r} beside {args}: {request}"


def check_example(name: str, law: Law[R], base: Args, allows: Callable[[Args], Allows[R]]) -> None:
    """Check that the option makes a difference, and that a request that meets it is allowed."""
    without = allows({key: value for key, value in {**base, **law.beside}.items() if key != name} | law.without)
    having = allows({**base, **law.beside, name: law.example})
    assert having(law.allowed)
    assert not having(law.refused)
    assert not without(law.allowed) or without(law.refused)


class Around(list[R]):
    """A request with all requests that differ from it in one value. A failing test shows only the first."""

    def __init__(self, request: R, near: Mapping[str, Iterable[Any]]) -> None:
        request_with: Any = partial(replace, request)
        super().__init__([request, *(request_with(**{name: value}) for name in near for value in near[name])])

    def __repr__(self) -> str:
        return f"{self[0]} and its neighbours"


def some(*values: Any, most: int = 2) -> SearchStrategy[Any]:  # noqa: ANN401
    """Return a strategy for short lists of these."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


# Who may assume a role: the trust policy, and the policies of the caller's account.

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


@st.composite
def near_calls(draw: DrawFn, args: Args) -> Around[Call]:
    """Draw a legitimate call, or one with one wrong value, and all calls that differ from it in one more value."""
    principal = draw(st.sampled_from(legitimate_callers(args) or PRINCIPALS))
    action = draw(st.sampled_from(("sts:AssumeRole", "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")))
    call = replace(legitimate(args, principal), action=action)
    return Around(draw(st.just(call) | st.sampled_from(Around(call, NEAR_CALLS))), NEAR_CALLS)


def trust_of(args: Args, partition: str = "aws") -> Policy:
    return Policy("trust", trust_policy(partition, args))  # type: ignore[arg-type]


def trusts(args: Args) -> Allows["Call"]:
    """Return the access of a role's trust policy."""
    policy = trust_of(args)
    return lambda call: policy.allows(call.request)


def assuming(holds: Callable[[Args, Call], bool]) -> Callable[[Args, Call], bool]:
    """Return a demand on ``AssumeRole`` alone: the other actions alone grant nothing."""
    return lambda args, call: call.action != "sts:AssumeRole" or holds(args, call)


def is_trusted(args: Args, call: Call) -> bool:
    return call.account in args.get("trusted_account_ids", [args.get("trusted_account_id")])


def has_own_name(call: Call) -> bool:
    return call.user_name is not None and call.source_identity == call.user_name


def has_exactly_these_tags(args: Args, call: Call) -> bool:
    given_tags, wanted = dict(call.tags), args["session_tags"]
    return given_tags.keys() == wanted.keys() and all(value in wanted[tag] for tag, value in given_tags.items())


TRUST_LAWS: Mapping[str, Law[Call]] = {
    "trusted_account_ids": Law(
        values=some(*ACCOUNTS, most=3),
        example=["111111111111", "222222222222"],
        allowed=Call(PRINCIPALS[-1]),
        refused=Call("arn:aws:iam::111111111112:user/alice"),
        keeps=is_trusted,
        without={"trusted_account_ids": ACCOUNTS},
    ),
    "trusted_account_id": Law(
        values=st.sampled_from(ACCOUNTS),
        example="111111111111",
        allowed=Call(),
        refused=Call("arn:aws:iam::222222222222:user/alice"),
        keeps=is_trusted,
        without={"trusted_account_ids": ACCOUNTS},
    ),
    "trusted_principal_arns": Law(
        values=some(*PATTERNS),
        example=["arn:aws:iam::111111111111:role/deploy-*", ALICE],
        allowed=Call(DEPLOY_PROD),
        refused=Call(DEPLOY),
        keeps=assuming(lambda args, call: call.principal in covered(args["trusted_principal_arns"])),
    ),
    "denied_principal_arns": Law(
        values=some(*PATTERNS),
        example=[ALICE],
        allowed=Call(ALICE2),
        refused=Call(ALICE),
        keeps=assuming(lambda args, call: call.principal not in covered(args["denied_principal_arns"])),
    ),
    "trusted_permission_sets": Law(
        values=some(*OF_SETS),
        example=["Dev"],
        allowed=Call(f"arn:aws:iam::111111111111:{OF_SETS['Dev'][1]}"),
        refused=Call(f"arn:aws:iam::111111111111:{OF_SETS['Dev_x'][0]}"),
        keeps=assuming(lambda args, call: call.principal in of_sets(args["trusted_permission_sets"])),
    ),
    "denied_permission_sets": Law(
        values=some(*OF_SETS),
        example=["Dev"],
        allowed=Call(f"arn:aws:iam::111111111111:{OF_SETS['Dev_x'][0]}"),
        refused=Call(f"arn:aws:iam::111111111111:{OF_SETS['Dev'][0]}"),
        keeps=assuming(lambda args, call: call.principal not in of_sets(args["denied_permission_sets"])),
    ),
    "require_mfa": Law(
        values=st.just(True),
        example=True,
        allowed=Call(mfa_present="true"),
        refused=Call(mfa_present=None),
        keeps=assuming(lambda args, call: call.mfa_present == "true"),
    ),
    "mfa_max_age": Law(
        values=st.sampled_from((900, 3600)),
        example=900,
        allowed=Call(mfa_present="true", mfa_age=900),
        refused=Call(mfa_present="true", mfa_age=901),
        keeps=assuming(lambda args, call: call.mfa_age is not None and call.mfa_age <= args["mfa_max_age"]),
        beside={"require_mfa": True},
    ),
    "external_id": Law(
        values=st.sampled_from(("Example-987", "partner:1")),
        example="Example-987",
        allowed=Call(external_id="Example-987"),
        refused=Call(external_id=None),
        keeps=assuming(lambda args, call: call.external_id == args["external_id"]),
    ),
    "organization_id": Law(
        values=st.sampled_from(("o-a1b2c3d4e5", "o-a1b2c3d4e5f")),
        example="o-a1b2c3d4e5",
        allowed=Call(organization_id="o-a1b2c3d4e5"),
        refused=Call(organization_id=None),
        keeps=assuming(lambda args, call: call.organization_id == args["organization_id"]),
    ),
    "source_ip_ranges": Law(
        values=some(*RANGES),
        example=["203.0.113.0/24", "2001:db8::/32"],
        allowed=Call(source_ip="2001:db8::"),
        refused=Call(source_ip="198.51.100.7"),
        keeps=assuming(lambda args, call: any(call.source_ip in RANGES[each] for each in args["source_ip_ranges"])),
    ),
    "require_source_identity": Law(
        values=st.just(True),
        example=True,
        allowed=Call(source_identity="alice"),
        refused=Call(source_identity=None),
        keeps=assuming(lambda args, call: has_own_name(call)),
        adds=lambda args, call, before: (
            call.action == "sts:SetSourceIdentity" and is_trusted(args, call) and has_own_name(call)
        ),
    ),
    "session_tags": Law(
        values=st.sampled_from(
            ({"team": ["blue"]}, {"team": ["blue", "green"]}, {"team": ["blue", "green"], "project": ["x", "y"]})
        ),
        example={"team": ["blue", "green"]},
        allowed=Call(tags=(("team", "green"),)),
        refused=Call(tags=(("team", "green"), ("extra", "blue"))),
        keeps=assuming(has_exactly_these_tags),
        adds=lambda args, call, before: (
            call.action == "sts:TagSession" and is_trusted(args, call) and has_exactly_these_tags(args, call)
        ),
    ),
    "expires_at": Law(
        values=st.sampled_from(("2027-01-31T00:00:00Z", "2028-02-29T12:00:00Z")),
        example="2027-01-31T00:00:00Z",
        allowed=Call(time="2027-01-30T23:59:59Z"),
        refused=Call(time="2027-01-31T00:00:00Z"),
        keeps=assuming(lambda args, call: call.time < args["expires_at"]),
    ),
}


def others(laws: Mapping[str, Law[R]], *apart: str) -> SearchStrategy[Args]:
    """Draw some of the options, except these."""
    return st.fixed_dictionaries({}, optional={key: law.values for key, law in laws.items() if key not in apart})


_NOT_WITH_SETS = {"trusted_principal_arns", "require_mfa", "mfa_max_age", "require_source_identity"}
"""Options of users only, which permission sets exclude, and ``trusted_principal_arns``, which they widen."""


@st.composite
def trust_args(draw: DrawFn, name: str = "") -> Args:
    """Draw valid arguments with this option."""
    accounts = "trusted_account_id" if name == "trusted_account_id" else "trusted_account_ids"
    args = draw(others(TRUST_LAWS, name, "trusted_account_ids", "trusted_account_id"))
    args |= {key: draw(TRUST_LAWS[key].values) for key in (accounts, name) if key}
    args |= TRUST_LAWS[name].beside if name else {}
    if not _NOT_WITH_SETS.isdisjoint(args):
        for key in _NOT_WITH_SETS if name == "trusted_permission_sets" else ("trusted_permission_sets",):
            args.pop(key, None)
    if "require_mfa" not in args:
        args.pop("mfa_max_age", None)
    # The laws also hold for patterns of accounts that are not trusted, which are refused as typos.
    accounts_apart = {key: value for key, value in args.items() if key != "trusted_account_id"}
    checked_role_args(
        {"name": "UpdateApp", "bucket": "productionapp", **accounts_apart, "trusted_account_ids": list(ACCOUNTS)}
    )
    return args


@pytest.mark.parametrize("name", TRUST_LAWS)
@STABLE
@given(data=st.data())
def test_a_trust_option_keeps_its_law(name: str, data: DataObject) -> None:
    args = data.draw(trust_args(name))
    check_law(name, TRUST_LAWS[name], args, data.draw(near_calls(args)), trusts)


@pytest.mark.parametrize("name", TRUST_LAWS)
def test_a_trust_option_makes_a_difference(name: str) -> None:
    base = {} if name.startswith("trusted_account") else {"trusted_account_ids": ["111111111111"]}
    check_example(name, TRUST_LAWS[name], base, trusts)


@STABLE
@given(data=st.data())
def test_a_caller_that_meets_all_options_may_assume_the_role(data: DataObject) -> None:
    args = data.draw(trust_args())
    callers = legitimate_callers(args)
    for principal in PRINCIPALS:
        call = legitimate(args, principal)
        assert may_assume(call.request, [EVERYTHING], trust_of(args)) == (principal in callers)


@STABLE
@given(data=st.data())
def test_a_denied_principal_is_refused_whatever_else_is_allowed(data: DataObject) -> None:
    args = data.draw(trust_args("denied_principal_arns"))
    trust = trust_of(args)
    for call in data.draw(near_calls(args)):
        if call.principal in covered(args["denied_principal_arns"]):
            request = replace(call, action="sts:AssumeRole", role=ROLE).request
            assert trust.decide(request) is Decision.EXPLICIT_DENY
            assert not may_assume(request, [EVERYTHING], trust)


@STABLE
@given(data=st.data())
def test_the_tutorial_trusts_the_account_and_nothing_else(data: DataObject) -> None:
    args = {"trusted_account_id": "111111111111"}
    allows = trusts(args)
    for call in data.draw(near_calls(args)):
        assert allows(call) == (call.action == "sts:AssumeRole" and call.account == "111111111111")


# Rights to buckets: the role's identity policy, and the policies of buckets and keys of other accounts.

BUCKETS = ("productionapp", "productionapp-archive", "production", "xproductionapp")
US_KEY, US_KEY2, EU_KEY = (
    f"arn:aws:kms:{region}:{OWNER}:key/{key}"
    for region, key in (("us-east-1", "1234abcd"), ("us-east-1", "1234abcde"), ("eu-west-1", "1234abcd"))
)
THROUGH_S3 = {key: f"s3.{key.split(':')[3]}.amazonaws.com" for key in (US_KEY, US_KEY2, EU_KEY)}
"""The value of ``kms:ViaService`` if S3 uses a key: it uses keys of its own region only."""

READING = {"s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectVersion", "kms:Decrypt"}
WRITING = {
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "s3:ListBucketMultipartUploads",
    "kms:GenerateDataKey",
}
EVER = {*READING, *WRITING, "s3:GetBucketLocation", "s3:ListAllMyBuckets"}
"""All rights that a role can have."""
LISTING = ("s3:ListBucket", "s3:ListBucketVersions")
ON_BUCKETS = (
    *LISTING,
    *("s3:GetBucketLocation", "s3:ListBucketMultipartUploads"),
    *("s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:PutBucketAcl"),
    *("s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketTagging"),
)
ON_OBJECTS = (
    *("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    *("s3:DeleteObjectVersion", "s3:GetObjectAcl", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:GetObjectTagging"),
    *("s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:RestoreObject", "s3:ReplicateObject"),
)
ON_KEYS = (
    *("kms:Decrypt", "kms:GenerateDataKey"),
    *("kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:CreateGrant"),
    *("kms:DescribeKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"),
)
ON_NOTHING = (
    "s3:ListAllMyBuckets",
    "s3:PutAccountPublicAccessBlock",
    "iam:ListUsers",
    "iam:CreateUser",
    "kms:ListKeys",
)
REVOKED = "2026-11-24T09:30:00Z"
NEAR_MOMENTS = ("2026-11-24T09:29:59Z", REVOKED, "2026-11-24T09:30:01Z")


@dataclass(frozen=True)
class Access:
    """A request of the role's session."""

    action: str
    bucket: str | None = None
    key: str | None = None
    """The key of an object."""
    prefix: str | None = None
    """The prefix of the keys to list."""
    kms_key: str | None = None
    via: str | None = None
    """The service that uses the KMS key for the session."""
    issued: str = REVOKED
    """The time at which the session began."""
    principal: str = ROLE

    @property
    def resource(self) -> str:
        if self.kms_key or not self.bucket:
            return self.kms_key or "*"
        return f"arn:aws:s3:::{self.bucket}" + (f"/{self.key}" if self.key is not None else "")

    @cached_property
    def request(self) -> Request:
        keys = {"s3:prefix": self.prefix, "kms:ViaService": self.via, "aws:TokenIssueTime": self.issued}
        present = {key: value for key, value in keys.items() if value is not None}
        return Request(self.principal, self.action, self.resource, present)


@st.composite
def near_accesses(draw: DrawFn, args: Args) -> Around[Access]:
    """Draw a legitimate access, or one with one wrong value, and all that differ from it in one more value."""
    prefix = draw(st.sampled_from(args.get("prefixes", ("reports/",))))
    key = draw(st.sampled_from(args.get("kms_key_arns", (US_KEY,))))
    action = draw(st.sampled_from((*sorted(EVER), *ON_NOTHING[:1] * 2)))
    if action in ON_NOTHING:
        return Around(Access(action), {"action": ON_NOTHING, "issued": NEAR_MOMENTS})
    near: dict[str, Iterable[Any]] = {"action": (*ON_BUCKETS, *ON_OBJECTS, *ON_KEYS), "issued": NEAR_MOMENTS}
    if action in ON_KEYS:
        access = Access(action, kms_key=key, via=THROUGH_S3[key])
        services = ("ec2.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com.cn")
        near |= {"kms_key": THROUGH_S3, "via": (None, *sorted(THROUGH_S3.values()), *services)}
    else:
        bucket = draw(st.sampled_from(args.get("buckets", (args.get("bucket"),))))
        access = Access(action, bucket, prefix=prefix if action in LISTING else None)
        access = replace(access, key=f"{prefix}a" if action in ON_OBJECTS else None)
        texts = (prefix, f"{prefix}a:b/*", prefix[:-1], prefix.upper(), f"a{prefix}", f"/{prefix}", "a?*")
        near |= {"bucket": BUCKETS, "key": (None, *filter(None, texts)), "prefix": (None, "", *texts)}
    return Around(draw(st.just(access) | st.sampled_from(Around(access, near))), near)


def may(args: Args) -> Allows[Access]:
    """Return the access of a role's identity policy."""
    policy = identity_of(args)
    return lambda access: policy.allows(access.request)


def identity_of(args: Args, partition: str = "aws") -> Policy:
    return Policy("identity", identity_policy(Partition(partition, "amazonaws.com"), args))  # type: ignore[arg-type]


def reads(args: Args) -> bool:
    return args.get("access", "readWrite") in ("read", "readWrite")


def writes(args: Args) -> bool:
    return args.get("access", "readWrite") in ("write", "readWrite")


def keeps_access(args: Args, access: Access) -> bool:
    if not writes(args):
        return access.action not in WRITING
    joins_parts = access.action == "kms:Decrypt"  # S3 does this for uploaders
    return reads(args) or access.action not in READING or joins_parts


def keeps_prefixes(args: Args, access: Access) -> bool:
    if access.action == "s3:ListBucketMultipartUploads":  # it can't be limited to a prefix
        return False
    begins = access.prefix if access.action in LISTING else access.key
    if access.action in LISTING or access.key is not None:
        return begins is not None and any(begins.startswith(prefix) for prefix in args["prefixes"])
    return True


def adds_versions(_args: Args, access: Access, before: Allows[Access]) -> bool:
    """Return whether an access reads an older version of an object that may be read."""
    current = {"s3:ListBucketVersions": "s3:ListBucket", "s3:GetObjectVersion": "s3:GetObject"}.get(access.action)
    return current is not None and before(replace(access, action=current))


def adds_multipart(args: Args, access: Access, before: Allows[Access]) -> bool:
    """Return whether an access sees or aborts uploads where the role may write."""
    twin = {
        "s3:AbortMultipartUpload": "s3:PutObject",
        "s3:ListMultipartUploadParts": "s3:PutObject",
        "s3:ListBucketMultipartUploads": "s3:GetBucketLocation" if "prefixes" not in args else None,
    }.get(access.action)
    return writes(args) and twin is not None and before(replace(access, action=twin))


def adds_keys(args: Args, access: Access, _before: Allows[Access]) -> bool:
    """Return whether S3 uses one of the keys for an access that the role has."""
    return (
        access.kms_key in args["kms_key_arns"]
        and access.via in {THROUGH_S3[key] for key in args["kms_key_arns"]}
        and (access.action == "kms:Decrypt" or (access.action == "kms:GenerateDataKey" and writes(args)))
        and access.issued >= args.get("revoke_sessions_issued_before", "")
    )


READ = Access("s3:GetObject", "productionapp", "reports/a")
BUCKET_LAWS: Mapping[str, Law[Access]] = {
    "buckets": Law(
        values=some(*BUCKETS),
        example=["productionapp", "production"],
        allowed=replace(READ, bucket="production"),
        refused=replace(READ, bucket="productionapp-archive"),
        keeps=lambda args, access: access.bucket is None or access.bucket in args["buckets"],
        without={"buckets": BUCKETS},
    ),
    "bucket": Law(
        values=st.sampled_from(BUCKETS),
        example="productionapp",
        allowed=READ,
        refused=replace(READ, bucket="productionapp-archive"),
        keeps=lambda args, access: access.bucket in (None, args["bucket"]),
        without={"buckets": BUCKETS},
    ),
    "access": Law(
        values=st.sampled_from(("read", "write", "readWrite")),
        example="read",
        allowed=READ,
        refused=replace(READ, action="s3:PutObject"),
        keeps=keeps_access,
    ),
    "prefixes": Law(
        values=some("reports/", "reports", "a", "invoices/2026/", "a:b-", most=3),
        example=["reports/"],
        allowed=Access("s3:ListBucket", "productionapp", prefix="reports/"),
        refused=Access("s3:ListBucket", "productionapp"),
        keeps=keeps_prefixes,
    ),
    "object_versions": Law(
        values=st.just(True),
        example=True,
        allowed=replace(READ, action="s3:GetObjectVersion"),
        refused=replace(READ, action="s3:DeleteObjectVersion"),
        adds=adds_versions,
    ),
    "multipart_uploads": Law(
        values=st.just(True),
        example=True,
        allowed=replace(READ, action="s3:AbortMultipartUpload"),
        refused=replace(READ, action="s3:PutObjectAcl"),
        adds=adds_multipart,
    ),
    "list_all_buckets": Law(
        values=st.just(False),
        example=False,
        allowed=READ,
        refused=Access("s3:ListAllMyBuckets"),
        keeps=lambda args, access: access.action != "s3:ListAllMyBuckets",
    ),
    "kms_key_arns": Law(
        values=some(*THROUGH_S3),
        example=[US_KEY],
        allowed=Access("kms:Decrypt", kms_key=US_KEY, via="s3.us-east-1.amazonaws.com"),
        refused=Access("kms:Decrypt", kms_key=US_KEY),
        adds=adds_keys,
    ),
    "revoke_sessions_issued_before": Law(
        values=st.just(REVOKED),
        example=REVOKED,
        allowed=READ,
        refused=replace(READ, issued="2026-11-24T09:29:59Z"),
        keeps=lambda args, access: access.issued >= args["revoke_sessions_issued_before"],
    ),
}


@st.composite
def bucket_args(draw: DrawFn, name: str = "") -> Args:
    """Draw valid arguments with this option."""
    bucket = "bucket" if name == "bucket" else "buckets"
    args = draw(others(BUCKET_LAWS, name, "buckets", "bucket"))
    args |= {key: draw(BUCKET_LAWS[key].values) for key in (bucket, name) if key}
    for option, access in (
        ("object_versions", "write"),
        ("multipart_uploads", "read"),
    ):  # refused, because they have no effect
        if args.get(option) and args.get("access") == access:
            del args["access" if name == option else option]
    checked_role_args({"name": "UpdateApp", "trusted_account_id": "111111111111", **args})
    return args


@pytest.mark.parametrize("name", BUCKET_LAWS)
@STABLE
@given(data=st.data())
def test_an_access_option_keeps_its_law(name: str, data: DataObject) -> None:
    args = data.draw(bucket_args(name))
    check_law(name, BUCKET_LAWS[name], args, data.draw(near_accesses(args)), may)


@pytest.mark.parametrize("name", BUCKET_LAWS)
def test_an_access_option_makes_a_difference(name: str) -> None:
    base = {} if name.startswith("bucket") else {"buckets": ["productionapp"]}
    check_example(name, BUCKET_LAWS[name], base, may)


@STABLE
@given(data=st.data())
def test_nothing_is_allowed_elsewhere(data: DataObject) -> None:
    args = data.draw(bucket_args())
    for access in filter(may(args), data.draw(near_accesses(args))):
        assert access.action in EVER
        if access.action == "s3:ListAllMyBuckets":
            continue
        if access.kms_key:
            assert access.kms_key in args.get("kms_key_arns", ())
            continue
        assert access.bucket in args["buckets"]
        begins = access.key if access.key is not None else access.prefix if access.action in LISTING else None
        assert begins is None or begins.startswith(tuple(args.get("prefixes", ("",))))


@STABLE
@given(data=st.data())
def test_read_and_write_together_are_read_write(data: DataObject) -> None:
    args = data.draw(bucket_args())
    read, write, both = (may({**args, "access": access}) for access in ("read", "write", "readWrite"))
    for access in data.draw(near_accesses(args)):
        assert both(access) == (read(access) or write(access))


@STABLE
@given(data=st.data())
def test_the_policies_of_buckets_and_keys_allow_the_role_the_same_access(data: DataObject) -> None:
    args = data.draw(bucket_args())
    args.pop("revoke_sessions_issued_before", None)
    made = resource_policy_statements(AWS, ROLE, args)  # type: ignore[arg-type]
    policies = {arn: Policy("resource", document(*statements)) for arn, statements in made.items()}
    assert set(policies) == {f"arn:aws:s3:::{name}" for name in args["buckets"]} | set(args.get("kms_key_arns", ()))
    identity = identity_of(args)
    for access in data.draw(near_accesses(args)):
        another_regions = access.kms_key and access.via in set(THROUGH_S3.values()) - {THROUGH_S3[access.kms_key]}
        if another_regions:  # S3 does not use keys of another region, so the result does not matter
            continue
        own = access.kms_key or f"arn:aws:s3:::{access.bucket}"
        for arn, policy in policies.items():
            if arn == own:
                allowed = identity.allows(access.request)
                assert policy.allows(access.request) == allowed
                assert may_across_accounts(access.request, [identity], policy, "222222222222") == allowed
            elif ":s3:" in arn:  # a key's policy applies to its own key
                assert policy.decide(access.request) is Decision.IMPLICIT_DENY
            assert not policy.allows(replace(access, principal=ROLES[1]).request)
            assert not policy.allows(replace(access, principal=f"arn:aws:iam::{OWNER}:root").request)


@STABLE
@given(data=st.data())
def test_the_tutorials_role_has_the_tutorials_access_to_its_bucket(data: DataObject) -> None:
    args = {"bucket": "productionapp"}
    allows = may(args)
    for access in data.draw(near_accesses(args)):
        on_bucket = access.resource == "arn:aws:s3:::productionapp"
        on_object = access.resource.startswith("arn:aws:s3:::productionapp/")
        assert allows(access) == (
            access.action == "s3:ListAllMyBuckets"
            or (on_bucket and access.action in ("s3:ListBucket", "s3:GetBucketLocation"))
            or (on_object and access.action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"))
        )


# Who may or may not assume roles of other accounts: the policies of groups and roles.

GRANT: Args = {"group": "Developers", "policy_name": "allow-it", "effect": "Allow", "role_arns": [ROLE]}


def is_granted(args: Args, call: Call) -> bool:
    """Return whether a grant covers a role at that time."""
    until = args.get("role_arns_until", {})
    return call.role in args["role_arns"] or any(call.role in until[end] and call.time < end for end in until)


GRANT_LAWS: Mapping[str, Law[Call]] = {
    "role_arns": Law(
        values=some(*ROLES),
        example=[ROLE],
        allowed=Call(role=ROLE),
        refused=Call(role=ROLES[1]),
        keeps=lambda args, call: is_granted(args, call),
        without={"role_arns": ROLES},
    ),
    "role_arns_until": Law(
        values=st.dictionaries(st.sampled_from(NEAR_CALLS["time"][1:]), some(*ROLES), min_size=1, max_size=2),
        example={"2027-01-31T00:00:00Z": [ROLES[1]]},
        allowed=Call(role=ROLES[1], time="2027-01-30T23:59:59Z"),
        refused=Call(role=ROLES[1], time="2027-01-31T00:00:00Z"),
        adds=lambda args, call, before: (
            is_granted(args, call) and before(replace(call, role=args["role_arns"][0], time=NOW))
        ),
    ),
    "bind_session_name": Law(
        values=st.just(True),
        example=True,
        allowed=Call(session_name="alice"),
        refused=Call(session_name="alice2"),
        keeps=assuming(lambda args, call: call.session_name == call.user_name),
    ),
    "source_identity": Law(
        values=st.just(True),
        example=True,
        allowed=Call(action="sts:SetSourceIdentity", source_identity="alice"),
        refused=Call(action="sts:SetSourceIdentity", source_identity="alice2"),
        adds=lambda args, call, before: (
            call.action == "sts:SetSourceIdentity" and is_granted(args, call) and has_own_name(call)
        ),
    ),
    "session_tags": Law(
        values=st.just(True),
        example=True,
        allowed=Call(action="sts:TagSession", tags=(("team", "blue"),)),
        refused=Call(action="sts:TagSession", tags=(("team", "blue"),), role=ROLES[1]),
        adds=lambda args, call, before: call.action == "sts:TagSession" and is_granted(args, call),
    ),
}


def grant_of(args: Args) -> Policy:
    return Policy("identity", assume_role_policy(args))  # type: ignore[arg-type]


def grants(args: Args) -> Allows[Call]:
    """Return the access of a group's or role's policy."""
    policy = grant_of(args)
    return lambda call: policy.allows(call.request)


@st.composite
def grant_args(draw: DrawFn, name: str) -> Args:
    return {**GRANT, **draw(others(GRANT_LAWS, name)), name: draw(GRANT_LAWS[name].values)}


@pytest.mark.parametrize("name", GRANT_LAWS)
@STABLE
@given(data=st.data())
def test_a_grant_option_keeps_its_law(name: str, data: DataObject) -> None:
    args = data.draw(grant_args(name))
    check_law(name, GRANT_LAWS[name], args, data.draw(near_calls(args)), grants)


@pytest.mark.parametrize("name", GRANT_LAWS)
def test_a_grant_option_makes_a_difference(name: str) -> None:
    check_example(name, GRANT_LAWS[name], GRANT, grants)


@STABLE
@given(data=st.data())
def test_a_grant_affects_assuming_its_roles_and_nothing_else(data: DataObject) -> None:
    args = {**GRANT, "role_arns": data.draw(some(*ROLES))}
    allows, denial = grants(args), grant_of({**args, "effect": "Deny"})
    for call in data.draw(near_calls(args)):
        covers = call.action == "sts:AssumeRole" and call.role in args["role_arns"]
        assert allows(call) == covers
        assert denial.decide(call.request) is (Decision.EXPLICIT_DENY if covers else Decision.IMPLICIT_DENY)
        assert decide([EVERYTHING, denial], call.request) is (Decision.EXPLICIT_DENY if covers else Decision.ALLOW)


# All parts together.


@pytest.mark.parametrize(
    ("principal", "groups", "may_switch"),
    [
        ("arn:aws:iam::111111111111:user/David", ["Developers"], True),
        ("arn:aws:iam::111111111111:user/Theresa", ["Testers"], False),
        ("arn:aws:iam::111111111111:user/both", ["Developers", "Testers"], False),
        ("arn:aws:iam::111111111111:user/Norman", [], False),
        ("arn:aws:iam::111111111111:user/administrator", ["Administrators"], True),
        ("arn:aws:iam::111111111111:user/administrator", ["Administrators", "Testers"], False),
        ("arn:aws:iam::222222222222:user/Mallory", ["Administrators"], False),
        ("arn:aws:iam::222222222222:user/Mallory", ["Developers"], False),
    ],
)
def test_the_tutorial(principal: str, groups: list[str], may_switch: bool) -> None:
    policies = {
        "Developers": grant_of(GRANT),
        "Testers": grant_of({**GRANT, "effect": "Deny"}),
        "Administrators": EVERYTHING,
    }
    trust = trust_of({"trusted_account_id": "111111111111"})
    identity = [policies[group] for group in groups]
    assert may_assume(Call(principal).request, identity, trust) == may_switch


@pytest.mark.parametrize(
    ("trust", "grant", "call", "allowed"),
    [
        ({"session_tags": {"team": ["blue"]}}, {"session_tags": True}, Call(tags=(("team", "blue"),)), True),
        ({"session_tags": {"team": ["blue"]}}, {}, Call(tags=(("team", "blue"),)), False),
        ({"session_tags": {"team": ["blue"]}}, {"session_tags": True}, Call(), False),
        ({"session_tags": {"team": ["blue"]}}, {"session_tags": True}, Call(tags=(("team", "red"),)), False),
        ({}, {"session_tags": True}, Call(tags=(("team", "blue"),)), False),
        ({}, {"session_tags": True}, Call(), True),
        ({"require_source_identity": True}, {"source_identity": True}, Call(source_identity="alice"), True),
        ({"require_source_identity": True}, {}, Call(source_identity="alice"), False),
        ({"require_source_identity": True}, {"source_identity": True}, Call(), False),
        ({"require_source_identity": True}, {"source_identity": True}, Call(source_identity="bob"), False),
        ({"require_source_identity": True}, {"source_identity": True}, Call(DEPLOY, source_identity="deploy"), False),
        ({}, {"source_identity": True}, Call(source_identity="alice"), False),
        ({}, {"bind_session_name": True}, Call(session_name="alice"), True),
        ({}, {"bind_session_name": True}, Call(session_name="bob"), False),
    ],
)
def test_tags_source_identity_and_session_name_need_both_accounts(
    trust: Args, grant: Args, call: Call, allowed: bool
) -> None:
    trust_policy_of_role = trust_of({"trusted_account_id": "111111111111", **trust})
    assert may_assume(call.request, [grant_of({**GRANT, **grant})], trust_policy_of_role) == allowed


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_policies_of_one_partition_allow_nothing_in_another(partition: str) -> None:
    trust = trust_of({"trusted_account_id": "111111111111"}, partition)
    identity = identity_of({"bucket": "productionapp"}, partition)
    for other in ("aws", "aws-us-gov", "aws-cn"):
        assert trust.allows(Request(ALICE.replace("arn:aws:", f"arn:{other}:"), "sts:AssumeRole", ROLE)) == (
            other == partition
        )
        asked = Request(ROLE, "s3:GetObject", f"arn:{other}:s3:::productionapp/a")
        assert identity.allows(asked) == (other == partition)


def test_a_generated_external_id_is_demanded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    new_resource = conftest.Aws.new_resource

    def with_policy_id(self: conftest.Aws, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        name, state = new_resource(self, args)
        return name, {**state, "policyId": "ANPAEXAMPLE"}

    monkeypatch.setattr(conftest.Aws, "new_resource", with_policy_id)
    args: ReadWriteBucketRoleArgs = {
        "name": "UpdateApp",
        "trusted_account_id": "111111111111",
        "bucket": "productionapp",
    }
    ran = run(lambda: ReadWriteBucketRole("UpdateApp", {**args, "generate_external_id": True}))
    trust = Policy("trust", ran.document("UpdateApp-role", "assumeRolePolicy"))
    assert trust.allows(Call(external_id="ANPAEXAMPLE").request)
    assert not trust.allows(Call().request)
    assert not trust.allows(Call(external_id="ANPAEXAMPLE2").request)


# Options that change no document, and options that must not be empty.

SILENT: Args = {
    "name": "UpdateApp",
    "policy_name": "update-app",
    "path": "/delegated/",
    "description": "updates the application",
    "tags": {"team": "blue"},
    "max_session_duration": 43200,
    "permissions_boundary": f"arn:aws:iam::{OWNER}:policy/boundary",
}
GRANT_SILENT: Args = {"role": "deploy", "permission_set": "Dev", "group": "Developers", "policy_name": "other"}
FALSE_BY_DEFAULT = (
    "require_mfa",
    "generate_external_id",
    "require_source_identity",
    "object_versions",
    "multipart_uploads",
)


def documents(args: Args) -> tuple[object, object]:
    """Return the role's documents."""
    known: Any = {"trusted_account_id": "111111111111", "bucket": "productionapp", **args}
    return trust_policy("aws", known), identity_policy(AWS, known)


@pytest.mark.parametrize("name", SILENT)
def test_an_option_of_the_role_resource_changes_no_document(name: str) -> None:
    assert documents({name: SILENT[name]}) == documents({})


@pytest.mark.parametrize("name", GRANT_SILENT)
def test_an_option_of_the_grants_resource_changes_no_document(name: str) -> None:
    without: Any = {key: value for key, value in GRANT.items() if key != name}
    having: Any = {**without, name: GRANT_SILENT[name]}
    assert assume_role_policy(having) == assume_role_policy(without)


@pytest.mark.parametrize("name", FALSE_BY_DEFAULT)
def test_false_is_the_same_as_absent(name: str) -> None:
    assert documents({name: False}) == documents({})


@pytest.mark.parametrize(
    "name",
    [
        *("trusted_account_ids", "trusted_principal_arns", "denied_principal_arns", "source_ip_ranges", "session_tags"),
        *("trusted_permission_sets", "denied_permission_sets"),
        *("external_id", "organization_id", "expires_at", "buckets", "prefixes", "kms_key_arns"),
    ],
)
def test_an_empty_list_is_refused(name: str) -> None:
    """Check empty lists, which would otherwise mean no limit."""
    args: Args = {"name": "UpdateApp", "trusted_account_id": "111111111111", "bucket": "productionapp"}
    checked_role_args(args)
    with pytest.raises(InvalidValue):
        checked_role_args({**args, name: {} if name == "session_tags" else "" if "_id" in name else []})


@pytest.mark.parametrize(
    ("declared", "known"),
    [
        (ReadWriteBucketRoleArgs, {*TRUST_LAWS, "generate_external_id", *BUCKET_LAWS, *SILENT}),
        (GroupAssumePolicyArgs, {*GRANT_LAWS, *GRANT_SILENT, "effect"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_option_has_a_law(declared: type, known: Iterable[str]) -> None:
    assert set(inspect.get_annotations(declared)) <= set(known)
