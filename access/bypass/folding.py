"""Findings that are alike, put together: one block for each role, kind and way."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from ..arn import account_of, kind_of
from ..iam.principals import label
from .findings import Finding
from .wording import conditions, reasons, segments

ALL_OF_THEM = "themselves"
"""The name of a principal that sets out, where a way leads back to it, in a block of several."""


@dataclass(frozen=True)
class Block:
    """Findings that differ in the principal that sets out, or in the one on the way, and in nothing else."""

    findings: tuple[Finding, ...]
    """One for each principal that sets out; of several principals on the way, the first."""
    through: tuple[str, ...]
    """The ARNs of the principals on the way, if the ways differ in them alone; otherwise none."""


def fold(findings: Iterable[Finding]) -> list[Block]:
    """Put findings together, in the order of the first of each block."""
    alike: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        alike.setdefault((_common(finding), *_way(finding)), []).append(finding)
    blocks: dict[Hashable, list[list[Finding]]] = {}
    for several in alike.values():
        principals = tuple(finding.principal for finding in several)
        blocks.setdefault((_common(several[0]), principals, _way(several[0], is_any=True)), []).append(several)
    return [
        Block(tuple(several[0]), tuple(each[0].steps[0].then for each in several) if len(several) > 1 else ())
        for several in blocks.values()
    ]


def _common(finding: Finding) -> Hashable:
    return finding.role, finding.kind, finding.denied_by, conditions(finding), kind_of(finding.principal)


def _way(finding: Finding, *, is_any: bool = False) -> tuple[Hashable, ...]:
    """Return the way in words, without the name of the principal, nor that of the one on the way, if any will do."""
    first = finding.steps[0].then if is_any and len(finding.steps) == 2 else None

    def name(arn: str) -> str:
        if arn == finding.principal:
            return ALL_OF_THEM
        return f"any {kind_of(arn)} of {account_of(arn)}" if arn == first else label(arn)

    return (*segments(finding, name), reasons(finding, of_several=True) if len(finding.steps) == 1 else "")
