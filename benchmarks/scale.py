"""Time both stacks with many roles and groups, without the proof: a first up, an up without change, and a preview.

Run it with ``make benchmark``, or alone: ``python -m benchmarks.scale``. Each role has its bucket, and each group may
assume one role. Each count is one run in its own sandbox. Its seconds are processor time of all processes. The ratios
compare the time per role with the first count's: equal ratios mean that time grows linearly.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure, show
from benchmarks.up import SANDBOX, measured
from sandbox.layout import REPOSITORY, layout_of

TITLE = "many roles and groups, without the proof"
COUNTS = (10, 30, 100, 300)
PRODUCTION, DEVELOPMENT = "999999999999", "111111111111"
PROJECT = "cross-account-access"
COMMANDS = {
    "up from nothing": ("up", "--skip-preview"),
    "up without change": ("up", "--skip-preview"),
    "preview": ("preview",),
}


def write_project(folder: Path, count: int) -> None:
    """Write a project with this many roles and groups."""
    roles = [
        {"name": f"Role{number:04}", "bucket": f"application-{number:04}", "trustedAccountId": DEVELOPMENT}
        for number in range(count)
    ]
    groups = [{"name": f"Group{number:04}", "allow": [f"production/Role{number:04}"]} for number in range(count)]
    (folder / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\nmain: {REPOSITORY}\n")
    for stack, account_id, name, entries in (
        ("production", PRODUCTION, "roles", roles),
        ("development", DEVELOPMENT, "groups", groups),
    ):
        config = {"aws:region": "us-east-1", "aws:allowedAccountIds": [account_id], f"{PROJECT}:{name}": entries}
        (folder / f"Pulumi.{stack}.yaml").write_text(json.dumps({"config": config}))


def figures(counts: Sequence[int] = COUNTS) -> Iterator[Figure]:
    """Deploy each count in turn."""
    first: dict[str, float] = {}
    for count in counts:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write_project(folder, count)
            for what, arguments in COMMANDS.items():
                seconds, megabytes = 0.0, 0.0
                for stack in ("production", "development"):
                    command = [*SANDBOX, "pulumi", "--project", str(folder), stack, "--", *arguments]
                    cost = measured(command, layout_of(folder))
                    seconds, megabytes = seconds + cost.processor_seconds, max(megabytes, cost.megabytes)
                each = first.setdefault(what, seconds / count)
                name = f"{count:4} roles and groups, {what}"
                yield Figure(name, seconds, seconds / count / each, f"{counts[0]} roles', for each role", megabytes)
            measured([*SANDBOX, "down", "--project", str(folder), "--wipe"], layout_of(folder))


if __name__ == "__main__":
    show(TITLE, figures())
