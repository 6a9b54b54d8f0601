"""Place the principals in the picture: by account, then by groups, one below the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..matrix import Principal
from .wrapping import wrapped

LINE, GAP, HEADING = 16, 8, 30
"""The heights of a line of text, of the space between boxes, and of an account's name."""

_CARD_CHARACTERS, _GROUP_CHARACTERS = 34, 38
_GROUP_HEADING, _CARD_PADDING = 24, 14


@dataclass(frozen=True)
class Row:
    """A principal's box."""

    principal: Principal
    top: float
    lines: list[str]
    """The principal's name."""

    @property
    def height(self) -> int:
        """The height of the box."""
        return _CARD_PADDING + LINE * len(self.lines)

    @property
    def middle(self) -> float:
        """The vertical start of the edge."""
        return self.top + self.height / 2


@dataclass
class Group:
    """Principals with the same groups."""

    title: str
    top: float
    rows: list[Row] = field(default_factory=list)

    @property
    def bottom(self) -> float:
        """The lower end of the box."""
        return self.rows[-1].top + self.rows[-1].height + GAP


@dataclass
class Account:
    """An account with some of its principals."""

    account_id: str
    top: float
    groups: list[Group] = field(default_factory=list)

    @property
    def bottom(self) -> float:
        """The lower end of the box."""
        return self.groups[-1].bottom + GAP


def place(principals: Iterable[Principal]) -> list[Account]:
    """Return the accounts with their groups and principals, placed."""
    by_account: dict[str, dict[tuple[str, ...], list[Principal]]] = {}
    for principal in principals:
        by_account.setdefault(principal.account_id, {}).setdefault(principal.groups, []).append(principal)
    accounts: list[Account] = []
    top = 0.0
    for account_id, groups in by_account.items():
        account = Account(account_id, top)
        top += HEADING
        for names, members in groups.items():
            account.groups.append(_group(names, members, top))
            top = account.groups[-1].bottom + GAP
        accounts.append(account)
        top = account.bottom + 2 * GAP
    return accounts


def _group(names: Sequence[str], members: Iterable[Principal], top: float) -> Group:
    title = f"{'group' if len(names) == 1 else 'groups'} {' and '.join(names)}" if names else "in no group"
    group = Group(wrapped(title, _GROUP_CHARACTERS, 1)[0], top)
    top += _GROUP_HEADING
    for principal in members:
        row = Row(principal, top, wrapped(principal.name, _CARD_CHARACTERS, 3))
        group.rows.append(row)
        top += row.height + GAP
    return group
