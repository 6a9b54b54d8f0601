"""A proof as one self-contained page: no script, nothing from elsewhere."""

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
    aws_said,
    by_role,
    came_out,
    count,
    differing,
    distinct,
    echo,
    exception,
    judgement,
    judgements,
    origin,
    outcome,
    read_of,
    refusals,
    tells_apart,
    verdict,
    when,
    witness,
)
from .targets import targets

_STYLE = Path(__file__).with_suffix(".css")
_TITLE = "Who can do what"
_ENTRANCES = "Who may assume which role"
_GLYPHS = {"ALLOW": "✓", "DENY": "⊘", "INCONCLUSIVE": "?"}
_MOST_LEVEL_NAMES = 6
"""With more principals, their names stand upright above the matrix."""
_MOST_MISMATCHES = 12
"""More scroll by themselves, so that the picture and the matrix stay near."""

Links = Mapping[tuple[str, str, str], str]
"""Where on the page a cell that is not as expected is explained, by principal, role and action."""


def render(proof: Proof) -> str:
    """The proof as a page."""
    roles = by_role(proof)
    causing = causes(proof)
    wrong = [cell for of in roles for cell in of.cells if not cell.matches]
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
    _entrances(main, roles, proof, links)
    for number, of in enumerate(roles, 1):
        _role(main, of, proof.principals, links, f"role-{number}")
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
    add(head, "style").text = style  # HTML does not unescape it, so that the hash is right


def _header(body: Element, proof: Proof, roles: Sequence[RoleResults]) -> None:
    header = add(body, "header")
    add(header, "h1", _TITLE)
    add(header, "p", f"Tried {when(proof)}", class_="when")
    if proof.origin:
        add(header, "p", f"Of {origin(proof)}", class_="when")
    told = add(header, "p", class_=f"verdict {'holds' if proof.holds else 'fails'}")
    add(told, "span", "✓" if proof.holds else "✗", class_="glyph", aria_hidden="true")
    add(told, "span", verdict(proof))
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
        one = add(numbers, "div", class_=class_ if class_ and number else None)
        add(one, "dt", name)
        add(one, "dd", str(number))
    links = (
        [("#not-as-expected", "Not as expected")] if any(not cell.matches for of in roles for cell in of.cells) else []
    )
    if differing(proof.review):
        links.insert(0, ("#not-as-declared", "Not as declared"))
    if len(roles) > 1:
        links.append(("#roles", _ENTRANCES))
    links += [(f"#role-{number}", _name(of)) for number, of in enumerate(roles, 1)]
    nav = add(add(header, "nav", aria_label="On this page"), "ul")
    for target, text in [*links, ("#not-tried", "Not tried")]:
        add(add(nav, "li"), "a", text, href=target)


def _readings(main: Element, review: Review | None) -> None:
    """Add the readings that found a difference."""
    red = differing(review)
    if not red:
        return
    section = add(main, "section")
    add(section, "h2", "Not as declared", id="not-as-declared")
    many = sum(len(reading.findings) for reading in red) > _MOST_MISMATCHES
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
            add(item, "p", read_of(reading))
            for because in finding.because:
                add(item, "p", because, class_="detail")
            if finding.witness:
                add(item, "p", f"e.g. {witness(finding)}", class_="detail")


def _mismatches(main: Element, wrong: Sequence[Cell], causing: Mapping[Cell, Cell], proof: Proof, links: Links) -> None:
    names = {role.arn: role.name for role in proof.roles}
    section = add(main, "section")
    add(section, "h2", "Not as expected", id="not-as-expected")
    many = len(wrong) > _MOST_MISMATCHES
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


def _entrances(main: Element, roles: Sequence[RoleResults], proof: Proof, links: Links) -> None:
    """Add the matrix of principals and roles; with one role, its own table says it."""
    if len(roles) < 2:
        return
    names = tells_apart(proof.roles)
    section = add(main, "section")
    add(section, "h2", _ENTRANCES, id="roles")
    table = _table(section, _ENTRANCES, "matrix upright" if len(roles) > _MOST_LEVEL_NAMES else "matrix")
    head = add(add(table, "thead"), "tr")
    add(head, "th", "Principal", scope="col")
    for number, of in enumerate(roles, 1):
        add(add(add(head, "th", scope="col"), "a", href=f"#role-{number}"), "span", names[of.role.arn])
    body = add(table, "tbody")
    for principal in proof.principals:
        row = add(body, "tr")
        add(row, "th", principal.name, scope="row")
        for of in roles:
            _settled(row, of.assumed.get(principal.name), links)


def _settled(row: Element, cell: Cell | None, links: Links) -> None:
    """Add what became of a cell of a matrix."""
    if cell:
        _chip(add(row, "td", class_=_class(cell)), cell, links)
    else:
        add(add(row, "td", class_="untried"), "span", "not tried", class_="unseen")


def _role(main: Element, of: RoleResults, principals: Sequence[Principal], links: Links, name: str) -> None:
    section = add(main, "section")
    add(section, "h2", _name(of), id=name)
    add(section, "p", of.role.arn, class_="arn")
    people = [principal for principal in principals if principal.name in of.assumed]
    if people:
        _picture(section, of, people, name)
        _assumed(section, of, people, links)
    if of.actions:
        _actions(section, of, [principal for principal in principals if of.takes_part(principal)], links)


