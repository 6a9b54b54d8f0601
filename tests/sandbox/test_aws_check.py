"""Tests of ``make aws-check`` with the profiles of two accounts, here the sandbox's."""

import os
import subprocess
import sys

import pytest

from sandbox import toolchain
from sandbox.emulator import Emulator
from sandbox.existing_accounts import write_account_ids
from sandbox.layout import REPOSITORY
from tests.sandbox.conftest import Sandbox

MISSING = "test_a_principal_that_does_not_exist"


def check(sandbox: Sandbox, production: str, development: str) -> tuple[int, str]:
    """Run a part of the check, and return its exit code and its output."""
    variables = {
        **os.environ,
        "AWS_CONFIG_FILE": str(sandbox.layout.aws_config),
        "AWS_CHECK_REPORT": "1",
        "AWS_CHECK_PRODUCTION": production,
        "AWS_CHECK_DEVELOPMENT": development,
    }
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-s", "--tb=short", "tests/aws", "-k", MISSING]
    done = subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("lenient", [False, True])
def test_the_report_covers_two_accounts_and_leaves_nothing(sandbox: Sandbox, lenient: bool) -> None:
    sandbox.write_profiles()
    write_account_ids(sandbox.layout, ("999999999999", "111111111111"))
    Emulator(sandbox.layout, lenient=lenient).start(toolchain.emulator_python(print))
    code, report = check(sandbox, "production", "development")
    assert report.startswith("production: profile production, development: profile development\n"), report
    assert (code, report.count("\nas said"), report.count(f"\nOTHERWISE  {MISSING}[")) == (
        (1, 0, 2) if lenient else (0, 2, 0)
    )
    assert sandbox.left_over_probes() == []
    Emulator(sandbox.layout).stop()


def test_two_profiles_of_one_account_are_refused(sandbox: Sandbox) -> None:
    sandbox.write_profiles()
    code, report = check(sandbox, "production", "production")
    assert code == 1
    assert "NOT TRIED" in report
    assert "the profiles lead to one account; name two" in report
    assert sandbox.left_over_probes() == []
