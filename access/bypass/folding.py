"""Group similar findings: one block for each role, kind and path."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from ..arn import account_of, kind_of
from ..iam.principals import label
from .findings import Finding
from .wording import conditions, reasons, segments

THEMSELVES = "themselves"
"""The name of the starting principals where a path returns to them, in a block of several."""


@dataclass(frozen=True)
class Block:
    """Findings that differ only in the starting principal, or in the one principal between."""

    findings: tuple[Finding, ...]
    """One for each starting principal, through the first of the principals between."""
    through: tuple[str, ...]
    """The ARNs of the principals between, if the paths differ only in them; otherwise empty."""


def fold(findings: Iterable[Finding]) -> list[Block]:
    """Group findings, in the order of the first finding of each block."""
    alike: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        alike.setdefault((_common(finding), *_path_text(finding)), []).append(finding)
    blocks: dict[Hashable, list[list[Finding]]] = {}
    for group in alike.values():
        principals = tuple(finding.principal for finding in group)
        blocks.setdefault((_common(group[0]), principals, _path_text(group[0], is_any=True)), []).append(group)
    return [
        Block(tuple(group[0]), tuple(each[0].steps[0].then for each in group) if len(group) > 1 else ())
        for group in blocks.values()
    ]


def _common(finding: Finding) -> Hashable:
    return finding.role, finding.kind, finding.denied_by, conditions(finding), kind_of(finding.principal)


def _path_text(finding: Finding, *, is_any: bool = False) -> tuple[Hashable, ...]:
    """Return the path's text without the starting principal, and with ``is_any`` without the one between."""
    first = finding.steps[0].then if is_any and len(finding.steps) == 2 else None

    def name(arn: str) -> str:
        if arn == finding.principal:
            return THEMSELVES
        return f"any {kind_of(arn)} of {account_of(arn)}" if arn == first else label(arn)

    return (*segments(finding, name), reasons(finding, of_several=True) if len(finding.steps) == 1 else "")
