"""The texts that a set of patterns can tell apart, found by running all of the patterns' automata at once.

Two texts that every pattern answers alike are the same to a policy. So a few texts, one for each combination of
answers, stand for all that there are.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

_FILLERS = "xyzabcdefghijklmnopqrstuvw0123456789-_XYZABCDEFGHIJKLMNOPQRSTUVW+=,.@:/ !#%&()"
"""Characters that stand for any other, the most readable first."""

_MOST_STEPS, _FEW_STEPS = 60_000, 10_000

_SPECIAL = re.compile(r"(\$\{[*?$]\}|[*?])")
_WILDCARD = re.compile(r"([*?])")


class TooManyTextsError(Exception):
    """The patterns overlap so much that the search for texts was stopped."""


@dataclass(frozen=True)
class Token:
    """One character of a pattern, or any number of characters."""

    characters: frozenset[str] = frozenset()
    excluded: bool = True
    """Whether it stands for every character but these."""
    repeated: bool = False
    """Whether it stands for any number of them, none included."""

    def accepts(self, character: str) -> bool:
        """Return whether it stands for a character."""
        return (character in self.characters) is not self.excluded

    def without(self, characters: str) -> "Token":
        """Return the same, but these characters no longer."""
        if not self.excluded:
            return self
        return replace(self, characters=self.characters | set(characters))


Pattern = tuple[Token, ...]


def literal(text: str) -> Pattern:
    """Return the pattern of one text."""
    return tuple(Token(frozenset(character), excluded=False) for character in text)


def any_text(without: str = "") -> Pattern:
    """Return the pattern of every text without these characters, the empty text included."""
    return (Token(frozenset(without), repeated=True),)


def one_of(characters: str) -> Pattern:
    """Return the pattern of one of these characters."""
    return (Token(frozenset(characters), excluded=False),)


def glob(text: str, *, wildcards: bool = True, ignore_case: bool = False, variables: bool = True) -> Pattern:
    """Return the pattern of a policy's text. ``${*}`` and the like are literal where variables are filled in."""
    tokens: list[Token] = []
    for piece in (_SPECIAL if variables else _WILDCARD).split(text):
        if piece in ("*", "?") and wildcards:
            tokens.append(Token(repeated=piece == "*"))
        else:
            characters = piece[2] if len(piece) == 4 and piece.startswith("${") else piece
            tokens += (
                Token(frozenset((each.lower(), each.upper()) if ignore_case else each), excluded=False)
                for each in characters
            )
    return tuple(tokens)


def within(pattern: Pattern, without: str) -> Pattern:
    """Return a pattern whose wildcards do not stand for some characters."""
    return tuple(token.without(without) for token in pattern)


def texts(
    patterns: Iterable[Pattern], shapes: Iterable[Pattern], each: int = 1, *, complete: bool = True
) -> Iterator[str]:
    """Yield texts of which every text of these shapes is like one, as far as the patterns can tell; short ones first.

    Args:
        patterns: what texts are held against.
        shapes: what all texts look like: one of these.
        each: so many texts are wanted of those that the patterns can't tell apart, where there are so many.
        complete: whether all are wanted; otherwise, those that are found with little effort.

    Raises:
        TooManyTextsError: they can't all be found.
    """
    together = _Together([*dict.fromkeys(patterns)], [*dict.fromkeys(shapes)])
    found: dict[int, int] = {}
    visits = {together.start: 1}
    waiting = deque([(together.start, "")])
    steps = 0
    while waiting:
        state, text = waiting.popleft()
        if state & together.shape_ends:
            answers = state & together.ends
            if found.get(answers, 0) < each:
                found[answers] = found.get(answers, 0) + 1
                yield text
        for character in together.characters(state, each):
            steps += 1
            if steps > (_MOST_STEPS if complete else _FEW_STEPS):
                if complete:
                    raise TooManyTextsError
                return
            following = together.step(state, character)
            if following & together.shape and visits.get(following, 0) < each:
                visits[following] = visits.get(following, 0) + 1
                waiting.append((following, text + character))


class _Together:
    """The patterns, run at once: a state is a number with one bit for each place in a pattern that may be reached."""

    def __init__(self, patterns: Sequence[Pattern], shapes: Sequence[Pattern]) -> None:
        self._tokens: list[Token | None] = []
        self._repeated = self.start = self.ends = self.shape_ends = self.shape = 0
        for pattern in [*patterns, *shapes]:
            first = len(self._tokens)
            self.start |= 1 << first
            self._tokens += [*pattern, None]
        self.ends = sum(1 << place for place in self._last_places(patterns, 0))
        self.shape_ends = sum(1 << place for place in self._last_places(shapes, sum(len(it) + 1 for it in patterns)))
        self.shape = (1 << len(self._tokens)) - (1 << sum(len(it) + 1 for it in patterns))
        self._repeated = sum(1 << place for place, token in enumerate(self._tokens) if token and token.repeated)
        self._places: dict[Token, int] = {}
        for place, token in enumerate(self._tokens):
            if token:
                self._places[token] = self._places.get(token, 0) | 1 << place
        self._accepting: dict[str, int] = {}
        self.start = self._skipping(self.start)

    @staticmethod
    def _last_places(patterns: Sequence[Pattern], place: int) -> Iterator[int]:
        for pattern in patterns:
            place += len(pattern) + 1
            yield place - 1

    def _skipping(self, state: int) -> int:
        """The places that are reached too, as what may be repeated may be left out."""
        while (more := state | (state & self._repeated) << 1) != state:
            state = more
        return state

    def step(self, state: int, character: str) -> int:
        accepting = self._accepting.get(character)
        if accepting is None:
            accepting = sum(places for token, places in self._places.items() if token.accepts(character))
            self._accepting[character] = accepting
        live = state & accepting
        return self._skipping((live & ~self._repeated) << 1 | live & self._repeated)

    def characters(self, state: int, fillers: int) -> list[str]:
        """The characters that a state can tell apart: some that no pattern names here, then those that one does."""
        named: set[str] = set()
        while state:
            place = (state & -state).bit_length() - 1
            state &= state - 1
            token = self._tokens[place]
            if token:
                named |= token.characters
        others = [character for character in _FILLERS if character not in named]
        if len(others) < fillers:
            others = [chr(number) for number in range(0x00C0, 0x2000) if chr(number) not in named]
        return [*others[:fillers], *sorted(named)]


def is_one_of(patterns: Sequence[Pattern], text: str) -> bool:
    """Return whether a text is of one of the patterns."""
    return _is_one_of(tuple(patterns), text)


@lru_cache(maxsize=65536)
def _is_one_of(patterns: tuple[Pattern, ...], text: str) -> bool:
    together = _together(patterns)
    state = together.start
    for character in text:
        state = together.step(state, character)
    return bool(state & together.shape_ends)


@lru_cache(maxsize=256)
def _together(shapes: tuple[Pattern, ...]) -> _Together:
    return _Together([], shapes)
