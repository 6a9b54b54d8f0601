"""A Markdown file of who may assume which role, and what the role may do: one fact a line, kept with the program.

Each line is about one principal or one action on one resource, and the lines are sorted. So a diff of the file shows
the effect of a change, however the documents are written.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..arn import resource_of
from ..escaping import code_for_markdown as code
from ..escaping import for_markdown as plain
from ..iam.documents import Condition, Statement, parse
from .documents import Rendering

_MAY = {"Allow": "may", "Deny": "may never"}


def render(rendering: Rendering) -> str:
    """Return a project's access as GitHub-flavoured Markdown."""
    project = next((stack["project"] for stack in rendering.stacks.values()), "")
    lines = [
        f"# Who may do what: {plain(project)}",
        "",
        "Generated from the stack files by `access render --markdown`; manual edits are lost. A principal may assume a",
        "role if the role's trust and the principal's own policies allow it, and neither denies it.",
    ]
    granted = _granted(rendering.stacks)
    known = set()
    for name, stack in sorted(rendering.stacks.items()):
        for role in stack["roles"]:
            known.add(role["arn"])
            lines += _role(name, stack, role, sorted(granted.get(role["arn"], ())))
    elsewhere = sorted({(arn, line) for arn, facts in granted.items() if arn not in known for line in facts})
    lines += _section("Roles that no stack here creates", (f"{line} {code(arn)}" for arn, line in elsewhere))
    members = _members(rendering.stacks)
    lines += _section("Members of groups", members)
    known_principals = (line for name, stack in sorted(rendering.stacks.items()) for line in _known(name, stack))
    lines += _section("Known principals, whose access is intended", [*known_principals])
    for name, stack in sorted(rendering.stacks.items()):
        for bucket in stack["buckets"]:
            facts = sorted(_facts(parse(bucket["policy"] or {}), "Its policy: "))
            lines += _section(f"Bucket {plain(bucket['name'])} of {plain(name)}", facts or ["It has no policy."])
    return "\n".join(lines) + "\n"


def _section(heading: str, facts: Iterator[str] | Sequence[str]) -> list[str]:
    distinct = list(dict.fromkeys(facts))
    return ["", f"## {heading}", "", *(f"- {fact}" for fact in distinct)] if distinct else []


def _role(name: str, stack: Mapping[str, Any], role: Mapping[str, Any], granted: Sequence[str]) -> list[str]:
    account = f"account {stack['account']}" if stack["account"] else "an account that is not known"
    about = [
        f"It is {code(role['arn'])}, in {account}.",
        f"Sessions last at most {role['maxSessionDuration']} seconds.",
    ]
    if role["permissionsBoundary"]:
        about.append(f"Its permissions boundary is {code(role['permissionsBoundary'])}.")
    trust = sorted(_facts(parse(role["trust"]), "Its trust: "))
    rights = sorted(fact for policy in role["policies"] for fact in _facts(parse(policy["document"]), "In it, "))
    return _section(f"Role {plain(role['name'])} of {plain(name)}", [*about, *trust, *granted, *rights])


def _granted(stacks: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return the facts about roles in grantees' policies, by the resource: a role's ARN or a pattern."""
    by_resource: dict[str, set[str]] = {}
    for name, stack in stacks.items():
        for grantee in stack["grantees"]:
            who = f"{plain(grantee['kind'])} {plain(grantee['name'])} of {plain(name)}"
            for policy in grantee["policies"]:
                for statement in parse(policy["document"]):
                    for resource in _resources(statement):
                        facts = (
                            f"{who} {_MAY[statement.effect]} {action}{_when(statement)}"
                            for action in _actions(statement)
                        )
                        by_resource.setdefault(resource, set()).update(facts)
    return by_resource


def _members(stacks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"group {plain(grantee['name'])} of {plain(name)}: {plain(member)}"
        for name, stack in sorted(stacks.items())
        for grantee in stack["grantees"]
        for member in grantee["members"] or ()
    ]


def _known(name: str, stack: Mapping[str, Any]) -> Iterator[str]:
    for entry in stack["outputs"].get("knownPrincipals", ()):
        until = f", until {plain(entry['until'])}" if entry.get("until") else ""
        yield f"{code(entry['principal'])} of {plain(name)}{until}: {plain(entry['reason'])}"


def _facts(statements: Sequence[Statement], start: str) -> Iterator[str]:
    for statement in statements:
        for who in _principals(statement):
            for action in _actions(statement):
                for resource in _resources(statement):
                    where = "" if start == "Its trust: " else f" on {code(resource)}"
                    subject = f"{who} " if who else "one "
                    yield f"{start}{subject}{_MAY[statement.effect]} {action}{where}{_when(statement)}"


def _actions(statement: Statement) -> list[str]:
    if statement.not_action:
        return [f"do anything but {', '.join(map(code, statement.actions))}"]
    return [code(action) if action != "*" else "do anything" for action in statement.actions]


def _resources(statement: Statement) -> list[str]:
    if statement.not_resource:
        return [f"anything but {', '.join(statement.resources)}"]
    return list(statement.resources)


def _principals(statement: Statement) -> list[str]:
    names = [_principal(each) for each in statement.principals] + [code(each) for each in statement.other_principals]
    if statement.not_principal:
        return [f"everybody but {', '.join(names)}"]
    return names or [""]


def _principal(principal: str) -> str:
    if principal == "*":
        return "everybody"
    if principal.startswith("arn:") and resource_of(principal) == "root":
        return f"account {principal.split(':')[4]}"
    return code(principal)


def _when(statement: Statement) -> str:
    return "".join(f", if {text}" for text in sorted(map(_condition, statement.conditions)))


def _condition(condition: Condition) -> str:
    return f"{plain(condition.operator)} {code(condition.key)} {' or '.join(map(code, sorted(condition.values)))}"
