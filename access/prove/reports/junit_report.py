"""A proof as JUnit XML, which CI systems show as tests."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ...escaping import for_xml
from ...reading.values import Finding, Reading, Review
from ..echoes import causes
from ..matrix import Cell, Proof
from .summary import RoleResults, by_role, echo, exception, origin, outcome, verdict, witness


def render(proof: Proof) -> str:
    """Return the proof as JUnit XML: suites of readings by account, and of cells by role.

    What was not read or tried, and known exceptions, are skipped.
    """
    seconds = _seconds(proof.ended - proof.started)
    root = Element("testsuites", {"name": "access prove"})
    if proof.origin:
        about = SubElement(root, "testsuite", {"name": for_xml(f"of {origin(proof)}")})
        SubElement(about, "testcase", {"classname": "proof", "name": for_xml(verdict(proof)), "time": "0"})
    review = proof.review or Review(())
    for account_id in dict.fromkeys(reading.account_id for reading in review.readings):
        suite = SubElement(root, "testsuite", {"name": f"readings of {account_id}"})
        for reading in review.readings:
            if reading.account_id == account_id:
                _read(suite, reading)
    causing = causes(proof)
    for of in by_role(proof):
        _suite(root, of, causing, proof.started.replace(tzinfo=None).isoformat(timespec="seconds"))
    unproved = ["nothing was read"] if proof.review and not review.readings else []
    _named(root, "unproved", [*unproved, *proof.unproved], "error", "not tried, and it has to be")
    _named(root, "known exceptions", [exception(known) for known in review.known], "skipped", "a known exception")
    _named(root, "not read", review.not_read, "skipped", "not read")
    _named(root, "not tried", proof.not_tried, "skipped", "not tried")
    for element in (*root, root):
        element.attrib |= _numbers(element)
    root.attrib["time"] = seconds
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _read(suite: Element, reading: Reading) -> None:
    name = for_xml(f"{reading.subject}: {reading.what}")
    case = SubElement(suite, "testcase", {"classname": for_xml(reading.id), "name": name, "time": "0"})
    if not reading.holds:
        decided = any(finding.kind != "undecided" for finding in reading.findings)
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in reading.findings))
        found = SubElement(case, "failure" if decided else "error", {"message": "not as declared", "type": kinds})
        found.text = for_xml("\n".join(line for finding in reading.findings for line in _lines(finding)))


def _lines(finding: Finding) -> list[str]:
    shown = witness(finding)
    return [f"{finding.kind}: {finding.text}", *finding.because, *([f"e.g. {shown}"] if shown else [])]


def _named(root: Element, name: str, texts: Sequence[str], kind: str, message: str) -> None:
    """Add a suite of tests that were not made, if there are any."""
    if texts:
        suite = SubElement(root, "testsuite", {"name": name})
        for text in texts:
            case = SubElement(suite, "testcase", {"classname": name, "name": for_xml(text), "time": "0"})
            SubElement(case, kind, {"message": message, **({} if kind == "skipped" else {"type": name})})


def _suite(root: Element, of: RoleResults, causing: Mapping[Cell, Cell], started: str) -> None:
    suite = SubElement(root, "testsuite", {"name": for_xml(of.role.arn), "time": "0", "timestamp": started})
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


def _numbers(parent: Element) -> dict[str, str]:
    """Return the numbers that a suite, or all of them, have to give of what is in it."""
    tags = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    return {name: str(sum(1 for _ in parent.iter(tag))) for name, tag in tags.items()}


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.3f}"
