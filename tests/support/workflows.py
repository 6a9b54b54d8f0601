"""Read workflows of GitHub Actions, and run their steps as GitHub would."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.unit.conftest import REPOSITORY

FOLDER = REPOSITORY / ".github" / "workflows"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))
_EXPRESSION = re.compile(r"\$\{\{ *([^{}]*?) *\}\}")


def read(name: str) -> dict[Any, Any]:
    """Return a workflow by its file's name."""
    found: dict[Any, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    return found


@dataclass
class Runner:
    """A machine that runs the steps of a job: its folder, and the variables that GitHub sets there."""

    folder: Path
    environment: dict[str, str]
    expressions: dict[str, str] = field(default_factory=dict)
    """The values of the workflow's expressions."""

    @classmethod
    def at(cls, folder: Path) -> "Runner":
        """Return a runner in an existing folder, without values."""
        temporary = folder / "temporary"
        temporary.mkdir()
        return cls(
            folder,
            {
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "RUNNER_TEMP": str(temporary),
                "GITHUB_ENV": str(temporary / "env"),
                "GITHUB_OUTPUT": str(temporary / "output"),
                "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"),
                "GITHUB_REPOSITORY": "acme/access",
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_RUN_ID": "42",
                "GITHUB_RUN_ATTEMPT": "1",
            },
        )

    def run(self, workflow: str, job: str, name: str) -> subprocess.CompletedProcess[str]:
        """Run a step, and take over what it sets for those that follow."""
        described = read(workflow)["jobs"][job]
        step = next(step for step in described["steps"] if step["name"] == name)
        variables = {**described.get("env", {}), **step.get("env", {})}
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder / step.get("working-directory", "."),
            env={**self.environment, **{key: self._filled_in(str(value)) for key, value in variables.items()}},
            capture_output=True,
            text=True,
            check=False,
        )
        self.environment |= self.said("env")
        return done

    def said(self, name: str) -> Mapping[str, str]:
        """Return the values that steps wrote to ``output`` or ``env``."""
        file = self.folder / "temporary" / name
        lines = file.read_text().splitlines() if file.exists() else []
        return dict(line.split("=", 1) for line in lines)

    def _filled_in(self, value: str) -> str:
        return _EXPRESSION.sub(lambda found: self.expressions.get(found[1], ""), value)


def listed(runner: Runner, workflow: str) -> list[str]:
    done = runner.run(workflow, "stacks", "List the stacks")
    assert (done.returncode, done.stderr) == (0, "")
    return [row["stack"] for row in json.loads(runner.said("output")["matrix"])["include"]]
