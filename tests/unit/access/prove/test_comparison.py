"""Test the comparison of two proofs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from access.prove.comparison import compare
from access.prove.matrix import ASSUME, Cell, Principal, Proof, ProvedRole, Result
from access.reading.values import Finding, Review
from tests.support import proofs
from tests.support.proofs import EXCESS, NEIGHBOUR_ROLE, ROLE, TRUST, reviewed, sample, with_result
from tests.support.shown_markdown import literal, read, shown

TESTER = "member of Testers, power user"
THE_ROLE = f"the role UpdateApp (`{ROLE}`)"
DEVELOPER = "member of Developers"
READ = "read an object of productionapp"
WHEN = "From the proof of 2026-11-24 09:00:00 to 09:00:41 UTC to the proof of 2026-11-24 09:00:00 to 09:00:41 UTC.\n\n"
NOBODY = "Nobody gained or lost anything"


def first_line(old: Proof, new: Proof) -> str:
    line = compare(old, new).markdown.partition("\n")[0]
    assert line.startswith("## ")
    return line.removeprefix("## ")


def body(old: Proof, new: Proof) -> str:
    """Return everything except the first line and the times."""
    head, rest = compare(old, new).markdown.split(WHEN.removesuffix("\n\n"), 1)
    assert head == f"## {first_line(old, new)}\n\n"
    return rest.strip("\n") + "\n" if rest.strip() else ""


def cell(proof: Proof, principal: str, action: str) -> Cell:
    (found,) = (cell for cell in proof.cells if (cell.principal, cell.action) == (principal, action))
    return found


def without(proof: Proof, drop: Callable[[Cell], bool]) -> Proof:
    return replace(proof, cells=tuple(cell for cell in proof.cells if not drop(cell)))


def in_the_role(proof: Proof, principal: str) -> Proof:
    """Return the proof in which a principal assumes the role and has a Developer's results in it."""
    allowed = with_result(proof, principal, ASSUME, "ALLOW")
    like = [cell for cell in proof.cells if cell.principal == "member of Developers"]
    more = [
        replace(cell, principal=principal, id=cell.id.replace(DEVELOPER, principal))
        for cell in like
        if cell.action not in (ASSUME, NEIGHBOUR_ROLE)
    ]
    return replace(allowed, cells=(*allowed.cells, *more))


def test_nobody_gained_or_lost_anything() -> None:
    assert (first_line(sample(), sample()), body(sample(), sample())) == (NOBODY, "")
    assert not compare(sample(), sample()).is_wider
    later = timedelta(days=1)
    moved = replace(sample(), started=sample().started + later, ended=sample().ended + later)
    assert compare(sample(), moved).markdown == (
        "## Nobody gained or lost anything\n\nFrom the proof of 2026-11-24 09:00:00 to 09:00:41 UTC"
        " to the proof of 2026-11-25 09:00:00 to 09:00:41 UTC.\n"
    )


def test_reworded_cells_with_ids_are_no_gain() -> None:
    words = {DEVELOPER: "a Developer", READ: "get an object", "the role does not grant it": "not granted"}

    def reworded(proof: Proof) -> Proof:
        principals = tuple(replace(it, name=words.get(it.name, it.name)) for it in proof.principals)
        cells = tuple(
            replace(it, **{name: words.get(getattr(it, name), getattr(it, name)) for name in ("principal", "action")})
            for it in proof.cells
        )
        return replace(proof, principals=principals, cells=cells)

    assert body(sample(), reworded(sample())) == ""
    lost = reworded(with_result(sample(), DEVELOPER, READ, "DENY"))
    assert body(sample(), lost) == f"### Lost\n\n- **a Developer** lost: with {THE_ROLE}: get an object\n"


def test_old_proofs_without_ids_are_compared_by_their_texts() -> None:
    def old(proof: Proof) -> Proof:
        return replace(proof, cells=tuple(replace(cell, id="") for cell in proof.cells))

    changed = with_result(sample(), DEVELOPER, READ, "DENY")
    assert body(old(sample()), changed) == body(sample(), changed)
    assert body(old(sample()), sample()) == ""


def test_gaining_a_role_gains_its_rights() -> None:
    assert body(sample(), in_the_role(sample(), TESTER)) == (
        "### Gained, not expected\n"
        "\n"
        f"- **{TESTER}** gained: assume {THE_ROLE}; with it: list the names of all buckets of 999999999999; find out in"
        " which region productionapp is; list productionapp; read an object of productionapp; write an object of"
        " productionapp; delete an object of productionapp\n"
    )


