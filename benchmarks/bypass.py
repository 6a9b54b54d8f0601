"""Time ``access bypass`` on invented accounts: the seconds of a search, and the lines of its report.

Run it with ``python -m benchmarks.bypass``.
"""

import time
from datetime import UTC, datetime

from access.bypass.findings import find
from access.bypass.paths import TargetRole
from access.bypass.text_report import render
from access.iam.documents import Statement
from access.iam.principals import Directory, Group, Policy, Principal
from access.stack_outputs import StackOutputs

HERE, PRODUCTION = "111111111111", "999999999999"
ASSUME = "sts:AssumeRole"
TRUST = (Statement("TrustAccount", "Allow", actions=(ASSUME,), principals=(f"arn:aws:iam::{HERE}:root",)),)
POWER_USER = Statement("1", "Allow", actions=("iam:*", "organizations:*", "account:*"), not_action=True)

ACCOUNTS = {
    "Testers who may assume roles": (200, 50, (Statement("1", "Allow", actions=(ASSUME,)),)),
    "Testers who are power users": (200, 100, (POWER_USER,)),
    "Testers who may do anything in IAM": (50, 50, (Statement("1", "Allow", actions=("iam:*", ASSUME)),)),
}
"""The number of users, the number of roles, and the users' own rights."""


def account(count: int, roles: list[str], rights: tuple[Statement, ...]) -> Directory:
    """Return an account whose users are all in a group that is denied the roles, with one role that may assume them."""

    def arn(name: str) -> str:
        return f"arn:aws:iam::{HERE}:{name}"

    denies = (Statement("DenyAssumeRole", "Deny", actions=(ASSUME,), resources=tuple(roles)),)
    group = Group("Testers", arn("group/Testers"), (Policy("deny", arn("group/Testers"), denies),))
    users = [
        Principal(name, (Policy("own", name, rights), *group.policies), (group,))
        for name in (arn(f"user/user-{number:03}") for number in range(count))
    ]
    allows = (Statement("1", "Allow", actions=(ASSUME,), resources=tuple(roles)),)
    deployer = Principal(arn("role/Deployer"), (Policy("deploy", arn("role/Deployer"), allows),), trust=TRUST)
    return Directory(HERE, (deployer, *users), (group,))


def main() -> None:
    """Run the benchmark and print its figures."""
    for what, (users, count, rights) in ACCOUNTS.items():
        roles = [f"arn:aws:iam::{PRODUCTION}:role/App{number:03}" for number in range(count)]
        outputs = StackOutputs("development", groups={"Testers": {"allow": [], "deny": roles}})
        directory = account(users, roles, rights)
        start = time.monotonic()
        report = find([directory], [(HERE, outputs)], [TargetRole(role, TRUST) for role in roles], datetime.now(UTC))
        text = render(report)
        seconds, lines = time.monotonic() - start, len(text.splitlines())
        found = len(report.findings)
        print(f"{users} {what}, {count} roles: {found} findings in {lines} lines, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
