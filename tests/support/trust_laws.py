"""The law of each option of a trust policy."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from components.read_write_bucket_role import checked_role_args
from components.trust import trust_policy
from tests.support.option_laws import Allows, Around, Law, others, some
from tests.support.policy_evaluator import Policy
from tests.support.role_calls import (
    ACCOUNTS,
    ALICE,
    ALICE2,
    DEPLOY,
    DEPLOY_PROD,
    NEAR_CALLS,
    OF_SETS,
    PATTERNS,
    PRINCIPALS,
    RANGES,
    Args,
    Call,
    covered,
    legitimate,
    legitimate_callers,
    of_sets,
)


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