def test_losing_a_role_loses_its_rights() -> None:
    assert body(in_the_role(sample(), TESTER), sample()) == (
        "### Lost\n"
        "\n"
        f"- **{TESTER}** lost: assume {THE_ROLE}; with it: list the names of all buckets of 999999999999; find out in"
        " which region productionapp is; list productionapp; read an object of productionapp; write an object of"
        " productionapp; delete an object of productionapp\n"
    )


def test_gains_come_first_and_equal_changes_are_grouped() -> None:
    new = sample()
    for name in ("member of Developers", "member of Developers, power user", "administrator of 111111111111"):
        new = with_result(new, name, READ, "DENY")
        new = with_result(new, name, "list the users of 999999999999", "ALLOW")
    assert body(sample(), new) == (
        "### Gained, not expected\n"
        "\n"
        "- **member of Developers**, **member of Developers, power user** and **administrator of 111111111111** gained:"
        f" with {THE_ROLE}: list the users of 999999999999\n"
        "\n"
        "### Lost\n"
        "\n"
        "- **member of Developers**, **member of Developers, power user** and **administrator of 111111111111** lost:"
        f" with {THE_ROLE}: {READ}\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("DENY", "INCONCLUSIVE", "DENY before, INCONCLUSIVE now"),
        ("INCONCLUSIVE", "ALLOW", "INCONCLUSIVE before, ALLOW now"),
        ("INCONCLUSIVE", "INCONCLUSIVE", "INCONCLUSIVE before, INCONCLUSIVE now"),
    ],
)
def test_inconclusive_results_are_neither_gained_nor_lost(before: Result, after: Result, says: str) -> None:
    def result(proof: Proof, result: Result) -> Proof:
        cells = (
            replace(cell, result=result) if (cell.principal, cell.action) == (TESTER, ASSUME) else cell
            for cell in proof.cells
        )
        return replace(proof, cells=tuple(cells))

    assert body(result(sample(), before), result(sample(), after)) == (
        "1 of the results is INCONCLUSIVE in one proof or in both: see Unknown.\n"
        "\n"
        "### Unknown\n"
        "\n"
        f"- **{TESTER}** may or may not be able to: assume {THE_ROLE} ({says})\n"
    )


def test_changed_expectations_are_reported_without_changed_results() -> None:
    new = replace(
        sample(),
        cells=tuple(
            replace(cell, expected="ALLOW", because="Testers: allow")
            if (cell.principal, cell.action) == (TESTER, ASSUME)
            else cell
            for cell in sample().cells
        ),
    )
    assert body(sample(), new) == (
        f"### Changed expectations\n\n- **{TESTER}** now expected: assume {THE_ROLE}"
        " (ALLOW, because: Testers: allow; before, DENY, because: Testers: deny)\n"
    )


def test_a_new_principal_gains_and_is_marked_as_new() -> None:
    old = without(sample(), lambda cell: cell.principal == "administrator of 111111111111")
    text = body(old, sample())
    assert text.startswith(
        "### Gained, as declared\n\n- **administrator of 111111111111** gained: assume the role UpdateApp"
        f" (`{ROLE}`) (not tested before); with it: {NEIGHBOUR_ROLE} (not tested before); list the names of all buckets"
    )
    assert f"- **administrator of 111111111111** tested for the first time: with {THE_ROLE}: list the versions" in text


def test_a_new_action_is_marked_as_new() -> None:
    old = without(sample(), lambda cell: cell.action in (READ, NEIGHBOUR_ROLE))
    text = body(old, sample())
    gained, denied = text.split("### New, and denied")
    assert f"- **member of Developers** gained: with {THE_ROLE}: {READ} (not tested before)\n" in gained
    assert f"gained: with {THE_ROLE}: {NEIGHBOUR_ROLE} (not tested before); {READ} (not tested before)\n" in gained
    # A principal that may not assume the role still tests another one.
    assert f" and **{proofs.PRINCIPALS[4].name}** gained: with {THE_ROLE}: {NEIGHBOUR_ROLE} (" in gained
    assert "**member of Testers**" in denied


def test_cells_that_are_no_longer_tested_are_listed() -> None:
    new = without(sample(), lambda cell: cell.principal == "member of Developers")
    text = body(sample(), replace(new, not_tried=(*new.not_tried, "a user: the account has too many")))
    assert text.startswith(
        f"### No longer tested\n\n- **member of Developers** no longer tested: assume {THE_ROLE}"
        f" (ALLOW before); with it: {NEIGHBOUR_ROLE} (DENY before);"
    )
    assert text.endswith("\n### Left out of the new proof only\n\n- a user: the account has too many\n")


