"""Describe a finding as text."""

import re
from collections.abc import Callable, Iterable

from ..arn import account_of, name_of
from ..iam.principals import label
from ..iam.rights import ASSUME
from .findings import Finding
from .paths import Step


def path(finding: Finding) -> str:
    """Return the path, e.g. ``Theresa (Testers: deny) -> role Deployer -> UpdateApp``."""
    return " -> ".join([f"{label(finding.principal)}{denials(finding)}", *segments(finding)])


def denials(finding: Finding) -> str:
    """Return the groups to which the role is denied, in parentheses; empty if there are none."""
    return f" ({', '.join(f'{name}: deny' for name in finding.denied_by)})" if finding.denied_by else ""


def segments(finding: Finding, name: Callable[[str], str] = label) -> list[str]:
    """Return the text of the path after the principal, one for each step.

    Args:
        finding: the finding.
        name: a function from the ARN of a principal or policy to its name.
    """
    *before, last = finding.steps
    home, calls = account_of(finding.principal), _calls(last, last.then, name)
    return [*(_step(step, home, name) for step in before), name_of(finding.role) + (f", by {calls}" if calls else "")]


def _step(step: Step, home: str, name: Callable[[str], str]) -> str:
    if step.then == step.actor:
        return _calls(step, "", name)
    calls, account = _calls(step, step.then, name), account_of(step.then)
    principal = name(step.then) + (f" of {account}" if account != home else "")
    return f"{principal}, by {calls}" if calls else principal


def _calls(step: Step, target: str, name: Callable[[str], str]) -> str:
    """Return the calls without sts:AssumeRole. The resource is omitted if it is the target of the step."""
    texts = [
        call.action if call.resource == target else f"{call.action} on {name(call.resource)}"
        for call in step.calls
        if call.action != ASSUME
    ]
    return " and ".join([", ".join(texts[:-1]), *texts[-1:]]).removeprefix(" and ")


def conditions(finding: Finding) -> str:
    """Return the conditions that the finding depends on."""
    return ", ".join(sorted(finding.verdict.conditions))


def reasons(finding: Finding, *, of_several: bool = False) -> str:
    """Return the statements and policies that allow the last step.

    Args:
        finding: the finding.
        of_several: whether the principal represents several with the same policies.
    """
    because = finding.steps[-1].calls[-1].because
    if not of_several:
        return because
    own = re.escape(label(finding.principal))
    return re.sub(rf"(attached to|inline in|admits|a session of) {own}(?=\)|;|$)", r"\1 each", because)


def source(action: str) -> str:
    """Return the page that documents a call."""
    service, _, operation = action.partition(":")
    return f'{"AWS STS" if service == "sts" else "IAM"} API Reference, "{operation}"'


def sources(findings: Iterable[Finding]) -> list[str]:
    """Return the calls of the findings without sts:AssumeRole, each with the page that documents it."""
    actions = {call.action for finding in findings for step in finding.steps for call in step.calls} - {ASSUME}
    return [f"{action}: {source(action)}" for action in sorted(actions)]
