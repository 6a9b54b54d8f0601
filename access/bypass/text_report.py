"""What was found, for the terminal: a line for each finding."""

from collections.abc import Iterator
from itertools import groupby

from access.arn import account_of
from access.bypass.findings import Finding, Report
from access.bypass.wording import conditions, path, reasons, sources
from access.escaping import visible
from access.iam.principals import label

_HEADINGS = {"around a Deny": "around a Deny", "not meant": "opened without anyone having meant it"}

_KNOWN = "may assume the roles too: administrators by whose profiles this was read"


def render(report: Report) -> str:
    """The report as lines of text: role for role what was found, then what was not seen, then the sum of it."""
    lines: list[str] = []
    for role, findings in groupby(report.findings, key=lambda finding: finding.role):
        lines += [f"{role.rpartition('/')[2]} of {role.split(':')[4]} ({role})", *_of_role(list(findings)), ""]
    pages = sources(report.findings)
    if pages:
        lines += ["the calls, and the pages that describe them", *(f"  {page}" for page in pages), ""]
    if report.administrators:
        lines += [_KNOWN, *(f"  {label(arn)} of {account_of(arn)}" for arn in report.administrators), ""]
    lines += ["not seen", *(f"  {text}" for text in report.not_seen), "", _sum(report)]
    return "\n".join(visible(line) for line in lines) + "\n"


def _of_role(findings: list[Finding]) -> Iterator[str]:
    for kind, several in groupby(findings, key=lambda finding: finding.kind):
        yield f"  {_HEADINGS[kind]}"
        for finding in several:
            yield f"    {_line(finding)}"


def _line(finding: Finding) -> str:
    why = f": {reasons(finding)}" if len(finding.steps) == 1 else ""
    only = "" if finding.is_certain else f" (only under conditions: {conditions(finding)})"
    return f"{path(finding)}{only}{why}"


def _sum(report: Report) -> str:
    where = f"{_count(len(report.roles), 'role')}, the principals of {', '.join(report.account_ids)}"
    if not report.findings:
        return f"nothing found; {where}"
    certain = sum(finding.is_certain for finding in report.findings)
    return f"{len(report.findings)} found, {certain} of them certain; {where}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
