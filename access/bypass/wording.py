"""A finding in words."""

from collections.abc import Iterable

from access.arn import account_of, name_of
from access.bypass.findings import Finding
from access.bypass.paths import Step
from access.iam.principals import label
from access.iam.rights import ASSUME


def path(finding: Finding) -> str:
    """The way, e.g. ``Theresa (Testers: deny) -> role Deployer -> UpdateApp``."""
    denied = ", ".join(f"{name}: deny" for name in finding.denied_by)
    start = label(finding.principal) + (f" ({denied})" if denied else "")
    *before, _ = finding.steps
    home = account_of(finding.principal)
    return " -> ".join([start, *(_step(step, home) for step in before), name_of(finding.role)])


def _step(step: Step, home: str) -> str:
    if step.then == step.actor:
        return _calls(step, about="")
    calls, account = _calls(step, about=step.then), account_of(step.then)
    who = label(step.then) + (f" of {account}" if account != home else "")
    return f"{who}, by {calls}" if calls else who


def _calls(step: Step, about: str) -> str:
    """The calls, but for assuming a role: what they are about goes without saying if it is who one becomes."""
    said = [
        call.action if call.resource == about else f"{call.action} on {label(call.resource)}"
        for call in step.calls
        if call.action != ASSUME
    ]
    return " and ".join([", ".join(said[:-1]), *said[-1:]]).removeprefix(" and ")


def conditions(finding: Finding) -> str:
    """What it hangs on, if on anything."""
    return ", ".join(sorted(finding.verdict.conditions))


def reasons(finding: Finding) -> str:
    """What allows the last step: which statements of which policies."""
    return finding.steps[-1].calls[-1].because


def source(action: str) -> str:
    """The page that describes a call."""
    service, _, operation = action.partition(":")
    return f'{"AWS STS" if service == "sts" else "IAM"} API Reference, "{operation}"'


def sources(findings: Iterable[Finding]) -> list[str]:
    """The calls of all these, but for assuming roles, with the pages that describe them."""
    actions = {call.action for finding in findings for step in finding.steps for call in step.calls} - {ASSUME}
    return [f"{action}: {source(action)}" for action in sorted(actions)]
