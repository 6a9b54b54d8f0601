"""How a resource type is declared, and what follows from the declaration alone: check, diff and planned outputs."""

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
    """An id that no resource of the type can have; the message names the form wanted."""


class RefusedError(ProviderError):
    """Something that the official plugin refuses before AWS is asked; the message is in its words."""


@dataclass(frozen=True)
class Property:
    """An input of a resource type. Every input is an output too."""

    type: type
    """``str``, ``bool``, ``int``, ``list`` or ``dict``."""
    required: bool = False
    default: Value = None
    """What the world has where the program says nothing. ``None``: AWS decides, and nothing is compared."""
    replaces: bool = False
    """A change replaces the resource. Otherwise it is updated in place."""
    policy: bool = False
    """Whether the text is a policy document, which is compared by its meaning."""
    unordered: bool = False
    """Whether the list is a set: order and repetition mean nothing."""
    checks: tuple[Check, ...] = ()
    """What a value of the right type has to fulfil."""
    fields: Mapping[str, "Property"] = field(default_factory=dict)
    """What the object, or each object of the list, is made of. An object without them takes any keys, a list texts."""

    @property
    def open(self) -> bool:
        """Whether it takes any keys, so that every key counts."""
        return self.type is dict and not self.fields


TAGS = Property(dict, default={}, checks=(tags,))
"""The tags of a resource."""


@dataclass(frozen=True)
class ResourceType:
    """A resource type: what it takes, what it gives, and how AWS is asked."""

    token: str
    inputs: Mapping[str, Property]
    computed: tuple[str, ...]
    """Outputs that are not inputs."""
    create: Callable[[Aws, Properties], str]
    """Makes the resource and returns its id."""
    read: Callable[[Aws, str, Properties], Properties | None]
    """The outputs of the resource with this id, given the last known ones; nothing if it is gone."""
    update: Callable[[Aws, str, Properties, Properties], None]
    """Changes the resource with this id from the old outputs to the new inputs."""
    delete: Callable[[Aws, str, Properties], None]
    """Removes the resource with this id, given its outputs; that it is gone already is fine."""
    complete: Callable[[Aws, str, Properties], None] = lambda *_: None
    """Does what else a resource just made needs. Where it fails, :attr:`update` has to make up for it."""
    planned_id: Callable[[Aws, Properties], str] | None = None
    """The id that these inputs lead to, of a type whose names are unique: AWS makes no second one."""
    autoname: str | None = None
    """The input that gets a name made from the logical one where the program gives none."""
    lower_case: bool = False
    """Whether names made up have lower case letters only."""
    delete_first: bool = False
    """A replacement always deletes first: what is made and what is deleted would be one and the same in AWS."""

    @property
    def taggable(self) -> bool:
        """Whether the resource has tags, and so the provider's default tags too."""
        return "tags" in self.inputs

    @property
    def regional(self) -> bool:
        """Whether the resource is in a region, where it stays when the provider's configuration names another."""
        return "region" in self.inputs


@dataclass(frozen=True)
class Change:
    """One property that differs, and what that means."""

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
    """The inputs with defaults filled in, and what is wrong with them as (property, reason)."""
    given: Properties = {key: _plain(news[key]) for key in news if key not in (DEFAULTS, "tagsAll")}
    given = {key: value for key, value in given.items() if value is not None}
    made_up: list[Value] = []
    name = kind.autoname
    if name and name not in given:
        old_defaults = olds.get(DEFAULTS)
        kept = isinstance(old_defaults, list) and name in old_defaults
        chosen = olds[name] if kept else _made_up_name(kind, logical_name, seed, autonaming)
        if chosen is not None:
            given[name] = chosen
            made_up = [name]
    failures = list(_failures(kind.inputs, logical_name, given, {name} if name else set()))
    inputs: Properties = {DEFAULTS: made_up}
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
    """The outputs that a preview can tell: inputs, defaults, and the unknown.

    Args:
        kind: the resource type.
        inputs: the checked inputs.
        olds: the present outputs where the resource is only updated: what AWS decided stays.
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
    """The differences between the recorded outputs and the wanted inputs."""
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
        # A state from before regions were recorded: the official plugin only adds it, too.
        replace = prop.replaces and not (name == "region" and old is None)
        change: Literal["ADD", "UPDATE", "DELETE"] = (
            "DELETE" if news.get(name) is None else "ADD" if _empty(old) else "UPDATE"
        )
        found.append(Change(name, change, replace))
    return found


def deletes_first(kind: ResourceType, news: Properties) -> bool:
    """Return whether a replacement deletes the old resource before it makes the new one.

    It does where the program gave the physical name, changed or not: two of that name can't be. Source:
    pulumi-terraform-bridge, pkg/tfbridge/schema.go, ``nameRequiresDeleteBeforeReplace``.
    """
    made_up = news.get(DEFAULTS)
    return kind.delete_first or (kind.autoname in news and isinstance(made_up, list) and kind.autoname not in made_up)


def refreshed_inputs(kind: ResourceType, old_inputs: Properties, outputs: Properties) -> Properties:
    """The inputs that would give these outputs, in the words of the old inputs where those still hold.

    Without old inputs (an import) they are the outputs that differ from what AWS does by default.
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
    """Whether two policy documents mean the same: order, white space and one-element lists aside."""
    try:
        return _meaning(json.loads(left)) == _meaning(json.loads(right))
    except ValueError:
        return left == right


def _failures(
    properties: Mapping[str, Property], at: str, given: Properties, needed: Set[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    """What is wrong with the fields of the object at a place, as (field, reason)."""
    for name, prop in properties.items():
        if (prop.required or name in needed) and name not in given:
            yield name, f"Missing required argument: \"{name}\" is required. Examine values at '{at}.{name}'."
    for name, value in given.items():
        known, here = properties.get(name), f"{at}.{name}"
        if known is None:
            served = ", ".join(properties)
            wrong = [f'"{name}" is not an argument that the sandbox\'s stand-in provider serves; it serves: {served}']
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


def _made_up_name(
    kind: ResourceType, logical_name: str, seed: bytes, autonaming: CheckRequest.AutonamingOptions | None
) -> str | None:
    """A name for the resource, unless the project's settings (``pulumi:autonaming``) want the program to name all."""
    name = f"{logical_name}-{hashlib.sha256(seed).hexdigest()[:7]}"
    if autonaming:
        if autonaming.mode == CheckRequest.AutonamingOptions.DISABLE:
            return None
        name = autonaming.proposed_name
        if autonaming.mode == CheckRequest.AutonamingOptions.ENFORCE:
            return name
    return name.lower() if kind.lower_case else name


def _with_defaults(value: Value) -> Value:
    """The value as the official plugin records it: each nested object says which of its fields were filled in."""
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
    """Whether all that is wanted is there; what AWS adds of its own does not count."""
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
    """The value with those fields alone that a program would write."""
    if isinstance(value, list) and prop.fields:
        return [_declared(prop, item) for item in value]
    if isinstance(value, dict) and prop.fields:
        return {name: _declared(prop.fields[name], value[name]) for name in prop.fields if not _empty(value.get(name))}
    return value


def _empty(value: Value) -> bool:
    return value is None or value is False or value == "" or value == [] or value == {}


def _meaning(element: object, key: str = "") -> object:
    """A policy element in a form that is equal for documents with one meaning."""
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
