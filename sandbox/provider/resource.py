"""Declarations of resource types, with the checks, differences and planned outputs that follow from them."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

from pulumi.runtime.proto.provider_pb2 import CheckRequest

from sandbox.provider.checks import Check, tags
from sandbox.provider.configuration import Aws, ProviderError
from sandbox.provider.values import DEFAULTS, UNKNOWN, Properties, Value, canonical_json, text


class IdError(ProviderError):
    """An id that no resource of the type can have; the message names the expected format."""


class RefusedError(ProviderError):
    """An operation that the official plugin refuses before it calls AWS; the message is the plugin's."""


@dataclass(frozen=True)
class Property:
    """An input of a resource type. Every input is an output too."""

    type: type
    """``str``, ``bool``, ``int``, ``list`` or ``dict``."""
    required: bool = False
    default: Value = None
    """The value if the program gives none. ``None``: AWS decides, and nothing is compared."""
    replaces: bool = False
    """``True``: a change replaces the resource. ``False``: it is updated in place."""
    policy: bool = False
    """``True``: the text is a policy document, which is compared by its meaning."""
    unordered: bool = False
    """``True``: the list is a set, so order and repetition mean nothing."""
    checks: tuple[Check, ...] = ()
    """The checks of a value of the right type."""
    fields: Mapping[str, "Property"] = field(default_factory=dict)
    """The fields of the object, or of each object in the list. Without fields, an object has any keys, a list texts."""

    @property
    def open(self) -> bool:
        """``True`` for an object with any keys."""
        return self.type is dict and not self.fields


TAGS = Property(dict, default={}, checks=(tags,))
"""The tags of a resource."""


@dataclass(frozen=True)
class ResourceType:
    """A resource type: its inputs, its outputs, and its calls to AWS."""

    token: str
    inputs: Mapping[str, Property]
    computed: tuple[str, ...]
    """Outputs that are not inputs."""
    create: Callable[[Aws, Properties], str]
    """Creates the resource and returns its id."""
    read: Callable[[Aws, str, Properties], Properties | None]
    """Returns the outputs of the resource with this id, given the last known ones; nothing if it does not exist."""
    update: Callable[[Aws, str, Properties, Properties], None]
    """Changes the resource with this id from the old outputs to the new inputs."""
    delete: Callable[[Aws, str, Properties], None]
    """Deletes the resource with this id, given its outputs. It may be deleted already."""
    complete: Callable[[Aws, str, Properties], None] = lambda *_: None
    """Completes a new resource. If that fails, :attr:`update` completes it later."""
    planned_id: Callable[[Aws, Properties], str] | None = None
    """Returns the id that these inputs lead to, for a type whose names are unique in AWS."""
    autoname: str | None = None
    """The input that gets a name generated from the logical one if the program gives none."""
    lower_case: bool = False
    """``True``: generated names have lower-case letters only."""
    delete_first: bool = False
    """``True``: a replacement always deletes first, because the old and the new one would be the same thing in AWS."""

    @property
    def taggable(self) -> bool:
        """``True`` if the resource has tags, and so the provider's default tags too."""
        return "tags" in self.inputs

    @property
    def regional(self) -> bool:
        """``True`` if the resource has a region, in which it stays when the provider's configuration changes."""
        return "region" in self.inputs


@dataclass(frozen=True)
class Change:
    """A property that differs, and the consequence."""

    name: str
    kind: Literal["ADD", "UPDATE", "DELETE"]
    replace: bool


def checked_inputs(
    kind: ResourceType,
    logical_name: str,
    news: Properties,
    olds: Properties,
    seed: bytes,
    default_tags: dict[str, str],
    autonaming: CheckRequest.AutonamingOptions | None = None,
) -> tuple[Properties, list[tuple[str, str]]]:
    """Return the inputs with defaults filled in, and the errors in them as (property, reason)."""
    given: Properties = {key: _plain(news[key]) for key in news if key not in (DEFAULTS, "tagsAll")}
    given = {key: value for key, value in given.items() if value is not None}
    generated: list[Value] = []
    name = kind.autoname
    if name and name not in given:
        old_defaults = olds.get(DEFAULTS)
        kept = isinstance(old_defaults, list) and name in old_defaults
        chosen = olds[name] if kept else _generated_name(kind, logical_name, seed, autonaming)
        if chosen is not None:
            given[name] = chosen
            generated = [name]
    failures = list(_failures(kind.inputs, logical_name, given, {name} if name else set()))
    inputs: Properties = {DEFAULTS: generated}
    inputs |= {key: value if key == "tags" else _with_defaults(value) for key, value in given.items()}
    if kind.taggable:
        own = given.get("tags")
        tags_all: Properties = {**default_tags, **(own if isinstance(own, dict) else {})}
        if own == UNKNOWN:
            inputs["tagsAll"] = UNKNOWN
        elif tags_all:
            inputs["tagsAll"] = tags_all
    return inputs, failures


