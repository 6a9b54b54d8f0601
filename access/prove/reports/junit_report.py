"""A proof as JUnit XML, which CI systems show as tests."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from access.escaping import for_xml
from access.prove.echoes import causes
from access.prove.matrix import Cell, Proof
from access.prove.reports.summary import Counts, RoleResults, by_role, count, echo, outcome


def render(proof: Proof) -> str:
    """The proof as JUnit XML: a suite for each role, a test for each cell. What was not tried is skipped."""
    seconds = _seconds(proof.ended - proof.started)
    cells, unproved = count(proof.cells), len(proof.unproved)
    everything = replace(cells, cells=cells.cells + unproved, inconclusive=cells.inconclusive + unproved)
    root = Element(
        "testsuites", {"name": "access prove", **_numbers(everything, len(proof.not_tried)), "time": seconds}
    )
    causing = causes(proof)
    for of in by_role(proof):
        _suite(root, of, causing, proof.started.replace(tzinfo=None).isoformat(timespec="seconds"))
    if proof.unproved:
        suite = SubElement(
            root, "testsuite", {"name": "unproved", **_numbers(Counts(unproved, 0, 0, unproved), skipped=0)}
        )
        for text in proof.unproved:
            case = SubElement(suite, "testcase", {"classname": "unproved", "name": for_xml(text), "time": "0"})
            SubElement(case, "error", {"message": "not tried, and it has to be", "type": "unproved"})
    if proof.not_tried:
        suite = SubElement(root, "testsuite", {"name": "not tried", **_numbers(count([]), len(proof.not_tried))})
        for text in proof.not_tried:
            case = SubElement(suite, "testcase", {"classname": "not tried", "name": for_xml(text), "time": "0"})
            SubElement(case, "skipped", {"message": "not tried"})
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, of: RoleResults, causing: Mapping[Cell, Cell], started: str) -> None:
    numbers = _numbers(count(of.cells), skipped=0)
    suite = SubElement(root, "testsuite", {"name": for_xml(of.role.arn), **numbers, "time": "0", "timestamp": started})
    for cell in of.cells:
        name = for_xml(f"{cell.principal}: {cell.action}")
        case = SubElement(suite, "testcase", {"classname": for_xml(of.role.name), "name": name, "time": "0"})
        if not cell.matches:
            _not_as_expected(case, cell, echo(cell, causing))


def _not_as_expected(case: Element, cell: Cell, echo_of: str) -> None:
    kind = "error" if outcome(cell) == "inconclusive" else "failure"
    message = f"{cell.result}, {cell.expected} expected"
    found = SubElement(case, kind, {"message": message, "type": cell.result})
    found.text = for_xml(f"{cell.operation}: {message}, because: {cell.because}\n{cell.detail}\n{echo_of}".rstrip("\n"))


def _numbers(counts: Counts, skipped: int) -> dict[str, str]:
    return {
        "tests": str(counts.cells + skipped),
        "failures": str(counts.not_as_expected),
        "errors": str(counts.inconclusive),
        "skipped": str(skipped),
    }


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.3f}"
