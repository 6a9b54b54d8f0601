"""Draw the picture of a role: accounts, groups and principals on the left, the role, and its targets on the right.

Each principal has an edge: solid with an arrow if it may assume the role, dashed up to a bar if it may not.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args
from xml.etree.ElementTree import Element

from ..matrix import Cell, Principal, Result
from .elements import add
from .placing import GAP, HEADING, LINE, Account, Row, place
from .summary import RoleResults, judgement, judgements, outcome, result_counts, worst
from .targets import Target, targets
from .wrapping import wrapped

# From left to right: the accounts with their principals' cards, the edges to the role, the role, the edges from it.
_ACCOUNT_WIDTH, _GROUP_LEFT, _CARD_LEFT, _CARD_RIGHT = 330, 12, 24, 306
_LABEL_LEFT, _STOP = 342, 476
_OWNER_LEFT, _ROLE_LEFT, _ROLE_RIGHT = 530, 560, 700
_USE_LABEL_LEFT, _USE_STOP, _TARGET_LEFT, _TARGET_RIGHT = 712, 866, 892, 1228
_WIDTH = 1243
_ROLE_NAME_EVERY = 640
"""The role's box is as high as the picture, so its name is repeated for scrolling."""
_ROLE_CHARACTERS, _TARGET_CHARACTERS, _ACTION_CHARACTERS, _REMARK_CHARACTERS = 16, 32, 32, 40
_USE_HEIGHT = 54


def draw(parent: Element, results: RoleResults, principals: Sequence[Principal], name: str) -> None:
    """Append the picture of a role to an element, as SVG.

    Args:
        parent: the element.
        results: the role with its results.
        principals: the principals that tested it, at least one.
        name: the prefix of the ids in it.
    """
    accounts, found = place(principals), targets(results)
    right_height = HEADING + GAP + sum(_target_height(target) + 2 * GAP for target in found)
    height = max(accounts[-1].bottom, right_height)
    svg = add(
        parent,
        "svg",
        viewBox=f"-4 -4 {_WIDTH + 8} {height + 8:g}",
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-description",
    )
    add(svg, "title", f"Picture: who may assume {results.role.name}, and its rights", id=f"{name}-title")
    add(svg, "desc", _described(results, principals), id=f"{name}-description")
    for account in accounts:
        _draw_account(svg, account)
    _box(svg, "account", _OWNER_LEFT, 0, _WIDTH - _OWNER_LEFT, height)
    add(svg, "text", f"account {results.role.account_id}", x=_OWNER_LEFT + 14, y=20, class_="heading")
    _draw_role(svg, results, height)
    for row in (row for account in accounts for group in account.groups for row in group.rows):
        _draw_attempt(svg, results.assumed[row.principal.name], row.middle)
    top: float = HEADING + GAP
    for target in found:
        _draw_target(svg, target, top)
        top += _target_height(target) + 2 * GAP


def _draw_account(svg: Element, account: Account) -> None:
    _box(svg, "account", 0, account.top, _ACCOUNT_WIDTH, account.bottom - account.top)
    add(svg, "text", f"account {account.account_id}", x=14, y=account.top + 20, class_="heading")
    for group in account.groups:
        _box(svg, "group", _GROUP_LEFT, group.top, _ACCOUNT_WIDTH - 2 * _GROUP_LEFT, group.bottom - group.top)
        add(svg, "text", group.title, x=_CARD_LEFT, y=group.top + 17, class_="small")
        for row in group.rows:
            _draw_card(svg, row)


def _draw_card(svg: Element, row: Row) -> None:
    card = add(svg, "g")
    add(card, "title", row.principal.name)
    _box(card, "card", _CARD_LEFT, row.top, _CARD_RIGHT - _CARD_LEFT, row.height)
    _lines(card, row.lines, _CARD_LEFT + 10, row.top + 19)


def _draw_role(svg: Element, results: RoleResults, height: float) -> None:
    group = add(svg, "g")
    add(group, "title", results.role.arn)
    top, bottom = HEADING + GAP, int(height) - 2 * GAP
    _box(group, "role", _ROLE_LEFT, top, _ROLE_RIGHT - _ROLE_LEFT, bottom - top)
    middle = (_ROLE_LEFT + _ROLE_RIGHT) / 2
    lines = wrapped(results.role.name, _ROLE_CHARACTERS, 4)
    for y in range(top + 24, max(bottom - 100, top + 25), _ROLE_NAME_EVERY):
        add(group, "text", "role", x=middle, y=y, class_="small middle")
        _lines(group, lines, middle, y + 20, "strong middle")


def _draw_attempt(svg: Element, cell: Cell, y: float) -> None:
    """Draw the edge from a principal to the role."""
    edge = add(svg, "g", class_=_edge_class(cell.result, [cell]))
    add(edge, "title", f"{cell.principal}: {cell.result}, {judgement(cell)}; {cell.because}")
    _line(edge, cell.result, _CARD_RIGHT, _STOP, _ROLE_LEFT, y)
    below = {"as expected": [], "not as expected": ["not as expected"], "inconclusive": [f"{cell.expected} expected"]}
    _label(edge, _LABEL_LEFT, y, cell.result, below[outcome(cell)])


