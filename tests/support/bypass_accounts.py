"""The tutorial's account with more rights, and the findings of ``access bypass`` in it."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from access.bypass.findings import Report, find
from access.bypass.paths import TargetRole
from access.bypass.wording import conditions, path
from access.iam.documents import parse
from access.stack_outputs import StackOutputs
from tests.support.iam_accounts import (
    HERE,
    PRODUCTION,
    AccountDetails,
    Document,
    allow,
    arn,
    deny,
    root,
    trusts,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ASSUME = "sts:AssumeRole"
UPDATE_APP = arn("role", "UpdateApp", PRODUCTION)
OUTPUTS = StackOutputs(
    "development",
    groups={"Developers": {"allow": [UPDATE_APP], "deny": []}, "Testers": {"allow": [], "deny": [UPDATE_APP]}},
    grantee_roles={"Builder": {"allow": [UPDATE_APP], "deny": []}, "Auditor": {"allow": [], "deny": [UPDATE_APP]}},
    permission_sets={"Dev": {"allow": [UPDATE_APP], "deny": []}, "Ops": {"allow": [], "deny": [UPDATE_APP]}},
)
ON_UPDATE_APP, DENIED = allow(ASSUME, UPDATE_APP), deny(ASSUME, UPDATE_APP)
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
TRUST = trusts(root())
CLOSED = trusts(arn("role", "nobody"))
SHUT = {"Effect": "Allow", "NotPrincipal": {"AWS": [HERE, "222222222222"]}, "Action": ASSUME}


def tutorial() -> AccountDetails:
    """Return the tutorial's account as deployed."""
    account = AccountDetails()
    account.group("Developers", inline={"allow": ON_UPDATE_APP}).group("Testers", inline={"deny": DENIED})
    account.user("David", "Developers", attached=["PowerUserAccess"])
    return account.user("Theresa", "Testers", attached=["PowerUserAccess"])


def theresa_with(**rights: Any) -> AccountDetails:  # noqa: ANN401
    """Return the tutorial's account with other rights for Theresa."""
    account = AccountDetails()
    account.group("Developers", inline={"allow": ON_UPDATE_APP}).group("Testers", inline={"deny": DENIED})
    account.user("David", "Developers", attached=["PowerUserAccess"])
    return account.user("Theresa", "Testers", **rights)


def report(
    account: AccountDetails, trust: Document = TRUST, *others: AccountDetails, callers: Collection[str] = ()
) -> Report:
    directories = [it.directory() for it in (account, *others)]
    return find(directories, [(HERE, OUTPUTS)], [TargetRole(UPDATE_APP, parse(trust))], NOW, callers)


def paths_of(found: Report) -> list[str]:
    return [path(each) + ("" if each.is_certain else f" if {conditions(each)}") for each in found.findings]
