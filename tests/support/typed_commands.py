"""The tests that run the commands shown in the documentation."""

from collections.abc import Iterator

from tests.support.markdown import PAGES

_SWITCH = "tests/sandbox/test_switch.py"
_DISTRIBUTION, _REUSE = "tests/sandbox/test_distribution.py", "tests/sandbox/test_reuse.py"
_STACKS, _EXAMPLES = "tests/sandbox/test_stacks.py", "tests/sandbox/test_examples.py"
_PROVE, _STATE = "tests/sandbox/test_prove_command.py", "tests/sandbox/test_state.py"
_STEPS = "tests/sandbox/test_real_accounts.py::test_the_steps_deploy_both_stacks_from_nothing"
_CI, _CHECK = ".ci/run", "tests/unit/test_documentation.py::test_every_command_can_be_typed"
_RESTORED = f"{_STATE}::test_an_earlier_version_of_the_state_is_restored"
_IMPORTED = f"{_STATE}::test_an_earlier_update_is_restored_from_the_history"
_SHELL = "tests/sandbox/test_documentation.py::test_the_commands_of_a_page_work_as_written"

PAGES_IN_A_SHELL = ("docs/tutorial.md", "docs/switching.md", "docs/sandbox.md", "docs/proving.md")
"""The pages whose commands are typed into one shell, in the sandbox, but for those below."""

ELSEWHERE = {
    "make up": _CI,
    "make down": _CI,
    "make test": _CI,
    "make setup": _CI,
    "make lint": _CI,  # a part of `make test`, as the next one is
    "make unit": _CI,
    "make help": _CHECK,
    "make format": _CHECK,
    "make aws-check PRODUCTION=<profile> DEVELOPMENT=<profile>": (
        "tests/sandbox/test_aws_check.py::test_the_report_covers_two_accounts_and_leaves_nothing"
    ),
    ".venv/bin/python -m pytest -n 0 tests/unit/components/test_trust.py": _CHECK,
    ".venv/bin/python -m pytest -n 0 tests/sandbox/test_switch.py -k session_policy": _CHECK,
    ".venv/bin/python -m sandbox up production": "tests/sandbox/test_faults.py",
    ".venv/bin/python -m sandbox down --wipe": (
        "tests/sandbox/test_commands.py::test_up_deploys_and_proves_and_a_second_up_changes_nothing"
    ),
    ".venv/bin/python -m sandbox up --project examples/three-accounts": (
        f"{_EXAMPLES}::test_one_command_deploys_and_proves_the_stacks_in_order"
    ),
    ".venv/bin/python -m sandbox up --project examples/consumer --with .": (
        f"{_EXAMPLES}::test_another_project_reads_the_outputs_and_its_role_may_switch"
    ),
    "access changes main": "tests/unit/access/changes/test_revisions.py::test_the_working_tree_is_compared_by_default",
    "access diff old.json new.json": f"{_PROVE}::test_a_red_proof_fails_and_a_comparison_names_gains",
    "access lint production": "tests/sandbox/test_access.py::test_lint_checks_every_deployed_policy",
    "access prove production development --outsider another-account --create-probes --html proof.html --json"
    " proof.json": f"{_PROVE}::test_the_proof_is_reported_in_every_format",
    "access exec": "tests/unit/access/switch/published/test_roles.py::test_by_number_or_name",
    "access console production/UpdateApp --profile David --open": (
        "tests/sandbox/test_console.py::test_open_hides_the_link"
    ),
    "access revoke production/UpdateApp": f"{_SWITCH}::test_revoke_and_begin_new_sessions",
    "pipx install git+https://…/cross-account-access.git": f"{_DISTRIBUTION}::test_the_installed_command_switches",
    'pip install "cross-account-access[components] @ git+https://…/cross-account-access.git"': (
        f"{_DISTRIBUTION}::test_the_components_work_as_a_git_dependency"
    ),
    "pulumi package add https://…/cross-account-access.git/components": (
        f"{_REUSE}::test_the_cli_reads_the_schema_from_the_folder"
    ),
    "pulumi new https://…/cross-account-access.git --stack production": (
        f"{_REUSE}::test_pulumi_new_creates_a_working_project"
    ),
    "pulumi cancel --stack production": f"{_STATE}::test_a_stuck_lock_is_named_and_cancelled_by_the_keeper",
    "aws s3api list-object-versions --bucket acme-state --prefix .pulumi/stacks/cross-account-access/production.json"
    " --profile state": _RESTORED,
    "aws s3api copy-object --bucket acme-state --key .pulumi/stacks/cross-account-access/production.json --copy-source"
    " 'acme-state/.pulumi/stacks/cross-account-access/production.json?versionId=VERSION' --profile state": _RESTORED,
    "aws s3 cp s3://acme-state/.pulumi/history/cross-account-access/production/production-TIME.checkpoint.json"
    " checkpoint.json": _IMPORTED,
    "jq '{version, deployment: .checkpoint.latest}' checkpoint.json | pulumi stack import --stack production": (
        _IMPORTED
    ),
}
"""The test of each command, or of its effect if the command needs the network."""


def in_a_shell(name: str) -> list[str]:
    """Return the commands of a page that are typed into a shell as they stand."""
    return [line for line in PAGES[name].commands if line not in ELSEWHERE]


def tests() -> Iterator[tuple[str, str]]:
    """Return each command of each page, with the test that runs it; an empty text if none does."""
    for name, page in PAGES.items():
        for line in page.commands:
            if line in ELSEWHERE:
                yield line, ELSEWHERE[line]
            elif name in PAGES_IN_A_SHELL:
                yield line, _SHELL
            else:
                yield line, _STEPS if line in _bootstrap() else ""


def _bootstrap() -> str:
    section = PAGES["docs/state.md"].text.split("\n## From nothing to both stacks\n")[1]
    return " ".join(section.split("\n## ")[0].split())
