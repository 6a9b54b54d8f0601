"""Outside changes to the proved roles, each with cells of the proof that must turn red."""

from collections.abc import Callable
from typing import Any

from tests.sandbox.proved_roles import (
    ALLOW_NAME,
    DENY_NAME,
    DEVELOPMENT,
    ELSEWHERE,
    GUARDED,
    PRODUCTION,
    UPDATE_APP,
    Live,
    policy_arn,
)


def trust_elsewhere(live: Live) -> None:
    def change(document: Any) -> None:  # noqa: ANN401
        document["Statement"][0]["Principal"]["AWS"] = f"arn:aws:iam::{ELSEWHERE}:root"

    live.put_trust("UpdateApp", change)


def trust_one_more(live: Live) -> None:
    def change(document: Any) -> None:  # noqa: ANN401
        document["Statement"][0]["Principal"]["AWS"] = [
            f"arn:aws:iam::{item}:root" for item in (DEVELOPMENT, ELSEWHERE)
        ]

    live.put_trust("UpdateApp", change)


def drop_condition(operator: str) -> Callable[[Live], None]:
    return lambda live: live.put_trust("Guarded", lambda document: document["Statement"][0]["Condition"].pop(operator))


def identity(sid: str, element: str, value: object, name: str = "read-write-app-bucket") -> Callable[[Live], None]:
    return lambda live: live.change_identity_policy(lambda document: document[sid].update({element: value}), name)


def swap_groups(live: Live) -> None:
    live.put_group_policy("Testers", DENY_NAME, "Allow", [UPDATE_APP, GUARDED])
    live.put_group_policy("Developers", ALLOW_NAME, "Deny", [UPDATE_APP, GUARDED])


BUCKET = "arn:aws:s3:::productionapp"
DEVELOPER, TESTER, POWER_TESTER = (
    "member of development/Developers",
    "member of development/Testers",
    "member of development/Testers, power user",
)
STRANGER = f"power user of {ELSEWHERE}, another account"
ENTER = "assume the role"
NEIGHBOUR = "a bucket whose name begins with productionapp"

