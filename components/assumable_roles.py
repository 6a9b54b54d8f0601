"""The roles in an assume-role policy, the moments at which access ends, and the policy's statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import pulumi

from . import rules
from .args import GroupAssumePolicyArgs
from .partition import Partition, check_against
from .policies import Condition, Effect, Statement, statement
from .validation import InvalidValue, when_known


@dataclass(frozen=True)
class AssumableRoles:
    """ARNs of roles. Not a mapping, because the SDK would look into it at each use."""

    always: Sequence[str]
    """The ARNs without an end, sorted, each once."""
    until: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The ARNs with an end, by that moment; sorted, each once."""

    @property
    def arns(self) -> list[str]:
        """All ARNs, sorted."""
        return sorted([*self.always, *(arn for arns in self.until.values() for arn in arns)])

    @property
    def ends(self) -> dict[str, str]:
        """The moments at which access ends, by ARN."""
        return {arn: moment for moment, arns in self.until.items() for arn in arns}


def known_roles(partition: pulumi.Output[Partition], args: GroupAssumePolicyArgs) -> pulumi.Output[AssumableRoles]:
    """Return the roles of a policy, checked, once all are known."""
    always, until = args.get("role_arns", []), args.get("role_arns_until")
    if not until:  # the usual case, which needs one output fewer
        return when_known(always, partial(_checked, partition, {}))
    lists: Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]] = {_ALWAYS: always, **until}
    return when_known(lists, partial(_checked_lists, partition))


_ALWAYS = ""


async def _checked_lists(partition: pulumi.Output[Partition], lists: Mapping[str, Sequence[str]]) -> AssumableRoles:
    until = {moment: arns for moment, arns in lists.items() if moment != _ALWAYS}
    return await _checked(partition, until, lists[_ALWAYS])


async def _checked(
    partition: pulumi.Output[Partition], until: Mapping[str, Sequence[str]], always: Sequence[str]
) -> AssumableRoles:
    rules.each(rules.role_arn, least=0 if until else 1)("role_arns", always)
    rules.role_arns_by_moment("role_arns_until", until)
    seen = dict.fromkeys(always, "role_arns")
    for moment, arns in until.items():
        key = f"role_arns_until.{moment}"
        for index, arn in enumerate(arns):
            if seen.setdefault(arn, key) != key:
                raise InvalidValue(f"{key}[{index}]", arn, f"{seen[arn]} has it too; remove one of the two")
    for key, arns in (("role_arns", always), *((f"role_arns_until.{moment}", arns) for moment, arns in until.items())):
        await check_against(partition, key, arns)
    return AssumableRoles(sorted(set(always)), {moment: sorted(set(until[moment])) for moment in sorted(until)})


def assume_role_statements(args: GroupAssumePolicyArgs, effect: Effect, roles: AssumableRoles) -> list[Statement]:
    """Return the statements that allow or deny assuming the roles; those with an end, until then.

    Source: IAM User Guide, "AWS: Allows access based on date and time".
    """
    statements = _statements(args, effect, roles.always) if roles.always else []
    for moment, role_arns in roles.until.items():
        statements += _statements(args, effect, role_arns, moment)
    return statements


def _statements(
    args: GroupAssumePolicyArgs, effect: Effect, role_arns: Sequence[str], moment: str = ""
) -> list[Statement]:
    before: Condition = {"DateLessThan": {"aws:CurrentTime": moment}} if moment else {}
    sid = f"Until{moment.translate(_NOT_IN_SIDS)}" if moment else ""
    named: Condition = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    bound = named if args.get("bind_session_name") else {}
    made = [statement(f"{effect}AssumeRole{sid}", effect, ["sts:AssumeRole"], role_arns, condition=bound | before)]
    if args.get("source_identity"):
        own_name: Condition = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}
        made.append(
            statement(
                f"SetSourceIdentity{sid}", effect, ["sts:SetSourceIdentity"], role_arns, condition=own_name | before
            )
        )
    if args.get("session_tags"):
        made.append(statement(f"TagSession{sid}", effect, ["sts:TagSession"], role_arns, condition=before))
    return made


_NOT_IN_SIDS = str.maketrans("", "", "-:")
