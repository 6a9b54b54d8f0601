"""The order in which files of tests begin."""

from tests.conftest import _FIRST
from tests.unit.conftest import REPOSITORY


def test_the_files_that_begin_first_are_there() -> None:
    sandbox = REPOSITORY / "tests" / "sandbox"
    assert [name for name in _FIRST if not (sandbox / f"test_{name}.py").exists()] == []
