"""Parse what the stacks declare, from `access render`, with values that only AWS knows from their outputs."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..changes.rendered import Rendered, read
from ..participants import Participant
from ..stack_outputs import AssumableRoles, StackOutputs

_UNKNOWN = re.compile(r"<[^<>]*>")
"""The placeholder in a rendered document for a value that only AWS knows."""

_GRANTEES = {"group": "assumableRoles", "role": "granteeRoles", "permissionSet": "permissionSets"}
"""The outputs that list the roles of each kind of grantee."""


def declared_by(rendered: str, where: str, participants: Iterable[Participant]) -> Rendered:
    """Return what the stacks of the accounts declare.

    Args:
        rendered: the output of `access render`.
        where: its name, for messages.
        participants: the accounts, with their stacks' outputs.

    Raises:
        AccessError: ``rendered`` is not an output of `access render`.
    """
    read(rendered, where)
    document = json.loads(rendered)
    outputs = {each.account.account_id: each.outputs for each in participants if each.outputs}
    stacks = {
        name: _fill_in(form, dict(_known(form, outputs[form["account"]])))
        for name, form in document["stacks"].items()
        if form["account"] in outputs
    }
    return read(json.dumps({**document, "stacks": stacks}), where)


def _known(form: Mapping[str, Any], outputs: StackOutputs) -> Iterator[tuple[str, str]]:
    """Yield each placeholder of a stack with its value: external ids, and the ARNs of other projects' roles."""
    for role in form["roles"]:
        external_id = outputs.external_ids.get(role["name"])
        if external_id:
            trust = json.dumps(role["trust"])
            yield from ((unknown, external_id) for unknown in _UNKNOWN.findall(trust))
    exported: Mapping[str, AssumableRoles] = {
        "group": outputs.groups,
        "role": outputs.grantee_roles,
        "permissionSet": outputs.permission_sets,
    }
    for kind, output in _GRANTEES.items():
        for name, grant in form["outputs"].get(output, {}).items():
            for effect in ("allow", "deny"):
                actual = exported[kind].get(name, {}).get(effect, ())
                yield from (pair for pair in zip(grant[effect], actual, strict=False) if _UNKNOWN.search(pair[0]))


def _fill_in(form: Mapping[str, Any], known: Mapping[str, str]) -> Any:  # noqa: ANN401 (JSON)
    def filled(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item) for item in value]
        return known.get(value, value) if isinstance(value, str) else value

    return filled(form)
