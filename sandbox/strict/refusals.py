"""The rules, by call, for refusals of AWS that MiniStack lacks.

A rule sees a request that its sender is allowed to make. MiniStack handles a request that no rule refuses.
"""

from collections.abc import Callable, Mapping, Sequence

from sandbox.strict import mfa, policy_documents, quotas, refusals_iam, refusals_sts
from sandbox.strict.accounts import Accounts
from sandbox.strict.refusal import Refusal

Rule = Callable[[Mapping[str, str]], Refusal | None]
"""Returns the refusal of a request with these parameters, if any."""


class Refusals:
    """All rules, by service and action."""

    def __init__(self, accounts: Accounts) -> None:
        self._rules = _rules(accounts)

    def refusal(self, service: str, parameters: Mapping[str, str]) -> Refusal | None:
        """Return AWS's refusal of a request, if any."""
        rules = self._rules.get((service, parameters.get("Action", "")), ())
        return next(filter(None, (rule(parameters) for rule in rules)), None)


def _malformed(name: str, find_error: Callable[[str], str | None]) -> Rule:
    """Return the rule that refuses an invalid policy in this parameter."""

    def rule(parameters: Mapping[str, str]) -> Refusal | None:
        error = find_error(parameters.get(name, ""))
        return Refusal(400, "MalformedPolicyDocument", error) if error else None

    return rule


def _rules(accounts: Accounts) -> Mapping[tuple[str, str], Sequence[Rule]]:
    def trust_policy_error(document: str) -> str | None:
        return policy_documents.trust_policy_error(document, accounts)

    policy = _malformed("PolicyDocument", policy_documents.identity_policy_error)
    protected = refusals_iam.protected_role
    iam: dict[str, Sequence[Rule]] = {
        "AddUserToGroup": [quotas.groups],
        "AddRoleToInstanceProfile": [protected],
        "AttachGroupPolicy": [refusals_iam.no_such_policy, quotas.attached("group")],
        "AttachRolePolicy": [protected, refusals_iam.no_such_policy, quotas.attached("role")],
        "AttachUserPolicy": [refusals_iam.no_such_policy, quotas.attached("user")],
        "CreateAccessKey": [quotas.access_keys],
        "CreateGroup": [refusals_iam.group_exists],
        "CreatePolicy": [refusals_iam.policy_exists, policy, quotas.managed_policy],
        "CreatePolicyVersion": [policy, quotas.managed_policy, quotas.versions],
        "CreateRole": [
            refusals_iam.role_exists,
            _malformed("AssumeRolePolicyDocument", trust_policy_error),
            quotas.trust_policy,
        ],
        "CreateUser": [refusals_iam.user_exists],
        "DeleteGroup": [refusals_iam.group_in_use],
        "DeletePolicy": [refusals_iam.policy_has_versions],
        "DeleteRole": [protected, refusals_iam.role_in_use],
        "DeleteRolePermissionsBoundary": [protected],
        "DeleteRolePolicy": [protected],
        "DeleteUser": [refusals_iam.user_in_use],
        "DetachRolePolicy": [protected],
        "EnableMFADevice": [mfa.check_codes],
        "ListAccessKeys": [refusals_iam.no_such_user],
        "ListMFADevices": [refusals_iam.no_such_user],
        "PutGroupPolicy": [policy, quotas.inline("group")],
        "PutRolePermissionsBoundary": [protected],
        "PutRolePolicy": [protected, policy, quotas.inline("role")],
        "PutUserPolicy": [policy, quotas.inline("user")],
        "RemoveRoleFromInstanceProfile": [protected],
        "UpdateAssumeRolePolicy": [protected, _malformed("PolicyDocument", trust_policy_error), quotas.trust_policy],
        "UpdateGroup": [refusals_iam.new_group_name_exists],
        "UpdateRole": [protected],
        "UpdateRoleDescription": [protected],
    }
    sts: dict[str, Sequence[Rule]] = {
        "AssumeRole": [refusals_sts.chained_for_long, refusals_sts.longer_than_role_allows],
    }
    by_service = {"iam": iam, "sts": sts}
    return {(service, action): rules for service, calls in by_service.items() for action, rules in calls.items()}
