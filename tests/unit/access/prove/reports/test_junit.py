"""Test the JUnit XML of a proof: it follows the format's rules, and a reader of that format finds every cell."""

import re
from collections import Counter
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped

from access.escaping import for_xml
from access.prove.matrix import Proof
from access.prove.reports import junit_report
from access.prove.reports.summary import count
from tests.support import proofs

STABLE = settings(derandomize=True, max_examples=100, deadline=None)

# What JUnit.xsd of the JUnit-Schema project and Jenkins' junit-10.xsd have in common: the attributes of each element,
# with a * for required ones, and its children.
RULES: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": (
        {"name*", "tests*", "failures*", "errors*", "skipped", "time", "timestamp"},
        {"testcase"},
    ),
    "testcase": ({"name*", "classname*", "time*"}, {"skipped", "error", "failure"}),
    "failure": ({"message", "type*"}, set()),
    "error": ({"message", "type*"}, set()),
    "skipped": ({"message"}, set()),
}
NUMBER = re.compile(r"\d+")
VALUES = {
    "tests": NUMBER,
    "failures": NUMBER,
    "errors": NUMBER,
    "skipped": NUMBER,
    "time": re.compile(r"-?\d+(\.\d+)?"),
    "timestamp": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
}


def check(element: ElementTree.Element) -> None:
    """Check that an element and its content follow the rules."""
    attributes, children = RULES[element.tag]
    assert set(element.attrib) <= {name.rstrip("*") for name in attributes}
    assert {name.rstrip("*") for name in attributes if name.endswith("*")} <= set(element.attrib)
    for name, pattern in VALUES.items():
        if name in element.attrib:
            assert pattern.fullmatch(element.attrib[name]), f"{name}={element.attrib[name]!r}"
    if element.tag in ("testsuites", "testsuite"):
        inside = Counter(found.tag for found in element.iter())
        said = tuple(int(element.attrib[name]) for name in ("tests", "failures", "errors", "skipped"))
        assert said == tuple(inside[tag] for tag in ("testcase", "failure", "error", "skipped"))
    for child in element:
        assert child.tag in children
        check(child)


@STABLE
@given(proofs.proofs())
def test_any_proof_follows_the_rules(proof: Proof) -> None:
    check(ElementTree.fromstring(junit_report.render(proof)))  # noqa: S314 (it is ours)


@pytest.mark.parametrize("proof", [proofs.sample(), proofs.red(), proofs.large(), proofs.hostile()])
def test_a_reader_finds_every_cell(proof: Proof) -> None:
    read = JUnitXml.fromstring(junit_report.render(proof).encode())
    counts = count(proof.cells)
    assert (read.failures, read.errors) == (counts.not_as_expected, counts.inconclusive)
    names = {role.arn: for_xml(role.name) for role in proof.roles}
    found = {
        (suite.name, case.classname, case.name): case.result
        for suite in read
        for case in suite
        if suite.name != "not tested"
    }
    assert len(found) == len(proof.cells)
    for cell in proof.cells:
        results = found[for_xml(cell.role), names[cell.role], for_xml(f"{cell.principal}: {cell.action}")]
        if cell.matches:
            assert not results
            continue
        (result,) = results
        assert isinstance(result, Error if cell.result == "INCONCLUSIVE" else Failure)
        assert result.message == f"{cell.result}, {cell.expected} expected"
        text = (result.text or "").replace("\r\n", "\n")
        assert for_xml(cell.because) in text
        assert for_xml(cell.detail).replace("\r\n", "\n") in text


def test_untested_parts_are_skipped_tests() -> None:
    read = JUnitXml.fromstring(junit_report.render(proofs.sample()).encode())
    (suite,) = (suite for suite in read if suite.name == "not tested")
    assert [case.name for case in suite] == list(proofs.NOT_TRIED)
    assert all(isinstance(result, Skipped) for case in suite for result in case.result)


def test_the_suite_has_time_and_duration() -> None:
    root = ElementTree.fromstring(junit_report.render(proofs.sample()))  # noqa: S314
    assert root.attrib["time"] == "41.500"
    assert root[0].attrib["timestamp"] == "2026-11-24T09:00:00"


def test_forbidden_characters_are_removed() -> None:
    text = junit_report.render(proofs.hostile())
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", text)
    assert "[31mred" in text
