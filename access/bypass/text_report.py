"""Write a bypass report as text: a summary, then one line for each path."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..arn import account_of, kind_of, name_of
from ..escaping import visible
from ..iam.principals import label
from .findings import Finding, Report
from .folding import THEMSELVES, Block, fold
from .wording import conditions, denials, reasons, segments, sources

_HEADINGS = {"around a Deny": "around a Deny", "not meant": "unintended access"}

_KNOWN = "known administrators, whose profiles were used, may assume the roles too"

_NAMED = 3
"""The maximum number of names listed."""


def render(report: Report) -> str:
    """Return the report as text: the summary, the findings for each role, then the parts not checked."""
    lines = [_summary(report), ""]
    for role, findings in groupby(report.findings, key=lambda finding: finding.role):
        lines += [f"{name_of(role)} of {account_of(role)} ({role})", *_of_role(list(findings)), ""]
    pages = sources(report.findings)
    if pages:
        lines += ["the calls, and the pages that document them", *(f"  {page}" for page in pages), ""]
    if report.administrators:
        lines += [_KNOWN, *(f"  {label(arn)} of {account_of(arn)}" for arn in report.administrators), ""]
    lines += ["not checked", *(f"  {text}" for text in report.not_seen)]
    return "\n".join(visible(line) for line in lines) + "\n"


def _of_role(findings: list[Finding]) -> Iterator[str]:
    for kind, of_kind in groupby(findings, key=lambda finding: finding.kind):
        yield f"  {_HEADINGS[kind]}"
        for block in fold(of_kind):
            yield f"    {_line(block)}"


def _line(block: Block) -> str:
    finding, is_one = block.findings[0], len(block.findings) == 1

    def name(arn: str) -> str:
        if arn == finding.principal and not is_one:
            return THEMSELVES
        return _some(block.through) if block.through and arn == finding.steps[0].then else label(arn)

    start = label(finding.principal) if is_one else _count(len(block.findings), kind_of(finding.principal))
    line = " -> ".join([f"{start}{denials(finding)}", *segments(finding, name)])
    if not finding.is_certain:
        line += f" (only under conditions: {conditions(finding)})"
    if not is_one:
        line += f": {_some([each.principal for each in block.findings])}"
    return line + (f": {reasons(finding, of_several=not is_one)}" if len(finding.steps) == 1 else "")


def _some(arns: Sequence[str]) -> str:
    left = len(arns) - _NAMED
    return ", ".join([*map(label, arns[:_NAMED]), *([f"+{left:,} more"] if left > 0 else [])])


def _summary(report: Report) -> str:
    scope = f"{_count(len(report.roles), 'role')}, the principals of {', '.join(report.account_ids)}"
    if not report.findings:
        return f"nothing found; {scope}"
    certain = sum(finding.is_certain for finding in report.findings)
    return f"{len(report.findings):,} found, {certain:,} of them certain; {scope}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
