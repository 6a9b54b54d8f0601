"""What was found, for the terminal: the sum of it, then a line for each way that one principal or several can take."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..arn import account_of, kind_of
from ..escaping import visible
from ..iam.principals import label
from .findings import Finding, Report
from .folding import ALL_OF_THEM, Block, fold
from .wording import conditions, denials, reasons, segments, sources

_HEADINGS = {"around a Deny": "around a Deny", "not meant": "opened without anyone having meant it"}

_KNOWN = "may assume the roles too: administrators by whose profiles this was read"

_NAMED = 3
"""So many of several are named."""


def render(report: Report) -> str:
    """Return the report as lines of text: the sum of it, role for role what was found, then what was not seen."""
    lines = [_sum(report), ""]
    for role, findings in groupby(report.findings, key=lambda finding: finding.role):
        lines += [f"{role.rpartition('/')[2]} of {role.split(':')[4]} ({role})", *_of_role(list(findings)), ""]
    pages = sources(report.findings)
    if pages:
        lines += ["the calls, and the pages that describe them", *(f"  {page}" for page in pages), ""]
    if report.administrators:
        lines += [_KNOWN, *(f"  {label(arn)} of {account_of(arn)}" for arn in report.administrators), ""]
    lines += ["not seen", *(f"  {text}" for text in report.not_seen)]
    return "\n".join(visible(line) for line in lines) + "\n"


def _of_role(findings: list[Finding]) -> Iterator[str]:
    for kind, several in groupby(findings, key=lambda finding: finding.kind):
        yield f"  {_HEADINGS[kind]}"
        for block in fold(several):
            yield f"    {_line(block)}"


def _line(block: Block) -> str:
    finding, is_one = block.findings[0], len(block.findings) == 1

    def name(arn: str) -> str:
        if arn == finding.principal and not is_one:
            return ALL_OF_THEM
        return _some(block.through) if block.through and arn == finding.steps[0].then else label(arn)

    who = label(finding.principal) if is_one else _count(len(block.findings), kind_of(finding.principal))
    line = " -> ".join([f"{who}{denials(finding)}", *segments(finding, name)])
    if not finding.is_certain:
        line += f" (only under conditions: {conditions(finding)})"
    if not is_one:
        line += f": {_some([it.principal for it in block.findings])}"
    return line + (f": {reasons(finding, of_several=not is_one)}" if len(finding.steps) == 1 else "")


def _some(arns: Sequence[str]) -> str:
    left = len(arns) - _NAMED
    return ", ".join([*map(label, arns[:_NAMED]), *([f"+{left:,} more"] if left > 0 else [])])


def _sum(report: Report) -> str:
    where = f"{_count(len(report.roles), 'role')}, the principals of {', '.join(report.account_ids)}"
    if not report.findings:
        return f"nothing found; {where}"
    certain = sum(finding.is_certain for finding in report.findings)
    return f"{len(report.findings):,} found, {certain:,} of them certain; {where}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
