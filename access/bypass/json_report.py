"""What was found, as JSON for other programs.

A document of version 1 is an object with:

- ``version``: 1; another number where a field goes or changes its meaning, new fields may come without;
- ``roles``: the ARNs of the roles, and ``accountIds``: the accounts whose principals were looked at;
- ``findings``, each an object with:

  - ``kind``: ``around a Deny`` or ``not meant``;
  - ``principal`` and ``role``: ARNs;
  - ``deniedBy``: the groups or the role by whose name the outputs deny it; empty where it is not meant;
  - ``certain``: whether it hangs on nothing, and ``conditions``: the condition keys, or words, that it hangs on;
  - ``path``: the way in words;
  - ``steps``, one after the other, each with ``actor``, the ARN of the principal that acts; ``then``, the ARN of the
    principal that one is afterwards, in the end the role; and ``calls``, all of which are needed, each with ``action``,
    ``resource`` (an ARN), ``because`` (what allows it, in words), ``conditions`` and ``source``, the page about it.
    The name of a user or role that is made on the way is ``(new)``;

- ``administrators``: the ARNs of administrators by whose profiles the accounts were read; they may assume a role too;
- ``notSeen``: what was not looked at, in words.
"""

import json
from collections.abc import Mapping
from typing import Literal

from .findings import Finding, Report
from .paths import Step
from .wording import path, source

VERSION: Literal[1] = 1


def render(report: Report) -> str:
    """The report as JSON."""
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
