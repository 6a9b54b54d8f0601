"""How a resource type is declared, and what follows from the declaration alone: check, diff and planned outputs."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.provider.configuration import Aws
from sandbox.provider.values import DEFAULTS, UNKNOWN, Properties, Value, canonical_json, text

Replace = Literal["never", "create first", "delete first"]


@dataclass(frozen=True)
class Property:
    """An input of a resource type. Every input is an output too."""

    type: type
    """``str``, ``bool``, ``int``, ``list`` or ``dict``."""
    required: bool = False
    default: Value = None
    """What the world has where the program says nothing. ``None``: AWS decides, and nothing is compared."""
    replace: Replace = "never"
    """What a change means: an update in place, or a replacement and its order."""
    policy: bool = False
    """Whether the text is a policy document, which is compared by its meaning."""
    write_only: bool = False
    """Whether the provider alone knows it: AWS does not store it."""


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
    autoname: str | None = None
    """The input that gets a name made from the logical one where the program gives none."""
    lower_case: bool = False
    """Whether names made up have lower case letters only."""

    @property
    def taggable(self) -> bool:
        """Whether the resource has tags, and so the provider's default tags too."""
        return "tags" in self.inputs


@dataclass(frozen=True)
class Change:
    """One property that differs, and what that means."""

    name: str
    kind: Literal["ADD", "UPDATE", "DELETE"]
    replace: bool
    delete_first: bool


def checked_inputs(
    kind: ResourceType, logical_name: str, news: Properties, olds: Properties, seed: bytes, default_tags: dict[str, str]
) -> tuple[Properties, list[tuple[str, str]]]:
    """The inputs with defaults filled in, and what is wrong with them as (property, reason)."""
    given: Properties = {
        key: value for key, value in news.items() if key not in (DEFAULTS, "tagsAll") and value is not None
    }
    failures = list(_failures(kind, logical_name, given))
    inputs: Properties = {DEFAULTS: []}
    inputs |= {key: value if key == "tags" else _with_defaults(value) for key, value in given.items()}
    name = kind.autoname
    if name and name not in given:
        old_defaults = olds.get(DEFAULTS)
        kept = isinstance(old_defaults, list) and name in old_defaults
        inputs[name] = olds[name] if kept else _made_up_name(kind, logical_name, seed)
        inputs[DEFAULTS] = [name]
    if kind.taggable:
        tags = given.get("tags")
        own = tags if isinstance(tags, dict) else {}
        tags_all: Properties = {**default_tags, **own}
        if tags == UNKNOWN:
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
    planned |= {name: UNKNOWN if prop.default is None else prop.default for name, prop in kind.inputs.items()}
    planned |= olds or {}
    planned |= {name: _plain(value) for name, value in inputs.items() if name != DEFAULTS}
    for name, prop in kind.inputs.items():
        if prop.policy and name in inputs and inputs[name] != UNKNOWN:
            planned[name] = canonical_json(json.loads(text(inputs[name])))
    return planned


def changes(kind: ResourceType, olds: Properties, old_inputs: Properties, news: Properties) -> list[Change]:
    """What differs between the recorded outputs and the wanted inputs."""
    made_up = news.get(DEFAULTS)
    found = []
    names = [*kind.inputs, "tagsAll"] if kind.taggable else list(kind.inputs)
    for name in names:
        prop = kind.inputs.get(name, Property(dict, default={}))
        old, new = olds.get(name), _plain(news.get(name))
        if new is None:
            if prop.default is None and name not in old_inputs:
                continue
            new = prop.default
        if _same(prop, old, new):
            continue
        replace = prop.replace != "never"
        delete_first = prop.replace == "delete first" and not (isinstance(made_up, list) and kind.autoname in made_up)
        change: Literal["ADD", "UPDATE", "DELETE"] = (
            "DELETE" if news.get(name) is None else "ADD" if _empty(old) else "UPDATE"
        )
        found.append(Change(name, change, replace, delete_first))
    return found


def refreshed_inputs(kind: ResourceType, old_inputs: Properties, outputs: Properties) -> Properties:
    """The inputs that would give these outputs, in the words of the old inputs where those still hold.

    Without old inputs (an import) they are the outputs that differ from what AWS does by default.
    """
    inputs: Properties = {}
    for name in [*kind.inputs, "tagsAll"] if kind.taggable else kind.inputs:
        prop = kind.inputs.get(name, Property(dict, default={}))
        old, value = _plain(old_inputs.get(name)), outputs.get(name)
        if name in old_inputs:
            if not _same(prop, value, old):
                inputs[name] = _projected(value, old)
            else:
                inputs[name] = old
        elif not _empty(value) and value != prop.default and (not old_inputs or name in ("tags", "tagsAll")):
            inputs[name] = value
    if old_inputs.get(DEFAULTS):
        inputs[DEFAULTS] = old_inputs[DEFAULTS]
    return inputs


def same_policy(left: str, right: str) -> bool:
    """Whether two policy documents mean the same: order, white space and one-element lists aside."""
    try:
        return _meaning(json.loads(left)) == _meaning(json.loads(right))
    except ValueError:
        return left == right


def _failures(kind: ResourceType, logical_name: str, given: Properties) -> Iterator[tuple[str, str]]:
    for name, prop in kind.inputs.items():
        if prop.required and name not in given:
            yield name, f"Missing required argument: \"{name}\" is required. Examine values at '{logical_name}.{name}'."
    for name, value in given.items():
        known = kind.inputs.get(name)
        at = f"Examine values at '{logical_name}.{name}'."
        if known is None:
            yield (
                name,
                f'"{name}" is not an argument that the sandbox\'s stand-in provider serves;'
                f" it serves: {', '.join(kind.inputs)}. {at}",
            )
        elif value == UNKNOWN:
            continue
        elif not isinstance(value, known.type) or (known.type is int and isinstance(value, bool)):
            yield name, f'"{name}" must be of type {known.type.__name__}. {at}'
        elif known.policy and not _is_json_object(text(value)):
            yield name, f'"{name}" contains an invalid JSON policy: not a JSON object. {at}'


def _is_json_object(value: str) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _made_up_name(kind: ResourceType, logical_name: str, seed: bytes) -> str:
    name = f"{logical_name}-{hashlib.sha256(seed).hexdigest()[:7]}"
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
        return {key: _plain(item) for key, item in value.items() if key != DEFAULTS}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _same(prop: Property, old: Value, new: Value) -> bool:
    if new == UNKNOWN:
        return False
    if prop.policy and isinstance(old, str) and isinstance(new, str):
        return same_policy(old, new)
    if prop.type is dict and prop.default == {}:
        return (old or {}) == (new or {})  # tags: every key counts
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
        return {key: _projected(value.get(key), item) for key, item in shape.items()} if shape else value
    if isinstance(value, list) and isinstance(shape, list) and len(value) == len(shape):
        return [_projected(*pair) for pair in zip(value, shape, strict=True)]
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
