"""The picture of a role: accounts, their groups and principals on the left, the role, and what it leads to on the right.

An edge for each principal: solid with an arrow where it may assume the role, dashed up to a bar where it may not.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from access.prove.matrix import Cell, Principal, Result
from access.prove.reports.elements import add
from access.prove.reports.summary import RoleResults, came_out, judgement, judgements, outcome, worst
from access.prove.reports.targets import Target, targets
from access.prove.reports.wrapping import wrapped

_ACCOUNT_WIDTH, _GROUP_LEFT, _CARD_LEFT, _CARD_RIGHT = 330, 12, 24, 306
_LABEL_LEFT, _STOP, _TURN = 342, 452, 470
_OWNER_LEFT, _ROLE_LEFT, _ROLE_RIGHT = 556, 586, 746
_TARGET_TURN, _TARGET_LABEL_LEFT, _TARGET_STOP, _TARGET_LEFT, _TARGET_WIDTH = 800, 806, 902, 920, 330
_WIDTH = _TARGET_LEFT + _TARGET_WIDTH + 15
_HEADING, _GAP, _LINE = 30, 8, 16
_CARD_CHARACTERS, _ROLE_CHARACTERS, _ACTION_CHARACTERS = 34, 18, 33


def draw(parent: Element, of: RoleResults, principals: Sequence[Principal], name: str) -> None:
    """Put the picture of a role into an element, as SVG.

    Args:
        parent: the element.
        of: the role, and what came of it.
        principals: all who tried anything.
        name: what the ids in it begin with.
    """
    people = [principal for principal in principals if principal.name in of.assumed]
    left, left_height = _place(people)
    right = targets(of)
    right_height = sum(map(_target_height, right)) + _GAP * 2 * max(len(right) - 1, 0) + _HEADING + 12
    height = max(left_height, right_height, 150)
    svg = add(
        parent,
        "svg",
        viewBox=f"-4 -4 {_WIDTH + 8} {height + 8}",
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-description",
    )
    add(svg, "title", f"Picture: who may assume {of.role.name}, and what that leads to", id=f"{name}-title")
    add(svg, "desc", _described(of, people), id=f"{name}-description")
    _draw_accounts(svg, left, (height - left_height) / 2)
    _draw_owner(svg, of, height)
    role_middle = height / 2
    _draw_role(svg, of, role_middle)
    rows = [row for account in left for row in account.rows]
    for index, row in enumerate(rows):
        cell = of.assumed[row.principal.name]
        middle = row.middle + (height - left_height) / 2
        _draw_attempt(svg, cell, middle, role_middle + _spread(index, len(rows), 30))
    _draw_targets(svg, right, _HEADING + (height - right_height) / 2, role_middle)


@dataclass(frozen=True)
class _Row:
    """A principal, and where it stands."""

    principal: Principal
    top: float
    lines: list[str]

    @property
    def height(self) -> int:
        return 14 + _LINE * len(self.lines)

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


@dataclass
class _Group:
    """Principals with the same groups."""

    title: str
    top: float
    rows: list[_Row] = field(default_factory=list)

    @property
    def bottom(self) -> float:
        return self.rows[-1].top + self.rows[-1].height + _GAP


@dataclass
class _Account:
    account_id: str
    top: float
    groups: list[_Group] = field(default_factory=list)

    @property
    def bottom(self) -> float:
        return self.groups[-1].bottom + 12

    @property
    def rows(self) -> list[_Row]:
        return [row for group in self.groups for row in group.rows]


def _place(people: Iterable[Principal]) -> tuple[list[_Account], float]:
    """The accounts with all that is in them, one below the other, and how high that is."""
    by_account: dict[str, dict[tuple[str, ...], list[Principal]]] = {}
    for principal in people:
        by_account.setdefault(principal.account_id, {}).setdefault(principal.groups, []).append(principal)
    accounts: list[_Account] = []
    y = 0.0
    for account_id, groups in by_account.items():
        account = _Account(account_id, y)
        y += _HEADING
        for names, members in groups.items():
            group = _Group(_group_title(names), y)
            y += 26
            for principal in members:
                row = _Row(principal, y, wrapped(principal.name, _CARD_CHARACTERS, 2))
                group.rows.append(row)
                y += row.height + _GAP
            y += _GAP
            account.groups.append(group)
        accounts.append(account)
        y = account.bottom + 16
    return accounts, max(y - 16, 0)


def _group_title(names: Sequence[str]) -> str:
    if not names:
        return "in no group"
    return f"{'group' if len(names) == 1 else 'groups'} {' and '.join(names)}"


def _draw_accounts(svg: Element, accounts: Iterable[_Account], down: float) -> None:
    moved = add(svg, "g", transform=f"translate(0 {down:g})")
    for account in accounts:
        _box(moved, "account", 0, account.top, _ACCOUNT_WIDTH, account.bottom - account.top)
        add(moved, "text", f"account {account.account_id}", x=14, y=account.top + 20, class_="heading")
        for group in account.groups:
            _box(moved, "group", _GROUP_LEFT, group.top, _ACCOUNT_WIDTH - 2 * _GROUP_LEFT, group.bottom - group.top)
            title = wrapped(group.title, _CARD_CHARACTERS + 4, 1)[0]
            add(moved, "text", title, x=_CARD_LEFT, y=group.top + 18, class_="small")
            for row in group.rows:
                card = add(moved, "g")
                add(card, "title", row.principal.name)
                _box(card, "card", _CARD_LEFT, row.top, _CARD_RIGHT - _CARD_LEFT, row.height)
                _lines(card, row.lines, _CARD_LEFT + 10, row.top + 19)


def _draw_owner(svg: Element, of: RoleResults, height: float) -> None:
    """The account that the role belongs to."""
    _box(svg, "account", _OWNER_LEFT, 0, _WIDTH - _OWNER_LEFT, height)
    add(svg, "text", f"account {of.role.account_id}", x=_OWNER_LEFT + 14, y=20, class_="heading")


def _draw_role(svg: Element, of: RoleResults, middle: float) -> None:
    lines = wrapped(of.role.name, _ROLE_CHARACTERS, 3)
    height = 50 + _LINE * len(lines)
    group = add(svg, "g")
    add(group, "title", of.role.arn)
    _box(group, "role", _ROLE_LEFT, middle - height / 2, _ROLE_RIGHT - _ROLE_LEFT, height)
    centre = (_ROLE_LEFT + _ROLE_RIGHT) / 2
    add(group, "text", "role", x=centre, y=middle - height / 2 + 22, class_="small middle")
    _lines(group, lines, centre, middle - height / 2 + 42, "strong middle")


def _draw_attempt(svg: Element, cell: Cell, y: float, role_y: float) -> None:
    """The edge from a principal to the role."""
    edge = add(svg, "g", class_=f"edge {_class(cell.result, outcome(cell) == 'not as expected')}")
    add(edge, "title", f"{cell.principal}: {cell.result}, {judgement(cell)}; {cell.because}")
    if cell.result == "ALLOW":
        bend = (_TURN + _ROLE_LEFT) / 2
        path = f"M{_CARD_RIGHT} {y:g}H{_TURN}C{bend:g} {y:g} {bend - 10:g} {role_y:g} {_ROLE_LEFT - 10} {role_y:g}"
        add(edge, "path", d=path)
        _arrow(edge, _ROLE_LEFT, role_y)
    else:
        add(edge, "path", d=f"M{_CARD_RIGHT} {y:g}H{_STOP}")
        _stop(edge, cell.result, _STOP, y)
    _label(edge, _LABEL_LEFT, y, cell.result, "" if cell.matches else _remark(cell))


def _remark(cell: Cell) -> str:
    return "not as expected" if cell.result != "INCONCLUSIVE" else f"{cell.expected} expected"


def _draw_targets(svg: Element, found: Sequence[Target], top: float, role_middle: float) -> None:
    y = top
    edges = [(target, result) for target in found for result in _results(target)]
    ports = {id(edge): role_middle + _spread(index, len(edges), 26) for index, edge in enumerate(edges)}
    for target in found:
        height = _target_height(target)
        _draw_target(svg, target, y, height)
        of_target = [edge for edge in edges if edge[0] is target]
        for index, edge in enumerate(of_target):
            _draw_use(svg, target, edge[1], ports[id(edge)], y + 24 + 40 * index)
        y += height + 2 * _GAP


def _results(target: Target) -> list[Result]:
    results = {cell.result for cell in target.cells}
    order: tuple[Result, ...] = ("ALLOW", "DENY", "INCONCLUSIVE")
    return [result for result in order if result in results]


def _draw_use(svg: Element, target: Target, result: Result, role_y: float, y: float) -> None:
    """The edge from the role to what it leads to, for all that came out so there."""
    came_out_so = {
        action: [cell for cell in cells if cell.result == result]
        for action, cells in target.actions.items()
        if any(cell.result == result for cell in cells)
    }
    wrong = [action for action, cells in came_out_so.items() if worst(cells) == "not as expected"]
    edge = add(svg, "g", class_=f"edge {_class(result, bool(wrong))}")
    add(edge, "title", f"{target.name}: {result}: {'; '.join(came_out_so)}")
    bend = (_ROLE_RIGHT + _TARGET_TURN) / 2
    end = _TARGET_LEFT - 10 if result == "ALLOW" else _TARGET_STOP
    path = f"M{_ROLE_RIGHT} {role_y:g}C{bend:g} {role_y:g} {bend:g} {y:g} {_TARGET_TURN} {y:g}H{end}"
    add(edge, "path", d=path)
    if result == "ALLOW":
        _arrow(edge, _TARGET_LEFT, y)
    else:
        _stop(edge, result, _TARGET_STOP, y)
    _label(edge, _TARGET_LABEL_LEFT, y, f"{len(came_out_so)} {result}", f"{len(wrong)} not expected" if wrong else "")


def _action_lines(target: Target) -> Iterator[tuple[str, list[str], list[str], bool]]:
    """For each action: its result in a word, its name in lines, a remark in lines, and whether it is as expected."""
    for action, cells in target.actions.items():
        results = {cell.result for cell in cells}
        said = ", ".join(judgements(cells))
        remark = came_out(cells) + (f": {said}" if said else "") if len(results) > 1 or said else ""
        word = results.pop() if len(results) == 1 else "mixed"
        lines = wrapped(action, _ACTION_CHARACTERS, 2)
        yield "?" if word == "INCONCLUSIVE" else word, lines, wrapped(remark, 40, 2) if remark else [], not said


def _target_height(target: Target) -> float:
    heights = (len(lines) * _LINE + len(remark) * 14 + 6 for _, lines, remark, _ in _action_lines(target))
    return max(46 + sum(heights), 24 + 40 * len(_results(target)))


def _draw_target(svg: Element, target: Target, top: float, height: float) -> None:
    group = add(svg, "g")
    add(group, "title", f"bucket {target.name}" if target.is_bucket else target.name)
    _box(group, "target", _TARGET_LEFT, top, _TARGET_WIDTH, height)
    text_left = _TARGET_LEFT + 14
    if target.is_bucket:
        x, y = _TARGET_LEFT + 14, top + 12
        cylinder = f"M{x} {y + 3}v12c0 4 16 4 16 0v-12M{x} {y + 3}c0 4 16 4 16 0c0 -4 -16 -4 -16 0"
        add(group, "path", d=cylinder, class_="icon")
        text_left += 26
    name = wrapped(target.name, 34, 1)[0]
    add(group, "text", name, x=text_left, y=top + 25, class_="strong")
    y = top + 50
    for word, lines, remark, good in _action_lines(target):
        add(group, "text", word, x=_TARGET_LEFT + 14, y=y, class_=f"word {word.lower() if good else 'wrong'}")
        _lines(group, lines, _TARGET_LEFT + 72, y)
        y += len(lines) * _LINE
        for line in remark:
            add(group, "text", line, x=_TARGET_LEFT + 72, y=y, class_="small" if good else "small wrong")
            y += 14
        y += 6


def _class(result: Result, wrong: bool) -> str:
    return f"{result.lower()} wrong" if wrong else result.lower()


def _arrow(parent: Element, x: float, y: float) -> None:
    add(parent, "path", d=f"M{x} {y:g}l-11 -5.5v11z", class_="head")


def _stop(parent: Element, result: Result, x: float, y: float) -> None:
    """What ends an edge that leads nowhere."""
    if result == "DENY":
        add(parent, "path", d=f"M{x} {y - 9:g}v18", class_="bar")
    else:
        add(parent, "text", "?", x=x + 6, y=y + 5, class_="strong")


def _label(parent: Element, x: float, y: float, above: str, below: str) -> None:
    add(parent, "text", above, x=x, y=f"{y - 5:g}", class_="label")
    if below:
        add(parent, "text", below, x=x, y=f"{y + 14:g}", class_="label")


def _box(parent: Element, class_: str, x: float, y: float, width: float, height: float) -> None:
    add(parent, "rect", class_=class_, x=x, y=f"{y:g}", width=width, height=f"{height:g}", rx=8)


def _lines(parent: Element, lines: Iterable[str], x: float, y: float, class_: str | None = None) -> None:
    for index, line in enumerate(lines):
        add(parent, "text", line, x=f"{x:g}", y=f"{y + index * _LINE:g}", class_=class_)


def _spread(index: int, number: int, most: float) -> float:
    """Where the edge with that index ends, from the middle: edges that meet are not to lie on one another."""
    return 0 if number < 2 else most * (2 * index / (number - 1) - 1)


def _described(of: RoleResults, people: Sequence[Principal]) -> str:
    accounts = len({principal.account_id for principal in people})
    parts = [
        f"On the left {len(people)} principals of {accounts} {'account' if accounts == 1 else 'accounts'}, "
        f"in the middle the role {of.role.name} of account {of.role.account_id}, on the right what it leads to.",
        f"Assuming the role: {came_out(of.assumed.values()) or 'not tried'}.",
    ]
    parts += [f"{target.name}: {came_out(target.cells) or 'not tried'}." for target in targets(of)]
    said = judgements(of.cells)
    parts.append(f"{', '.join(said)}." if said else "All as expected.")
    return " ".join(parts)