def planned_outputs(kind: ResourceType, inputs: Properties, olds: Properties | None = None) -> Properties:
    """Return the outputs in a preview: inputs, defaults and unknown values.

    Args:
        kind: the resource type.
        inputs: the checked inputs.
        olds: the present outputs if the resource is only updated: values that AWS chose stay.
    """
    planned: Properties = {name: UNKNOWN for name in ("id", *kind.computed)}
    planned |= olds or {}
    planned |= {name: UNKNOWN if prop.default is None else prop.default for name, prop in kind.inputs.items()}
    if kind.taggable:
        planned["tagsAll"] = {}
    planned |= {name: _plain(value) for name, value in inputs.items() if name != DEFAULTS}
    for name, prop in kind.inputs.items():
        if prop.policy and name in inputs and inputs[name] != UNKNOWN:
            planned[name] = canonical_json(json.loads(text(inputs[name])))
    return planned


def changes(kind: ResourceType, olds: Properties, old_inputs: Properties, news: Properties) -> list[Change]:
    """Return the differences between the recorded outputs and the new inputs."""
    found = []
    names = [*kind.inputs, "tagsAll"] if kind.taggable else list(kind.inputs)
    for name in names:
        prop = kind.inputs.get(name, TAGS)
        old, new = olds.get(name), _plain(news.get(name))
        if new is None:
            if prop.default is None and name not in old_inputs:
                continue
            new = prop.default
        if _same(prop, old, new):
            continue
        # A state from before regions were recorded: like the official plugin, only add the region.
        replace = prop.replaces and not (name == "region" and old is None)
        change: Literal["ADD", "UPDATE", "DELETE"] = (
            "DELETE" if news.get(name) is None else "ADD" if _empty(old) else "UPDATE"
        )
        found.append(Change(name, change, replace))
    return found


def deletes_first(kind: ResourceType, news: Properties) -> bool:
    """Return ``True`` if a replacement deletes the old resource before it creates the new one.

    It does if the program gave the physical name, changed or not: names are unique. Source:
    pulumi-terraform-bridge, pkg/tfbridge/schema.go, ``nameRequiresDeleteBeforeReplace``.
    """
    generated = news.get(DEFAULTS)
    is_given = kind.autoname in news and isinstance(generated, list) and kind.autoname not in generated
    return kind.delete_first or is_given


def refreshed_inputs(kind: ResourceType, old_inputs: Properties, outputs: Properties) -> Properties:
    """Return the inputs that lead to these outputs. Old inputs are kept as written if they still hold.

    Without old inputs (an import), they are the outputs that differ from AWS's defaults.
    """
    inputs: Properties = {}
    for name in [*kind.inputs, "tagsAll"] if kind.taggable else kind.inputs:
        prop = kind.inputs.get(name, TAGS)
        old, value = _plain(old_inputs.get(name)), outputs.get(name)
        if name in old_inputs and _same(prop, value, old):
            inputs[name] = old
        elif name in old_inputs and not prop.open:
            inputs[name] = _projected(value, old)
        elif not _empty(value) and value != prop.default and (not old_inputs or prop.open):
            inputs[name] = _declared(prop, value)
    if old_inputs.get(DEFAULTS):
        inputs[DEFAULTS] = old_inputs[DEFAULTS]
    return inputs


def same_policy(left: str, right: str) -> bool:
    """Return ``True`` if two policy documents differ only in order, white space and one-element lists."""
    try:
        return _meaning(json.loads(left)) == _meaning(json.loads(right))
    except ValueError:
        return left == right