def _draw_target(svg: Element, target: Target, top: float) -> None:
    group = add(svg, "g")
    add(group, "title", f"bucket {target.name}" if target.is_bucket else target.name)
    _box(group, "target", _TARGET_LEFT, top, _TARGET_RIGHT - _TARGET_LEFT, _target_height(target))
    left = _TARGET_LEFT + 14
    if target.is_bucket:
        rim = f"M{left} {top + 15:g}c0 4 16 4 16 0c0 -4 -16 -4 -16 0"
        add(group, "path", d=f"{rim}v12c0 4 16 4 16 0v-12", class_="icon")
    add(
        group,
        "text",
        wrapped(target.name, _TARGET_CHARACTERS, 1)[0],
        x=left + (26 if target.is_bucket else 0),
        y=f"{top + 25:g}",
        class_="strong",
    )
    y = top + 50
    for word, class_, lines, remark in _action_lines(target):
        add(group, "text", word, x=left, y=f"{y:g}", class_=f"word {class_}")
        _lines(group, lines, left + 58, y)
        y += len(lines) * LINE
        for line in remark:
            add(group, "text", line, x=left + 58, y=f"{y:g}", class_=f"small {class_}")
            y += LINE
        y += 6
    for index, result in enumerate(_distinct_results(target)):
        _draw_use(svg, target, result, top + 26 + _USE_HEIGHT * index)


def _action_lines(target: Target) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Yield for each action: its result in a word, the word's class, the action's lines, and a remark's lines."""
    for action, cells in target.actions.items():
        outcomes = {cell.result for cell in cells}
        judged = ", ".join(judgements(cells))
        word = outcomes.pop().lower() if len(outcomes) == 1 else "mixed"
        class_ = {"as expected": word, "not as expected": "wrong", "inconclusive": "inconclusive"}[worst(cells)]
        remark = f"{result_counts(cells)}{f': {judged}' if judged else ''}" if judged or word == "mixed" else ""
        yield (
            "?" if word == "inconclusive" else word.upper(),
            class_,
            wrapped(action, _ACTION_CHARACTERS, 3),
            wrapped(remark, _REMARK_CHARACTERS, 2) if remark else [],
        )


def _target_height(target: Target) -> float:
    heights = ((len(lines) + len(remark)) * LINE + 6 for _, _, lines, remark in _action_lines(target))
    return max(44 + sum(heights), _USE_HEIGHT * len(_distinct_results(target)))


def _distinct_results(target: Target) -> list[Result]:
    outcomes = {cell.result for cell in target.cells}
    return [result for result in get_args(Result) if result in outcomes]


def _draw_use(svg: Element, target: Target, result: Result, y: float) -> None:
    """Draw the edge from the role to a target, for all actions with one result."""
    cells = {action: [cell for cell in cells if cell.result == result] for action, cells in target.actions.items()}
    actions = [action for action in cells if cells[action]]
    wrong = [action for action in actions if worst(cells[action]) == "not as expected"]
    edge = add(svg, "g", class_=_edge_class(result, (cell for action in actions for cell in cells[action])))
    add(edge, "title", f"{target.name}: {result}: {'; '.join(actions)}")
    _line(edge, result, _ROLE_RIGHT, _USE_STOP, _TARGET_LEFT, y)
    below = [f"{len(actions)} {'action' if len(actions) == 1 else 'actions'}"]
    _label(edge, _USE_LABEL_LEFT, y, result, [*below, *([f"{len(wrong)} not as expected"] if wrong else [])])


def _edge_class(result: Result, cells: Iterable[Cell]) -> str:
    return f"edge {result.lower()}{' wrong' if worst(cells) == 'not as expected' else ''}"


def _line(edge: Element, result: Result, start: float, stop: float, end: float, y: float) -> None:
    """Draw a line, which reaches its end only if the result is ALLOW."""
    if result == "ALLOW":
        add(edge, "path", d=f"M{start} {y:g}H{end - 10}")
        add(edge, "path", d=f"M{end} {y:g}l-11 -5.5v11z", class_="head")
        return
    add(edge, "path", d=f"M{start} {y:g}H{stop}")
    if result == "DENY":
        add(edge, "path", d=f"M{stop} {y - 9:g}v18", class_="bar")
    else:
        add(edge, "text", "?", x=stop + 6, y=f"{y + 5:g}", class_="strong")


def _label(edge: Element, x: float, y: float, above: str, below: Iterable[str]) -> None:
    add(edge, "text", above, x=x, y=f"{y - 5:g}", class_="label")
    for index, line in enumerate(below):
        add(edge, "text", line, x=x, y=f"{y + 14 + 13 * index:g}", class_="label")


def _box(parent: Element, class_: str, x: float, y: float, width: float, height: float) -> None:
    add(parent, "rect", class_=class_, x=x, y=f"{y:g}", width=width, height=f"{height:g}", rx=8)


def _lines(parent: Element, lines: Iterable[str], x: float, y: float, class_: str | None = None) -> None:
    for index, line in enumerate(lines):
        add(parent, "text", line, x=f"{x:g}", y=f"{y + index * LINE:g}", class_=class_)


def _described(results: RoleResults, principals: Sequence[Principal]) -> str:
    accounts = len({principal.account_id for principal in principals})
    parts = [
        f"On the left {len(principals)} principals of {accounts} {'account' if accounts == 1 else 'accounts'},"
        f" in the middle the role {results.role.name} of account {results.role.account_id}, on the right its targets.",
        f"Assuming the role: {result_counts(results.assumed.values())}.",
    ]
    parts += [f"{target.name}: {result_counts(target.cells) or 'not tested'}." for target in targets(results)]
    parts.append(f"{', '.join(judgements(results.cells)) or 'all as expected'}.")
    return " ".join(parts)
