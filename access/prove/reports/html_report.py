"""Write a proof as one self-contained HTML page, without scripts or external resources."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ...reading.values import Review
from ..echoes import causes
from ..matrix import Cell, Principal, Proof
from .elements import add, add_text
from .picture import draw
from .summary import (
    RoleResults,
    aws_answer,
    by_role,
    count,
    differing,
    distinct,
    echo,
    exception,
    judgement,
    judgements,
    origin,
    outcome,
    reading_title,
    refusals,
    result_counts,
    unambiguous_names,
    verdict,
    when,
    witness,
)
from .targets import targets

_STYLE = Path(__file__).with_suffix(".css")
_TITLE = "Who can do what"
_ENTRY_TITLE = "Who may assume which role"
_GLYPHS = {"ALLOW": "✓", "DENY": "⊘", "INCONCLUSIVE": "?"}
_MAX_HORIZONTAL_NAMES = 6
"""With more principals, their names above the matrix are vertical."""
_MAX_MISMATCHES = 12
"""A longer list scrolls separately, so that the picture and the matrix stay close."""

Links = Mapping[tuple[str, str, str], str]
"""The link target of each unexpected cell, by principal, role and action."""


def render(proof: Proof) -> str:
    """Return the proof as an HTML page."""
    roles = by_role(proof)
    causing = causes(proof)
    wrong = [cell for results in roles for cell in results.cells if not cell.matches]
    wrong.sort(key=lambda cell: cell in causing)
    links = {_key(cell): f"wrong-{number}" for number, cell in enumerate(wrong, 1)}
    page = Element("html", {"lang": "en"})
    _head(page, proof)
    body = add(page, "body")
    _header(body, proof, roles)
    main = add(body, "main")
    _readings(main, proof.review)
    if wrong:
        _mismatches(main, wrong, causing, proof, links)
    _entry_matrix(main, roles, proof, links)
    for number, results in enumerate(roles, 1):
        _role(main, results, proof.principals, links, f"role-{number}")
    _not_tried(main, proof)
    _legend(body)
    return f"<!DOCTYPE html>\n{ElementTree.tostring(page, encoding='unicode', method='html')}\n"


def _head(page: Element, proof: Proof) -> None:
    style = _STYLE.read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    head = add(page, "head")
    add(head, "meta", charset="utf-8")
    add(head, "meta", http_equiv="Content-Security-Policy", content=policy)
    add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    add(head, "meta", name="color-scheme", content="light dark")
    add(head, "title", f"{verdict(proof)} - {_TITLE}")
    add(head, "style").text = style  # HTML does not unescape it, so the hash matches


def _header(body: Element, proof: Proof, roles: Sequence[RoleResults]) -> None:
    header = add(body, "header")
    add(header, "h1", _TITLE)
    add(header, "p", f"Tested {when(proof)}", class_="when")
    if proof.origin:
        add(header, "p", f"Of {origin(proof)}", class_="when")
    line = add(header, "p", class_=f"verdict {'holds' if proof.holds else 'fails'}")
    add(line, "span", "✓" if proof.holds else "✗", class_="glyph", aria_hidden="true")
    add(line, "span", verdict(proof))
    counts = count(proof.cells)
    numbers = add(header, "dl", class_="numbers")
    for name, number, class_ in (
        ("cells", counts.cells, ""),
        ("as expected", counts.as_expected, ""),
        ("not as expected", counts.not_as_expected, "bad"),
        ("inconclusive", counts.inconclusive, "unsure"),
        ("principals", len(proof.principals), ""),
        ("roles", len(proof.roles), ""),
        *(
            (
                ("readings", len(proof.review.readings), ""),
                ("not as declared", len(differing(proof.review)), "bad"),
                ("known exceptions", len(proof.review.known), ""),
            )
            if proof.review
            else ()
        ),
    ):
        entry = add(numbers, "div", class_=class_ if class_ and number else None)
        add(entry, "dt", name)
        add(entry, "dd", str(number))
    links = (
        [("#not-as-expected", "Not as expected")]
        if any(not cell.matches for results in roles for cell in results.cells)
        else []
    )
    if differing(proof.review):
        links.insert(0, ("#not-as-declared", "Not as declared"))
    if len(roles) > 1:
        links.append(("#roles", _ENTRY_TITLE))
    links += [(f"#role-{number}", _name(results)) for number, results in enumerate(roles, 1)]
    nav = add(add(header, "nav", aria_label="On this page"), "ul")
    for target, text in [*links, ("#not-tried", "Not tested")]:
        add(add(nav, "li"), "a", text, href=target)


def _readings(main: Element, review: Review | None) -> None:
    """Add the readings with a difference."""
    red = differing(review)
    if not red:
        return
    section = add(main, "section")
    add(section, "h2", "Not as declared", id="not-as-declared")
    many = sum(len(reading.findings) for reading in red) > _MAX_MISMATCHES
    listed = add(_region(section, "Not as declared", "list") if many else section, "ol", class_="mismatches")
    for reading in red:
        for finding in reading.findings:
            undecided = finding.kind == "undecided"
            item = add(listed, "li", class_="inconclusive" if undecided else "wrong")
            line = add(item, "p")
            chip = add(line, "span", class_=f"chip {'inconclusive' if undecided else 'wrong'}")
            add(chip, "span", "? " if undecided else "✗ ", aria_hidden="true")
            add_text(chip, finding.kind.upper())
            add_text(line, " ")
            add(line, "strong", finding.text)
            add(item, "p", reading_title(reading))
            for because in finding.because:
                add(item, "p", because, class_="detail")
            if finding.witness:
                add(item, "p", f"e.g. {witness(finding)}", class_="detail")


def _mismatches(main: Element, wrong: Sequence[Cell], causing: Mapping[Cell, Cell], proof: Proof, links: Links) -> None:
    names = {role.arn: role.name for role in proof.roles}
    section = add(main, "section")
    add(section, "h2", "Not as expected", id="not-as-expected")
    many = len(wrong) > _MAX_MISMATCHES
    found = add(_region(section, "Not as expected", "list") if many else section, "ol", class_="mismatches")
    for cell in wrong:
        item = add(found, "li", id=links[_key(cell)], class_=_class(cell))
        line = add(item, "p")
        _chip(line, cell, links={})
        add_text(line, " ")
        add(line, "strong", cell.principal)
        add_text(line, f": {cell.action} ")
        add(line, "span", f"with the role {names[cell.role]}, {cell.operation}", class_="aside")
        add(item, "p", f"{cell.expected} expected, because: {cell.because}")
        if cell in causing:
            add(add(item, "p"), "a", echo(cell, causing), href=f"#{links[_key(causing[cell])]}")
        if cell.detail:
            add(item, "p", f"AWS: {cell.detail}", class_="detail")


def _entry_matrix(main: Element, roles: Sequence[RoleResults], proof: Proof, links: Links) -> None:
    """Add the matrix of principals and roles, unless there is only one role."""
    if len(roles) < 2:
        return
    names = unambiguous_names(proof.roles)
    section = add(main, "section")
    add(section, "h2", _ENTRY_TITLE, id="roles")
    table = _table(section, _ENTRY_TITLE, "matrix upright" if len(roles) > _MAX_HORIZONTAL_NAMES else "matrix")
    head = add(add(table, "thead"), "tr")
    add(head, "th", "Principal", scope="col")
    for number, results in enumerate(roles, 1):
        add(add(add(head, "th", scope="col"), "a", href=f"#role-{number}"), "span", names[results.role.arn])
    body = add(table, "tbody")
    for principal in proof.principals:
        row = add(body, "tr")
        add(row, "th", principal.name, scope="row")
        for results in roles:
            _matrix_cell(row, results.assumed.get(principal.name), links)


def _matrix_cell(row: Element, cell: Cell | None, links: Links) -> None:
    """Add a cell of a matrix."""
    if cell:
        _chip(add(row, "td", class_=_class(cell)), cell, links)
    else:
        add(add(row, "td", class_="untried"), "span", "not tested", class_="unseen")


def _role(main: Element, results: RoleResults, principals: Sequence[Principal], links: Links, name: str) -> None:
    section = add(main, "section")
    add(section, "h2", _name(results), id=name)
    add(section, "p", results.role.arn, class_="arn")
    tested = [principal for principal in principals if principal.name in results.assumed]
    if tested:
        _picture(section, results, tested, name)
        _assumed(section, results, tested, links)
    if results.actions:
        _actions(section, results, [principal for principal in principals if results.takes_part(principal)], links)


def _picture(section: Element, results: RoleResults, principals: Sequence[Principal], name: str) -> None:
    add(section, "h3", "Picture")
    figure = add(section, "figure")
    draw(_region(figure, f"Picture of {_name(results)}", "picture"), results, principals, f"{name}-picture")
    text = add(figure, "details")
    add(text, "summary", "The picture as text")
    listed = add(text, "ul")
    for principal in principals:
        cell = results.assumed[principal.name]
        groups = f", in {' and '.join(principal.groups)}" if principal.groups else ""
        add(listed, "li", f"{principal.name} (account {principal.account_id}{groups}): {_summary(cell)}")
    for target in targets(results):
        item = add(listed, "li", f"In the role, {'bucket ' if target.is_bucket else ''}{target.name}:")
        inner = add(item, "ul")
        for action, cells in target.actions.items():
            judged = ", ".join(judgements(cells)) or "ok"
            add(inner, "li", f"{action}: {result_counts(cells)}, {judged}")


def _assumed(section: Element, results: RoleResults, principals: Sequence[Principal], links: Links) -> None:
    add(section, "h3", "Who may assume it")
    table = _table(section, f"Who may assume {_name(results)}", "people")
    head = add(add(table, "thead"), "tr")
    for text in ("Principal", "Account", "Groups", "Result", "Expected because", "AWS's answer"):
        add(head, "th", text, scope="col")
    body = add(table, "tbody")
    for principal in principals:
        cell = results.assumed[principal.name]
        row = add(body, "tr", class_=_class(cell))
        add(row, "th", principal.name, scope="row")
        add(row, "td", principal.account_id, class_="number")
        add(row, "td", ", ".join(principal.groups) or "none")
        _chip(add(row, "td"), cell, links)
        add(row, "td", cell.because)
        add(row, "td", aws_answer(cell), class_="said")


def _actions(section: Element, results: RoleResults, principals: Sequence[Principal], links: Links) -> None:
    add(section, "h3", "Other actions")
    class_ = "matrix upright" if len(principals) > _MAX_HORIZONTAL_NAMES else "matrix"
    table = _table(section, f"Other actions with {_name(results)}", class_)
    head = add(add(table, "thead"), "tr")
    add(head, "th", "Action", scope="col")
    for principal in principals:
        add(add(head, "th", scope="col"), "span", principal.name)
    for text in ("Expected because", "AWS's answer"):
        add(head, "th", text, scope="col", class_="because")
    body = add(table, "tbody")
    for action, cells in results.actions.items():
        row = add(body, "tr")
        name = add(row, "th", action, scope="row")
        add(name, "code", ", ".join(distinct(cell.operation for cell in cells.values())))
        for principal in principals:
            _matrix_cell(row, cells.get(principal.name), links)
        add(row, "td", "; ".join(distinct(cell.because for cell in cells.values())), class_="because")
        add(row, "td", "; ".join(refusals(cells.values())), class_="because")


def _table(section: Element, title: str, class_: str) -> Element:
    table = add(_region(section, title, "table"), "table", class_=class_)
    add(table, "caption", title, class_="unseen")
    return table


def _region(parent: Element, label: str, class_: str) -> Element:
    """Add a region that scrolls separately, also by keyboard."""
    return add(parent, "div", class_=f"scroll {class_}", role="region", aria_label=label, tabindex="0")


def _chip(parent: Element, cell: Cell, links: Links) -> None:
    """Add the result of a cell, with a link to the details if it is unexpected."""
    link = links.get(_key(cell))
    chip = add(parent, "a" if link else "span", class_=f"chip {_class(cell)}", href=f"#{link}" if link else None)
    glyph = "✗" if outcome(cell) == "not as expected" else _GLYPHS[cell.result]
    add(chip, "span", f"{glyph} ", aria_hidden="true")
    add_text(chip, cell.result)
    if not cell.matches:
        add(chip, "small", f" {cell.expected} expected")


def _name(results: RoleResults) -> str:
    """Return the role's name with its account, as another account may have a role of that name."""
    return f"{results.role.name} of account {results.role.account_id}"


