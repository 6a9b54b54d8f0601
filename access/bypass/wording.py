"""A finding in words."""

import re
from collections.abc import Callable, Iterable

from ..arn import account_of, name_of
from ..iam.principals import label
from ..iam.rights import ASSUME
from .findings import Finding
from .paths import Step


def path(finding: Finding) -> str:
    """Return the way, e.g. ``Theresa (Testers: deny) -> role Deployer -> UpdateApp``."""
    return " -> ".join([f"{label(finding.principal)}{denials(finding)}", *segments(finding)])


def denials(finding: Finding) -> str:
    """Return by which groups the role is denied, in brackets, if it is."""
    return f" ({', '.join(f'{name}: deny' for name in finding.denied_by)})" if finding.denied_by else ""


def segments(finding: Finding, name: Callable[[str], str] = label) -> list[str]:
    """Return what follows the principal in the words for the way, step for step.

    Args:
        finding: the finding.
        name: gives principals and policies their names, by the ARN.
    """
    *before, last = finding.steps
    home, calls = account_of(finding.principal), _calls(last, last.then, name)
    return [*(_step(step, home, name) for step in before), name_of(finding.role) + (f", by {calls}" if calls else "")]


def _step(step: Step, home: str, name: Callable[[str], str]) -> str:
    if step.then == step.actor:
        return _calls(step, "", name)
    calls, account = _calls(step, step.then, name), account_of(step.then)
    who = name(step.then) + (f" of {account}" if account != home else "")
    return f"{who}, by {calls}" if calls else who


def _calls(step: Step, about: str, name: Callable[[str], str]) -> str:
    """Return the calls, but for assuming a role: what they are about goes without saying if one becomes it."""
    said = [
        call.action if call.resource == about else f"{call.action} on {name(call.resource)}"
        for call in step.calls
        if call.action != ASSUME
    ]
    return " and ".join([", ".join(said[:-1]), *said[-1:]]).removeprefix(" and ")


def conditions(finding: Finding) -> str:
    """Return what it hangs on, if on anything."""
    return ", ".join(sorted(finding.verdict.conditions))


def reasons(finding: Finding, *, of_several: bool = False) -> str:
    """Return what allows the last step: which statements of which policies.

    Args:
        finding: the finding.
        of_several: whether the principal stands for several, who have the same policies.
    """
    because = finding.steps[-1].calls[-1].because
    if not of_several:
        return because
    own = re.escape(label(finding.principal))
    return re.sub(rf"(attached to|inline in|admits|a session of) {own}(?=\)|;|$)", r"\1 each", because)


def source(action: str) -> str:
    """The page that describes a call."""
    service, _, operation = action.partition(":")
    return f'{"AWS STS" if service == "sts" else "IAM"} API Reference, "{operation}"'


def sources(findings: Iterable[Finding]) -> list[str]:
    """The calls of all these, but for assuming roles, with the pages that describe them."""
    actions = {call.action for finding in findings for step in finding.steps for call in step.calls} - {ASSUME}
    return [f"{action}: {source(action)}" for action in sorted(actions)]
