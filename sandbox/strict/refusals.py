"""The refusals of AWS that MiniStack lacks, by call: which rules are asked about which.

A rule sees a request that its sender is allowed to make, and leaves to MiniStack whatever it does not refuse.
"""

from collections.abc import Callable, Mapping, Sequence

from sandbox.strict import mfa, policy_documents, quotas, refusals_iam, refusals_sts
from sandbox.strict.accounts import Accounts
from sandbox.strict.refusal import Refusal

Rule = Callable[[Mapping[str, str]], Refusal | None]
"""Returns why a request with these parameters is refused, if it is."""


class Refusals:
    """All rules, by service and action."""

    def __init__(self, accounts: Accounts) -> None:
        self._rules = _rules(accounts)

    def refusal(self, service: str, parameters: Mapping[str, str]) -> Refusal | None:
        """Return why AWS refuses a request, if it does."""
        rules = self._rules.get((service, parameters.get("Action", "")), ())
        return next(filter(None, (rule(parameters) for rule in rules)), None)


def _malformed(name: str, wrong_with: Callable[[str], str | None]) -> Rule:
    """Return the rule that refuses what is no policy in this parameter."""

    def rule(parameters: Mapping[str, str]) -> Refusal | None:
        wrong = wrong_with(parameters.get(name, ""))
        return Refusal(400, "MalformedPolicyDocument", wrong) if wrong else None

    return rule


def _rules(accounts: Accounts) -> Mapping[tuple[str, str], Sequence[Rule]]:
    def is_trust_policy(document: str) -> str | None:
        return policy_documents.wrong_with_trust_policy(document, accounts)

    policy = _malformed("PolicyDocument", policy_documents.wrong_with_identity_policy)
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
            _malformed("AssumeRolePolicyDocument", is_trust_policy),
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
        "UpdateAssumeRolePolicy": [protected, _malformed("PolicyDocument", is_trust_policy), quotas.trust_policy],
        "UpdateGroup": [refusals_iam.new_group_name_exists],
        "UpdateRole": [protected],
        "UpdateRoleDescription": [protected],
    }
    sts: dict[str, Sequence[Rule]] = {
        "AssumeRole": [refusals_sts.chained_for_long, refusals_sts.longer_than_role_allows],
    }
    return {(service, action): rules for service, of in (("iam", iam), ("sts", sts)) for action, rules in of.items()}
