"""The README and Pulumi.yaml name every option and every output."""

import inspect
import re

import pytest
import yaml

from stack.entries import GranteeEntry, GroupEntry, KnownPrincipalEntry, PermissionSetEntry, RoleEntry
from tests.unit.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
PROJECT = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())


def keys(entry_type: type) -> set[str]:
    """Return the keys of an entry in YAML."""
    return {re.sub("_(.)", lambda match: match[1].upper(), name) for name in inspect.get_annotations(entry_type)}


def section(name: str) -> str:
    """Return the README's section about one list."""
    part = README.split(f"**`cross-account-access:{name}`**")[1]
    return re.split(r"\n\*\*|\n#+ |\nOut of scope|\nthe stack makes", part)[0]


@pytest.mark.parametrize(
    ("name", "entry_type"),
    [
        ("roles", RoleEntry),
        ("groups", GroupEntry),
        ("granteeRoles", GranteeEntry),
        ("permissionSets", PermissionSetEntry),
        ("knownPrincipals", KnownPrincipalEntry),
    ],
)
def test_every_option_is_in_the_readme_and_declared(name: str, entry_type: type) -> None:
    wanted = keys(entry_type)
    rows = re.findall(r"^\| (`.*?) \|", section(name), re.MULTILINE)
    documented = set(re.findall(r"`(\w+)`", " ".join(rows) if rows else section(name)))
    assert documented == wanted
    described = set(re.findall(r"\w+", PROJECT["config"][name]["description"]))
    assert wanted <= described


def test_every_output_is_in_the_readme() -> None:
    exported = set(re.findall(r'pulumi\.export\("(\w+)"', (REPOSITORY / "stack" / "outputs.py").read_text()))
    contract = README.split("the outputs' contract")[1].split("\n#")[0]
    assert set(re.findall(r"^\| `(\w+)`", contract, re.MULTILINE)) == exported