def test_roles_of_the_same_name_have_their_account() -> None:
    other = ROLE.replace("999999999999", "888888888888")
    arns = (ROLE, other)
    cells = tuple(replace(cell(sample(), TESTER, ASSUME), role=arn) for arn in arns)
    old = replace(sample(), roles=tuple(ProvedRole(arn, ()) for arn in arns), cells=cells)
    new = replace(old, cells=(cells[0], replace(cells[1], result="ALLOW")))
    assert (
        body(old, new) == f"### Gained, not expected\n\n- **{TESTER}** gained: assume the role UpdateApp (`{other}`)\n"
    )


def test_names_are_shown_literally() -> None:
    for name in (*proofs.HOSTILE, "x"):
        principals = (Principal(name, "111111111111"),)
        old = replace(
            sample(),
            principals=principals,
            cells=(Cell(name, ROLE, ASSUME, "sts:AssumeRole", "DENY", "", "DENY"),),
        )
        page = shown(compare(old, with_result(old, name, ASSUME, "ALLOW")).markdown)
        assert page.tags == {"h2", "p", "h3", "ul", "li", "strong", "code"}
        (item,) = page.items
        assert read(item).startswith(f"{literal(name)} gained: assume the role UpdateApp ({ROLE})")


@settings(derandomize=True, max_examples=75, deadline=None)
@given(proofs.proofs(), proofs.proofs())
def test_any_two_proofs_can_be_compared(one: Proof, other: Proof) -> None:
    same, between = compare(one, one), compare(one, other)
    assert NOBODY in same.markdown
    assert not same.is_wider
    page = shown(between.markdown)
    changed = {"Gained, not expected", "Gained, as declared", "Lost"}
    first = page.headings[0].lower()
    assert changed.isdisjoint(page.headings) == (NOBODY.lower() in first)
    assert between.is_wider <= bool({*changed, "New findings"} & set(page.headings))
    assert between.is_wider >= bool(changed - {"Lost"} & set(page.headings))


def test_the_first_line_names_gains_expectations_and_counts() -> None:
    gained = in_the_role(sample(), TESTER)
    assert first_line(sample(), gained) == f"Gained, not expected: {TESTER}; 7 gained, 0 lost"
    assert compare(sample(), gained).is_wider
    assert first_line(gained, sample()) == "0 gained, 7 lost"
    assert not compare(gained, sample()).is_wider
    before = with_result(sample(), DEVELOPER, READ, "DENY")
    assert first_line(before, sample()) == "Gained, as declared: member of Developers; 1 gained, 0 lost"
    assert compare(before, sample()).is_wider
    assert first_line(before, with_result(gained, DEVELOPER, ASSUME, "DENY")) == (
        f"Gained, not expected: {TESTER}; gained, as declared: member of Developers; 8 gained, 1 lost"
    )


def test_the_first_line_stays_one_line() -> None:
    new = sample()
    for principal in sample().principals[:5]:
        for one in sample().cells:
            if one.principal == principal.name and one.expected == "DENY":
                new = with_result(new, principal.name, one.action, "ALLOW")
    assert first_line(sample(), new).startswith(
        "Gained, not expected: member of Developers, member of Developers, power user, member of Testers and 2 more; "
    )


LACK = replace(EXCESS, kind="lack", text="Developers can't assume UpdateApp")


@pytest.mark.parametrize(
    ("finding", "wider"), [(EXCESS, True), (replace(EXCESS, kind="undecided"), True), (LACK, False)]
)
def test_findings_are_compared_by_reading_and_text(finding: Finding, wider: bool) -> None:
    old, new = reviewed(), reviewed(finding)
    text = finding.text.replace("*", r"\*")
    shown_line = f"- **{finding.kind}**: {text} (role UpdateApp of 999999999999: what it allows)"
    assert first_line(old, new) == "1 new finding; nobody gained or lost anything"
    assert body(old, new) == f"### New findings\n\n{shown_line}\n"
    assert compare(old, new).is_wider == wider
    assert body(new, old) == f"### Findings that are gone\n\n{shown_line}\n"
    assert not compare(new, old).is_wider
    otherwise = replace(finding, because=("another statement",), witness={})
    assert body(new, reviewed(otherwise)) == ""


def test_a_missing_reading_does_not_resolve_its_findings() -> None:
    new = replace(sample(), review=Review((TRUST,), (), ("a thing",)))
    assert body(reviewed(EXCESS), new) == (
        "### No longer read\n\n- role UpdateApp of 999999999999: what it allows\n"
        "\n### Left out of the new proof only\n\n- a thing\n"
    )