def _picture(section: Element, of: RoleResults, people: Sequence[Principal], name: str) -> None:
    add(section, "h3", "Picture")
    figure = add(section, "figure")
    draw(_region(figure, f"Picture of {_name(of)}", "picture"), of, people, f"{name}-picture")
    words = add(figure, "details")
    add(words, "summary", "The picture in words")
    found = add(words, "ul")
    for principal in people:
        cell = of.assumed[principal.name]
        groups = f", in {' and '.join(principal.groups)}" if principal.groups else ""
        add(found, "li", f"{principal.name} (account {principal.account_id}{groups}): {_said(cell)}")
    for target in targets(of):
        item = add(found, "li", f"In the role, {'bucket ' if target.is_bucket else ''}{target.name}:")
        inner = add(item, "ul")
        for action, cells in target.actions.items():
            said = ", ".join(judgements(cells)) or "ok"
            add(inner, "li", f"{action}: {came_out(cells)}, {said}")


def _assumed(section: Element, of: RoleResults, people: Sequence[Principal], links: Links) -> None:
    add(section, "h3", "Who may assume it")
    table = _table(section, f"Who may assume {_name(of)}", "people")
    head = add(add(table, "thead"), "tr")
    for text in ("Principal", "Account", "Groups", "Result", "Expected because", "AWS said"):
        add(head, "th", text, scope="col")
    body = add(table, "tbody")
    for principal in people:
        cell = of.assumed[principal.name]
        row = add(body, "tr", class_=_class(cell))
        add(row, "th", principal.name, scope="row")
        add(row, "td", principal.account_id, class_="number")
        add(row, "td", ", ".join(principal.groups) or "none")
        _chip(add(row, "td"), cell, links)
        add(row, "td", cell.because)
        add(row, "td", aws_said(cell), class_="said")


def _actions(section: Element, of: RoleResults, people: Sequence[Principal], links: Links) -> None:
    add(section, "h3", "What else was tried")
    class_ = "matrix upright" if len(people) > _MOST_LEVEL_NAMES else "matrix"
    table = _table(section, f"What else was tried with {_name(of)}", class_)
    head = add(add(table, "thead"), "tr")
    add(head, "th", "Action", scope="col")
    for principal in people:
        add(add(head, "th", scope="col"), "span", principal.name)
    for text in ("Expected because", "AWS said"):
        add(head, "th", text, scope="col", class_="because")
    body = add(table, "tbody")
    for action, cells in of.actions.items():
        row = add(body, "tr")
        name = add(row, "th", action, scope="row")
        add(name, "code", ", ".join(distinct(cell.operation for cell in cells.values())))
        for principal in people:
            _settled(row, cells.get(principal.name), links)
        add(row, "td", "; ".join(distinct(cell.because for cell in cells.values())), class_="because")
        add(row, "td", "; ".join(refusals(cells.values())), class_="because")


def _table(section: Element, title: str, class_: str) -> Element:
    table = add(_region(section, title, "table"), "table", class_=class_)
    add(table, "caption", title, class_="unseen")
    return table


def _region(parent: Element, label: str, class_: str) -> Element:
    """What scrolls by itself, also by keyboard."""
    return add(parent, "div", class_=f"scroll {class_}", role="region", aria_label=label, tabindex="0")


def _chip(parent: Element, cell: Cell, links: Links) -> None:
    """The result of a cell; where it is not as expected, with a link to more."""
    link = links.get(_key(cell))
    chip = add(parent, "a" if link else "span", class_=f"chip {_class(cell)}", href=f"#{link}" if link else None)
    glyph = "✗" if outcome(cell) == "not as expected" else _GLYPHS[cell.result]
    add(chip, "span", f"{glyph} ", aria_hidden="true")
    add_text(chip, cell.result)
    if not cell.matches:
        add(chip, "small", f" {cell.expected} expected")


def _name(of: RoleResults) -> str:
    """What the role is called: another account may have one of the same name."""
    return f"{of.role.name} of account {of.role.account_id}"


def _said(cell: Cell) -> str:
    return f"{cell.result}, {judgement(cell)}; {cell.because}"


def _class(cell: Cell) -> str:
    return "wrong" if outcome(cell) == "not as expected" else cell.result.lower()


def _not_tried(main: Element, proof: Proof) -> None:
    if proof.review:
        _listed(main, "Known exceptions", [exception(known) for known in proof.review.known])
        _listed(main, "Not read", proof.review.not_read)
    section = add(main, "section")
    add(section, "h2", "Not tried", id="not-tried")
    if not proof.not_tried:
        add(section, "p", "The proof knows of nothing that it left out.")
        return
    add(section, "p", "The proof says nothing about:")
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
        ("ALLOW", "AWS did it. In the picture: a solid line with an arrow."),
        ("DENY", "AWS answered AccessDenied, and nothing else. In the picture: a dashed line up to a bar."),
        ("INCONCLUSIVE", "AWS answered something else, which decides nothing. In the picture: a dotted line."),
        ("✗ … expected", "Not what the stacks' outputs say is to come of it. In the picture: a thick line."),
    ):
        add(found, "dt", term)
        add(found, "dd", text)


def _key(cell: Cell) -> tuple[str, str, str]:
    return cell.principal, cell.role, cell.action
