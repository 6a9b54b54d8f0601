"""Laws of options: the effect of an option on access, which is tested with an evaluator instead of comparing documents.

Every option has one law: the access that it keeps of what is allowed without it, and the access that it adds. So an
option that narrows adds nothing, and one that widens adds what its name says and no more. Hypothesis draws the other
options, and requests that are legitimate or near misses. An argument of the components without a law fails a test.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.support.bucket_accesses import Access
from tests.support.policy_evaluator import Policy
from tests.support.role_calls import Args, Call

STABLE = settings(derandomize=True, max_examples=50, deadline=None)
R = TypeVar("R", bound=Call | Access)
Allows = Callable[[R], bool]


def document(*statements: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


EVERYTHING = Policy("identity", document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
"""Return the policy of an administrator."""


def nothing(_args: Args, _request: object, _before: object) -> bool:
    return False


@dataclass(frozen=True)
class Law(Generic[R]):
    """The meaning of an option."""

    values: SearchStrategy[Any]
    """A strategy for its values."""
    example: Any
    """An example value, for the two requests below."""
    allowed: R
    """A request that the example allows."""
    refused: R
    """A request that the example refuses. Without the option, this or the one above has another result."""
    keeps: Callable[[Args, R], bool] = lambda _args, _request: True
    """``True`` if the option keeps a request that is allowed without it."""
    adds: Callable[[Args, R, Allows[R]], bool] = nothing
    """``True`` if the option itself allows a request, given the access without it."""
    without: Args = field(default_factory=dict)
    """The arguments in its place if the option is left out."""
    beside: Args = field(default_factory=dict)
    """The other arguments that it requires."""


def check_law(name: str, law: Law[R], args: Args, requests: Iterable[R], allows: Callable[[Args], Allows[R]]) -> None:
    """Check one option's law for arguments with the option and some requests."""
    before = allows({key: value for key, value in args.items() if key != name} | law.without)
    after = allows(args)
    for request in requests:
        expected = (before(request) and law.keeps(args, request)) or law.adds(args, request, before)
        assert after(request) == expected, f"{name}: {args.get(name)!r} beside {args}: {request}"


def check_example(name: str, law: Law[R], base: Args, allows: Callable[[Args], Allows[R]]) -> None:
    """Check that the option makes a difference, and that a request that meets it is allowed."""
    without = allows({key: value for key, value in {**base, **law.beside}.items() if key != name} | law.without)
    having = allows({**base, **law.beside, name: law.example})
    assert having(law.allowed)
    assert not having(law.refused)
    assert not without(law.allowed) or without(law.refused)


class Around(list[R]):
    """A request with all requests that differ from it in one value. A failing test shows only the first."""

    def __init__(self, request: R, near: Mapping[str, Iterable[Any]]) -> None:
        request_with: Any = partial(replace, request)
        super().__init__([request, *(request_with(**{name: value}) for name in near for value in near[name])])

    def __repr__(self) -> str:
        return f"{self[0]} and its neighbours"


def some(*values: Any, most: int = 2) -> SearchStrategy[Any]:  # noqa: ANN401
    """Return a strategy for short lists of these."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def others(laws: Mapping[str, Law[R]], *apart: str) -> SearchStrategy[Args]:
    """Draw some of the options, except these."""
    return st.fixed_dictionaries({}, optional={key: law.values for key, law in laws.items() if key not in apart})
