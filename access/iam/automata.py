"""Find example texts for every combination of patterns that a text can match, by running all automata at once.

A policy can't distinguish two texts that match the same patterns. So one text for each combination represents all.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

_FILLERS = "xyzabcdefghijklmnopqrstuvw0123456789-_XYZABCDEFGHIJKLMNOPQRSTUVW+=,.@:/ !#%&()"
"""Characters that represent all others, the most readable first."""

_MAX_STEPS, _MAX_QUICK_STEPS = 60_000, 10_000

_SPECIAL = re.compile(r"(\$\{[*?$]\}|[*?])")
_WILDCARD = re.compile(r"([*?])")


class TooManyTextsError(Exception):
    """Patterns that overlap so much that the search for texts was stopped."""


@dataclass(frozen=True)
class Token:
    """One character of a pattern, or a run of characters."""

    characters: frozenset[str] = frozenset()
    excluded: bool = True
    """Match every character except these."""
    repeated: bool = False
    """Match any number of them, including none."""

    def accepts(self, character: str) -> bool:
        """Return whether the token matches a character."""
        return (character in self.characters) is not self.excluded

    def without(self, characters: str) -> "Token":
        """Return a token that no longer matches these characters."""
        if not self.excluded:
            return self
        return replace(self, characters=self.characters | set(characters))


Pattern = tuple[Token, ...]


def literal(text: str) -> Pattern:
    """Return the pattern that matches one text."""
    return tuple(Token(frozenset(character), excluded=False) for character in text)


def any_text(without: str = "") -> Pattern:
    """Return the pattern that matches every text without these characters, including the empty text."""
    return (Token(frozenset(without), repeated=True),)


def one_of(characters: str) -> Pattern:
    """Return the pattern that matches one of these characters."""
    return (Token(frozenset(characters), excluded=False),)


def glob(text: str, *, wildcards: bool = True, ignore_case: bool = False, variables: bool = True) -> Pattern:
    """Return the pattern of a policy's text. Where variables are filled in, ``${*}`` and the like are literal."""
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


def excluding(pattern: Pattern, without: str) -> Pattern:
    """Return a pattern whose wildcards do not match some characters."""
    return tuple(token.without(without) for token in pattern)


def texts(
    patterns: Iterable[Pattern], shapes: Iterable[Pattern], each: int = 1, *, complete: bool = True
) -> Iterator[str]:
    """Yield one text for each set of patterns that a text of these shapes can match, the short ones first.

    Args:
        patterns: the patterns to distinguish texts by.
        shapes: the patterns one of which every text must match.
        each: the number of texts per set of matched patterns, where that many exist.
        complete: whether to find all; otherwise, the search stops early.

    Raises:
        TooManyTextsError: not all can be found.
    """
    automaton = _CombinedAutomaton([*dict.fromkeys(patterns)], [*dict.fromkeys(shapes)])
    found: dict[int, int] = {}
    visits = {automaton.start: 1}
    waiting = deque([(automaton.start, "")])
    steps = 0
    while waiting:
        state, text = waiting.popleft()
        if state & automaton.shape_ends:
            answers = state & automaton.ends
            if found.get(answers, 0) < each:
                found[answers] = found.get(answers, 0) + 1
                yield text
        for character in automaton.characters(state, each):
            steps += 1
            if steps > (_MAX_STEPS if complete else _MAX_QUICK_STEPS):
                if complete:
                    raise TooManyTextsError
                return
            following = automaton.step(state, character)
            if following & automaton.shape and visits.get(following, 0) < each:
                visits[following] = visits.get(following, 0) + 1
                waiting.append((following, text + character))


class _CombinedAutomaton:
    """All patterns, run at once. A state has one bit for each reachable place in a pattern."""

    def __init__(self, patterns: Sequence[Pattern], shapes: Sequence[Pattern]) -> None:
        self._tokens: list[Token | None] = []
        self._repeated = self.start = self.ends = self.shape_ends = self.shape = 0
        for pattern in [*patterns, *shapes]:
            first = len(self._tokens)
            self.start |= 1 << first
            self._tokens += [*pattern, None]
        first_shape = sum(len(pattern) + 1 for pattern in patterns)
        self.ends = sum(1 << place for place in self._last_places(patterns, 0))
        self.shape_ends = sum(1 << place for place in self._last_places(shapes, first_shape))
        self.shape = (1 << len(self._tokens)) - (1 << first_shape)
        self._repeated = sum(1 << place for place, token in enumerate(self._tokens) if token and token.repeated)
        self._places: dict[Token, int] = {}
        for place, token in enumerate(self._tokens):
            if token:
                self._places[token] = self._places.get(token, 0) | 1 << place
        self._accepting: dict[str, int] = {}
        self.start = self._with_skipped(self.start)

    @staticmethod
    def _last_places(patterns: Sequence[Pattern], place: int) -> Iterator[int]:
        for pattern in patterns:
            place += len(pattern) + 1
            yield place - 1

    def _with_skipped(self, state: int) -> int:
        """Return a state with the places that are reached by skipping repeated tokens."""
        while (more := state | (state & self._repeated) << 1) != state:
            state = more
        return state

    def step(self, state: int, character: str) -> int:
        accepting = self._accepting.get(character)
        if accepting is None:
            accepting = sum(places for token, places in self._places.items() if token.accepts(character))
            self._accepting[character] = accepting
        live = state & accepting
        return self._with_skipped((live & ~self._repeated) << 1 | live & self._repeated)

    def characters(self, state: int, fillers: int) -> list[str]:
        """Return the characters that a state can distinguish: some that no pattern names here, then the named ones."""
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


def matches_any(patterns: Sequence[Pattern], text: str) -> bool:
    """Return whether a text matches one of the patterns."""
    return _matches_any(tuple(patterns), text)


@lru_cache(maxsize=65536)
def _matches_any(patterns: tuple[Pattern, ...], text: str) -> bool:
    automaton = _combined(patterns)
    state = automaton.start
    for character in text:
        state = automaton.step(state, character)
    return bool(state & automaton.shape_ends)


@lru_cache(maxsize=256)
def _combined(shapes: tuple[Pattern, ...]) -> _CombinedAutomaton:
    return _CombinedAutomaton([], shapes)