# The changes, by role, and some of the cells that must name each.
Mutation = tuple[Callable[[Live], object], list[tuple[str, str, str]]]
MUTATIONS: dict[str, dict[str, Mutation]] = {
    "UpdateApp": {
        "the trust is in another account": (
            trust_elsewhere,
            [(DEVELOPER, ENTER, "DENY"), (STRANGER, ENTER, "ALLOW")],
        ),
        "the trust is in one more account": (trust_one_more, [(STRANGER, ENTER, "ALLOW")]),
        "/* is dropped": (
            identity("ReadWriteObjects", "Resource", BUCKET),
            [(DEVELOPER, f"{verb} an object of productionapp", "DENY") for verb in ("read", "write", "delete")],
        ),
        "Deny is turned into Allow": (
            lambda live: live.put_group_policy("Testers", DENY_NAME, "Allow", [UPDATE_APP, GUARDED]),
            [(TESTER, ENTER, "ALLOW"), (POWER_TESTER, ENTER, "ALLOW")],
        ),
        "an action is misspelt": (
            identity("ReadWriteObjects", "Action", ["s3:DeleteObject", "s3:GetObjects", "s3:PutObject"]),
            [(DEVELOPER, "read an object of productionapp", "DENY")],
        ),
        "a * is added to the objects' actions": (
            identity("ReadWriteObjects", "Action", ["s3:*Object*"]),
            [
                (DEVELOPER, "read a version of an object of productionapp", "ALLOW"),
                (DEVELOPER, "delete a version of an object of productionapp for good", "ALLOW"),
                (DEVELOPER, "tag an object of productionapp", "ALLOW"),
            ],
        ),
        "a * is added to the bucket's actions": (
            identity("ListBucket", "Action", "s3:*"),
            [
                (DEVELOPER, "replace the bucket policy of productionapp", "ALLOW"),
                (DEVELOPER, "read the bucket policy of productionapp", "ALLOW"),
                (DEVELOPER, "list the versions of productionapp", "ALLOW"),
            ],
        ),
        "a * is added to the bucket's name": (
            identity("ReadWriteObjects", "Resource", "arn:aws:s3:::productionapp*"),
            [(DEVELOPER, f"{verb} an object of {NEIGHBOUR}", "ALLOW") for verb in ("read", "write", "delete")],
        ),
        "every bucket may be listed": (
            identity("ListBucket", "Resource", "*"),
            [(DEVELOPER, f"list {NEIGHBOUR}", "ALLOW")],
        ),
        "it is the wrong bucket": (
            identity("ReadWriteObjects", "Resource", "arn:aws:s3:::productionapp-archive/*"),
            [(DEVELOPER, "write an object of productionapp", "DENY")],
        ),
        "ListBucket is missing": (
            identity("ListBucket", "Action", "s3:GetBucketLocation"),
            [(DEVELOPER, "list productionapp", "DENY")],
        ),
        "the attachment is missing": (
            lambda live: live.production.detach_role_policy(
                RoleName="UpdateApp", PolicyArn=policy_arn("read-write-app-bucket")
            ),
            [(DEVELOPER, "list productionapp", "DENY")],
        ),
        "another policy is attached": (
            lambda live: live.production.attach_role_policy(
                RoleName="UpdateApp", PolicyArn="arn:aws:iam::aws:policy/IAMFullAccess"
            ),
            [
                (DEVELOPER, f"list the users of {PRODUCTION}", "ALLOW"),
                (DEVELOPER, "change who may assume UpdateApp", "ALLOW"),
            ],
        ),
        "the groups' policies are swapped": (
            swap_groups,
            [(DEVELOPER, ENTER, "DENY"), (TESTER, ENTER, "ALLOW")],
        ),
        "the deny is removed": (
            lambda live: live.development.delete_group_policy(GroupName="Testers", PolicyName=DENY_NAME),
            [(POWER_TESTER, ENTER, "ALLOW")],
        ),
        "the allow is removed": (
            lambda live: live.development.delete_group_policy(GroupName="Developers", PolicyName=ALLOW_NAME),
            [(DEVELOPER, ENTER, "DENY")],
        ),
        "the allow is about every role": (
            lambda live: live.put_group_policy("Developers", ALLOW_NAME, "Allow", "*"),
            [(DEVELOPER, "assume a role whose name begins the same", "ALLOW")],
        ),
        "the deny is about every role": (
            lambda live: live.put_group_policy("Testers", DENY_NAME, "Deny", "*"),
            [(POWER_TESTER, "assume a role whose name begins the same", "DENY")],
        ),
    },
    "Guarded": {
        "the condition on the external id is dropped": (
            drop_condition("StringEquals"),
            [(DEVELOPER, "assume the role without the external id", "ALLOW")],
        ),
        "the condition on the principal is dropped": (
            drop_condition("ArnLike"),
            [("role development/Deployer", ENTER, "ALLOW")],
        ),
        "the condition on the prefix is dropped": (
            lambda live: live.change_identity_policy(
                lambda document: document["ListBucket"].pop("Condition"), "guarded"
            ),
            [(DEVELOPER, "list guarded", "ALLOW")],
        ),
        "the prefix is dropped": (
            identity("ReadObjects", "Resource", "arn:aws:s3:::guarded/*", name="guarded"),
            [(DEVELOPER, "read an object of guarded", "ALLOW")],
        ),
        "read becomes write": (
            identity("ReadObjects", "Action", ["s3:GetObject", "s3:PutObject"], name="guarded"),
            [(DEVELOPER, "write an object of guarded/reports/", "ALLOW")],
        ),
    },
}


# A proof takes seconds, so it is about several changes. None of one batch turns a cell that another one has to turn.
BATCHES: dict[str, tuple[tuple[str, ...], ...]] = {
    "UpdateApp": (
        ("the trust is in another account",),
        ("the groups' policies are swapped",),
        ("the allow is removed", "the deny is removed", "the trust is in one more account"),
        ("the attachment is missing",),
        ("/* is dropped", "the allow is about every role"),
        ("Deny is turned into Allow", "an action is misspelt", "every bucket may be listed"),
        ("a * is added to the objects' actions", "a * is added to the bucket's actions", "another policy is attached"),
        ("a * is added to the bucket's name", "ListBucket is missing", "the deny is about every role"),
        ("it is the wrong bucket",),
    ),
    "Guarded": (
        ("the condition on the external id is dropped", "the condition on the prefix is dropped", "read becomes write"),
        ("the condition on the principal is dropped", "the prefix is dropped"),
    ),
}
