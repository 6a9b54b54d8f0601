"""Test ``access bypass`` with many users: lines are folded, and shared answers are cached."""

from itertools import pairwise

import pytest

from access.bypass import text_report
from access.bypass.findings import find
from access.bypass.iam_rights import may_take_over_any
from access.bypass.network import Network
from access.bypass.paths import TargetRole
from access.bypass.search import Search
from access.iam.documents import parse
from access.iam.principals import Directory
from access.iam.verdicts import Answer
from access.stack_outputs import StackOutputs
from tests.support.bypass_accounts import ASSUME, DENIED, MFA, NOW, ON_UPDATE_APP, TRUST, UPDATE_APP, report, tutorial
from tests.support.iam_accounts import HERE, PRODUCTION, AccountDetails, allow, arn, deny, trusts


def crowd(count: int, *actions: str) -> AccountDetails:
    account = AccountDetails().group("Testers", inline={"deny": DENIED})
    account.group("Developers", inline={"allow": ON_UPDATE_APP})
    for number in range(count):
        account.user(f"T{number:03}", "Testers", inline={"own": allow([ASSUME, *actions])})
    return account


def path_lines(account: AccountDetails) -> list[str]:
    """Return the lines of the paths, without indentation."""
    lines = text_report.render(report(account)).splitlines()
    return [line.strip() for line in lines if line.startswith("    ")]


def test_the_first_line_is_a_summary() -> None:
    text = text_report.render(report(crowd(1200, "iam:RemoveUserFromGroup")))
    assert text.splitlines()[0] == f"1,200 found, 1,200 of them certain; 1 role, the principals of {HERE}"


def test_principals_with_the_same_path_share_a_line() -> None:
    way = "users (Testers: deny) -> iam:RemoveUserFromGroup on group Testers -> UpdateApp: T000, T001, T002"
    assert path_lines(crowd(200, "iam:RemoveUserFromGroup")) == [f"200 {way}, +197 more"]
    assert path_lines(crowd(3, "iam:RemoveUserFromGroup")) == [f"3 {way}"]


def test_paths_back_to_the_start_are_folded() -> None:
    account = crowd(4).role("Janitor", TRUST, inline={"a": allow("iam:DeleteGroupPolicy")})
    assert path_lines(account) == [
        "4 users (Testers: deny) -> role Janitor -> themselves, by iam:DeleteGroupPolicy on group Testers -> UpdateApp:"
        " T000, T001, T002, +1 more"
    ]


def test_paths_through_similar_principals_are_folded() -> None:
    account = crowd(2, "iam:CreateAccessKey")
    for number in range(1100):
        account.user(f"D{number:04}", "Developers")
    account.role("A", TRUST, inline={"a": ON_UPDATE_APP}).role("B", TRUST, inline={"a": ON_UPDATE_APP})
    assert path_lines(account)[:2] == [
        "2 users (Testers: deny) -> role A, role B -> UpdateApp: T000, T001",
        "2 users (Testers: deny) -> D0000, D0001, D0002, +1,097 more, by iam:CreateAccessKey -> UpdateApp: T000, T001",
    ]


def test_different_paths_are_not_folded() -> None:
    """Check kind, condition, group, reason, and users against roles."""
    account = tutorial()
    account.role("Guarded", trusts(arn("user", "Theresa"), Condition=MFA), inline={"a": ON_UPDATE_APP})
    account.role("Open", TRUST, inline={"b": ON_UPDATE_APP}).user("Norman", inline={"b": ON_UPDATE_APP})
    account.user("Nora", inline={"b": ON_UPDATE_APP}).user("Ned", inline={"c": ON_UPDATE_APP})
    for name in ("Auditor", "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef"):
        account.role(name, trusts(arn("user", "Nobody")), inline={"a": allow(ASSUME, arn("role", "Open"))})
    because = f"allows it; statement 1 of the trust policy admits account {HERE}"
    assert path_lines(account) == [
        "role Auditor (Auditor: deny) -> role Open -> UpdateApp",
        "role AWSReservedSSO_Ops_0123456789abcdef (permission set Ops: deny) -> role Open -> UpdateApp",
        "Theresa (Testers: deny) -> role Open -> UpdateApp",
        "Theresa (Testers: deny) -> role Guarded -> UpdateApp (only under conditions: aws:MultiFactorAuthPresent)",
        f"role Guarded -> UpdateApp: statement 1 of a (inline in role Guarded) {because}",
        f"role Open -> UpdateApp: statement 1 of b (inline in role Open) {because}",
        f"Ned -> UpdateApp: statement 1 of c (inline in Ned) {because}",
        f"2 users -> UpdateApp: Nora, Norman: statement 1 of b (inline in each) {because}",
    ]


ROLES = [arn("role", f"App{number:02}", PRODUCTION) for number in range(20)]


def many() -> tuple[Directory, list[TargetRole], StackOutputs]:
    account = AccountDetails().group("Testers", inline={"deny": deny(ASSUME, ROLES)})
    for number in range(20):
        account.user(
            f"T{number:02}", "Testers", inline={"own": allow([ASSUME, "iam:CreateAccessKey", "iam:PutUserPolicy"])}
        )
    account.role("Deployer", TRUST, inline={"a": allow(ASSUME, ROLES)})
    outputs = StackOutputs("development", groups={"Testers": {"allow": [], "deny": ROLES}})
    return account.directory(), [TargetRole(role, parse(TRUST)) for role in ROLES], outputs


def test_answers_that_do_not_depend_on_the_role_are_cached() -> None:
    directory, roles, _ = many()
    network = Network([directory], NOW)
    search = Search(network)

    def decide(role: TargetRole) -> int:
        before = network.evaluations
        for principal in directory.principals:
            search.paths(principal, role)
        return network.evaluations - before

    first, *others = [decide(role) for role in roles]
    # For another role, only its direct assumption by each principal, changed or not, is new.
    principals = len(network.others)
    takers = sum(map(may_take_over_any, network.others))
    assert takers * principals < first
    assert max(others) < first / 4
    assert [decide(role) for role in roles] == [0] * len(roles)


def test_reachable_principals_and_changes_are_cached() -> None:
    directory, *_ = many()
    network = Network([directory], NOW)
    actor, target = directory.principals[1:3]

    def count_evaluations() -> list[int]:
        counts = [network.evaluations]
        for _ in range(2):
            network.reachable(actor, Answer.YES)
            network.reachable(actor, Answer.CONDITIONAL)
            counts.append(network.evaluations)
            network.change(actor, target, Answer.YES)
            network.change(actor, target, Answer.CONDITIONAL)
            counts.append(network.evaluations)
        return [after - before for before, after in pairwise(counts)]

    reached, changed, *again = count_evaluations()
    assert (reached, again) == (len(network.others) - 1, [0, 0])
    assert changed > 0


@pytest.mark.parametrize("count", [1, 20])
def test_each_role_has_its_findings(count: int) -> None:
    directory, roles, outputs = many()
    found = find([directory], [(HERE, outputs)], roles[:count], NOW)
    by_role = {role.arn: [it for it in found.findings if it.role == role.arn] for role in roles[:count]}
    assert {len(several) for several in by_role.values()} == {len(found.findings) // count}
    assert UPDATE_APP not in by_role
