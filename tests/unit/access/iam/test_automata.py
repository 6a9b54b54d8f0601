"""Test that the texts found represent all texts for a set of patterns."""

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.iam.automata import Pattern, TooManyTextsError, any_text, excluding, glob, literal, matches_any, texts

STABLE = settings(derandomize=True, max_examples=100, deadline=None)
GLOBS = st.lists(st.text("ab*?", max_size=4), min_size=1, max_size=4)


def answers(globs: list[str], text: str) -> tuple[bool, ...]:
    expressions = (re.escape(each).replace(r"\*", ".*").replace(r"\?", ".") for each in globs)
    return tuple(re.fullmatch(each, text, re.DOTALL) is not None for each in expressions)


@STABLE
@given(GLOBS)
def test_every_text_is_represented(globs: list[str]) -> None:
    found = {answers(globs, text) for text in texts(map(glob, globs), [any_text()])}
    some = ("".join(letters) for size in range(6) for letters in product("abx", repeat=size))
    assert {answers(globs, text) for text in some} <= found


@STABLE
@given(GLOBS)
def test_the_requested_number_of_texts_is_found(globs: list[str]) -> None:
    found = [*texts(map(glob, globs), [any_text()], each=2)]
    assert len(set(found)) == len(found)
    by_answers = [answers(globs, text) for text in found]
    some = {"".join(letters) for size in range(6) for letters in product("abx", repeat=size)}
    for each in set(by_answers):
        alike = sum(answers(globs, text) == each for text in some)
        assert by_answers.count(each) == min(alike, 2) or alike == 0


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (glob("a*"), "ab", True),
        (glob("a*"), "Ab", False),
        (glob("a*", ignore_case=True), "Ab", True),
        (glob("a*", wildcards=False), "a*", True),
        (glob("a*", wildcards=False), "ab", False),
        (glob("a${*}"), "a*", True),
        (glob("a${*}"), "ab", False),
        (glob("a${*}", variables=False), "a${x}", True),
        (excluding(glob("a?"), ":"), "a:", False),
        (literal("a*"), "a*", True),
        (any_text(":"), "a:", False),
        (any_text(":"), "", True),
    ],
)
def test_a_pattern_matches_texts(pattern: Pattern, text: str, fits: bool) -> None:
    assert matches_any([pattern], text) is fits


def test_all_texts_have_the_shape() -> None:
    assert all(text.startswith("b") for text in texts([glob("*a")], [literal("b") + any_text()]))


def test_the_search_for_texts_stops() -> None:
    patterns = [glob(f"*a{'?' * number}b") for number in range(16)]
    with pytest.raises(TooManyTextsError):
        list(texts(patterns, [any_text()]))
