"""The law of each option of a grant."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from components.group_assume_policy import assume_role_policy
from tests.support.option_laws import Allows, Law, others, some
from tests.support.policy_evaluator import Policy
from tests.support.role_calls import NEAR_CALLS, NOW, ROLE, ROLES, Args, Call
from tests.support.trust_laws import assuming, has_own_name

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