def _summary(cell: Cell) -> str:
    return f"{cell.result}, {judgement(cell)}; {cell.because}"


def _class(cell: Cell) -> str:
    return "wrong" if outcome(cell) == "not as expected" else cell.result.lower()


def _not_tried(main: Element, proof: Proof) -> None:
    if proof.review:
        _listed(main, "Known exceptions", [exception(known) for known in proof.review.known])
        _listed(main, "Not read", proof.review.not_read)
    section = add(main, "section")
    add(section, "h2", "Not tested", id="not-tried")
    if not proof.not_tried:
        add(section, "p", "Nothing is known to be missing.")
        return

    found = add(section, "ul")
    for text in proof.not_tried:
        add(found, "li", text)


def _listed(main: Element, title: str, texts: Sequence[str]) -> None:
    if texts:
        section = add(main, "section")
        add(section, "h2", title)
        items = add(section, "ul")
        for text in texts:
            add(items, "li", text)


def _legend(body: Element) -> None:
    footer = add(body, "footer")
    add(footer, "h2", "How to read this page")
    found = add(footer, "dl")
    for term, text in (
        ("ALLOW", "AWS allowed it. In the picture: a solid line with an arrow."),
        ("DENY", "AWS answered AccessDenied. In the picture: a dashed line up to a bar."),
        ("INCONCLUSIVE", "AWS answered with another error. In the picture: a dotted line."),
        ("✗ … expected", "The result differs from what the stacks' outputs declare. In the picture: a thick line."),
    ):
        add(found, "dt", term)
        add(found, "dd", text)


def _key(cell: Cell) -> tuple[str, str, str]:
    return cell.principal, cell.role, cell.action
