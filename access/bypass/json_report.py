"""Write a bypass report as JSON for other programs.

A document of version 1 is an object with:

- ``version``: 1. It changes if a field is removed or changes its meaning, not if one is added;
- ``roles``: the ARNs of the roles, and ``accountIds``: the accounts whose principals were checked;
- ``findings``, each an object with:

  - ``kind``: ``around a Deny`` or ``not meant``;
  - ``principal`` and ``role``: ARNs;
  - ``deniedBy``: the names of the groups, roles or permission sets to which the outputs deny the role;
  - ``certain``: whether the path is unconditional, and ``conditions``: the condition keys, or texts, it depends on;
  - ``path``: the path for people;
  - ``steps``, in order, each with ``actor``, the ARN of the acting principal; ``then``, the ARN of the principal it
    acts as afterwards, in the end the role; and ``calls``, all of them needed, each with ``action``, ``resource`` (an
    ARN), ``because`` (what allows it, for people), ``conditions`` and ``source``, the page that documents it. The name
    of a user or role created on the path is ``(new)``;

- ``administrators``: the ARNs of the administrators that read the accounts; they may assume a role too;
- ``notSeen``: one text for each part that was not checked.
"""

import json
from collections.abc import Mapping
from typing import Literal

from .findings import Finding, Report
from .paths import Step
from .wording import path, source

VERSION: Literal[1] = 1


def render(report: Report) -> str:
    """Return the report as JSON."""
    document = {
        "version": VERSION,
        "roles": report.roles,
        "accountIds": report.account_ids,
        "findings": [_finding(finding) for finding in report.findings],
        "administrators": report.administrators,
        "notSeen": report.not_seen,
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding) -> Mapping[str, object]:
    return {
        "kind": finding.kind,
        "principal": finding.principal,
        "role": finding.role,
        "deniedBy": finding.denied_by,
        "certain": finding.is_certain,
        "conditions": sorted(finding.verdict.conditions),
        "path": path(finding),
        "steps": [_step(step) for step in finding.steps],
    }


def _step(step: Step) -> Mapping[str, object]:
    return {
        "actor": step.actor,
        "then": step.then,
        "calls": [
            {
                "action": call.action,
                "resource": call.resource,
                "because": call.because,
                "conditions": sorted(call.verdict.conditions),
                "source": source(call.action),
            }
            for call in step.calls
        ],
    }
