"""Write a proof as JUnit XML, which CI systems show as tests."""

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

    Parts that were not read or tested, and known exceptions, are skipped tests.
    """
    seconds = _seconds(proof.ended - proof.started)
    root = Element("testsuites", {"name": "access prove"})
    if proof.origin:
        suite = SubElement(root, "testsuite", {"name": for_xml(f"of {origin(proof)}")})
        SubElement(suite, "testcase", {"classname": "proof", "name": for_xml(verdict(proof)), "time": "0"})
    review = proof.review or Review(())
    for account_id in dict.fromkeys(reading.account_id for reading in review.readings):
        suite = SubElement(root, "testsuite", {"name": f"readings of {account_id}"})
        for reading in review.readings:
            if reading.account_id == account_id:
                _reading_case(suite, reading)
    causing = causes(proof)
    for results in by_role(proof):
        _role_suite(root, results, causing, proof.started.replace(tzinfo=None).isoformat(timespec="seconds"))
    unproved = ["nothing was read"] if proof.review and not review.readings else []
    _skipped_suite(root, "unproved", [*unproved, *proof.unproved], "error", "must be tested, and was not")
    _skipped_suite(
        root, "known exceptions", [exception(known) for known in review.known], "skipped", "a known exception"
    )
    _skipped_suite(root, "not read", review.not_read, "skipped", "not read")
    _skipped_suite(root, "not tested", proof.not_tried, "skipped", "not tested")
    for element in (*root, root):
        element.attrib |= _numbers(element)
    root.attrib["time"] = seconds
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _reading_case(suite: Element, reading: Reading) -> None:
    name = for_xml(f"{reading.subject}: {reading.question}")
    case = SubElement(suite, "testcase", {"classname": for_xml(reading.id), "name": name, "time": "0"})
    if not reading.holds:
        decided = any(finding.kind != "undecided" for finding in reading.findings)
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in reading.findings))
        found = SubElement(case, "failure" if decided else "error", {"message": "not as declared", "type": kinds})
        found.text = for_xml("\n".join(line for finding in reading.findings for line in _lines(finding)))


def _lines(finding: Finding) -> list[str]:
    shown = witness(finding)
    return [f"{finding.kind}: {finding.text}", *finding.because, *([f"e.g. {shown}"] if shown else [])]


def _skipped_suite(root: Element, name: str, texts: Sequence[str], kind: str, message: str) -> None:
    """Add a suite of skipped or missing tests, if there are any."""
    if texts:
        suite = SubElement(root, "testsuite", {"name": name})
        for text in texts:
            case = SubElement(suite, "testcase", {"classname": name, "name": for_xml(text), "time": "0"})
            SubElement(case, kind, {"message": message, **({} if kind == "skipped" else {"type": name})})


def _role_suite(root: Element, results: RoleResults, causing: Mapping[Cell, Cell], started: str) -> None:
    suite = SubElement(root, "testsuite", {"name": for_xml(results.role.arn), "time": "0", "timestamp": started})
    for cell in results.cells:
        name = for_xml(f"{cell.principal}: {cell.action}")
        case = SubElement(suite, "testcase", {"classname": for_xml(results.role.name), "name": name, "time": "0"})
        if not cell.matches:
            _not_as_expected(case, cell, echo(cell, causing))


def _not_as_expected(case: Element, cell: Cell, echo_of: str) -> None:
    kind = "error" if outcome(cell) == "inconclusive" else "failure"
    message = f"{cell.result}, {cell.expected} expected"
    found = SubElement(case, kind, {"message": message, "type": cell.result})
    found.text = for_xml(f"{cell.operation}: {message}, because: {cell.because}\n{cell.detail}\n{echo_of}".rstrip("\n"))


def _numbers(parent: Element) -> dict[str, str]:
    """Return the numbers of tests, failures, errors and skipped tests in an element."""
    tags = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    return {name: str(sum(1 for _ in parent.iter(tag))) for name, tag in tags.items()}


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.3f}"
