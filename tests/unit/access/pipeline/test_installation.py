"""The steps that install packages, and the commands of the workflows."""

import shlex

import pytest

from access.__main__ import parser
from tests.support.workflows import NAMES, Runner, read

STEPS = [
    (name, job, step["name"], step["run"])
    for name in NAMES
    for job, content in read(name)["jobs"].items()
    for step in content["steps"]
    if "run" in step
]


@pytest.mark.parametrize("command", sorted({step[3] for step in STEPS if step[3].startswith("make ")}))
def test_make_installs_the_packages(runner: Runner, command: str) -> None:
    workflow, job, name, _ = next(step for step in STEPS if step[3] == command and step[0] != "access")
    runner.environment["MAKEFLAGS"] = "nB"  # print the commands only, as if nothing were installed
    output = runner.run(workflow, job, name)
    assert output.returncode == 0, output.stderr
    assert "-m sandbox.packages requirements" in output.stdout
    assert ("-m sandbox up" in output.stdout) == (workflow == "prove")


@pytest.mark.parametrize("command", sorted({step[3] for step in STEPS if " -m access " in step[3]}))
def test_each_command_exists(command: str) -> None:
    filled_in = command.replace("$STACKS", "production development").split(" >> ")[0]
    arguments = [word.replace('"', "") for word in shlex.split(filled_in)[3:]]
    assert callable(parser().parse_args(arguments).run)