def _failures(
    properties: Mapping[str, Property], at: str, given: Properties, needed: Set[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    """Yield the errors in the fields of the object at a path, as (field, reason)."""
    for name, prop in properties.items():
        if (prop.required or name in needed) and name not in given:
            yield name, f"Missing required argument: \"{name}\" is required. Examine values at '{at}.{name}'."
    for name, value in given.items():
        known, here = properties.get(name), f"{at}.{name}"
        if known is None:
            served = ", ".join(properties)
            wrong = [f'"{name}" is not an argument that the sandbox\'s stand-in provider supports; supported: {served}']
        elif value == UNKNOWN:
            continue
        else:
            wrong = _wrong(known, name, value)
        yield from ((name, f"{reason}. Examine values at '{here}'.") for reason in wrong)
        if known and known.fields and not wrong:
            items = [(f"{here}[{index}]", item) for index, item in enumerate(value)] if isinstance(value, list) else []
            for place, item in items or [(here, value)]:
                if isinstance(item, dict):
                    yield from _failures(known.fields, place, item)


def _wrong(prop: Property, name: str, value: Value) -> list[str]:
    if not isinstance(value, prop.type) or (prop.type is int and isinstance(value, bool)):
        return [f'"{name}" must be of type {prop.type.__name__}']
    if prop.policy and not _is_json_object(text(value)):
        return [f'"{name}" contains an invalid JSON policy: not a JSON object']
    items, item_type = ("objects", dict) if prop.fields else ("texts", str)
    if isinstance(value, list) and not all(isinstance(item, item_type) or item == UNKNOWN for item in value):
        return [f'"{name}" must be a list of {items}']
    their_name = re.sub("(?=[A-Z])", "_", name).lower()
    return [wrong for check in prop.checks if (wrong := check(their_name, value))]


def _is_json_object(value: str) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _generated_name(
    kind: ResourceType, logical_name: str, seed: bytes, autonaming: CheckRequest.AutonamingOptions | None
) -> str | None:
    """Return a name for the resource, unless the project's ``pulumi:autonaming`` leaves all names to the program."""
    name = f"{logical_name}-{hashlib.sha256(seed).hexdigest()[:7]}"
    if autonaming:
        if autonaming.mode == CheckRequest.AutonamingOptions.DISABLE:
            return None
        name = autonaming.proposed_name
        if autonaming.mode == CheckRequest.AutonamingOptions.ENFORCE:
            return name
    return name.lower() if kind.lower_case else name


def _with_defaults(value: Value) -> Value:
    """Return the value as the official plugin records it: each nested object lists its fields that were filled in."""
    if isinstance(value, list):
        return [_with_defaults(item) for item in value]
    if isinstance(value, dict):
        return {DEFAULTS: [], **{key: _with_defaults(item) for key, item in value.items()}}
    return value


def _plain(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key != DEFAULTS and item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _same(prop: Property, old: Value, new: Value) -> bool:
    if new == UNKNOWN:
        return False
    if prop.policy and isinstance(old, str) and isinstance(new, str):
        return same_policy(old, new)
    if prop.unordered and isinstance(old, list) and isinstance(new, list):
        return set(map(canonical_json, old)) == set(map(canonical_json, new))
    if prop.open:
        return (old or {}) == (new or {})
    return _holds(old, new)


def _holds(old: Value, new: Value) -> bool:
    """Return ``True`` if the old value has everything in the new one; AWS's own additions do not count."""
    if isinstance(new, dict) and isinstance(old, dict):
        return all(_holds(old.get(key), item) for key, item in new.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(_holds(*pair) for pair in zip(old, new, strict=True))
    return old == new or (_empty(old) and _empty(new))


def _projected(value: Value, shape: Value) -> Value:
    if isinstance(value, dict) and isinstance(shape, dict):
        return {key: _projected(value[key], item) for key, item in shape.items() if key in value}
    if isinstance(value, list) and isinstance(shape, list) and len(value) == len(shape):
        return [_projected(*pair) for pair in zip(value, shape, strict=True)]
    return value


def _declared(prop: Property, value: Value) -> Value:
    """Return the value with only the fields that a program would write."""
    if isinstance(value, list) and prop.fields:
        return [_declared(prop, item) for item in value]
    if isinstance(value, dict) and prop.fields:
        return {name: _declared(prop.fields[name], value[name]) for name in prop.fields if not _empty(value.get(name))}
    return value


def _empty(value: Value) -> bool:
    return value is None or value is False or value == "" or value == [] or value == {}


def _meaning(element: object, key: str = "") -> object:
    """Return a policy element in a form that is equal for documents with the same meaning."""
    if key == "Statement":
        statements = element if isinstance(element, list) else [element]
        return sorted(json.dumps(_meaning(item), sort_keys=True) for item in statements)
    if isinstance(element, dict):
        return {name: _meaning(value, name) for name, value in element.items()}
    if isinstance(element, list):
        if len(element) == 1:
            return _meaning(element[0])
        return sorted(json.dumps(_meaning(item), sort_keys=True) for item in element)
    return json.dumps(element)
